"""The true labels and the target labels of one example, and the string that carries them through TextAttack.

TextAttack lets only an `int` or a `str` through as ground truth, so label sets travel as JSON. This is the one
place that writes and reads it.
"""

from __future__ import annotations

import difflib
import json
import operator
import reprlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any

from textattack_xmtc.errors import InputError

Label = str | int
"""A label as a data set gives it: its name, or its index where labels have no names."""

_MOST_DIGITS = 18  # of an index: no victim has more labels, and Python refuses to write thousands of digits
_GIVE = "give a list of names or indices, or {'labels': [...], 'targets': [...]}"


@dataclass(frozen=True, slots=True)
class GroundTruth:
    """What is true of a text, and what an attack on it is to work on.

    Attributes:
        labels: the true labels.
        targets: the labels under attack (A1 or A-1 of section 3), or None where the goal is to choose them.

    Example:
        >>> carried = GroundTruth(("stats", "scipy"), ("stats",)).encode()
        >>> GroundTruth.decode(carried)
        GroundTruth(labels=('stats', 'scipy'), targets=('stats',))
    """

    labels: tuple[Label, ...]
    targets: tuple[Label, ...] | None = None

    def encode(self) -> str:
        """The string that TextAttack carries as ground truth."""
        fields: dict[str, Sequence[Label]] = {"labels": self.labels}
        if self.targets is not None:
            fields["targets"] = self.targets
        return json.dumps(fields, ensure_ascii=False, default=operator.index)  # NumPy's integers are indices as well

    @classmethod
    def of(cls, value: Any) -> GroundTruth:
        """From labels as people write them.

        Args:
            value: one label; a list, tuple, set or array of labels; a dict with "labels" and, where it has them,
                "targets"; a `GroundTruth`; or what `encode` gives.

        Raises:
            InputError: anything else.

        Example:
            >>> GroundTruth.of(["stats", "scipy"])
            GroundTruth(labels=('stats', 'scipy'), targets=None)
            >>> GroundTruth.of({"labels": ["stats", "scipy"], "targets": "stats"}).targets
            ('stats',)
        """
        if isinstance(value, GroundTruth):
            return value
        if isinstance(value, Mapping) and "labels" in value and set(value) <= {"labels", "targets"}:
            targets = value.get("targets")
            return cls(_labels_in(value["labels"]), None if targets is None else _labels_in(targets))
        if isinstance(value, str) or not _has_items(value):
            return cls.decode(value)
        return cls(_labels_in(value))

    @classmethod
    def carried(cls, value: Any) -> Label:
        """What TextAttack carries of labels as people write them: its strings and integers stay as they are."""
        if isinstance(value, (str, int)):
            return value
        return cls.of(value).encode()

    @classmethod
    def decode(cls, carried: Label) -> GroundTruth:
        """Read what `encode` wrote; any other string is the name of a label and an integer its index.

        Raises:
            InputError: neither a string nor an integer, or a JSON object with "labels" that `encode` did not write.

        Example:
            >>> GroundTruth.decode(7)
            GroundTruth(labels=(7,), targets=None)
        """
        if isinstance(carried, bool) or not isinstance(carried, (Integral, str)):
            raise InputError(f"labels must be names or indices, got {type(carried).__name__}", _GIVE)
        carried = carried if isinstance(carried, str) else _index(carried)
        fields = _object_of(carried) if isinstance(carried, str) else {}
        if "labels" not in fields:
            return cls((carried,))
        labels, targets = fields["labels"], fields.get("targets")
        if not _are_labels(labels) or not (targets is None or _are_labels(targets)):
            raise InputError(
                f"labels and targets must be lists of names and indices, got {carried}",
                _GIVE,
            )
        return cls(_label_tuple(labels), None if targets is None else _label_tuple(targets))


def _has_items(value: Any) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, (bytes, Mapping)) and getattr(value, "ndim", 1) == 1


def _labels_in(value: Any) -> tuple[Label, ...]:
    """The labels of a list, tuple, set or array, or a single one. A set is sorted: it has no order of its own."""
    if isinstance(value, str) or not _has_items(value):
        value = [value]
    labels = _label_tuple(value)
    if len(set(labels)) < len(labels) and set(labels) <= {0, 1}:
        raise InputError(
            f"{reprlib.repr(labels)} holds 0 and 1 several times: a row of 0 and 1 is not a list of labels",
            "give the names or the indices of the labels that are true",
        )
    return tuple(sorted(labels, key=str)) if isinstance(value, (set, frozenset)) else labels


def _label_tuple(labels: Iterable[Any]) -> tuple[Label, ...]:
    return tuple(label if isinstance(label, str) else _index(label) for label in labels)


def _index(label: Any) -> int:
    # A bool, also NumPy's, is part of a multi-hot row and no index.
    if type(label).__name__ in ("bool", "bool_") or not isinstance(label, Integral):
        raise InputError(f"a label must be a name or an index, got {label!r} ({type(label).__name__})", _GIVE)
    if not _may_be_index(label):
        raise InputError(f"a label index has more than {_MOST_DIGITS} digits", "count labels from 0")
    return int(label)


def _may_be_index(number: int | Integral) -> bool:
    return bool(abs(int(number)) < 10**_MOST_DIGITS)


def _object_of(text: str) -> dict[str, Any]:
    """The JSON object that `text` is, or an empty one."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _are_labels(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(it, (str, int)) and not isinstance(it, bool) for it in value)


class LabelSpace:
    """The labels of one victim, by name and by index.

    Args:
        names: label names by index, or None where the victim has no names.
        size: number of labels, or None where it is not known yet.

    Raises:
        InputError: two labels have the same name.

    Example:
        >>> space = LabelSpace(["scipy", "stats"])
        >>> space.index("stats"), space.index("numpy"), space.name(0)
        (1, None, 'scipy')
    """

    def __init__(self, names: Sequence[str] | None, size: int | None = None) -> None:
        self.names = None if names is None else list(names)
        self.size = size if names is None else len(names)
        self._index = {name: position for position, name in enumerate(self.names or [])}
        if self.names is not None and len(self._index) < len(self.names):
            twice = next(name for position, name in enumerate(self.names) if self._index[name] != position)
            raise InputError(f"two labels of this victim are called {twice!r}", "give every label a name of its own")

    def index(self, label: Label) -> int | None:
        """The index of `label`, or None where this victim does not know it."""
        if isinstance(label, str):
            if self.names is not None or not label.isdecimal() or len(label) > _MOST_DIGITS:
                return self._index.get(label)
            label = int(label)  # a data set calls a label without a name by its number
        if isinstance(label, bool) or not isinstance(label, Integral):
            return None
        known = label >= 0 and (_may_be_index(label) if self.size is None else label < self.size)
        return int(label) if known else None

    def name(self, index: int) -> str:
        """The name of a label, or its index as text where labels have no names."""
        return str(index) if self.names is None else self.names[index]

    def known(self, labels: Iterable[Label]) -> list[int]:
        """Indices of those of `labels` that this victim knows, ascending, each once."""
        return sorted({index for label in labels if (index := self.index(label)) is not None})

    def require(self, labels: Iterable[Label]) -> list[int]:
        """Indices of all of `labels`, ascending, each once.

        Raises:
            InputError: a label is not one of this victim's.
        """
        wanted = list(labels)
        for label in wanted:
            if self.index(label) is None:
                raise InputError(*self._unknown(label))
        return self.known(wanted)

    def _unknown(self, label: Label) -> tuple[str, str]:
        if not isinstance(label, str):
            count = "" if self.size is None else f"{self.size:,} "
            shown = label if not isinstance(label, Integral) or _may_be_index(label) else "of too many digits"
            return f"label index {shown} is not one of the {count}labels of this victim", "count labels from 0"
        if self.names is None:
            return f"the label {label!r} was given by name, but this victim has no label names", "give label_names"
        near = difflib.get_close_matches(label, self.names, n=3)
        hint = f"did you mean {' or '.join(map(repr, near))}?" if near else "check the spelling and the label list"
        return f"{label!r} is not one of the {len(self.names):,} labels of this victim", hint


def is_number(label: str) -> bool:
    """Whether a label is an integer as data sets write it: digits, without zeros in front."""
    number = label.isascii() and label.isdecimal() and len(label) <= _MOST_DIGITS
    return number and (label == "0" or not label.startswith("0"))


def match_labels(labels: Sequence[str], space: LabelSpace, whose: str) -> tuple[list[str], str]:
    """The labels of a corpus as a victim calls them.

    Labels are matched by name. Where none of the names matches, and all labels of the corpus are integers in range,
    they are indices of the victim's labels.

    Args:
        labels: of the corpus.
        space: the victim's.
        whose: what the corpus is called, for messages.

    Returns:
        The labels in the same order, and a line to show where they were taken as indices (else "").

    Raises:
        InputError: none of the labels is one of the victim's.

    Example:
        >>> match_labels(["2", "0"], LabelSpace(["tea", "eggs", "soup"]), "the corpus")[0]
        ['soup', 'tea']
        >>> match_labels(["tea", "new"], LabelSpace(["tea", "eggs", "soup"]), "the corpus")[0]
        ['tea', 'new']
    """
    if not labels or any(space.index(label) is not None for label in labels):
        return list(labels), ""
    known, shown = space.names, ", ".join(map(repr, labels[:3]))
    if known is None:
        raise InputError(
            f"none of the {len(labels):,} labels of {whose}, such as {shown}, is the index of one of the victim's",
            "give the victim label_names",
        )
    if all(is_number(label) and int(label) < len(known) for label in labels):
        note = f"the labels of {whose} are integers: they are taken as indices of the victim's {len(known):,} labels"
        return [known[int(label)] for label in labels], note
    raise InputError(
        f"none of the {len(labels):,} labels of {whose}, such as {shown}, is one of the victim's {len(known):,}, "
        f"such as {', '.join(map(repr, known[:3]))}",
        "give data with the label names that the victim was trained with, or a file of them (label_names.json: from "
        "label to name)",
    )
