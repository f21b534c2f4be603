"""Writes a report: the page, Markdown, a CSV file for each table, PNG and SVG for each figure, and exports."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO

from textattack_xmtc.errors import DataError, InputError
from textattack_xmtc.goal import GOALS
from textattack_xmtc.results.campaign import Campaign, models_of
from textattack_xmtc.results.export.junit import junit_report
from textattack_xmtc.results.export.records import textattack_csv, write_parquet, write_table_parquet
from textattack_xmtc.results.figures import all_figures
from textattack_xmtc.results.gate import Check
from textattack_xmtc.results.judgements import judges
from textattack_xmtc.results.page import LABEL_PAGE, label_page, markdown_report, page
from textattack_xmtc.results.tables import labels as label_tables
from textattack_xmtc.results.tables.examples import examples, labels_of_successes, long_example
from textattack_xmtc.results.tables.formats import as_csv
from textattack_xmtc.results.tables.setup import bins, clusters, data, models, settings
from textattack_xmtc.results.tables.success import by_bin, cost, defence, not_attacked, success, thresholds
from textattack_xmtc.results.tables.table import Table
from textattack_xmtc.results.tables.transfer import transfers
from textattack_xmtc.workdir.files import whole_file
from textattack_xmtc.workdir.names import inside

PAGE, MARKDOWN, TABLES, FIGURES, EXPORTS = "report.html", "report.md", "tables", "figures", "exports"
FILES = "files.json"
"""Which files a report has, with a digest of each: so that the next report here can tell them from those of others."""

_OURS = re.compile(
    rf"({re.escape(PAGE)}|{re.escape(LABEL_PAGE)}|{re.escape(MARKDOWN)}|({TABLES}|{FIGURES}|{EXPORTS})/[^/\\]+)"
)
_BLOCK = 2**20  # bytes of a file that are read at once


def write_report(
    campaigns: Sequence[Campaign],
    folder: Path | str,
    more: Sequence[Table] = (),
    family: str = "other",
    exports: Sequence[str] = (),
    checks: Sequence[Check] = (),
) -> Path:
    """Write the report of some campaigns into a folder, which may exist and hold other files.

    Each file is written beside its place and renamed, the page after what it shows. The same campaigns give the same
    files. Files of an earlier report that this one does not have are removed, unless somebody has changed them; no
    other file is.

    Args:
        campaigns: what to report, the most important first.
        more: further tables, comparisons for instance.
        family: of the data sets, in `metrics.PROPENSITY_CONSTANTS`: A and B of PSP@k.
        exports: of "textattack-csv", "junit" and "parquet"; they go into `exports/`.
        checks: of a gate, for the export `junit`.

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
    for table in tables:
        if table.name == label_tables.NAME:
            contents[LABEL_PAGE] = label_page(campaigns, table).encode()
    shown = [table.shown() for table in tables]
    contents[MARKDOWN] = markdown_report(campaigns, shown, figures, FIGURES).encode()
    contents[PAGE] = page(campaigns, shown, figures).encode()
    writers: dict[str, Callable[[BinaryIO], object]] = _exports(campaigns, exports, checks)
    by_label = [table for table in tables if table.name == label_tables.NAME and "parquet" in exports]
    writers |= {f"{EXPORTS}/{table.name}.parquet": partial(write_table_parquet, table) for table in by_label}
    writers |= {name: partial(_write_bytes, content) for name, content in contents.items()}
    try:
        earlier = _earlier(folder)
        digests = {name: _write(inside(folder, *name.split("/")), write) for name, write in writers.items()}
        _remove(folder, {name: digest for name, digest in earlier.items() if name not in writers})
        _write(inside(folder, FILES), partial(_write_bytes, f"{json.dumps(digests, indent=1)}\n".encode()))
    except OSError as error:
        raise InputError(f"the report cannot be written to {folder} ({error})", "choose a folder by --out") from error
    return folder / PAGE


def _exports(
    campaigns: Sequence[Campaign], formats: Sequence[str], checks: Sequence[Check]
) -> dict[str, Callable[[BinaryIO], object]]:
    """What writes each exported file."""
    writers: dict[str, Callable[[BinaryIO], object]] = {}
    if "textattack-csv" in formats:
        for number, (campaign, model) in enumerate(models_of(campaigns), start=1):
            name = f"textattack-{number}-{model.name}.csv" if len(campaigns) > 1 else f"textattack-{model.name}.csv"
            writers[f"{EXPORTS}/{name}"] = partial(_write_bytes, textattack_csv(campaign, model).encode())
    if "junit" in formats:
        writers[f"{EXPORTS}/junit.xml"] = partial(_write_bytes, junit_report(campaigns, checks).encode())
    if "parquet" in formats:
        writers[f"{EXPORTS}/records.parquet"] = partial(write_parquet, campaigns)
    return writers


def _earlier(folder: Path) -> dict[str, str]:
    """The files of the report that was here before, and their digests; nothing where there is no list of them."""
    try:
        listed = json.loads((folder / FILES).read_text(encoding="utf-8"))
        return {name: str(digest) for name, digest in listed.items() if _OURS.fullmatch(name)}
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}


def _remove(folder: Path, files: Mapping[str, str]) -> None:
    for name, digest in files.items():
        try:
            path = inside(folder, *name.split("/"))
        except DataError:  # not written by a report
            continue
        if path.is_file() and not path.is_symlink() and _digest(path) == digest:
            path.unlink()


def _write_bytes(content: bytes, file: BinaryIO) -> None:
    file.write(content)


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()[:16]


def _write(path: Path, write: Callable[[BinaryIO], object]) -> str:
    """Write a file; its digest."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as opened:
        write(opened)
    return _digest(path)


def all_tables(campaigns: Sequence[Campaign], family: str = "other") -> list[Table]:
    """Every table of the report that has a row, in the order of the page.

    Args:
        family: of their data sets, in `metrics.PROPENSITY_CONSTANTS`.
    """
    tables = [
        label_tables.labels(campaigns),
        label_tables.label_coverage(campaigns),
        data(campaigns),
        bins(campaigns),
        *(success(campaigns, goal) for goal in GOALS),
        by_bin(campaigns),
        thresholds(campaigns),
        not_attacked(campaigns),
        judges(campaigns),
        *defence(campaigns),
        transfers(campaigns),
        clusters(campaigns),
        long_example(campaigns),
        examples(campaigns),
        *labels_of_successes(campaigns, family),
        cost(campaigns),
        models(campaigns),
        settings(campaigns),
    ]
    return [table for table in tables if table.rows]
