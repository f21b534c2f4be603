"""What every reader is: one split of a collection in one format, and where in it something went wrong."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeAlias, TypeVar, cast

from textattack_xmtc.datasets.corpus import Document
from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.datasets.read_options import BY_CONTENT, ReadOptions
from textattack_xmtc.errors import DataError

if TYPE_CHECKING:
    from textattack_xmtc.datasets.readers.labels import LabelReader

T = TypeVar("T")
U = TypeVar("U")

SPLIT_STEMS = {"train": ("train", "trn"), "test": ("test", "tst")}
"""How file names begin, by split."""


@dataclass(frozen=True, slots=True)
class Place:
    """A line or row of a file.

    Attributes:
        path: the file.
        number: which one, counted from 1.
        unit: what is counted.
    """

    path: Path
    number: int
    unit: str = "line"

    @classmethod
    def nowhere(cls) -> Place:
        """For values that stand in no file."""
        return cls(Path(), 0)

    def error(self, expected: str, got: object, fix: str) -> DataError:
        """The error to raise when something other than what was expected stands here.

        Example:
            >>> print(Place(Path("train.jsonl"), 7).error("labels as a list", "eggs", "write [\\"eggs\\"]"))
            train.jsonl, line 7: expected labels as a list, got 'eggs'; write ["eggs"]
        """
        shown = repr(got)
        shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
        return DataError(f"{self.path}, {self.unit} {self.number}: expected {expected}, got {shown}", fix)


Sample: TypeAlias = tuple[Place, object]
"""Where a row stands, and what its label column holds."""


class Source(ABC):
    """One split in one format; subclasses know how to find it by name and how to read it.

    Attributes:
        format: what the format is called, for people and for `load_corpus(..., format=...)`.
        files: the files that are read.
        options: what someone has said about them.
    """

    format: ClassVar[str]
    files: tuple[Path, ...]
    options: ReadOptions = BY_CONTENT

    @classmethod
    @abstractmethod
    def in_folder(cls, folder: Path, split: str, options: ReadOptions = BY_CONTENT) -> Source | None:
        """The files of `split` ("train" or "test") in `folder`, or None where it has none of this format."""

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


def find_file(folder: Path, names: Sequence[str], suffixes: Sequence[str]) -> Path | None:
    """The first `name + suffix` that is a file in `folder`, names first."""
    for name in names:
        for suffix in suffixes:
            if (folder / f"{name}{suffix}").is_file():
                return folder / f"{name}{suffix}"
    return None


def text_at(place: Place, value: object, what: str = "text") -> str:
    """`value` where it is a string that can be stored.

    Raises:
        DataError: it is no string, or holds half of a surrogate pair, which is no character.
    """
    if not isinstance(value, str):
        raise place.error(f"the {what} as a string", value, f"give the {what} as a string")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise place.error(
            f"the {what} as valid Unicode", value, "remove the lone surrogates (\\ud800 to \\udfff)"
        ) from None
    return value


def labels_at(place: Place, value: object, names: LabelNames, what: str = "labels") -> list[str]:
    """The names of a list of labels, each given as its name or its index.

    Raises:
        DataError: it is no list, or an entry is no label.
    """
    if not isinstance(value, list):
        raise place.error(f"the {what} as a list", value, f"give the {what} as a list of names or of indices")
    return [label_at(place, label, names) for label in value]


def indices_at(place: Place, value: object, names: LabelNames, n_labels: int | None) -> list[str]:
    """The names of a list of label indices, of which there are `n_labels` where that is known.

    Raises:
        DataError: it is no list of integers, or one is out of range.
    """
    if not isinstance(value, list) or not all(type(index) is int for index in value):
        raise place.error("the labels as a list of indices", value, "give label indices, counted from 0")
    for index in value:
        if index < 0 or (n_labels is not None and index >= n_labels):
            limit = "0 or more" if n_labels is None else f"from 0 to {n_labels - 1}"
            raise place.error(f"a label index {limit}", index, "correct the index, or the number of labels stated")
    return labels_at(place, value, names)


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


def label_at(place: Place, value: object, names: LabelNames) -> str:
    """The name of one label, given as its name or its index.

    Raises:
        DataError: it is neither, or the file of label names does not hold it.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int)) or value == "":
        raise place.error("a label as a name or an index", value, "give each label as a string or an integer")
    if isinstance(value, str):
        text_at(place, value, "label")
    name = names.name_of(value)
    if name is None:
        raise place.error(
            names.expectation(value), value, f"correct the label or {names.source}, or leave the names out"
        )
    return name
