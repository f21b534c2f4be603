"""Writes a report: the page, Markdown, a CSV file for each table, PNG and SVG for each figure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from textattack_xmtc.errors import DataError, InputError
from textattack_xmtc.results.contents import all_tables
from textattack_xmtc.results.figures import all_figures
from textattack_xmtc.results.markdown import markdown_report
from textattack_xmtc.results.page import page
from textattack_xmtc.results.summary import Campaign
from textattack_xmtc.results.tables import Table, as_csv
from textattack_xmtc.workdir.files import whole_file
from textattack_xmtc.workdir.names import inside

PAGE, MARKDOWN, TABLES, FIGURES = "report.html", "report.md", "tables", "figures"
FILES = "files.json"
"""Which files a report has, with a digest of each: so that the next report here can tell them from those of others."""

_OURS = re.compile(rf"({re.escape(PAGE)}|{re.escape(MARKDOWN)}|({TABLES}|{FIGURES})/[^/\\]+)")


def write_report(
    campaigns: Sequence[Campaign], folder: Path | str, more: Sequence[Table] = (), family: str = "other"
) -> Path:
    """Write the report of some campaigns into a folder, which may exist and hold other files.

    Each file is written beside its place and renamed, the page after what it shows. The same campaigns give the same
    files. Files of an earlier report that this one does not have are removed, unless somebody has changed them; no
    other file is.

    Args:
        campaigns: what to report, the most important first.
        folder: where to.
        more: further tables, comparisons for instance.
        family: of the data sets, in `metrics.PROPENSITY_CONSTANTS`: A and B of PSP@k.

    Returns:
        The page's file.

    Raises:
        InputError: the folder cannot be written to.
        DataError: a file in it is a link out of it.
    """
    folder = Path(folder)
    tables = [*more, *all_tables(campaigns, family)]
    figures = all_figures(campaigns)
    contents: dict[str, bytes] = {f"{TABLES}/{table.name}.csv": as_csv(table).encode() for table in tables}
    for figure in (figure for drawn in figures.values() for figure in drawn):
        contents[f"{FIGURES}/{figure.name}.svg"] = figure.svg.encode()
        contents[f"{FIGURES}/{figure.name}.png"] = figure.png
    contents[MARKDOWN] = markdown_report(campaigns, tables, figures, FIGURES).encode()
    contents[PAGE] = page(campaigns, tables, figures).encode()
    try:
        earlier = _earlier(folder)
        for name, content in contents.items():
            _write(inside(folder, *name.split("/")), content)
        digests = {name: _digest(content) for name, content in contents.items()}
        _remove(folder, {name: digest for name, digest in earlier.items() if name not in contents})
        _write(inside(folder, FILES), f"{json.dumps(digests, indent=1)}\n".encode())
    except OSError as error:
        raise InputError(f"the report cannot be written to {folder} ({error})", "choose a folder by --out") from error
    return folder / PAGE


def _earlier(folder: Path) -> dict[str, str]:
    """The files of the report that was here before, and their digests; nothing where there is no list of them."""
    try:
        found = json.loads((folder / FILES).read_text(encoding="utf-8"))
        return {name: str(digest) for name, digest in found.items() if _OURS.fullmatch(name)}
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}


def _remove(folder: Path, files: Mapping[str, str]) -> None:
    for name, digest in files.items():
        try:
            path = inside(folder, *name.split("/"))
        except DataError:  # not written by a report
            continue
        if path.is_file() and not path.is_symlink() and _digest(path.read_bytes()) == digest:
            path.unlink()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as opened:
        opened.write(content)
