"""What every reader is: one split of a collection in one format, and where in it something went wrong."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textattack_xmtc.datasets.corpus import Document
from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.errors import DataError

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

    def error(self, expected: str, got: object, fix: str) -> DataError:
        """The error to raise when something other than what was expected stands here.

        Example:
            >>> print(Place(Path("train.jsonl"), 7).error("labels as a list", "eggs", "write [\\"eggs\\"]"))
            train.jsonl, line 7: expected labels as a list, got 'eggs'; write ["eggs"]
        """
        shown = repr(got)
        shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
        return DataError(f"{self.path}, {self.unit} {self.number}: expected {expected}, got {shown}", fix)


class Source(ABC):
    """One split in one format; subclasses know how to find it by name and how to read it.

    Attributes:
        format: what the format is called, for people and for `load_corpus(..., format=...)`.
        files: the files that are read.
    """

    format: ClassVar[str]
    files: tuple[Path, ...]

    @classmethod
    @abstractmethod
    def in_folder(cls, folder: Path, split: str) -> Source | None:
        """The files of `split` ("train" or "test") in `folder`, or None where it has none of this format."""

    @classmethod
    @abstractmethod
    def from_file(cls, path: Path) -> Source | None:
        """The split that `path` is (a part of), or None where it is not of this format."""

    @abstractmethod
    def documents(self, names: LabelNames) -> Iterator[Document]:
        """The documents in the order of the file, one at a time.

        Raises:
            DataError: something cannot be read; the message says where.
        """

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
