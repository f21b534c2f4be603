"""Whatever people hold label names in: read as it is meant, or refused with what is allowed."""

from __future__ import annotations

import enum
from types import MappingProxyType
from typing import Any

import datasets
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from textattack_xmtc.errors import InputError
from textattack_xmtc.label_names import check_label_names
from textattack_xmtc.wrappers import DualEncoderWrapper, FunctionWrapper, ShortlistWrapper

AB = ["a", "b"]


class Name(str, enum.Enum):  # noqa: UP042 - `str(Name.FIRST)` is 'Name.FIRST', unlike that of a StrEnum
    FIRST = "a"
    SECOND = "b"


@pytest.mark.parametrize(
    "names",
    [
        ["a", "b"],
        ("a", "b"),
        np.array(["a", "b"]),
        np.array(["a", "b"], dtype=object),
        pd.Index(["a", "b"]),
        pd.Series(["a", "b"]),
        pd.Series(["a", "b"], index=["x", "y"]),
        pd.Categorical(["a", "b"]),
        pa.array(["a", "b"]),
        datasets.ClassLabel(names=["a", "b"]),
        (name for name in "ab"),
        {"x": "a", "y": "b"}.values(),
        {1: "b", 0: "a"}.values(),
        {"1": "b", "0": "a"}.values(),
        {1: "b", 0: "a"}.items(),
        {"a": None, "b": None}.keys(),
        {"b": 1, "a": 0}.keys(),
        {0: "a", 1: "b"},
        {1: "b", 0: "a"},
        {"0": "a", "1": "b"},
        {"1": "b", 0: "a"},
        {np.int64(1): "b", np.int64(0): "a"},
        {"b": 1, "a": 0},
        {"b": np.int64(1), "a": np.int64(0)},
        MappingProxyType({"b": 1, "a": 0}),
        pd.Series({"0": "a", "1": "b"}),
        list(Name),
        Name,
    ],
    ids=lambda names: f"{type(names).__name__} {names!r}"[:40],
)
def test_names_are_read_as_they_are_meant(names: Any) -> None:
    checked = check_label_names(names)
    assert checked == AB and all(type(name) is str for name in checked)


def test_one_label() -> None:
    assert check_label_names({0: "a"}) == check_label_names({"0": "a"}) == check_label_names({"a": 0}) == ["a"]


def test_digits_are_names_where_they_are_strings() -> None:
    assert check_label_names({"7": 1, "9": 0}) == ["9", "7"]  # label2id: the values are ids
    assert check_label_names(["4381", "12"]) == ["4381", "12"]
    assert check_label_names({"0": "1", "1": "0"}) == ["1", "0"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ({"a"}, r"label_names is a set, which has no order; .*sorted\(names\)"),
        (frozenset("a"), "is a frozenset, which has no order"),
        ("ab", r"is one str \('ab'\), expected many names"),
        (b"ab", "is one bytes"),
        (["a", 1], r"label_names\[1\] is an int \('1'\), expected a string; numbers are label indices"),
        ([1, 2], r"label_names\[0\] is an int \('1'\), expected a string; numbers are label indices; where they are"),
        (np.array([1, 2]), r"label_names\[0\] is an int"),
        (["a", None], r"label_names\[1\] is a NoneType"),
        (["a", float("nan")], r"label_names\[1\] is a float \('nan'\)"),
        ([b"a", b"b"], r"label_names\[0\] is a bytes .* decode the names first"),
        ([True, False], r"label_names\[0\] is a bool"),
        ([["a"], ["b"]], r"label_names\[0\] is a list"),
        (["a", "b", "a"], r"two labels of this victim are called 'a' \(label_names\[0\] and \[2\]\)"),
        ({0: "a", 1: "a"}, "two labels of this victim are called 'a'"),
        ({0: "a", 2: "b"}, r"\(id2label\) has 2 labels and no id 1; the ids must be 0 to 1"),
        ({1: "a", 2: "b"}, "no id 0"),
        ({-1: "a", 0: "b"}, "no id 1"),
        ({"a": 1, "b": 2}, r"\(label2id\) has 2 labels and no id 0"),
        ({"a": 0, "b": 0}, r"\(label2id\) has the id 0 twice, for 'a' and 'b'"),
        ({"0": "a", 0: "b"}, r"\(id2label\) has the id 0 twice"),
        ({"a": "x", "b": "y"}, r"\(id2label\) has the id 'a', expected an integer"),
        ({0.0: "a"}, r"has the id 0\.0, expected an integer"),
        ({True: "a", False: "b"}, "has the id True, expected an integer"),
        ({0: 1, 1: 0}, r"is a dict of neither form \({0: 1, 1: 0, ...}\)"),
        ({"a": 0, "b": "1"}, "neither form"),
        ({"a": 0, "b": True}, "neither form"),
        (np.array([["a", "b"]]), "is a ndarray of 2 dimensions, expected 1"),
        (np.array("a"), "of 0 dimensions"),
        (pd.DataFrame({"name": AB}), "is a DataFrame of 2 dimensions"),
        (pd.Series(AB, index=[1, 0]), r"whose index is not 0 to 1 in order; .*reset_index"),
        (pd.Series(AB, index=[0, 2]), "whose index is not 0 to 1 in order"),
        (pd.Series(AB, index=["1", "0"]), "whose index is not 0 to 1 in order"),
        (pd.Series(AB, index=[1.0, 0.0]), "whose index is not 0 to 1 in order"),
        (pd.Series(AB, index=pd.Index([1, 0], dtype=object)), "whose index is not 0 to 1 in order"),
        (pd.Series({"b": 1, "a": 0}), r"label_names\[0\] is an int"),
        ({1: "a", 2: "b"}.values(), "no id 0"),
        (["a\n", "b\n"], r"label_names\[0\] ends with a line break \('a\\n'\); .*strip"),
        (["a", "b\r\n"], r"label_names\[1\] ends with a line break"),
        (7, "is a int, which holds no names"),
        ([], "label_names is empty"),
        ({}, "label_names is empty"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_refused(names: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_label_names(names)


def test_every_wrapper_reads_them_alike() -> None:
    def scores(texts: list[str]) -> list[list[float]]:
        return [[0.25, 0.75]] * len(texts)

    class Encoder:
        def encode(self, texts: list[str]) -> np.ndarray:
            return np.ones((len(texts), 2))

    for names in ({"b": 1, "a": 0}, np.array(AB), pd.Series(AB)):
        for victim in (
            FunctionWrapper(scores, "probability", names),
            ShortlistWrapper(lambda texts: [[]] * len(texts), "probability", names),
            DualEncoderWrapper(Encoder(), np.eye(2), names),
        ):
            assert victim.labels.names == AB and victim.labels.index("b") == 1
    with pytest.raises(InputError, match="has no order"):
        DualEncoderWrapper(Encoder(), np.eye(2), {"a", "b"})
