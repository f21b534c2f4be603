"""Labels in one cell of text: joined by a separator, or a list as JSON, Python or NumPy would print it."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.datasets.read_options import NO_SEPARATOR, ReadOptions
from textattack_xmtc.datasets.readers.place import Place
from textattack_xmtc.errors import DataError

SEPARATORS = (",", ";", "|", "\t", "\n")
_CALLED = {",": "commas", ";": "';'", "|": "'|'", "\t": "tabs", "\n": "line breaks", " ": "spaces"}
_LISTED = 3
_LONGEST = 1_000_000  # characters of a list written as text
_BRACKETED = re.compile(r"(?:array|set|frozenset|tuple|list|Index)?\(?\s*[\[({].*[\])}]\s*(?:,[^\])}]*)?\)?", re.DOTALL)
_WRAPPED = re.compile(r"^\s*(?:array|set|frozenset|tuple|list|Index)\((.*?)(?:,\s*dtype=[^)\]]*)?\)\s*$", re.DOTALL)
_QUOTED = re.compile(r"""\s*("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')\s*(?:,\s*|(?<=\s)|$)""")
_ADJACENT = re.compile(r"[\"']\s*[\"']")
_NUMBER = re.compile(r"-?\d{1,18}(?:\.\d{0,18})?", re.ASCII)
_PLAIN_NUMBERS = re.compile(r"\d+(?: +\d+)*")
_ANGLED = re.compile(r"(?:<[^<>]+>\s*)+")
_ADDRESSES = re.compile(r"[A-Za-z][\w+.-]*://\S+(?:\s+[A-Za-z][\w+.-]*://\S+)*")
_PREFIX = "__label__"


@dataclass(frozen=True)
class Cells:
    """How the cells of a column are split into labels.

    Attributes:
        kind: "list", "quoted", "angled", "prefixed", "separated" or "single".
        others: separators that no cell of the first rows has; a later cell that has one must be asked about.
    """

    kind: str
    separator: str = ""
    others: tuple[str, ...] = ()

    def split(self, place: Place, text: str) -> list[Any]:
        """The labels in a cell, as strings or, in lists of numbers, as numbers; an empty cell has none.

        Raises:
            DataError: the cell is not written as those of the first rows.
        """
        text = text.strip()
        if not text:
            return []
        if self.kind in ("list", "quoted"):
            entries = list_in(text if self.kind == "list" else f"[{text}]")
            if entries is None:
                raise place.error("a list of labels written as text, as in the first rows", text, "correct the cell")
            return entries
        if self.kind == "angled":
            if not _ANGLED.fullmatch(text):
                raise place.error("labels as <a><b>, as in the first rows", text, "correct the cell")
            return re.findall(r"<([^<>]+)>", text)
        if self.kind == "prefixed":
            if not all(word.startswith(_PREFIX) for word in text.split()):
                raise place.error(f"labels that begin with {_PREFIX}, as in the first rows", text, "correct the cell")
            return [word.removeprefix(_PREFIX) for word in text.split()]
        unexpected = [separator for separator in self.others if separator in text]
        if unexpected or (self.others and (is_list(text) or is_object(text))):
            what = f"labels joined by {_called(self.separator)}" if self.separator else "one label"
            raise place.error(f"{what}, as in the first rows", text, "say what separates labels with --label-separator")
        if self.kind == "single":
            return [text]
        parts = text.split() if self.separator == " " else [part.strip() for part in text.split(self.separator)]
        if len(parts) > 1 and parts[-1] == "":  # a separator at the end
            parts.pop()
        return parts

    @property
    def description(self) -> str:
        """In a few words, how the labels are written."""
        if self.kind == "separated":
            return f"joined by {_called(self.separator)}"
        return {
            "single": "one a text",
            "list": "lists written as text",
            "quoted": "quoted, joined by commas",
            "angled": "as <a><b>",
        }.get(self.kind, f"with {_PREFIX}")


def cells_of(sample: Sequence[tuple[Place, str]], names: LabelNames, options: ReadOptions) -> Cells:
    """Decide by the first cells of a column how they are split.

    Raises:
        DataError: they can be split in several ways; the message shows some and names `--label-separator`.
    """
    separator = options.label_separator
    if separator is not None:
        return Cells("single") if separator == NO_SEPARATOR else Cells("separated", separator)
    texts = [text.strip() for _, text in sample if text.strip()]
    if not texts:
        return Cells("separated", ",", (";", "|"))
    lists = [is_list(text) for text in texts]
    kinds: tuple[tuple[str, Callable[[str], Any]], ...] = (
        ("angled", _ANGLED.fullmatch),
        ("prefixed", lambda text: all(word.startswith(_PREFIX) for word in text.split())),
        ("quoted", lambda text: text[0] in "\"'" and text[0] == text[-1] and _literal(f"[{text}]") is not None),
    )
    if all(lists) or (all(map(_is_bracketed, texts)) and all(list_in(text) is not None for text in texts)):
        return Cells("list")
    for place, text in sample:
        if is_object(text):
            raise place.error(
                "labels joined by a separator or as a list", text, "write the labels of a cell as a list of names"
            )
    if any(lists):
        odd = next(sample[number] for number, is_one in enumerate(lists) if not is_one)
        raise odd[0].error(
            "a list of labels written as text, as in other rows", odd[1], "say what separates labels: --label-separator"
        )
    for kind, fits in kinds:
        if all(map(fits, texts)):
            return Cells(kind)
    if names.by_index is not None:
        fitting = [one for one in ("", *SEPARATORS, " ") if _all_known(texts, one, names)]
        if fitting:
            return Cells("separated", fitting[0]) if fitting[0] else Cells("single")
    if all(map(_ADDRESSES.fullmatch, texts)):  # a URI holds no blank, and may hold a comma
        return Cells("separated", " ")
    if all(map(_PLAIN_NUMBERS.fullmatch, texts)) and any(" " in text for text in texts):
        return Cells("separated", " ")
    present = [one for one in SEPARATORS if any(one in text for text in texts)]
    others = tuple(one for one in SEPARATORS[:3] if one not in present)
    if len(present) == 1:
        return Cells("separated", present[0], others)
    if len(present) > 1:
        raise _ask(sample, f"the labels hold {' and '.join(map(_called, present))}")
    if any(len(text.split()) > 1 for text in texts):
        raise _ask(sample, "the labels hold spaces, and nothing else that could separate them")
    return Cells("single", others=others)


def list_in(text: str) -> list[Any] | None:
    """The entries of a list that a cell holds, or None where it is none.

    Lists are read as JSON or Python writes them, and as NumPy prints them, without commas; entries may lack quotes.

    Example:
        >>> list_in('["a", "b c"]'), list_in("['a' 'b']"), list_in("[0. 1. 0.]"), list_in("[fruit, raw food]")
        (['a', 'b c'], ['a', 'b'], [0.0, 1.0, 0.0], ['fruit', 'raw food'])
    """
    if len(text) > _LONGEST or not _is_bracketed(text):
        return None
    entries = _literal(text)
    if entries is not None:
        return entries
    wrapped = _WRAPPED.match(text)
    if wrapped:
        return list_in(wrapped.group(1)) if _is_bracketed(wrapped.group(1)) else None
    return _loose_items(text.strip()[1:-1])


def is_list(text: str) -> bool:
    """Whether a cell holds a list beyond doubt: with quotes or of numbers, not merely a name in brackets."""
    return _is_bracketed(text) and len(text) <= _LONGEST and (_literal(text) is not None or _is_numpy(text))


def is_object(text: str) -> bool:
    """Whether a cell holds an object, such as {"name": "fruit"}, as JSON or Python writes it."""
    text = text.strip()
    if not (text.startswith("{") and text.endswith("}")) or len(text) > _LONGEST:
        return False
    for parse in (json.loads, ast.literal_eval):
        try:
            return isinstance(parse(text), dict)
        except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
            continue
    return False


def _is_bracketed(text: str) -> bool:
    return bool(_BRACKETED.fullmatch(text.strip()))


def _literal(text: str) -> list[Any] | None:
    """A list as JSON or Python writes it."""
    try:
        return _as_list(json.loads(text))
    except (ValueError, RecursionError):
        pass
    inner = text.strip()[1:-1].strip()
    if inner[:1] in ("'", '"'):
        items = _quoted_items(inner)
        if items is not None or _ADJACENT.search(inner):  # Python joins adjacent strings, and NumPy separates them
            return items
    try:
        return _as_list(ast.literal_eval(text.strip()))
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        return None


def _as_list(value: object) -> list[Any] | None:
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=str)
    return list(value) if isinstance(value, (list, tuple)) else None


def _is_numpy(text: str) -> bool:
    """Whether a cell is an array of quoted strings or numbers, as NumPy prints it: without commas."""
    wrapped = _WRAPPED.match(text)
    items = _loose_items((wrapped.group(1) if wrapped else text).strip()[1:-1])
    return items is not None and all(not isinstance(item, str) or _quoted_in(item, text) for item in items)


def _quoted_in(item: str, text: str) -> bool:
    return f"'{item}'" in text or f'"{item}"' in text


def _quoted_items(text: str) -> list[Any] | None:
    """Strings in quotes with commas or white space between them; None for anything else."""
    items: list[Any] = []
    position = 0
    while position < len(text):
        match = _QUOTED.match(text, position)
        if match is None:
            return None
        try:
            items.append(ast.literal_eval(match.group(1)))
        except (ValueError, SyntaxError):
            return None
        position = match.end()
    return items


def _loose_items(text: str) -> list[Any] | None:
    """The items between the brackets: quoted ones, numbers with commas or spaces, words with commas."""
    text = text.strip()
    if not text:
        return []
    if text[0] in "\"'":
        return _quoted_items(text)
    if any(sign in text for sign in "[](){}\"'"):
        return None
    numbers = text.replace(",", " ").split()
    if all(map(_NUMBER.fullmatch, numbers)):
        return [float(number) if "." in number else int(number) for number in numbers]
    parts = [part.strip() for part in text.split(",")]
    return parts if len(parts) > 1 or len(text.split()) == 1 else None


def _all_known(texts: Sequence[str], separator: str, names: LabelNames) -> bool:
    cells = Cells("separated", separator) if separator else Cells("single")
    place = Place.nowhere()
    return all(names.name_of(label) is not None for text in texts for label in cells.split(place, text))


def _called(separator: str) -> str:
    return _CALLED.get(separator, repr(separator))


def _ask(sample: Sequence[tuple[Place, str]], what: str) -> DataError:
    texts = ", ".join(f"{text!r:.60}" for _, text in sample[:_LISTED])
    return DataError(
        f"{sample[0][0].path}: {what}: {texts} in the first rows",
        "say what separates labels with --label-separator (comma, semicolon, pipe, space, tab, or none: one label a "
        "text)",
    )
