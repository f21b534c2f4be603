"""What CSV, JSON and Arrow have in common: rows with named columns, of which some are text, labels, ids."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from textattack_xmtc.datasets.corpus import Document
from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.datasets.read_options import BY_CONTENT, ReadOptions
from textattack_xmtc.datasets.readers.columns import Columns, resolve
from textattack_xmtc.datasets.readers.labels import LabelReader
from textattack_xmtc.datasets.readers.place import Place, Sample, text_at
from textattack_xmtc.datasets.readers.source import Source

_SAMPLE_ROWS, _SAMPLE_CHARACTERS = 1_000, 16_000_000

Row = tuple[Place, Mapping[str, Any]]


class Table(Source):
    """A table. Its first rows and the reading options decide how all of it is read."""

    def __init__(self, path: Path, options: ReadOptions = BY_CONTENT) -> None:
        self.files = (path,)
        self.options = options

    @abstractmethod
    def rows(self) -> Iterator[Row]:
        """The rows, and where they stand."""

    @cached_property
    def sample(self) -> Sequence[Row]:
        """The first rows: at most 1,000, fewer of long texts."""
        first: list[Row] = []
        characters = 0
        for place, row in self.rows():
            first.append((place, row))
            characters += sum(len(value) for value in row.values() if isinstance(value, str))
            if len(first) == _SAMPLE_ROWS or characters > _SAMPLE_CHARACTERS:
                break
        return first

    @cached_property
    def columns(self) -> Columns:
        """Which columns hold what.

        Raises:
            DataError: that is not certain.
        """
        names = list(dict.fromkeys(name for _, row in self.sample for name in row))
        return resolve(self.where, names, self.options, [row for _, row in self.sample])

    @property
    def where(self) -> str:
        """The table, for messages."""
        return str(self.files[0])

    def label_sample(self) -> list[Sample]:
        """See `Source`."""
        if len(self.columns.labels) > 1:
            return []
        return [(place, self.value(place, row, self.columns.labels[0], "labels")) for place, row in self.sample]

    def label_columns(self) -> tuple[str, ...]:
        """See `Source`."""
        return self.columns.labels if len(self.columns.labels) > 1 else ()

    def description(self) -> str:
        """See `Source`."""
        return f"{self.format}, {self.columns.description}"

    def value(self, place: Place, row: Mapping[str, Any], column: str, key: str) -> Any:
        """What a row holds in a column.

        Raises:
            DataError: the row has no such column.
        """
        if column not in row:
            raise place.error(f"the column {column!r}", dict(row), f"add the key {column!r}")
        return row[column]

    def documents(self, names: LabelNames, labels: LabelReader | None = None) -> Iterator[Document]:
        """See `Source`."""
        columns = self.columns
        if columns.labels[1:]:
            labels = LabelReader.of_columns(columns.labels)
        elif labels is None:
            labels = LabelReader.of(self.label_sample(), names, self.options)
        for place, row in self.rows():
            texts = [text_at(place, self.value(place, row, column, "text")) for column in columns.text]
            if columns.labels[1:]:
                given: Any = [self.value(place, row, column, "labels") for column in columns.labels]
            else:
                given = self.value(place, row, columns.labels[0], "labels")
            yield Document(
                self.name_of(place, row),
                " ".join(text for text in texts if text) if texts[1:] else texts[0],
                labels.read(place, given, names),
                self.targets(place, row, names, labels),
            )

    def name_of(self, place: Place, row: Mapping[str, Any]) -> str:
        """What a row calls its document, else its number."""
        value = row.get(self.columns.id) if self.columns.id is not None else None
        return id_at(place, None if value == "" else value)

    def targets(self, place: Place, row: Mapping[str, Any], names: LabelNames, labels: LabelReader) -> list[str] | None:
        """The labels that an attack on the text is to work on, where the format has a place for them."""
        return None


def id_at(place: Place, value: object) -> str:
    """A document's name as the source gives it, or its number.

    Raises:
        DataError: it is neither a string nor an integer.
    """
    if value is None:
        return str(place.number)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return text_at(place, value, "id")
