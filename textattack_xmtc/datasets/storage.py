"""Corpora on disk as Arrow files, written document by document, so that their size does not matter.

A stored corpus is a folder: `train.arrow` and/or `test.arrow`, and `labels.json` with what the labels are called and
what was found in the documents.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import datasets
import pyarrow as pa  # type: ignore[import-untyped]

from textattack_xmtc.datasets.corpus import FEATURES, Corpus, Document, Findings, numbered_row
from textattack_xmtc.errors import DataError

LABELS = "labels.json"
_BATCH_DOCUMENTS = 1_000
_BATCH_CHARACTERS = 16_000_000


def write_corpus(
    folder: Path, name: str, splits: Mapping[str, Iterable[Document]], label_names: Sequence[str] = ()
) -> None:
    """Write a corpus into an empty folder; only labels and one batch of documents are in memory.

    Args:
        folder: the folder, which is there.
        name: what the collection is called.
        splits: the documents of each split.
        label_names: labels that belong to the label space whether they occur or not.

    Raises:
        DataError: a split has no document.
        OSError: the disk is full or cannot be written.
    """
    # The order of the labels is known only when every document was read, so that labels are numbered as they come
    # first, and renumbered in a second pass over the Arrow file, which is much faster to read than the sources.
    numbers = {label: number for number, label in enumerate(label_names)}
    findings: dict[str, Findings] = {}
    counts: dict[str, Counter[int]] = {}
    for split, documents in splits.items():
        findings[split], counts[split] = _write_split(folder / f"{split}.first", documents, numbers)
        if not findings[split].documents:
            raise DataError(f"split {split!r} of {name!r} has no document", "give a file with documents")
    reference = counts["train"] if "train" in counts else next(iter(counts.values()))
    names = sorted(numbers, key=lambda label: (-reference[numbers[label]], label))
    renumbered = {numbers[label]: position for position, label in enumerate(names)}
    for split in splits:
        _renumber(folder / f"{split}.first", folder / f"{split}.arrow", renumbered)
    about = {
        "name": name,
        "label_names": names,
        "splits": {split: asdict(findings[split]) for split in splits},
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
            {split: Findings(**found) for split, found in about["splits"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{folder}: expected a complete stored corpus ({type(error).__name__}: {error})",
            "delete the folder; it is made again from the data",
        ) from error


def _write_split(path: Path, documents: Iterable[Document], numbers: dict[str, int]) -> tuple[Findings, Counter[int]]:
    """Write one split, numbering new labels in `numbers`; also what was found, and how often each label occurs."""
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
    return Findings.of(tally), counts


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


def _renumber(source: Path, target: Path, numbers: Mapping[int, int]) -> None:
    """Copy an Arrow file with other numbers for its labels and targets, and remove the first one."""

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
        for batch in reader:
            columns = [*batch.columns[:2], column(batch["labels"]), column(batch["targets"])]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=reader.schema))
    source.unlink()
