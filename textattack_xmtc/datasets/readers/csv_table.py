"""Tables as text (CSV, TSV and their kin): columns by their header, separators by content where that is certain."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from textattack_xmtc.datasets.read_options import BY_CONTENT, ReadOptions
from textattack_xmtc.datasets.readers.annif import AnnifTable
from textattack_xmtc.datasets.readers.columns import (
    Columns,
    UnresolvedError,
    hints_at_labels,
    is_text_name,
    numbered,
    resolve,
)
from textattack_xmtc.datasets.readers.lines import encoding_of, plain_suffix, read_lines
from textattack_xmtc.datasets.readers.place import Place
from textattack_xmtc.datasets.readers.source import Source
from textattack_xmtc.datasets.readers.table import Row, Table
from textattack_xmtc.errors import DataError

DELIMITERS = {",": "','", "\t": "tab", ";": "';'", "|": "'|'"}
"""The separators of columns that are looked for, and what they are called."""

_SUFFIXES = (".csv", ".tsv", ".tab", ".psv")
_OTHERS = (".txt", ".dat", ".data", "")  # of files that may be tables, if their first line says so
_LONGEST_FIELD = 2**31 - 1  # a text may be longer than the 131,072 characters that the csv module allows by default
_FIRST_LINES, _FIRST_ROWS = 400, 20
_OFFICIAL = ("1", "2", "3")  # the columns of APLC-XLNet's files by position: id, text, labels


class Layout(NamedTuple):
    """How a file is laid out.

    Attributes:
        header: whether the first row names them.
        skipped: lines before the table: the line `sep=;` of Excel.
    """

    delimiter: str
    header: bool
    names: list[str]
    skipped: int


class Csv(Table):
    """A table with a header line; quoted cells may hold separators, quotes and line breaks.

    Columns are found by their names, in any order. The official files of APLC-XLNet have the columns id, text, labels
    by position: their header is read like any other; without one (`header=False`) a table of three columns is read so.
    Labels written as digits are names. `dev.csv` is the test split of the official folders.
    """

    format = "csv"
    names = (tuple(f"{{}}{suffix}" for suffix in _SUFFIXES),)

    @classmethod
    def from_file(cls, path: Path, options: ReadOptions = BY_CONTENT) -> Source | None:
        """See `Source`: by its suffix, or by a first line that names columns of texts and labels."""
        source = cls(path, options)
        if AnnifTable.from_file(path, options) is not None:
            return None
        if plain_suffix(path) in _SUFFIXES:
            return source
        if plain_suffix(path) not in _OTHERS and options.delimiter is None:
            return None
        try:
            return source if options.delimiter is not None or source.columns else None
        except DataError:
            return None

    @cached_property
    def layout(self) -> Layout:
        """How the file is laid out, by its first lines.

        Raises:
            DataError: the file cannot be read, or several separators fit.
        """
        (path,) = self.files
        lines = [line for _, line in islice(read_lines(path, self.options.encoding), _FIRST_LINES)]
        first_line = re.fullmatch(r"\"?sep=(.)\"?", lines[0].strip(" "))
        skipped = 1 if first_line else 0
        while skipped < len(lines) and not lines[skipped].strip():
            skipped += 1
        lines = lines[skipped:]
        delimiter = self.options.delimiter or (first_line.group(1) if first_line else self._delimiter(lines))
        first = (_first_rows(lines, delimiter) or [[""]])[0]
        header = self.options.header is not False
        names = numbered([name.strip() for name in first] if header else [str(n + 1) for n in range(len(first))])
        return Layout(delimiter, header, names, skipped)

    def _delimiter(self, lines: Sequence[str]) -> str:
        """The separator by which the header names columns that are looked for, else the one that fits all rows."""
        (path,) = self.files
        rows = {delimiter: _first_rows(lines, delimiter) for delimiter in DELIMITERS}
        regular = [one for one, table in rows.items() if _is_regular(table)]
        if self.options.header is not False:
            named = [one for one, table in rows.items() if table and self._names_columns(table[0])]
            named = [one for one in named if one in regular] or named
            if len(named) == 1:
                return named[0]
            regular = named or regular
        by_suffix = {".tsv": "\t", ".tab": "\t", ".psv": "|"}.get(plain_suffix(path), ",")
        if len(regular) > 1:
            if self.options.header is False:
                regular = [one for one in regular if len(rows[one][0]) == len(_OFFICIAL)] or regular
            if len(regular) > 1:
                listed = ", ".join(f"{DELIMITERS[one]} ({len(rows[one][0])} columns)" for one in regular)
                raise DataError(
                    f"{path}: several separators of columns fit the first rows: {listed}; line 1 is {lines[0]!r:.80}",
                    "say which with --separator (comma, tab, semicolon, pipe)",
                )
        return regular[0] if regular else by_suffix

    def _names_columns(self, header: Sequence[str]) -> bool:
        given = {self.options.text_column, self.options.label_column} & set(header)
        return len(header) > 1 and (bool(given) or any(map(is_text_name, header)) or hints_at_labels(header))

    @cached_property
    def columns(self) -> Columns:
        """See `Table`."""
        layout = self.layout
        rows = [row for _, row in self.sample]
        if self.options.header is False and self.options.text_column is None and self.options.label_column is None:
            if tuple(layout.names) != _OFFICIAL or not _texts_in_the_middle(rows):
                first = ", ".join(f"{value!r:.40}" for value in (rows[0].values() if rows else ()))
                raise UnresolvedError(
                    f"{self.where}: expected id, text, labels in a table without a header, got {len(layout.names)} "
                    f"columns: {first}",
                    "name the columns by position, for instance --text-column 1 --label-column 2",
                )
            return Columns(("2",), ("3",), "1")
        known = self.options.header is not None
        hint = "where the first line is a document, add --no-header" if not known else ""
        return resolve(self.where, layout.names, self.options, rows, positions=known, hint=hint)

    def description(self) -> str:
        """See `Source`."""
        encoding = encoding_of(self.files[0], self.options.encoding)
        separator = DELIMITERS.get(self.layout.delimiter, repr(self.layout.delimiter))
        header = "" if self.layout.header else ", no header"
        return f"{self.format}, {encoding.upper()}, separator {separator}{header}, {self.columns.description}"

    def rows(self) -> Iterator[Row]:
        """See `Table`.

        Raises:
            DataError: a row has another number of cells than the header, or quotes do not close.
        """
        (path,) = self.files
        delimiter, header, names, skipped = self.layout
        csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_FIELD))
        lines = read_lines(path, self.options.encoding)
        reader = csv.reader((f"{line}\n" for _, line in islice(lines, skipped, None)), delimiter=delimiter, strict=True)
        start = skipped + 1
        try:
            for number, row in enumerate(reader):
                if row and (number > 0 or not header):
                    place = Place(path, start)
                    if header and [cell.strip() for cell in row] == names:
                        raise place.error("a row", row, "remove the header that is repeated: several files were joined")
                    if delimiter == "\t" and any("\t" in cell and "\n" in cell for cell in row):
                        raise place.error(
                            "quotes around one cell", row, "double the quotes in texts: two swallow lines"
                        )
                    yield place, dict(zip(names, _as_long(place, row, len(names), delimiter), strict=True))
                start = skipped + reader.line_num + 1
        except csv.Error as error:
            reason = "a carriage return outside quotes" if str(error).startswith("new-line") else error
            raise DataError(
                f"{path}, line {start}: expected values separated by {DELIMITERS.get(delimiter, repr(delimiter))} "
                f"({reason})",
                'put a text that holds quotes or separators into quotes, and double the quotes in it: "say ""eggs"""',
            ) from None


def _as_long(place: Place, row: list[str], length: int, delimiter: str) -> list[str]:
    """A row with as many cells as the header; empty ones at its end may be too many.

    Raises:
        DataError: it has fewer, or more.
    """
    while len(row) > length and not row[-1].strip():
        row.pop()
    if len(row) != length:
        separator = DELIMITERS.get(delimiter, repr(delimiter))
        more = f"put a cell that holds {separator} into quotes" if len(row) > length else "add the missing cells"
        raise place.error(f"{length} cells separated by {separator}, as in the header", row, more)
    return row


def _first_rows(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """The first rows as far as they can be read."""
    csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_FIELD))
    rows: list[list[str]] = []
    try:
        for row in csv.reader((f"{line}\n" for line in lines), delimiter=delimiter, strict=True):
            if row:
                rows.append(row)
            if len(rows) == _FIRST_ROWS:
                break
    except csv.Error:
        pass
    return rows


def _is_regular(rows: Sequence[Sequence[str]]) -> bool:
    return bool(rows) and len(rows[0]) > 1 and len({len(row) for row in rows}) == 1


def _texts_in_the_middle(rows: Sequence[Mapping[str, str]]) -> bool:
    """Whether the second of three columns is the longest, as texts are."""
    lengths = [sum(len(row[name]) for row in rows) for name in _OFFICIAL]
    return bool(rows) and lengths[1] >= max(lengths)
