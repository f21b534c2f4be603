"""A labelled text collection: what every reader gives and everything else works on."""

from __future__ import annotations

import hashlib
import json
import reprlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple

import datasets
import numpy as np
from scipy import sparse

from textattack_xmtc.errors import DataError, InputError

FEATURES = datasets.Features(
    id=datasets.Value("string"),
    text=datasets.Value("string"),
    labels=datasets.Sequence(datasets.Value("int32")),
    targets=datasets.Sequence(datasets.Value("int32")),
)
"""The columns of every split."""


class Document(NamedTuple):
    """One text with the names of its labels, as a reader gives it.

    Attributes:
        id: what the source calls the document.
        targets: the names of the labels an attack is to work on, or None where that is left open.
    """

    id: str
    text: str
    labels: Sequence[str]
    targets: Sequence[str] | None = None


@dataclass(frozen=True)
class SplitIssues:
    """What is unusual in the documents of one split. Every document is kept.

    Attributes:
        without_labels: those without labels, which are kept.
        without_text: those whose text is empty or blank, which are kept.
        repeated_labels: how many labels stood in a document's list before; each is kept once.
        repeated_ids: documents whose id an earlier one has; they get ids of their own ("7-2").
    """

    documents: int = 0
    without_labels: int = 0
    without_text: int = 0
    repeated_labels: int = 0
    repeated_ids: int = 0

    @classmethod
    def of(cls, tally: Mapping[str, int]) -> SplitIssues:
        """From the tally that `numbered_row` has kept."""
        return cls(**tally)

    def __str__(self) -> str:
        """What is unusual, in words; empty where nothing is.

        Example:
            >>> str(SplitIssues(documents=10, without_labels=2, repeated_labels=1))
            '2 texts without labels, 1 repeated labels (kept once)'
        """
        notes = {
            "texts without labels": self.without_labels,
            "empty texts": self.without_text,
            "repeated labels (kept once)": self.repeated_labels,
            "repeated ids (renumbered: '7-2')": self.repeated_ids,
        }
        return ", ".join(f"{count} {what}" for what, count in notes.items() if count)


@dataclass(frozen=True, repr=False)
class Corpus:
    """Texts and their labels, in named splits over one label space.

    Attributes:
        name: what the collection is called.
        label_names: label names by index, the most frequent in training first, ties by name.
        splits: "train", "test" or both; each a `datasets.Dataset` (Arrow) with the columns `id`,
            `text`, `labels` (lists of label indices) and `targets` (the same, or None).
        issues: what is unusual in the documents of each split.
        recognised: what the files were taken for, in a line; empty where there are none.

    Example:
        >>> documents = [Document("1", "how to boil an egg", ["eggs", "boiling"]), Document("2", "egg salad", ["eggs"])]
        >>> corpus = Corpus.from_documents("eggs", {"train": documents})
        >>> corpus.label_names, corpus.splits["train"][1]["labels"]
        (('eggs', 'boiling'), [0])
    """

    name: str
    label_names: tuple[str, ...]
    splits: Mapping[str, datasets.Dataset] = field(repr=False)
    issues: Mapping[str, SplitIssues] = field(default_factory=dict, repr=False)
    recognised: str = field(default="", repr=False)

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
            DataError: a document has a label or target that is not in `label_names`; documents of one id have the same
                text and other labels.
        """
        documents = {split: list(rows) for split, rows in splits.items()}
        if label_names is None:
            label_names = _by_frequency(documents)
        index = {label: position for position, label in enumerate(label_names)}
        tallies: dict[str, Counter[str]] = {split: Counter() for split in documents}
        for split, rows in documents.items():
            listed = ((number, row.id, row.text, row.labels) for number, row in enumerate(rows))
            ids = frozenset(row.id for row in rows)
            new_ids = {} if len(ids) == len(rows) else distinct_ids(listed, f"{name}/{split}", ids.__contains__)
            for number, id in new_ids.items():
                rows[number] = rows[number]._replace(id=id)
            tallies[split]["repeated_ids"] = len(new_ids)
        tables = {split: _table(rows, index, f"{name}/{split}", tallies[split]) for split, rows in documents.items()}
        return cls(name, tuple(label_names), tables, {split: SplitIssues.of(tallies[split]) for split in tables})

    def __repr__(self) -> str:
        texts = ", ".join(f"{name}: {len(rows):,} texts" for name, rows in self.splits.items())
        return f"Corpus({reprlib.repr(self.name)}, {len(self.label_names):,} labels, {texts})"

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
            for _, labels in self._label_batches("train"):
                counts += np.bincount(labels, minlength=len(counts))
        return counts

    def label_matrix(self, split: str) -> sparse.csr_matrix:
        """The true labels of a split as CSR (float32 ones), shape `(texts, labels)`.

        Raises:
            DataError: there is no such split.

        Example:
            >>> documents = [Document("1", "egg salad", ["a", "b"]), Document("2", "boiled eggs", ["b"])]
            >>> corpus = Corpus.from_documents("eggs", {"test": documents})
            >>> corpus.label_names, corpus.label_matrix("test").toarray().tolist()
            (('b', 'a'), [[1.0, 1.0], [1.0, 0.0]])
        """
        sizes, labels = [np.zeros(1, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
        for sizes_of_batch, labels_of_batch in self._label_batches(split):
            sizes.append(sizes_of_batch)
            labels.append(labels_of_batch)
        starts, indices = np.cumsum(np.concatenate(sizes)), np.concatenate(labels)
        ones = np.ones(len(indices), dtype=np.float32)
        matrix = sparse.csr_matrix((ones, indices, starts), shape=(len(starts) - 1, len(self.label_names)))
        matrix.sort_indices()
        return matrix

    @cached_property
    def fingerprint(self) -> str:
        """Sixteen characters that tell this corpus from one with other label names, texts or labels.

        Example:
            >>> first, second = ([Document("1", "an egg", [label])] for label in ("eggs", "tea"))
            >>> Corpus.from_documents("a", {"test": first}).fingerprint
            '5d21214307350d5c'
            >>> Corpus.from_documents("a", {"test": second}).fingerprint == _
            False
        """
        digest = hashlib.sha256(json.dumps(self.label_names).encode())
        for split in sorted(self.splits):
            digest.update(split.encode())
            for rows in self.splits[split].select_columns(["text", "labels"]).iter(10_000):
                digest.update(json.dumps([rows["text"], rows["labels"]]).encode())
        return digest.hexdigest()[:16]

    def holding_out(self, texts: int, seed: int = 0) -> Corpus:
        """The same corpus with some training texts, drawn by `seed`, in a split "validation" instead.

        Args:
            seed: of the draw.

        Raises:
            InputError: fewer than one text would be left to train on.

        Example:
            >>> rows = [Document(str(number), f"egg {number}", ["eggs"]) for number in range(5)]
            >>> splits = Corpus.from_documents("a", {"train": rows}).holding_out(2).splits
            >>> {name: len(split) for name, split in splits.items()}
            {'train': 3, 'validation': 2}
        """
        train = self.split("train")
        if not 0 <= texts < len(train):
            raise InputError(f"{texts} of {len(train)} training texts cannot be held out", "hold out fewer")
        order = np.random.default_rng(seed).permutation(len(train))
        parts = {"train": train.select(np.sort(order[texts:])), "validation": train.select(np.sort(order[:texts]))}
        return replace(self, splits={**self.splits, **parts})

    def _label_batches(self, split: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """How many labels each text has, and the labels of all of them in one row, a batch of texts at a time."""
        rows = self.split(split)
        for table in rows.with_format("arrow", columns=["labels"]).iter(10_000):
            for chunk in table["labels"].chunks:
                yield chunk.value_lengths().to_numpy(), chunk.flatten().to_numpy()


def numbered_row(document: Document, number: Callable[[str], int], tally: Counter[str]) -> dict[str, Any]:
    """A document as a row of a split, each label once, counting in `tally` what `SplitIssues` reports."""
    labels = list(dict.fromkeys(map(number, document.labels)))
    tally["documents"] += 1
    tally["without_labels"] += not labels
    tally["without_text"] += not document.text.strip()
    tally["repeated_labels"] += len(document.labels) - len(labels)
    targets = None if document.targets is None else list(dict.fromkeys(map(number, document.targets)))
    return {"id": document.id, "text": document.text, "labels": labels, "targets": targets}


def distinct_ids(
    rows: Iterable[tuple[int, str, str, Sequence[Any]]], where: str, taken: Callable[[str], bool]
) -> dict[int, str]:
    """New ids for rows whose id an earlier row has.

    Args:
        rows: number, id, text and labels of all rows that may share an id.
        taken: whether some row has an id.

    Returns:
        New ids by row number.

    Raises:
        DataError: rows of one id have the same text and other labels, as in a table with a row for each label.

    Example:
        >>> rows = [(0, "7", "an egg", ["a"]), (1, "7", "a soup", ["a"]), (2, "7-2", "tea", ["b"])]
        >>> distinct_ids(rows, "eggs/test", {"7", "7-2"}.__contains__)
        {1: '7-3'}
    """
    seen: dict[str, dict[bytes, frozenset[Any]]] = {}
    new: dict[int, str] = {}
    given: set[str] = set()
    counts: dict[str, int] = {}  # all rows may have the same id
    for number, id, text, labels in rows:
        texts = seen.setdefault(id, {})
        digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if texts.get(digest, frozenset(labels)) != frozenset(labels):
            raise DataError(
                f"{where}: the id {id!r} stands on several rows with the same text and other labels",
                "join the rows of a text into one with all its labels, or give every row an id of its own",
            )
        if texts:
            count = counts.get(id, 2)
            while taken(f"{id}-{count}") or f"{id}-{count}" in given:
                count += 1
            new[number] = f"{id}-{count}"
            given.add(new[number])
            counts[id] = count + 1
        texts[digest] = frozenset(labels)
    return new


def _by_frequency(documents: Mapping[str, list[Document]]) -> list[str]:
    reference = "train" if "train" in documents else next(iter(documents))
    counts = Counter(label for row in documents[reference] for label in set(row.labels))
    for rows in documents.values():
        for row in rows:
            for label in (*row.labels, *(row.targets or ())):
                counts.setdefault(label, 0)
    return sorted(counts, key=lambda label: (-counts[label], label))


def _table(rows: list[Document], index: Mapping[str, int], where: str, tally: Counter[str]) -> datasets.Dataset:
    numbered = []
    for row in rows:
        try:
            numbered.append(numbered_row(row, index.__getitem__, tally))
        except KeyError as missing:
            raise DataError(
                f"document {row.id!r} of {where} has the label {missing.args[0]!r}, which is not in the label list",
                "add it to the label list or drop it from the document",
            ) from None
    return datasets.Dataset.from_dict({key: [row[key] for row in numbered] for key in FEATURES}, features=FEATURES)
