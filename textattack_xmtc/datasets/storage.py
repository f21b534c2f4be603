"""Corpora on disk as Arrow files, written document by document, so that their size does not matter.

A stored corpus is a folder: `train.arrow` and/or `test.arrow`, and `labels.json` with what the labels are called and
what is unusual in the documents.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import datasets
import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]

from textattack_xmtc.datasets.corpus import FEATURES, Corpus, Document, SplitIssues, distinct_ids, numbered_row
from textattack_xmtc.errors import DataError

LABELS = "labels.json"
_BATCH_DOCUMENTS = 1_000
_BATCH_CHARACTERS = 16_000_000


def write_corpus(
    folder: Path,
    name: str,
    splits: Mapping[str, Iterable[Document]],
    label_names: Sequence[str] = (),
    recognised: str = "",
) -> None:
    """Write a corpus into an empty folder; only labels and one batch of documents are in memory.

    Raises:
        DataError: a split has no document, or rows of one text with a label each.
        OSError: the disk is full or cannot be written.
    """
    # The order of the labels is known only when every document was read, so that labels are numbered as they come
    # first, and renumbered in a second pass over the Arrow file, which is much faster to read than the sources.
    numbers = {label: number for number, label in enumerate(label_names)}
    issues: dict[str, SplitIssues] = {}
    counts: dict[str, Counter[int]] = {}
    for split, documents in splits.items():
        issues[split], counts[split] = _write_split(folder / f"{split}.first", documents, numbers)
        if not issues[split].documents:
            raise DataError(f"split {split!r} of {name!r} has no document", "give a file with documents")
    reference = counts["train"] if "train" in counts else next(iter(counts.values()))
    names = sorted(numbers, key=lambda label: (-reference[numbers[label]], label))
    renumbered = {numbers[label]: position for position, label in enumerate(names)}
    for split in splits:
        new_ids = _new_ids(folder / f"{split}.first", f"{name}/{split}")
        if new_ids:
            issues[split] = replace(issues[split], repeated_ids=len(new_ids))
        _renumber(folder / f"{split}.first", folder / f"{split}.arrow", renumbered, new_ids)
    about = {
        "name": name,
        "recognised": recognised,
        "label_names": names,
        "splits": {split: asdict(issues[split]) for split in splits},
    }
    (folder / LABELS).write_text(json.dumps(about, ensure_ascii=False) + "\n", encoding="utf-8")


def open_corpus(folder: Path) -> Corpus:
    """The corpus in a folder that `write_corpus` has filled; its texts stay on the disk (memory-mapped).

    Raises:
        DataError: the folder is not one of those, or is damaged.
    """
    try:
        about = json.loads((folder / LABELS).read_text(encoding="utf-8"))
        return Corpus(
            about["name"],
            tuple(about["label_names"]),
            {split: datasets.Dataset.from_file(str(folder / f"{split}.arrow")) for split in about["splits"]},
            {split: SplitIssues(**counts) for split, counts in about["splits"].items()},
            about.get("recognised", ""),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{folder}: expected a complete stored corpus ({type(error).__name__}: {error})",
            "delete the folder; it is made again from the data",
        ) from error


def _write_split(
    path: Path, documents: Iterable[Document], numbers: dict[str, int]
) -> tuple[SplitIssues, Counter[int]]:
    """Write one split, numbering new labels in `numbers`; also what is unusual, and how often each label occurs."""
    tally: Counter[str] = Counter()
    counts: Counter[int] = Counter()
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, FEATURES.arrow_schema) as writer:
        for batch in _batches(documents):
            rows = [
                numbered_row(document, lambda label: numbers.setdefault(label, len(numbers)), tally)
                for document in batch
            ]
            for row in rows:
                counts.update(row["labels"])
            writer.write_batch(pa.RecordBatch.from_pylist(rows, schema=FEATURES.arrow_schema))
    return SplitIssues.of(tally), counts


def _batches(documents: Iterable[Document]) -> Iterator[list[Document]]:
    """Batches small enough for memory and for Arrow's 2 GB of text a batch, whatever the documents' length."""
    batch: list[Document] = []
    characters = 0
    for document in documents:
        batch.append(document)
        characters += len(document.text)
        if len(batch) == _BATCH_DOCUMENTS or characters >= _BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _new_ids(path: Path, where: str) -> dict[int, str]:
    """New ids, by row, for the rows whose id an earlier row has: "7-2", "7-3".

    Raises:
        DataError: the rows of an id have the same text and other labels.
    """
    hashes = [np.zeros(0, dtype=np.int64)]
    for batch in _batches_of(path, ["id"]):
        ids = batch["id"].to_pylist()
        hashes.append(np.fromiter(map(hash, ids), dtype=np.int64, count=len(ids)))
    every = np.concatenate(hashes)
    values, counts = np.unique(every, return_counts=True)
    if len(values) == len(every):
        return {}
    suspects = np.flatnonzero(np.isin(every, values[counts > 1]))
    rows = _rows_at(path, suspects)
    taken = set(every.tolist())
    return distinct_ids(rows, where, lambda id: hash(id) in taken)


def _rows_at(path: Path, numbers: np.ndarray) -> Iterator[tuple[int, str, str, list[int]]]:
    """The number, id, text and labels of some rows, ascending."""
    start, position = 0, 0
    for batch in _batches_of(path, ["id", "text", "labels"]):
        end = start + batch.num_rows
        inside = numbers[position : position + int(np.searchsorted(numbers[position:], end))]
        for row, number in zip(batch.take(pa.array(inside - start)).to_pylist(), inside.tolist(), strict=True):
            yield number, row["id"], row["text"], row["labels"]
        start, position = end, position + len(inside)


def _batches_of(path: Path, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as reader:
        for batch in reader:
            yield batch.select(list(columns))


def _renumber(source: Path, target: Path, numbers: Mapping[int, int], new_ids: Mapping[int, str]) -> None:
    """Copy an Arrow file with other numbers for its labels and targets, and some new ids; remove the first one."""

    def column(lists: pa.Array) -> pa.Array:
        renumbered = [None if row is None else [numbers[label] for label in row] for row in lists.to_pylist()]
        return pa.array(renumbered, type=lists.type)

    # Read as a plain file: a memory-mapped one would count all its texts as this process's memory.
    with (
        pa.OSFile(str(source)) as file,
        pa.ipc.open_stream(file) as reader,
        pa.OSFile(str(target), "wb") as out,
        pa.ipc.new_stream(out, reader.schema) as writer,
    ):
        row = 0
        for batch in reader:
            ids = batch["id"]
            if new_ids:
                changed = [new_ids.get(row + number, id) for number, id in enumerate(ids.to_pylist())]
                ids = pa.array(changed, type=ids.type)
            row += batch.num_rows
            columns = [ids, batch["text"], column(batch["labels"]), column(batch["targets"])]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=reader.schema))
    source.unlink()
