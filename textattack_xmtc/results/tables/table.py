"""A table as rows of plain values; `formats` writes it as CSV, HTML, Markdown and text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from textattack_xmtc.results.statistics import Estimate

if TYPE_CHECKING:
    from textattack_xmtc.results.campaign import Campaign

UNKNOWN = "–"  # noqa: RUF001 - the dash that stands for nothing in tables
"""What stands in a cell without a value."""

NOT_MEASURED = "not measured"
"""What stands where records lack what a count needs; in CSV files the cell is empty."""

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
        percent: values are shares, to be given in percent; in the CSV file as well, where the key ends on `_percent`.
        interval: cells are estimates; in the CSV file `_low` and `_high` follow.
        cell: what stands in it, of what the row is about; by default its attribute `key`.
    """

    key: str
    title: str
    digits: int = 0
    percent: bool = False
    interval: bool = False
    cell: Callable[[Any], Cell] | None = field(default=None, compare=False)

    def of(self, row: Any) -> Cell:
        """The cell of this column in a row that is about `row`."""
        cell: Cell = getattr(row, self.key) if self.cell is None else self.cell(row)
        return cell


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Attributes:
        name: what its file is called.
        title: what it shows, in a line.
        note: how to read it, in sentences.
        section: the part of the page that it belongs to.
        most: rows that are shown at most; its CSV file has all.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    section: str = "success"
    most: int | None = None

    def shown(self) -> Table:
        """The table as a page shows it: where it has more rows than `most`, the first of them, and a note of it."""
        if self.most is None or len(self.rows) <= self.most:
            return self
        note = f"The first {self.most:,} of {len(self.rows):,} rows; all are in {self.name}.csv. {self.note}"
        return replace(self, rows=self.rows[: self.most], note=note)


def table_of(
    campaigns: Sequence[Campaign],
    name: str,
    title: str,
    columns: Sequence[Column],
    rows: Iterable[tuple[Campaign, Any]],
    note: str = "",
    section: str = "success",
) -> Table:
    """A table of what `rows` are about; with several campaigns, the name of a row's campaign stands first."""
    several = len(campaigns) > 1
    first = (Column("campaign", "Campaign"),) if several else ()
    cells = tuple((*((one.name,) if several else ()), *(column.of(row) for column in columns)) for one, row in rows)
    return Table(name, title, (*first, *columns), cells, note, section)


def rate_column(key: str, title: str, cell: Callable[[Any], Cell] | None = None) -> Column:
    """A column of rates in percent, with their intervals."""
    return Column(key, title, 1, percent=True, interval=True, cell=cell)


MODEL, DATASET, SAMPLES = Column("model", "Model"), Column("dataset", "Dataset"), Column("n", "n")
BIN = Column("bin", "Label frequency (training texts)")
