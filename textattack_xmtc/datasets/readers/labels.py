"""The one reader of labels: decides by the first rows what a column of labels holds, and reads the rows by that."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.datasets.read_options import ReadOptions
from textattack_xmtc.datasets.readers.label_cells import Cells, cells_of
from textattack_xmtc.datasets.readers.place import Place, Sample, label_at
from textattack_xmtc.errors import DataError

_OBJECT_KEYS = ("name", "label", "title", "tag", "term")
_BITS: dict[Any, int] = {"0": 0, "1": 1, "0.0": 0, "1.0": 1, "true": 1, "false": 0}
_MOST_DIGITS = 18  # Python refuses to read thousands of digits
_FRACTION = re.compile(r"-?\d*\.\d+(?:e-?\d+)?", re.IGNORECASE)
_LISTED = 3


@dataclass(frozen=True)
class LabelReader:
    """What the labels of a collection are written as.

    Attributes:
        form: "list", "text", "number", "object" (a label with a name, or an object from label to 0 or 1), "bits" (the
            cells of one 0/1 column a label), or "" where no row has labels.
        cells: how a cell of text is split.
        multi_hot: how many labels each row has a 0 or 1 for, or None where rows list their labels.
        indices: whether labels written as digits are indices of the label names.
        columns: the labels of "bits".
        numbers: whether labels are numbers in the first row that has some; None where names and numbers can be told
            apart, or the options say what they are.

    Example:
        >>> from pathlib import Path
        >>> place = Place(Path("train.csv"), 2)
        >>> LabelReader.of([(place, "fruit|food"), (place, "drink")]).read(place, "fruit|food", LabelNames())
        ['fruit', 'food']
        >>> LabelReader.of([(place, [0, 1, 0, 0]), (place, [1, 0, 0, 1])]).read(place, [1, 0, 0, 1], LabelNames())
        ['0', '3']
    """

    form: str = "list"
    cells: Cells | None = None
    multi_hot: int | None = None
    indices: bool = False
    columns: tuple[str, ...] = ()
    numbers: bool | None = None

    @classmethod
    def of(
        cls, sample: Sequence[Sample], names: LabelNames | None = None, options: ReadOptions | None = None
    ) -> LabelReader:
        """Decide by the first rows of all splits.

        Args:
            sample: where a row stands, and what its label column holds.
            names: what labels are called, where a file says so.

        Raises:
            DataError: rows differ in what they hold, or can be read in two ways; the message shows the first rows and
                the option that decides.
        """
        names, options = names or LabelNames(), options or ReadOptions()
        filled = [(place, value) for place, value in sample if value not in ("", [], None)]
        if not filled:
            return cls(form="")
        reader = cls(form=_form(filled[0][1]))
        if reader.form == "text":
            texts = [(place, value) for place, value in filled if isinstance(value, str)]
            reader = replace(reader, cells=cells_of(texts, names, options))
        rows = [(place, reader.entries(place, value)) for place, value in filled]
        if reader.form == "object" and all(isinstance(value, dict) and _are_bits(value) for _, value in filled):
            return reader
        labels = [entry for _, entries in rows for entry in entries]
        fractions = bool(labels) and all(isinstance(one, str) and _FRACTION.fullmatch(one) for one in labels)
        if fractions and options.label_format is None:
            raise _question(
                rows,
                "names or indices of labels, not numbers with a fraction",
                "give 0 or 1 instead of probabilities and 3 instead of 3.0, or say --label-format names",
            )
        if (multi_hot := _multi_hot(rows, names, options)) is not None:
            return replace(reader, multi_hot=multi_hot)
        kinds = (_is_number_without_name(entry, names) for entry in labels)
        certain = names.by_index is not None or options.label_format is not None
        numbers = None if certain else next((is_number for is_number in kinds if is_number is not None), None)
        reader = replace(reader, indices=_are_indices(rows, names, options), numbers=numbers)
        for place, entries in rows:
            reader.check_kind(place, entries, names)
        return reader

    @classmethod
    def of_columns(cls, columns: Sequence[str]) -> LabelReader:
        """For a table with one 0/1 column a label."""
        return cls(form="bits", columns=tuple(columns))

    def read(self, place: Place, value: object, names: LabelNames, what: str = "labels") -> list[str]:
        """The names of the labels of one row.

        Raises:
            DataError: the row holds something else than the rows before, or a label that is unknown.
        """
        if self.form == "bits" and isinstance(value, (list, tuple)):
            bits = [_bit_at(place, bit, name) for bit, name in zip(value, self.columns, strict=True)]
            return [label_at(place, name, names) for bit, name in zip(bits, self.columns, strict=True) if bit]
        entries = self.entries(place, value, what)
        if self.multi_hot is not None and entries:
            if len(entries) != self.multi_hot or not all(map(is_bit, entries)):
                raise place.error(
                    f"a 0 or 1 for each of the {self.multi_hot} labels, as in the first rows", value, "correct the row"
                )
            entries = [label for label, bit in enumerate(entries) if _bit(bit)]
        elif self.indices:
            entries = [int(entry) if _is_number(entry) else entry for entry in entries]
        self.check_kind(place, entries, names)
        return [label_at(place, entry, names) for entry in entries]

    def check_kind(self, place: Place, entries: Iterable[Any], names: LabelNames) -> None:
        """See that labels are numbers, or names, as in the first rows: the others would be labels of their own.

        Raises:
            DataError: one is not.
        """
        for entry in entries:
            if self.numbers is not None and _is_number_without_name(entry, names) is (not self.numbers):
                raise place.error(
                    f"labels that are all {'numbers' if self.numbers else 'names'}, as in the first rows",
                    entry,
                    "write all of them in one way, or say --label-format names where numbers are names",
                )

    def entries(self, place: Place, value: object, what: str = "labels") -> list[Any]:
        """The labels in what a row holds, as they are written there.

        Raises:
            DataError: it is of another form than the first rows.
        """
        entries = self.cells.split(place, value) if isinstance(value, str) and self.cells is not None else value
        if isinstance(entries, list) and (entries is not value or self.form in ("list", "")):
            return [_name_in(place, entry) if isinstance(entry, dict) else entry for entry in entries]
        if self.form == "number" and _form(value) == "number":
            return [value]
        if self.form == "object" and isinstance(value, dict):
            return _entries_of_object(place, value)
        if value == "" and self.form == "":
            return []
        wanted = {"text": "as text", "number": "as one integer", "object": "as an object"}.get(self.form, "as a list")
        raise place.error(
            f"the {what} {wanted}", value, f"give the {what} as a list of names or of indices, in every row"
        )

    @property
    def description(self) -> str:
        """In a few words, what the labels are written as."""
        if self.form == "bits":
            return f"one 0/1 column for each of the {len(self.columns)} labels"
        forms = {"list": "lists", "number": "one index a text", "object": "objects", "": "none in the first rows"}
        form = self.cells.description if self.cells is not None else forms[self.form]
        if self.multi_hot is not None:
            return f"{form}, a 0 or 1 for each of {self.multi_hot} labels"
        return f"{form}, indices of the label names" if self.indices else form


def _form(value: object) -> str:
    if isinstance(value, str):
        return "text"
    if isinstance(value, int) and not isinstance(value, bool):
        return "number"
    return "object" if isinstance(value, dict) else "list"


def _is_number(entry: object) -> bool:
    return type(entry) is int or (
        isinstance(entry, str) and entry.isascii() and entry.isdecimal() and len(entry) <= _MOST_DIGITS
    )


def _is_number_without_name(entry: object, names: LabelNames) -> bool | None:
    """Whether a label is a number, rather than a name; None where a table of names says what it is called."""
    if isinstance(entry, str) or type(entry) is not int:
        return False
    return None if str(entry) in (names.by_label or ()) else True


# A 0 or 1 for each label -------------------------------------------------------------------------------------------


def is_bit(entry: object) -> bool:
    """Whether a cell of a table is a 0 or 1, however it is written.

    Example:
        >>> [is_bit(cell) for cell in ("0", "1.0", "True", True, 2, "", None)]
        [True, True, True, True, False, False, False]
    """
    return entry in (0, 1) if isinstance(entry, (int, float)) else str(entry).strip().lower() in _BITS


def _bit(entry: object) -> int:
    return int(entry) if isinstance(entry, (int, float)) else _BITS[str(entry).strip().lower()]


def _bit_at(place: Place, entry: object, column: str) -> int:
    if entry is None or entry == "":
        raise place.error(f"0 or 1 in the column {column!r}", entry, "fill the cell")
    if not is_bit(entry):
        raise place.error(f"0 or 1 in the column {column!r}, as in the first rows", entry, "correct the cell")
    return _bit(entry)


def _multi_hot(rows: Sequence[tuple[Place, list[Any]]], names: LabelNames, options: ReadOptions) -> int | None:
    """How many labels rows have a 0 or 1 for, or None where they list their labels.

    Raises:
        DataError: both can be.
    """
    rows = [(place, entries) for place, entries in rows if entries]
    lengths = {len(entries) for _, entries in rows}
    bits = all(is_bit(entry) for _, entries in rows for entry in entries)
    if options.label_format is not None:
        if options.label_format != "multi-hot":
            return None
        if not bits or len(lengths) != 1:
            raise _question(rows, "a 0 or 1 for each label, equally many in every row", "correct the rows")
        return lengths.pop()
    if not rows or not bits or lengths == {1}:
        return None
    repeated = any(len({str(entry) for entry in entries}) < len(entries) for _, entries in rows)
    # True, False and 1.0 are no labels; 0 and 1 may be.
    unlike_labels = any(str(entry) not in ("0", "1") for _, entries in rows for entry in entries)
    if len(lengths) > 1:
        if repeated or unlike_labels:
            raise _question(
                rows,
                "a 0 or 1 for each label, equally many in every row, or lists of labels without repetitions",
                "correct the rows, or say --label-format indices or names",
            )
        return None
    length = lengths.pop()
    listed = None if names.by_index is None else len(names.by_index)
    if repeated or unlike_labels:
        if listed not in (None, length):
            raise _question(
                rows, f"a 0 or 1 for each of the {listed} labels of {names.source}", "put files together that fit"
            )
        return length
    if listed not in (None, length):
        return None
    raise _question(
        rows,
        "labels that can be read in one way only, and these are 0 or 1 for each of two labels or the labels 0 and 1",
        "say which: --label-format multi-hot, indices or names",
    )


def _are_indices(rows: Iterable[tuple[Place, list[Any]]], names: LabelNames, options: ReadOptions) -> bool:
    """Whether labels written as digits are indices: where the options say so, or where none of them is a name."""
    if options.label_format is not None:
        return options.label_format == "indices"
    if names.by_index is None:
        return False
    written = {entry for _, entries in rows for entry in entries if isinstance(entry, str)}
    return (
        bool(written)
        and all(_is_number(entry) and int(entry) < len(names.by_index) for entry in written)
        and not any(names.name_of(entry) is not None for entry in written)
    )


def _question(rows: Sequence[tuple[Place, Any]], expected: str, fix: str) -> DataError:
    values = ", ".join(f"{value!r:.60}" for _, value in rows[:_LISTED])
    return DataError(f"{rows[0][0].path}: expected {expected}, got {values} in the first rows", fix)


# Objects -----------------------------------------------------------------------------------------------------------


def _name_in(place: Place, entry: dict[Any, Any]) -> Any:
    """The label that an object stands for, such as {"id": 3, "name": "fruit"}."""
    keys = [key for key in _OBJECT_KEYS if entry.get(key) is not None]
    if len(keys) != 1:
        raise place.error(
            f"a label as a name, an index or an object with one of the keys {', '.join(_OBJECT_KEYS)}",
            entry,
            "give the labels as a list of names",
        )
    for key, value in entry.items():
        is_number = key != keys[0] and isinstance(value, (bool, int, float))
        if is_number and 0 <= value < 0.5 and not key.lower().endswith(("id", "idx", "index")):
            raise place.error("labels that apply", entry, f"leave out labels whose {key!r} says that they do not")
    return entry[keys[0]]


def _are_bits(value: dict[Any, Any]) -> bool:
    return all(bit is None or (not isinstance(bit, str) and is_bit(bit)) for bit in value.values())


def _entries_of_object(place: Place, value: dict[Any, Any]) -> list[Any]:
    """The labels of {"fruit": 1, "drink": 0}, or the one of {"name": "fruit"}."""
    if value and _are_bits(value):
        return [name for name, bit in value.items() if bit]
    lists = [key for key in _OBJECT_KEYS if isinstance(value.get(key), list)]
    if len(lists) == 1:  # a list of objects, as Hugging Face's Sequence turns it
        return list(value[lists[0]])
    if any(isinstance(value.get(key), (str, int)) for key in _OBJECT_KEYS):
        return [_name_in(place, value)]
    raise place.error("the labels as a list", value, "give the labels as a list of names or of indices")
