"""A table as CSV, HTML, Markdown and text for a terminal.

Names and texts come from anybody's data: each format gets them in a form that it can hold (`markup`).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
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
    number = float(_raw(number, column))
    if column.digits >= 4 and 0 < number < 10**-column.digits:  # a p-value is never 0
        return f"< {10**-column.digits:.{column.digits}f}"
    return (
        f"{number:,.{column.digits}f}".replace("-", "\N{MINUS SIGN}")
        if round(number, column.digits)
        else f"{0:.{column.digits}f}"
    )


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
            "cells": [Markup(cell_html(cell, column)) for column, cell in zip(table.columns, row, strict=True)],
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
    lines = [f"**{markdown(table.title)}**", ""]
    lines.append("| " + " | ".join(markdown(column.title) for column in table.columns) + " |")
    numbers = [holds_numbers(table, place) for place in range(len(table.columns))]
    lines.append("|" + "|".join(" ---: " if number else " --- " for number in numbers) + "|")
    for row in table.rows:
        cells = [_markdown(cell, column) for column, cell in zip(table.columns, row, strict=True)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", markdown(table.note), ""] if table.note else [*lines, ""])


def as_text(table: Table) -> str:
    """The table for a terminal: its title, aligned columns, its note."""
    rows = [[_plain(cell, column) for column, cell in zip(table.columns, row, strict=True)] for row in table.rows]
    numbers = [holds_numbers(table, place) for place in range(len(table.columns))]
    aligned = text_table([column.title for column in table.columns], rows, numbers)
    return "\n".join([printable(table.title), aligned, printable(table.note), ""])


def text_table(titles: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool]) -> str:
    """Aligned columns of text, those with numbers to the right."""
    align = ["right" if number else "left" for number in right]
    text = tabulate(
        [list(titles), *map(list, rows)],
        tablefmt="plain",
        colalign=align,
        disable_numparse=True,
        preserve_whitespace=True,
    )
    return "\n".join(line.rstrip() for line in text.splitlines())


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


def cell_html(cell: Cell, column: Column) -> str:
    """A cell as HTML."""
    if isinstance(cell, Marked):
        return f'<span class="changed" dir="auto">{marked_html(cell)}</span>'
    if isinstance(cell, Names):
        return _joined(cell, isolated, "<strong>", "</strong>")
    if isinstance(cell, str):
        return isolated(cell)
    return _number(cell, column, lambda ends: f' <span class="interval">({ends})</span>')


def holds_numbers(table: Table, place: int) -> bool:
    """Whether a column has a number in any row."""
    return any(isinstance(row[place], int | float | Estimate) for row in table.rows)


def _raw(cell: Cell, column: Column) -> str:
    if isinstance(cell, Marked):  # the notation of wdiff
        signs = {"same": ("", ""), "removed": ("[-", "-]"), "added": ("{+", "+}")}
        return "".join(signs[kind][0] + printable(piece) + signs[kind][1] for kind, piece in cell.pieces)
    if isinstance(cell, Names):
        return "; ".join(printable(name) for name in cell.names)
    if isinstance(cell, str):
        return printable(cell)
    if cell is None or isinstance(cell, Estimate) or isnan(cell):
        return ""
    return f"{cell * 100 if column.percent else cell:.10g}"


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
    if isinstance(cell, Estimate) and not cell.measured:
        return NOT_MEASURED
    value = cell.value if isinstance(cell, Estimate) else cell
    if value is None or isnan(value):
        return UNKNOWN
    if isinstance(cell, Estimate):
        ends = f"{format_number(cell.low, column)} to {format_number(cell.high, column)}"
        return format_number(value, column) + interval(ends)
    return format_number(value, column)


def _joined(cell: Names, written: Callable[[str], str], start: str, end: str) -> str:
    return ", ".join(
        f"{start}{written(name)}{end}" if place in cell.marked else written(name)
        for place, name in enumerate(cell.names)
    )


def _class(table: Table, place: int) -> str:
    if holds_numbers(table, place):
        return ' class="number"'
    cells = [row[place] for row in table.rows]
    short = all(cell is None or (isinstance(cell, str) and len(cell) <= _SHORT) for cell in cells)
    return ' class="short"' if short else ""
