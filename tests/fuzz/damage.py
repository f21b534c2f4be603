"""Inputs that are nearly right: good files with a few bytes changed, and good JSON with a few values changed."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

DEEP = "@deep@"
"""Becomes an array in an array in an array, deeper than any parser goes."""

_BYTES = [b"", b"\x00", b"\n", b"\r\n", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b'"', b"'", b",", b"{", b"}"]
_BYTES += [b"[", b"]", b":", b"\t", b" ", b"0", b"-1", b"9" * 30, b"1e999", b"NaN", b"null", b"\\", b"../", b"%s"]
_BYTES += [b"\x80", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff\xff\xff\xff\xff", b"9" * 5000, b"[" * 3000]

_NAMES = ["a", "b", "labels", "text", "", " ", "\x00", "../a", "/etc/passwd", "\ud800", "\udfff\ud800", "é", DEEP]
_NUMBERS = [0, 1, 2, -1, 255, 2**15, 2**31 - 1, 2**31, 2**63, 2**64, -(2**63) - 1, 10**30, 10**400]
_FLOATS = [0.0, -0.0, 0.5, 1e-300, 1e300, float("inf"), float("-inf"), float("nan")]
SCALARS = st.sampled_from([None, True, False, *_NUMBERS, *_FLOATS, *_NAMES, "9" * 5000, "x" * 5000]) | st.text(
    max_size=5
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=3),
    max_leaves=6,
)


def damaged(content: bytes, tokens: Sequence[bytes] = ()) -> st.SearchStrategy[bytes]:
    """`content` with up to four cuts, changes and insertions, each at any place; the first may be none at all."""
    places = st.integers(0, max(0, len(content)))
    pieces = st.sampled_from([*_BYTES, *tokens]) | st.binary(max_size=8)
    change = st.tuples(
        st.sampled_from(["insert", "replace", "cut", "end", "twice"]), places, st.integers(1, 40), pieces
    )
    return st.lists(change, max_size=4).map(lambda changes: _changed(content, changes))


def _changed(content: bytes, changes: Sequence[tuple[str, int, int, bytes]]) -> bytes:
    for how, place, size, piece in changes:
        start, rest = content[:place], content[place:]
        if how == "insert":
            content = start + piece + rest
        elif how == "replace":
            content = start + piece + rest[len(piece) or 1 :]
        elif how == "cut":
            content = start + rest[size:]
        elif how == "twice":
            content = start + rest[:size] + rest
        else:
            content = start
    return content


@st.composite
def damaged_value(draw: Callable[..., Any], value: Any, changes: int = 3) -> Any:
    """A JSON value with up to `changes` of the values in it exchanged, removed or added to."""
    for _ in range(draw(st.integers(0, changes))):
        value = _exchanged(draw, value)
    return value


def _exchanged(draw: Callable[..., Any], value: Any) -> Any:
    keys = list(range(len(value))) if isinstance(value, list) else list(value) if isinstance(value, dict) else []
    if not keys or draw(st.integers(0, 9)) == 0:
        return draw(VALUES)
    key = draw(st.sampled_from(keys))
    copy = list(value) if isinstance(value, list) else dict(value)
    if draw(st.integers(0, 9)) == 0:
        del copy[key]
    else:
        copy[key] = _exchanged(draw, value[key])
    return copy


def json_bytes(value: Any) -> bytes:
    """A value as JSON, with what Python's reader takes beyond the standard, and `DEEP` where it is a value."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text.replace(json.dumps(DEEP), "[" * 100_000).encode("utf-8", "backslashreplace")


def json_files(value: Any, changes: int = 3) -> st.SearchStrategy[bytes]:
    """A JSON file whose values, and then perhaps whose bytes, are damaged."""
    return damaged_value(value, changes).map(json_bytes).flatmap(lambda content: st.just(content) | damaged(content))


def json_lines(rows: Sequence[Any]) -> st.SearchStrategy[bytes]:
    """The same with a value a line."""
    lines = damaged_value(list(rows)).map(
        lambda found: b"".join(json_bytes(row) + b"\n" for row in (found if isinstance(found, list) else [found]))
    )
    return lines.flatmap(lambda content: st.just(content) | damaged(content))
