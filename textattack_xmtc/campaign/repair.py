"""Damaged files of a campaign: what is damaged is removed or drawn again, so that a resumed campaign makes it again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from textattack_xmtc.campaign.folder import read_facts, record_files
from textattack_xmtc.campaign.named_code import check_named, code_among
from textattack_xmtc.campaign.plan import Plan
from textattack_xmtc.campaign.prepare import prepare
from textattack_xmtc.errors import DataError
from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.folder import BINS, CLUSTERS, LABELS, SAMPLES, Damage, read_campaign, read_drawn
from textattack_xmtc.workdir.files import remove_lines, whole_file, writing
from textattack_xmtc.workdir.names import inside
from textattack_xmtc.workdir.progress import say

_DRAWN_AGAIN = ".drawn-again"


def read_repaired(out: Path, plan: Plan, device: str | None = None) -> Campaign:
    """Read a campaign's folder to resume it; damaged lines of records are removed first, and others stay.

    With a record goes what hangs on it: the transfers of its adversarial text. Where the samples, bins or labels are
    damaged, they are drawn again from the corpus and the models, by the same seed.

    Raises:
        DataError: the folder is damaged in another way, or other samples are drawn now.
        InputError: samples must be drawn again by code that no command line has named.
        XMTCError: it cannot be written.
    """
    if problem := damaged_draw(out):
        say(f"{problem}: the samples are drawn again")
        _draw_again(out, plan, device)
    damage: Damage = {}
    campaign = read_campaign(out, damage)
    for file, lines in damage.items():
        with writing(file):
            remove_lines(file, lines)
        listed = ", ".join(map(str, sorted(lines)[:5])) + (", ..." if len(lines) > 5 else "")
        say(f"{file} is damaged in line {listed}: {len(lines):,} samples run again")
    return read_campaign(out) if damage else campaign


def damaged_draw(out: Path) -> str:
    """What is wrong with the drawn samples and what stands beside them; empty where nothing is."""
    try:
        drawn = read_drawn(out)
    except DataError as error:
        return error.problem
    if sum(part.drawn for part in drawn.bins) != len(drawn.samples) or [*drawn.samples] != [*range(len(drawn.samples))]:
        return f"{SAMPLES} does not have the samples of {BINS}"
    return ""


def _draw_again(out: Path, plan: Plan, device: str | None) -> None:
    """Draw the samples again, and take them over where they are those that records were made of.

    Raises:
        DataError: they are not.
    """
    facts = read_facts(out)
    check_named(out, code_among([*plan.models, plan.encoder]), facts)
    folder = inside(out, _DRAWN_AGAIN)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        prepare(folder, plan, device)
        again = read_facts(folder)
        drawn = read_campaign(folder).samples
        for name in ("corpus", "models"):
            if again[name] != facts[name]:
                raise DataError(
                    f"the samples in {out} are damaged, and its {name} are not those that they were drawn with",
                    f"put the same {name} back, or start again in another folder with --out",
                )
        for file in record_files(out, facts):
            for row in _readable(file):
                sample = drawn.get(row["sample"])
                if sample is None or (row["text_id"], row["target"]) != (sample.text_id, sample.target):
                    raise DataError(
                        f"the samples in {out} are damaged, and others are drawn now than {file} has records of",
                        "use the versions that the campaign was started with, or another folder with --out",
                    )
        for name in (LABELS, BINS, CLUSTERS, SAMPLES):
            if (folder / name).exists():
                with (folder / name).open("rb") as source, whole_file(out / name) as copy:
                    shutil.copyfileobj(source, copy)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _readable(file: Path) -> list[dict[str, Any]]:
    """The lines of a file of records that are JSON objects with all that names a sample."""
    rows = []
    for line in file.read_bytes().split(b"\n") if file.exists() else ():
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict) and {"text_id", "target"} <= row.keys() and type(row.get("sample")) is int:
            rows.append(row)
    return rows
