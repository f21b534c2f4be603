"""A table as rows of plain values, and the same table as CSV, HTML and Markdown.

Names and texts come from anybody's data: each format gets them in a form that it can hold, and markup in them stays
text.
"""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Literal

from textattack_xmtc.results.statistics import Estimate

_SHORT = 36  # characters of a cell that is kept on one line

UNKNOWN = "–"  # noqa: RUF001 - the dash that stands for nothing in tables
"""What stands in a cell without a value."""

Kind = Literal["same", "removed", "added"]


@dataclass(frozen=True, slots=True)
class Marked:
    """A changed text in pieces: what stayed, what was removed and what was added."""

    pieces: tuple[tuple[Kind, str], ...]


@dataclass(frozen=True, slots=True)
class Names:
    """Label names in their order; those at the places in `marked` stand out."""

    names: tuple[str, ...]
    marked: frozenset[int] = frozenset()


Cell = str | int | float | Estimate | Marked | Names | None
"""None and NaN stand for what is not known."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Attributes:
        key: its name in the CSV file.
        title: its heading, with the unit.
        digits: digits after the point, where numbers are shown.
        percent: values are shares, to be given in percent; in the CSV file as well, where the key ends on `_percent`.
        interval: cells are estimates; in the CSV file `_low` and `_high` follow.
    """

    key: str
    title: str
    digits: int = 0
    percent: bool = False
    interval: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes:
        name: what its file is called.
        title: what it shows, in a line.
        columns: its columns; the first names the rows.
        rows: a cell for each column.
        note: how to read it, in sentences.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


def across(
    name: str,
    title: str,
    columns: Sequence[Column],
    rows: Iterable[tuple[str, tuple[Cell, ...]]],
    several: bool,
    note: str = "",
) -> Table:
    """A table of rows that come with the name of their campaign, which is shown where there are several campaigns."""
    if several:
        shown_columns = (Column("campaign", "Campaign"), *columns)
        return Table(name, title, shown_columns, tuple((campaign, *cells) for campaign, cells in rows), note)
    return Table(name, title, tuple(columns), tuple(cells for _, cells in rows), note)


def clean(text: str) -> str:
    """`text` without what HTML or UTF-8 cannot hold: control characters and halves of surrogate pairs become U+FFFD.

    Example:
        >>> clean("a" + chr(0) + "b") == "a" + chr(0xFFFD) + "b"
        True
    """
    return re.sub(
        "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]", "\ufffd", text.replace("\r\n", "\n")
    )


def shown(number: float, column: Column) -> str:
    """A number as a person reads it.

    Example:
        >>> shown(0.8125, Column("rate", "Rate (%)", 1, percent=True)), shown(12345, Column("n", "n"))
        ('81.2', '12,345')
    """
    # From the number in the CSV file, so that both agree also where the binary number is a hair below a half.
    number = float(_raw(number, column))
    if column.digits >= 4 and 0 < number < 10**-column.digits:  # a p-value is never 0
        return f"< {10**-column.digits:.{column.digits}f}"
    return (
        f"{number:,.{column.digits}f}".replace("-", "\N{MINUS SIGN}")
        if round(number, column.digits)
        else f"{0:.{column.digits}f}"
    )


def as_csv(table: Table) -> str:
    """The table as CSV (RFC 4180): one line of names, numbers in full, nothing for what is not known."""
    file = io.StringIO()
    writer = csv.writer(file)
    header: list[str] = []
    for column in table.columns:
        name = f"{column.key}_percent" if column.percent else column.key
        header += [name, f"{name}_low", f"{name}_high"] if column.interval else [name]
    writer.writerow(header)
    for row in table.rows:
        line: list[str] = []
        for column, cell in zip(table.columns, row, strict=True):
            if column.interval:
                ends = (cell.value, cell.low, cell.high) if isinstance(cell, Estimate) else (None,) * 3
                line += [_raw(end, column) for end in ends]
            else:
                line.append(_raw(cell, column))
        writer.writerow(line)
    return file.getvalue()


def as_html(table: Table) -> str:
    """The table as HTML: a caption, headings with their scope, the names of label and texts isolated and escaped."""
    head = "".join(
        f'<th scope="col"{_class(table, place)}>{escaped(column.title)}</th>'
        for place, column in enumerate(table.columns)
    )
    lines = []
    firsts = [row[0] for row in table.rows]
    # Rows in a row that start alike, of a model or a campaign, are a group with a line above it.
    starts = [place > 0 and firsts[place] != firsts[place - 1] for place in range(len(firsts))]
    grouped = not all(starts[1:])
    for row, start in zip(table.rows, starts, strict=True):
        cells = []
        for place, (column, cell) in enumerate(zip(table.columns, row, strict=True)):
            tag, scope = ("th", ' scope="row"') if place == 0 else ("td", "")
            cells.append(f"<{tag}{scope}{_class(table, place)}>{_html(cell, column)}</{tag}>")
        group = ' class="group"' if grouped and start else ""
        lines.append(f"<tr{group}>{''.join(cells)}</tr>")
    body = "\n".join(lines)
    note = f'<p class="note">{escaped(table.note)}</p>\n' if table.note else ""
    return (
        f'<div class="table" id="table-{table.name}">\n'
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escaped(table.title)}">\n'
        f'<table data-csv="{table.name}.csv">\n<caption><span>{escaped(table.title)}</span></caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>\n</div>\n{note}</div>\n"
    )


def as_markdown(table: Table) -> str:
    """The table as Markdown, with its title in bold above it and its note below."""
    lines = [f"**{markdown(table.title)}**", ""]
    lines.append("| " + " | ".join(markdown(column.title) for column in table.columns) + " |")
    numbers = [_holds_numbers(table, place) for place in range(len(table.columns))]
    lines.append("|" + "|".join(" ---: " if number else " --- " for number in numbers) + "|")
    for row in table.rows:
        cells = [_markdown(cell, column) for column, cell in zip(table.columns, row, strict=True)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", markdown(table.note), ""] if table.note else [*lines, ""])


def as_text(table: Table) -> str:
    """The table for a terminal: its title, aligned columns, its note."""
    titles = [column.title for column in table.columns]
    lines = [titles] + [
        [_plain(cell, column) for column, cell in zip(table.columns, row, strict=True)] for row in table.rows
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    numbers = [_holds_numbers(table, place) for place in range(len(widths))]
    aligned = [
        "  ".join(
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(line, widths, numbers, strict=True)
        ).rstrip()
        for line in lines
    ]
    return "\n".join([clean(table.title), *aligned, clean(table.note), ""])


def escaped(text: str) -> str:
    """`text` for HTML, in text and in attributes."""
    return html.escape(clean(text))


def isolated(name: str) -> str:
    """A name from the data for HTML: escaped, and its writing direction kept from what stands beside it."""
    return f"<bdi>{escaped(name)}</bdi>"


def markdown(text: str) -> str:
    r"""`text` for a line of Markdown: what would be markup is escaped, lines are joined, and marks that turn the
    writing direction, which Markdown cannot close, are dropped.

    Example:
        >>> markdown("a|b *c*")
        'a\\|b \\*c\\*'
    """
    flat = re.sub("[\u202a-\u202e\u2066-\u2069]", "", " ".join(clean(text).split()))
    return re.sub(r"([\\`*_{}\[\]#|~!])", r"\\\1", flat).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def marked_html(text: Marked) -> str:
    """A changed text with `<del>` and `<ins>`."""
    tags = {"removed": "del", "added": "ins"}
    parts = [
        f"<{tags[kind]}>{escaped(piece)}</{tags[kind]}>" if kind in tags else escaped(piece)
        for kind, piece in text.pieces
    ]
    return "".join(parts).replace(" …", "&nbsp;…")  # no dots alone on a line


def marked_markdown(text: Marked) -> str:
    """A changed text with the removed words struck out and the added ones in bold."""
    signs = {"same": "", "removed": "~~", "added": "**"}
    parts = []
    for kind, piece in text.pieces:
        # Spaces at the ends of a piece are outside of its signs, where Markdown wants them.
        start, end = piece[: len(piece) - len(piece.lstrip())], piece[len(piece.rstrip()) :]
        inner = markdown(piece)
        parts.append(f"{' ' * bool(start)}{signs[kind]}{inner}{signs[kind]}{' ' * bool(end)}" if inner else " ")
    return "".join(parts).strip()


def _raw(cell: Cell, column: Column) -> str:
    if isinstance(cell, Marked):  # the notation of wdiff
        signs = {"same": ("", ""), "removed": ("[-", "-]"), "added": ("{+", "+}")}
        return "".join(signs[kind][0] + clean(piece) + signs[kind][1] for kind, piece in cell.pieces)
    if isinstance(cell, Names):
        return "; ".join(clean(name) for name in cell.names)
    if isinstance(cell, str):
        return clean(cell)
    if cell is None or isinstance(cell, Estimate) or isnan(cell):
        return ""
    return f"{cell * 100 if column.percent else cell:.10g}"


def _html(cell: Cell, column: Column) -> str:
    if isinstance(cell, Marked):
        return f'<span class="changed" dir="auto">{marked_html(cell)}</span>'
    if isinstance(cell, Names):
        return _joined(cell, isolated, "<strong>", "</strong>")
    if isinstance(cell, str):
        return isolated(cell)
    return _number(cell, column, lambda ends: f' <span class="interval">({ends})</span>')


def _markdown(cell: Cell, column: Column) -> str:
    if isinstance(cell, Marked):
        return marked_markdown(cell)
    if isinstance(cell, Names):
        return _joined(cell, markdown, "**", "**")
    if isinstance(cell, str):
        return markdown(cell)
    return _number(cell, column, lambda ends: f" ({ends})")


def _plain(cell: Cell, column: Column) -> str:
    if isinstance(cell, str | Marked | Names):
        return _raw(cell, column)
    return _number(cell, column, lambda ends: f" ({ends})")


def _number(cell: float | Estimate | None, column: Column, interval: Callable[[str], str]) -> str:
    value = cell.value if isinstance(cell, Estimate) else cell
    if value is None or isnan(value):
        return UNKNOWN
    if isinstance(cell, Estimate):
        return shown(value, column) + interval(f"{shown(cell.low, column)} to {shown(cell.high, column)}")
    return shown(value, column)


def _joined(cell: Names, written: Callable[[str], str], start: str, end: str) -> str:
    return ", ".join(
        f"{start}{written(name)}{end}" if place in cell.marked else written(name)
        for place, name in enumerate(cell.names)
    )


def _holds_numbers(table: Table, place: int) -> bool:
    return any(isinstance(row[place], int | float | Estimate) for row in table.rows)


def _class(table: Table, place: int) -> str:
    if _holds_numbers(table, place):
        return ' class="number"'
    cells = [row[place] for row in table.rows]
    short = all(cell is None or (isinstance(cell, str) and len(cell) <= _SHORT) for cell in cells)
    return ' class="short"' if short else ""
