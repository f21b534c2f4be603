"""Which columns of a table hold texts, labels and ids: by the options, else by their names, never by a guess."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from textattack_xmtc.datasets.read_options import ReadOptions
from textattack_xmtc.datasets.readers.labels import is_bit
from textattack_xmtc.errors import DataError

_TEXT_NAMES = (
    "text texts content contents sentence sentences document documents doc body abstract abstracts description "
    "summary title headline question review comment article passage utterance tweet post message input raw_text "
    "full_text"
)
TEXT_NAMES = frozenset(_TEXT_NAMES.split())
_LABEL_NAMES = (
    "labels label tags tag categories category classes class subjects subject topics topic keywords keyword "
    "genres genre label_names label_ids codes descriptors target_names subject_uris"
)
LABEL_NAMES = frozenset(_LABEL_NAMES.split())
LAST_LABEL_NAMES = frozenset({"targets", "target", "y"})
"""Column names that mean labels where no other column does; beside labels, `targets` are what an attack works on."""
ID_NAMES = ("id", "guid", "uid", "uuid", "doc_id", "document_id", "text_id", "docid", "idx", "index", "qid", "")
"""Column names that mean ids, the first that is there; an empty one is what pandas calls its index."""

_LISTED = 10
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Columns:
    """What the columns of a table hold.

    Attributes:
        text: the columns that make the text, joined by a space.
        labels: one column, or several: a 0/1 column for each label.
    """

    text: tuple[str, ...]
    labels: tuple[str, ...]
    id: str | None
    unused: tuple[str, ...] = ()

    @property
    def description(self) -> str:
        """In a few words."""
        labels = self.labels[0] if len(self.labels) == 1 else f"{self.labels[0]}..{self.labels[-1]}"
        ids = f", ids {self.id!r}" if self.id is not None else ""
        unused = f", not used {_listed(self.unused)}" if self.unused else ""
        return f"text {'+'.join(self.text)!r}, labels {labels!r}{ids}{unused}"


def is_text_name(name: str) -> bool:
    """Whether a column with texts is called so.

    Example:
        >>> [is_text_name(name) for name in ("Content", "comment_text", "label_text")]
        [True, True, False]
    """
    name = plain(name)
    return name in TEXT_NAMES or (name.endswith("_text") and name.removesuffix("_text") not in LABEL_NAMES)


def hints_at_labels(names: Iterable[str]) -> bool:
    """Whether one of these is a name that columns of labels have."""
    return any(plain(name) in LABEL_NAMES for name in names)


class UnresolvedError(DataError):
    """The columns of a table do not tell what they hold."""


def resolve(
    path: Path | str,
    columns: Sequence[str],
    options: ReadOptions,
    rows: Sequence[Row] = (),
    positions: bool = False,
    hint: str = "",
) -> Columns:
    """Decide what the columns hold.

    Args:
        rows: the first rows, for 0/1 columns.
        positions: whether columns may be called by their position, from 1.
        hint: what else may help where no column fits.

    Raises:
        UnresolvedError: no column, or several could be meant; the message lists them and the option that decides.

    Example:
        >>> resolve("train.csv", ["id", "labels", "text"], ReadOptions())
        Columns(text=('text',), labels=('labels',), id='id', unused=())
    """
    table = _Table(path, list(columns), options, rows, positions, f"; {hint}" if hint else "")
    text = table.text()
    labels = table.labels(text)
    ids = table.ids({*text, *labels})
    used = {*text, *labels, ids}
    return Columns(text, labels, ids, tuple(name for name in columns if name not in used))


def plain(name: object) -> str:
    """A column's name as the lists here write it.

    Example:
        >>> plain(" Doc-ID "), plain("Unnamed: 0"), plain("text (column 3)")
        ('doc_id', '', 'text')
    """
    name = re.sub(r" ?\(column \d+\)$", "", str(name).strip().strip("\"'"))
    name = re.sub(r"[\s_-]+", "_", name.strip()).casefold()
    return "" if name.startswith("unnamed:") or name == "__index_level_0__" else name


def numbered(names: Sequence[str]) -> list[str]:
    """The names of columns, with their position where a name is empty or stands twice."""
    counts = Counter(names)
    return [
        f"{name} (column {position})".strip() if not name.strip() or counts[name] > 1 else name
        for position, name in enumerate(names, start=1)
    ]


@dataclass
class _Table:
    _path: Path | str
    _columns: Sequence[str]
    _options: ReadOptions
    _rows: Sequence[Row]
    _positions: bool
    _hint: str

    def __post_init__(self) -> None:
        self._plain = {name: plain(name) for name in self._columns}

    def text(self) -> tuple[str, ...]:
        asked = self._options.text_column
        if asked is not None:
            whole = self._find(asked)
            parts = [whole] if whole else [self._find(part) for part in asked.split("+")]
            if None in parts:
                raise self._missing(asked, "--text-column")
            return tuple(part for part in parts if part is not None)
        taken = {self._find(self._options.label_column or ""), self._find(self._options.id_column or "")}
        named = [name for name in self._columns if name not in taken and is_text_name(name)]
        return (self._only(named, "text", "the texts", "--text-column"),)

    def labels(self, text: Sequence[str]) -> tuple[str, ...]:
        asked = self._options.label_column
        if asked is not None:
            return self._asked_labels(asked)
        rest = [name for name in self._columns if name not in text]
        named = [name for name in rest if self._plain[name] in LABEL_NAMES]
        named = named or [name for name in rest if self._plain[name] in LAST_LABEL_NAMES]
        others = [name for name in rest if self._plain[name] not in ID_NAMES and name != self._options.id_column]
        bits = [name for name in others if self._holds_bits(name)]
        if len(bits) > 1 and (not named or set(named) & set(bits)):
            if len(bits) == len(others) and not named:
                return tuple(bits)
            raise self._unresolved(
                f"the columns {_listed(bits)} hold only 0 and 1, and {_listed([*named, *others])} could be the labels",
                f"say which with --label-column, for instance --label-column {bits[0]!r} or "
                f"'{bits[0]}..{bits[-1]}' for one 0/1 column a label",
            )
        return (self._only(named, "labels", "the labels", "--label-column"),)

    def ids(self, taken: set[str]) -> str | None:
        asked = self._options.id_column
        if asked is not None:
            column = self._find(asked)
            if column is None:
                raise self._missing(asked, "--id-column")
            return column
        for known in ID_NAMES:
            for name in self._columns:
                if self._plain[name] == known and name not in taken:
                    return name
        return None

    def _asked_labels(self, asked: str) -> tuple[str, ...]:
        whole = self._find(asked)
        if whole is not None:
            return (whole,)
        first, dots, last = asked.partition("..")
        parts = [self._find(first), self._find(last)] if dots else [self._find(part) for part in asked.split("+")]
        if None in parts:
            raise self._missing(asked, "--label-column")
        if dots:
            start, end = sorted(self._columns.index(str(part)) for part in parts)
            return tuple(self._columns[start : end + 1])
        return tuple(str(part) for part in parts)

    def _find(self, asked: str) -> str | None:
        """The column that is called so: exactly, else but for case and blanks, else by its position."""
        if asked in self._columns:
            return asked
        alike = [name for name in self._columns if self._plain[name] == plain(asked)] if plain(asked) else []
        if len(alike) > 1:
            raise self._unresolved(f"{_listed(alike)} could be the column {asked!r}", "give the name as it is written")
        if alike:
            return alike[0]
        if self._positions and asked.isdecimal() and 0 < int(asked[:9]) <= len(self._columns):
            return self._columns[int(asked) - 1]
        return None

    def _holds_bits(self, name: str) -> bool:
        cells = [row.get(name) for row in self._rows]
        return bool(cells) and all(map(is_bit, cells))

    def _only(self, named: Sequence[str], best: str, what: str, option: str) -> str:
        exact = [name for name in named if self._plain[name] == best]
        candidates = exact or named
        if len(candidates) == 1:
            return candidates[0]
        if not candidates:
            raise self._unresolved(
                f"expected a column called {best!r} or the like, got {_listed(self._columns)}",
                f"name the column with {what}: {option} NAME{self._hint}",
            )
        joined = f", or several joined by a space: {option} '{'+'.join(candidates)}'" if best == "text" else ""
        raise self._unresolved(
            f"the columns {_listed(candidates)} could hold {what}", f"say which: {option} {candidates[0]!r}{joined}"
        )

    def _missing(self, asked: str, option: str) -> UnresolvedError:
        return self._unresolved(
            f"expected a column {asked!r}, got {_listed(self._columns)}", f"name one of them with {option}{self._hint}"
        )

    def _unresolved(self, problem: str, fix: str) -> UnresolvedError:
        first = f"; the first row is {_row(self._rows[0])}" if self._rows else ""
        return UnresolvedError(f"{self._path}: {problem}{first}", fix)


def _row(row: Row) -> str:
    return ", ".join(f"{value!r:.40}" for value in list(row.values())[:_LISTED])


def _listed(names: Sequence[str]) -> str:
    names = list(dict.fromkeys(names))
    return ", ".join(names[:_LISTED]) + (f" and {len(names) - _LISTED} more" if len(names) > _LISTED else "")
