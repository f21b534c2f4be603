"""A table as CSV, HTML, Markdown and text for a terminal.

Names and texts come from anybody's data: each format gets them in a form that it can hold (`markup`).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isnan

from markupsafe import Markup
from tabulate import tabulate

from textattack_xmtc.results.markup import csv_text, escaped, isolated, markdown, printable, render
from textattack_xmtc.results.statistics import Estimate
from textattack_xmtc.results.tables.table import NOT_MEASURED, UNKNOWN, Cell, Column, Marked, Names, Table

_SHORT = 36  # characters of a cell that is kept on one line


def format_number(number: float, column: Column) -> str:
    """A number as a person reads it.

    Example:
        >>> rate, n = Column("rate", "Rate (%)", 1, percent=True), Column("n", "n")
        >>> format_number(0.8125, rate), format_number(12345, n)
        ('81.2', '12,345')
    """
    # From the number in the CSV file, so that both agree also where the binary number is a hair below a half.
    number, digits = float(_raw(number, column)), column.digits
    if digits >= 4 and 0 < number < 10**-digits:  # a p-value is never 0
        return f"< {10**-digits:.{digits}f}"
    return f"{number:,.{digits}f}".replace("-", "\N{MINUS SIGN}") if round(number, digits) else f"{0:.{digits}f}"


def as_csv(table: Table) -> str:
    """The table as CSV (RFC 4180): one line of names, numbers in full, nothing for what is not known.

    Texts that a spreadsheet could take for formulas are written as `csv_text` says; numbers are numbers.
    """
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
                text = _raw(cell, column)
                line.append(csv_text(text) if isinstance(cell, str | Marked | Names) else text)
        writer.writerow(line)
    return file.getvalue()


def as_html(table: Table) -> str:
    """The table as HTML: a caption, headings with their scope, the names of label and texts isolated and escaped."""
    firsts = [row[0] for row in table.rows]
    # Rows in a row that start alike, of a model or a campaign, are a group with a line above it.
    starts = [place > 0 and firsts[place] != firsts[place - 1] for place in range(len(firsts))]
    grouped = not all(starts[1:])
    rows = [
        {
            "starts_group": grouped and start,
            "cells": [Markup(cell) for cell in _cells(table, row, _HTML)],
        }
        for row, start in zip(table.rows, starts, strict=True)
    ]
    columns = [
        {"title": column.title, "attributes": Markup(_class(table, place))}
        for place, column in enumerate(table.columns)
    ]
    return render("table.html.jinja", table=table, columns=columns, rows=rows)


def as_markdown(table: Table) -> str:
    """The table as Markdown, with its title in bold above it and its note below."""
    numbers = [holds_numbers(table, place) for place in range(len(table.columns))]
    lines = [
        [markdown(column.title) for column in table.columns],
        ["---:" if number else "---" for number in numbers],
        *(_cells(table, row, _MARKDOWN) for row in table.rows),
    ]
    text = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"**{markdown(table.title)}**\n\n{text}\n" + (f"\n{markdown(table.note)}\n" if table.note else "")


def as_text(table: Table) -> str:
    """The table for a terminal: its title, aligned columns, its note."""
    rows = [_cells(table, row, _TEXT) for row in table.rows]
    numbers = [holds_numbers(table, place) for place in range(len(table.columns))]
    aligned = text_table([column.title for column in table.columns], rows, numbers)
    return "\n".join([printable(table.title), aligned, printable(table.note), ""])


def text_table(titles: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool]) -> str:
    """Aligned columns of text, those with numbers to the right."""
    align = ["right" if number else "left" for number in right]
    options = {"disable_numparse": True, "preserve_whitespace": True}
    text = tabulate([list(titles), *map(list, rows)], tablefmt="plain", colalign=align, **options)
    return "\n".join(line.rstrip() for line in text.splitlines())


def marked_html(text: Marked) -> str:
    """A changed text with `<del>` and `<ins>`."""
    tags = {"removed": "<del>{}</del>", "added": "<ins>{}</ins>", "same": "{}"}
    return "".join(tags[kind].format(escaped(piece)) for kind, piece in text.pieces).replace(
        " …",
        "&nbsp;…",  # no dots alone on a line
    )


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


def holds_numbers(table: Table, place: int) -> bool:
    """Whether a column has a number in any row."""
    return any(isinstance(row[place], int | float | Estimate) for row in table.rows)


@dataclass(frozen=True)
class _Format:
    """How a format writes what is no number: names and texts, several names, and the interval of a number."""

    text: Callable[[str], str]
    marked: Callable[[Marked], str]
    strong: str = "{}"
    between: str = ", "
    interval: str = " ({})"


def _wdiff(text: Marked) -> str:
    """A changed text in the notation of wdiff."""
    signs = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}
    return "".join(signs[kind].format(printable(piece)) for kind, piece in text.pieces)


_HTML = _Format(
    isolated,
    lambda text: f'<span class="changed" dir="auto">{marked_html(text)}</span>',
    strong="<strong>{}</strong>",
    interval=' <span class="interval">({})</span>',
)
_MARKDOWN = _Format(markdown, marked_markdown, strong="**{}**")
_TEXT = _Format(printable, _wdiff, between="; ")


def _cells(table: Table, row: Sequence[Cell], form: _Format) -> list[str]:
    """The cells of a row in a format."""
    return [_cell(cell, column, form) for column, cell in zip(table.columns, row, strict=True)]


def _cell(cell: Cell, column: Column, form: _Format) -> str:
    if isinstance(cell, Marked):
        return form.marked(cell)
    if isinstance(cell, Names):
        names = map(form.text, cell.names)
        return form.between.join(form.strong.format(n) if i in cell.marked else n for i, n in enumerate(names))
    if isinstance(cell, str):
        return form.text(cell)
    value = cell.value if isinstance(cell, Estimate) else cell
    if isinstance(cell, Estimate) and not cell.measured:
        return NOT_MEASURED
    if value is None or isnan(value):
        return UNKNOWN
    ends = [format_number(end, column) for end in (cell.low, cell.high)] if isinstance(cell, Estimate) else []
    return format_number(value, column) + (form.interval.format(" to ".join(ends)) if ends else "")


def _raw(cell: Cell, column: Column) -> str:
    """A cell of the CSV file."""
    if isinstance(cell, str | Marked | Names):
        return _cell(cell, column, _TEXT)
    if cell is None or isinstance(cell, Estimate) or isnan(cell):
        return ""
    return f"{cell * 100 if column.percent else cell:.10g}"


def _class(table: Table, place: int) -> str:
    if holds_numbers(table, place):
        return ' class="number"'
    cells = [row[place] for row in table.rows]
    short = all(cell is None or (isinstance(cell, str) and len(cell) <= _SHORT) for cell in cells)
    return ' class="short"' if short else ""
