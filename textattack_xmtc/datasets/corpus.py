"""A labelled text collection: what every reader gives and everything else works on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import datasets
import numpy as np

from textattack_xmtc.errors import DataError


class Document(NamedTuple):
    """One text with the names of its labels, as a reader gives it.

    Attributes:
        id: what the source calls the document.
        text: the text.
        labels: the names of its true labels; may be empty.
        targets: the names of the labels an attack is to work on, or None where that is left open.
    """

    id: str
    text: str
    labels: Sequence[str]
    targets: Sequence[str] | None = None


@dataclass(frozen=True)
class Corpus:
    """Texts and their labels, in named splits over one label space.

    Attributes:
        name: what the collection is called.
        label_names: label names by index, the most frequent in training first, ties by name.
        splits: "train", "test" or both; each a `datasets.Dataset` (Arrow) with the columns `id`,
            `text`, `labels` (lists of label indices) and `targets` (the same, or None).

    Example:
        >>> documents = [Document("1", "how to boil an egg", ["eggs", "boiling"]), Document("2", "egg salad", ["eggs"])]
        >>> corpus = Corpus.from_documents("eggs", {"train": documents})
        >>> corpus.label_names, corpus.splits["train"][1]["labels"]
        (('eggs', 'boiling'), [0])
    """

    name: str
    label_names: tuple[str, ...]
    splits: Mapping[str, datasets.Dataset] = field(repr=False)

    @classmethod
    def from_documents(
        cls,
        name: str,
        splits: Mapping[str, Iterable[Document]],
        label_names: Sequence[str] | None = None,
    ) -> Corpus:
        """Make a corpus of documents that fit into memory.

        Args:
            name: what the collection is called.
            splits: the documents of each split.
            label_names: the label space, where it is known; otherwise it is every label that
                occurs, ordered by its frequency in "train" (or in the only split there is).

        Raises:
            DataError: a document has a label or target that is not in `label_names`.
        """
        documents = {split: list(rows) for split, rows in splits.items()}
        if label_names is None:
            label_names = _by_frequency(documents)
        index = {label: position for position, label in enumerate(label_names)}
        return cls(
            name,
            tuple(label_names),
            {split: _table(rows, index, f"{name}/{split}") for split, rows in documents.items()},
        )

    def split(self, name: str) -> datasets.Dataset:
        """The rows of one split.

        Raises:
            DataError: there is no such split.
        """
        if name not in self.splits:
            raise DataError(
                f"corpus {self.name!r} has no split {name!r}", f"choose one of {', '.join(sorted(self.splits))}"
            )
        return self.splits[name]

    @cached_property
    def label_counts(self) -> np.ndarray:
        """How many training texts each label has (int64, one entry a label)."""
        counts = np.zeros(len(self.label_names), dtype=np.int64)
        if "train" in self.splits:
            for batch in self.splits["train"].with_format("numpy", columns=["labels"]).iter(10_000):
                for labels in batch["labels"]:
                    counts[np.asarray(labels, dtype=np.int64)] += 1
        return counts


def _by_frequency(documents: Mapping[str, list[Document]]) -> list[str]:
    reference = "train" if "train" in documents else next(iter(documents))
    counts = Counter(label for row in documents[reference] for label in row.labels)
    for rows in documents.values():
        for row in rows:
            for label in (*row.labels, *(row.targets or ())):
                counts.setdefault(label, 0)
    return sorted(counts, key=lambda label: (-counts[label], label))


def _table(rows: list[Document], index: Mapping[str, int], where: str) -> datasets.Dataset:
    def positions(labels: Sequence[str], row: Document) -> list[int]:
        try:
            return [index[label] for label in labels]
        except KeyError as missing:
            raise DataError(
                f"document {row.id!r} of {where} has the label {missing.args[0]!r}, which is not in the label list",
                "add it to the label list or drop it from the document",
            ) from None

    features = datasets.Features(
        id=datasets.Value("string"),
        text=datasets.Value("string"),
        labels=datasets.Sequence(datasets.Value("int32")),
        targets=datasets.Sequence(datasets.Value("int32")),
    )
    columns = {
        "id": [row.id for row in rows],
        "text": [row.text for row in rows],
        "labels": [positions(row.labels, row) for row in rows],
        "targets": [None if row.targets is None else positions(row.targets, row) for row in rows],
    }
    return datasets.Dataset.from_dict(columns, features=features)
