"""The one check of `label_names`: whatever people hold label names in becomes a list of strings by label index."""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, KeysView, Mapping, Set, ValuesView
from itertools import islice
from numbers import Integral
from typing import Any

import numpy as np

from textattack_xmtc.errors import InputError

LabelNames = Iterable[str] | Mapping[Any, Any]
"""What `check_label_names` takes."""

_FORMS = "give a list of strings in the order of the model's outputs, or a dict id2label or label2id"


def check_label_names(names: LabelNames) -> list[str]:
    """Label names by index.

    Args:
        names: strings in the order of the model's outputs: a list, tuple, array, pandas Index or Series, or any other
            ordered iterable; a `ClassLabel` of datasets; or a dict as Hugging Face's configurations hold it, id2label
            (`{0: "cats"}`, `{"0": "cats"}`) or label2id (`{"cats": 0}`). The values tell which: strings are names.

    Raises:
        InputError: a set (it has no order), one string, a table; names that are not strings (numbers are indices, not
            names), that end with a line break or that repeat; ids that are not 0 to n-1; a Series whose index holds
            ids in another order.

    Example:
        >>> check_label_names({"dogs": 1, "cats": 0}), check_label_names({"0": "cats", "1": "dogs"})
        (['cats', 'dogs'], ['cats', 'dogs'])
    """
    if isinstance(names, (Mapping, ItemsView)):
        checked = _names_of_mapping(dict(names))
    elif isinstance(names, (str, bytes)):
        raise InputError(f"label_names is one {type(names).__name__} ({names[:60]!r}), expected many names", _FORMS)
    elif isinstance(names, Set) and not isinstance(names, KeysView):
        raise InputError(f"label_names is a {type(names).__name__}, which has no order", f"{_FORMS}: sorted(names)")
    else:
        checked = _names_in_order(names)
    if not checked:
        raise InputError("label_names is empty", f"{_FORMS}, or leave it out")
    for position, name in enumerate(checked):
        if not isinstance(name, str):
            raise InputError(f"label_names[{position}] is {_described(name)}, expected a string", _fix_of(name))
        if name.endswith(("\n", "\r")):  # the lines of a file
            raise InputError(
                f"label_names[{position}] ends with a line break ({name[-60:]!r})",
                "remove it: [name.strip() for name in names], or file.read_text().splitlines()",
            )
    # Plain strings: numpy's and those of an Enum are subclasses, and `str()` of an Enum's is no value.
    checked = [str.__str__(name) for name in checked]
    _check_distinct(checked)
    return checked


def _names_in_order(names: Any) -> list[Any]:
    if isinstance(getattr(names, "names", None), list) and hasattr(names, "int2str"):
        return list(names.names)  # a ClassLabel of datasets
    dimensions = getattr(names, "ndim", 1)
    if dimensions != 1:
        raise InputError(f"label_names is a {type(names).__name__} of {dimensions} dimensions, expected 1", _FORMS)
    index = getattr(names, "index", None)
    ids = [] if index is None or callable(index) else _ids_of(index)  # of a Series
    if ids and ids != list(range(len(names))):
        raise InputError(
            f"label_names is a {type(names).__name__} whose index is not 0 to {len(names) - 1} in order",
            "bring it into the order of the model's outputs, then reset_index(drop=True)",
        )
    mapping = dict(getattr(names, "mapping", {}))
    if isinstance(names, KeysView) and all(_is_id(value) for value in mapping.values()):
        return _names_of_mapping(mapping)  # label2id.keys(): the ids order them
    if isinstance(names, ValuesView) and _ids_of(mapping):
        return _names_of_mapping(mapping)  # id2label.values()
    for convert in ("to_pylist", "tolist"):
        if hasattr(names, convert):
            return list(getattr(names, convert)())
    try:
        return list(names)
    except TypeError:
        raise InputError(f"label_names is a {type(names).__name__}, which holds no names", _FORMS) from None


def _names_of_mapping(names: Mapping[Any, Any]) -> list[Any]:
    if not names:
        return []
    if all(isinstance(name, str) for name in names.values()):
        pairs, what = list(names.items()), "id2label"
    elif all(_is_id(value) for value in names.values()) and all(isinstance(name, str) for name in names):
        pairs, what = [(value, name) for name, value in names.items()], "label2id"
    else:
        shown = ", ".join(f"{key!r}: {value!r}" for key, value in islice(names.items(), 3))
        raise InputError(
            f"label_names is a dict of neither form ({{{shown}, ...}})"[:300],
            "give {0: 'cats', 1: 'dogs'} (id2label) or {'cats': 0, 'dogs': 1} (label2id)",
        )
    by_id: dict[int, Any] = {}
    for key, name in pairs:
        if not _is_id(key) and not _is_written_id(key):
            raise InputError(f"label_names ({what}) has the id {key!r}, expected an integer", f"count from 0; {_FORMS}")
        if int(key) in by_id:
            raise InputError(
                f"label_names ({what}) has the id {int(key)} twice, for {by_id[int(key)]!r} and {name!r}",
                "give every label an id of its own",
            )
        by_id[int(key)] = name
    missing = next((number for number in range(len(by_id)) if number not in by_id), None)
    if missing is not None:
        raise InputError(
            f"label_names ({what}) has {len(by_id):,} labels and no id {missing}",
            f"the ids must be 0 to {len(by_id) - 1}, one for each output of the model",
        )
    return [by_id[number] for number in range(len(by_id))]


def _is_id(value: object) -> bool:
    return isinstance(value, (Integral, np.integer)) and not isinstance(value, (bool, np.bool_))


def _is_written_id(value: object) -> bool:
    return isinstance(value, str) and value.isascii() and value.isdecimal()


def _ids_of(keys: Iterable[Any]) -> list[float]:
    """The ids that these are, whole numbers or strings of digits; empty where one is not."""
    keys = list(keys)
    numbers = all(_is_id(key) or _is_written_id(key) or isinstance(key, (float, np.floating)) for key in keys)
    return [float(key) for key in keys] if numbers else []


def _described(name: object) -> str:
    article = "an" if type(name).__name__[0] in "aeiou" else "a"
    return f"{article} {type(name).__name__} ({str(name)[:60]!r})"


def _fix_of(name: object) -> str:
    if _is_id(name):
        return (
            "numbers are label indices; where they are names, give them as strings: [str(name) for name in names]; "
            "where labels have no names, leave label_names out"
        )
    return "decode the names first" if isinstance(name, bytes) else _FORMS


def _check_distinct(names: list[str]) -> None:
    first: dict[str, int] = {}
    for position, name in enumerate(names):
        if first.setdefault(name, position) != position:
            raise InputError(
                f"two labels of this victim are called {name!r} (label_names[{first[name]}] and [{position}])",
                "give every label a name of its own",
            )
