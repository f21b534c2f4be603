"""Where in a file a value stands, and the checks of texts, labels and indices, whose errors name the place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.errors import DataError


@dataclass(frozen=True, slots=True)
class Place:
    """A line or row of a file.

    Attributes:
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
        value = repr(got)
        value = value if len(value) <= 80 else f"{value[:77]}..."
        return DataError(f"{self.path}, {self.unit} {self.number}: expected {expected}, got {value}", fix)


Sample: TypeAlias = tuple[Place, object]
"""Where a row stands, and what its label column holds."""


def text_at(place: Place, value: object, what: str = "text") -> str:
    """`value` where it is a string that can be stored.

    Raises:
        DataError: it is not a string, or holds half of a surrogate pair.
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
        DataError: it is not a list, or an entry is not a label.
    """
    if not isinstance(value, list):
        raise place.error(f"the {what} as a list", value, f"give the {what} as a list of names or of indices")
    return [label_at(place, label, names) for label in value]


def indices_at(place: Place, value: object, names: LabelNames, n_labels: int | None) -> list[str]:
    """The names of a list of label indices, of which there are `n_labels` where that is known.

    Raises:
        DataError: it is not a list of integers, or one is out of range.
    """
    if not isinstance(value, list) or not all(type(index) is int for index in value):
        raise place.error("the labels as a list of indices", value, "give label indices, counted from 0")
    for index in value:
        if index < 0 or (n_labels is not None and index >= n_labels):
            limit = "0 or more" if n_labels is None else f"from 0 to {n_labels - 1}"
            raise place.error(f"a label index {limit}", index, "correct the index, or the number of labels stated")
    return labels_at(place, value, names)


def label_at(place: Place, value: object, names: LabelNames) -> str:
    """The name of one label, given as its name or its index.

    Raises:
        DataError: it is neither, or the file of label names does not hold it.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int)) or (isinstance(value, str) and not value.strip()):
        raise place.error("a label as a name or an index", value, "give each label as a string or an integer")
    if isinstance(value, str):
        text_at(place, value, "label")
    elif value < 0:
        raise place.error("a label index of 0 or more", value, "leave out rows whose labels are not known")
    name = names.name_of(value)
    if name is None:
        raise place.error(
            names.expectation(value), value, f"correct the label or {names.source}, or leave the names out"
        )
    return name
