"""Other texts than the test split's for the attacks of `benchmarks.studies.hardening`: of the training, or new ones.

A hardened model has seen the training texts under attack: that it holds out there says that it has learnt, not that it
has learnt something about its labels. `tib-ci` has few test texts of rare labels. `tib-bench` has thousands more, of
all subjects: those that are not in `tib-ci` and have one of its rare labels.
"""

from __future__ import annotations

import json
import lzma
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.studies.findings import first_words, title
from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.datasets.load import load_corpus

JSON = dict[str, Any]

RARE = 4
"""Training texts of a label at most, for a text to be taken for its sake; as in the rarest bin of `tib-ci`."""

NUMBER, SEED = {"training": 600, "other": 3_000, "further": 6_000}, 0
WORDS = 100
"""What a text of `tib-ci` has at most."""


def corpus_of(kind: str, folder: Path, source: Path, out: Path) -> Path:
    """A folder with the training texts of a corpus, and as test split texts of rare labels: of the training, or others.

    Further texts, of any labels and without them, are neither of the corpus nor of those others.

    Args:
        kind: "training", "other" or "further" (documents of the corpus in `source`).
        folder: the corpus.
        source: a folder of compressed JSON Lines with the same label identifiers; not for "training".
        out: where to put it.
    """
    made = out / f"{folder.name}-{kind}"
    if made.is_dir():
        return made
    corpus = load_corpus(folder)
    rows = _rows(corpus, "train") if kind == "training" else list(_others(corpus, source))
    if kind == "further":
        attacked = {row["id"] for row in load_corpus(corpus_of("other", folder, source, out)).split("test")}
        rows = [{**row, "labels": []} for row in rows if row["id"] not in attacked]
    else:
        counts = dict(zip(corpus.label_names, corpus.label_counts.tolist(), strict=True))
        rows = [row for row in rows if any(1 <= counts[label] <= RARE for label in row["labels"])]
    chosen = np.random.default_rng(SEED).permutation(len(rows))[: NUMBER[kind]].tolist()
    beside = made.with_name(made.name + ".new")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    for name in ("label_names.json",) if kind == "further" else ("train.jsonl", "label_names.json"):
        shutil.copy(folder / name, beside)
    with (beside / "test.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(rows[place], ensure_ascii=False) + "\n" for place in chosen)
    print(f"{made.name}: {len(chosen):,} of {len(rows):,} texts", flush=True)
    beside.rename(made)
    return made


def _rows(corpus: Corpus, split: str) -> list[JSON]:
    names = corpus.label_names
    return [_row(row, row["text"], [names[label] for label in row["labels"]]) for row in corpus.split(split)]


def _row(row: JSON, text: str, labels: list[str]) -> JSON:
    return {"id": row["id"], "text": text, "labels": labels}


def _others(corpus: Corpus, source: Path) -> Iterator[JSON]:
    """Documents of the source that the corpus does not have, with those of their labels that it knows."""
    known = set(corpus.label_names)
    there = [row for split in corpus.splits for row in corpus.split(split)]
    numbers, titles = {row["id"] for row in there}, {title(row["text"]) for row in there}
    for file in sorted(source.glob("*.jsonl.xz")):
        with lzma.open(file, "rt", encoding="utf-8") as lines:
            for row in map(json.loads, lines):
                labels = [label for label in row["labels"] if label in known]
                if labels and row["id"] not in numbers and title(row["text"]) not in titles:
                    titles.add(title(row["text"]))
                    yield _row(row, first_words(row["text"], WORDS), labels)
