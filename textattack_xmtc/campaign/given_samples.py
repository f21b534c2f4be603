"""Samples that were drawn before, to be attacked again: the same texts and targets for another model or setting."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from textattack_xmtc.campaign.samples import Drawn
from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.errors import DataError, InputError
from textattack_xmtc.goal import GOALS, NEGATIVE
from textattack_xmtc.results.folder import BINS, CLUSTERS, LABELS, read_samples_file
from textattack_xmtc.results.records import Bin, Sample


def read_samples(file: Path, corpus: Corpus, goal: str) -> Drawn:
    """Read a campaign's `samples.jsonl`, and the bins from beside it where they are there.

    Returns:
        The samples in the order of the file, numbered anew; bins that the file alone tells of where there is no
        other: their labels and right samples are then those that were drawn.

    Raises:
        DataError: the file cannot be read.
        InputError: a sample is not of this corpus, or not for this goal.
    """
    samples = _read(file)
    rows = _rows_by_id(corpus, {sample.text_id for sample in samples})
    for place, sample in enumerate(samples, start=1):
        where = f"{file}, sample {place}"
        if (sample.text, frozenset(sample.labels)) not in rows[sample.text_id]:
            raise InputError(
                f"{where}: {corpus.name!r} has no test text {sample.text_id!r} with this text and these labels",
                "give the corpus that the samples were drawn from",
            )
        if not 0 <= sample.target < len(corpus.label_names):
            raise InputError(f"{where}: there is no label {sample.target}", "give the corpus that it was drawn from")
        if (sample.target in sample.labels) != GOALS[goal].true_targets:
            kind = "a true label" if sample.target in sample.labels else "no true label"
            raise InputError(
                f"{where}: its target is {kind} of the text, which the goal {goal!r} cannot work on",
                "draw samples for this goal, or choose the goal that they were drawn for",
            )
    n_labels, beside = len(corpus.label_names), _beside(file, LABELS)
    asked = beside.get("asked") if isinstance(beside, dict) else None
    if asked is not None and beside["names"] != list(corpus.label_names):
        asked = None
    bins, clusters = _bins(file, samples, corpus.label_counts), _clusters(file, n_labels, goal)
    return Drawn(samples, bins, clusters, asked=asked)


def _read(file: Path) -> list[Sample]:
    try:
        samples = [replace(sample, number=number) for number, sample in enumerate(read_samples_file(file))]
    except (DataError, OSError) as error:
        problem = error.problem if isinstance(error, DataError) else f"{file} cannot be read ({error.strerror})"
        raise DataError(problem, "give a samples.jsonl that a campaign wrote") from error
    if not samples:
        raise DataError(f"{file} holds no sample", "give a file that a campaign wrote")
    return samples


def _rows_by_id(corpus: Corpus, wanted: set[str]) -> dict[str, list[tuple[str, frozenset[int]]]]:
    """Text and labels of the wanted test texts; a corpus may call several by the same name."""
    rows = corpus.split("test")
    rows_by_id: dict[str, list[tuple[str, frozenset[int]]]] = defaultdict(list)
    for row in rows.select([place for place, text_id in enumerate(rows["id"]) if str(text_id) in wanted]):
        rows_by_id[str(row["id"])].append((row["text"], frozenset(row["labels"])))
    return rows_by_id


def _bins(file: Path, samples: list[Sample], counts: np.ndarray) -> list[Bin]:
    drawn = Counter(sample.bin for sample in samples)
    known = {row["bin"]: row for row in _beside(file, BINS)}
    bins = []
    for number in sorted(drawn):
        targets = sorted({sample.target for sample in samples if sample.bin == number})
        frequencies = counts[targets]
        row = {"from": frequencies.min(), "to": frequencies.max(), "labels": len(targets), "right": drawn[number]}
        row |= known.get(number, {})
        lowest, highest, labels, right = (int(row[key]) for key in ("from", "to", "labels", "right"))
        bins.append(Bin(number, lowest, highest, labels, right, drawn[number]))
    return bins


def _clusters(file: Path, n_labels: int, goal: str) -> list[list[int]]:
    if goal != NEGATIVE:
        return []
    clusters = [[int(label) for label in row["labels"]] for row in _beside(file, CLUSTERS)]
    return [labels for labels in clusters if all(0 <= label < n_labels for label in labels)]


def _beside(file: Path, name: str) -> Any:
    try:
        return json.loads((file.parent / name).read_text(encoding="utf-8"))
    except (OSError, ValueError):  # the samples alone are enough
        return []
