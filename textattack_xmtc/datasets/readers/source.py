"""What every reader is: one split of a collection in one format."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import ClassVar, TypeVar, cast

from textattack_xmtc.datasets.corpus import Document
from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.datasets.read_options import BY_CONTENT, ReadOptions
from textattack_xmtc.datasets.readers.labels import LabelReader
from textattack_xmtc.datasets.readers.lines import COMPRESSIONS
from textattack_xmtc.datasets.readers.place import Sample
from textattack_xmtc.errors import DataError

T = TypeVar("T")
U = TypeVar("U")

VALIDATION = ("dev", "validation", "valid", "val")
"""What a validation split is called; it takes the place of the test split where there is none."""

SPLIT_STEMS = {"train": ("train", "trn"), "test": ("test", "tst"), "validation": VALIDATION}
"""How file names begin, by split."""


class Source(ABC):
    """One split in one format; subclasses know how to find it by name and how to read it.

    Attributes:
        format: what the format is called, for people and for `load_corpus(..., format=...)`.
        names: what its files are called, compressed or not, with {} for how the split begins; those of the first tuple
            are preferred.
        files: the files that are read.
        options: how to read them, where it was said.
    """

    format: ClassVar[str]
    names: ClassVar[tuple[tuple[str, ...], ...]] = ()
    files: tuple[Path, ...]
    options: ReadOptions = BY_CONTENT

    @classmethod
    def in_folder(cls, folder: Path, split: str, options: ReadOptions = BY_CONTENT) -> Source | None:
        """The files of `split` ("train", "test" or "validation") in `folder`, or None where it has none of this format.

        Raises:
            DataError: there are several: which one is meant is not certain.
        """
        for names in cls.names:
            sources: dict[str, Source] = {}
            for name in (name.format(stem) for name in names for stem in SPLIT_STEMS[split]):
                path = packed_file(folder, name)
                source = cls.from_file(path, options) if path is not None else None
                if source is not None:
                    sources[source.files[0].name] = source
            if len(sources) > 1:
                raise DataError(
                    f"{folder} holds the split {split!r} several times: {', '.join(sources)}",
                    "move all but one of them away",
                )
            if sources:
                return next(iter(sources.values()))
        return None

    @classmethod
    @abstractmethod
    def from_file(cls, path: Path, options: ReadOptions = BY_CONTENT) -> Source | None:
        """The split that `path` is (a part of), or None where it is not of this format."""

    @abstractmethod
    def documents(self, names: LabelNames, labels: LabelReader | None = None) -> Iterator[Document]:
        """The documents in the order of the file, one at a time.

        Args:
            names: what labels are called, where a file says so.
            labels: reads the labels; by default decided by the first rows of this source alone.

        Raises:
            DataError: something cannot be read; the message says where.
        """

    def label_sample(self) -> list[Sample]:
        """What the first rows hold as labels; empty where the format leaves no doubt."""
        return []

    def label_columns(self) -> tuple[str, ...]:
        """The labels, where a table has one 0/1 column for each."""
        return ()

    def label_space(self) -> tuple[str, ...]:
        """Labels that the source names, occurring or not."""
        return ()

    def description(self) -> str:
        """What was recognised beside the labels, in a few words."""
        return self.format

    def n_labels(self) -> int | None:
        """The number of labels that the files state, occurring or not, or None where they do not say."""
        return None


class PairedSource(Source):
    """Texts in one file, and their labels, row by row, in another one, which `XMCJson` may lack."""

    def __init__(self, texts: Path, labels: Path | None, options: ReadOptions = BY_CONTENT) -> None:
        self.files = (texts,) if labels is None else (texts, labels)
        self.options = options


def packed_file(folder: Path, *names: str) -> Path | None:
    """The first of these that is a file in `folder`, compressed or not."""
    files = (folder / f"{name}{packing}" for name in names for packing in COMPRESSIONS)
    return next((file for file in files if file.is_file()), None)


def in_step(texts: Iterator[T], labels: Iterator[U], text_file: Path, label_file: Path) -> Iterator[tuple[T, U]]:
    """Texts with their labels, from two files that go line by line together.

    Raises:
        DataError: one file has more lines than the other; the message says how many each has.
    """
    missing = object()
    for count, (text, label) in enumerate(zip_longest(texts, labels, fillvalue=missing)):
        if text is missing or label is missing:
            n_texts = count + (0 if text is missing else 1 + sum(1 for _ in texts))
            n_labels = count + (0 if label is missing else 1 + sum(1 for _ in labels))
            raise DataError(
                f"expected as many rows of labels as texts, got {n_texts} texts in {text_file} and {n_labels} rows of "
                f"labels in {label_file}",
                "put files together that belong together, or repair the one that is cut off",
            )
        yield cast("tuple[T, U]", (text, label))
