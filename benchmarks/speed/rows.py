"""One figure of a benchmark, how it is timed, and how a run's figures are kept and shown."""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

clock = time.process_time
"""Seconds that this process has computed. With one thread and nothing to wait for, that is the time of an idle
machine; on a busy one, what others do is not counted."""


@dataclass(frozen=True)
class Setup:
    """What a run is given.

    Attributes:
        full: more texts and all sizes.
        victim: folder of a trained model, for the attacks on real texts.
        data: folder with these texts (`test.jsonl.xz`).
        masked_lm: folder of a masked language model that knows their words.
    """

    full: bool = False
    victim: Path | None = None
    data: Path | None = None
    masked_lm: Path | None = None


@dataclass
class Row:
    """A figure with what it should be.

    `goal` in words ("at most 1.5"), `met` None where there is no goal or it could not be measured.
    """

    name: str
    value: float | None
    unit: str
    goal: str = ""
    met: bool | None = None
    n: int = 0
    machine: str = ""


def at_most(name: str, value: float, goal: float, unit: str, n: int) -> Row:
    return Row(name, round(value, 4), unit, f"at most {goal:g}", value <= goal, n)


def at_least(name: str, value: float, goal: float, unit: str, n: int) -> Row:
    return Row(name, round(value, 4), unit, f"at least {goal:g}", value >= goal, n)


def machine() -> str:
    return (
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; CPU time of one thread, "
        "both sides of a ratio in turn"
    )


def seconds_of(task: Callable[[], object]) -> float:
    start = clock()
    task()
    return clock() - start


def alternate(tasks: Sequence[Callable[[], object]], repeats: int) -> list[float]:
    """Median seconds of each task, run in turn so that the machine's moods fall on all of them."""
    for task in tasks:
        task()
    rounds = [[seconds_of(task) for task in tasks] for _ in range(repeats)]
    return [statistics.median(taken) for taken in zip(*rounds, strict=True)]


def keep(rows: Sequence[Row], folder: Path, name: str = "results") -> None:
    """Write NAME.json and the same as a table, NAME.md."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", encoding="utf-8")
    (folder / f"{name}.md").write_text(table(rows), encoding="utf-8")


def table(rows: Sequence[Row]) -> str:
    lines = ["| what | value | goal | met | n |", "|---|---|---|---|---|"]
    for row in rows:
        met = {True: "yes", False: "no", None: ""}[row.met]
        value = "not measured" if row.value is None else f"{row.value:.3g} {row.unit}"
        lines.append(f"| {row.name} | {value} | {row.goal} | {met} | {row.n or ''} |")
    machines = dict.fromkeys(row.machine for row in rows)
    return "\n".join([*lines, "", f"Machine: {'; '.join(machines)}.", ""])
