"""Writes a report: the page, Markdown, a CSV file for each table, PNG and SVG for each figure."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path

from textattack_xmtc.campaign.summary import Campaign
from textattack_xmtc.errors import InputError
from textattack_xmtc.report.contents import all_tables
from textattack_xmtc.report.figures import all_figures
from textattack_xmtc.report.markdown import markdown_report
from textattack_xmtc.report.page import page
from textattack_xmtc.report.tables import Table, as_csv

PAGE, MARKDOWN, TABLES, FIGURES = "report.html", "report.md", "tables", "figures"


def write_report(campaigns: Sequence[Campaign], folder: Path | str, more: Sequence[Table] = ()) -> Path:
    """Write the report of some campaigns into a folder, which may exist and hold other files.

    Each file is written beside its place and renamed, the page last. The same campaigns give the same files.

    Args:
        campaigns: what to report, the most important first.
        folder: where to.
        more: further tables, comparisons for instance.

    Returns:
        The page's file.

    Raises:
        InputError: the folder cannot be written to.
    """
    folder = Path(folder)
    tables = [*more, *all_tables(campaigns)]
    figures = all_figures(campaigns)
    contents: dict[str, bytes] = {f"{TABLES}/{table.name}.csv": as_csv(table).encode() for table in tables}
    for figure in (figure for drawn in figures.values() for figure in drawn):
        contents[f"{FIGURES}/{figure.name}.svg"] = figure.svg.encode()
        contents[f"{FIGURES}/{figure.name}.png"] = figure.png
    contents[MARKDOWN] = markdown_report(campaigns, tables, figures, FIGURES).encode()
    contents[PAGE] = page(campaigns, tables, figures).encode()
    try:
        for name, content in contents.items():
            _write(folder / name, content)
    except OSError as error:
        raise InputError(f"the report cannot be written to {folder} ({error})", "choose a folder by --out") from error
    return folder / PAGE


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.partial")
    try:
        partial.write_bytes(content)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
