"""One figure of a benchmark, and how a run's figures are kept and shown."""

from __future__ import annotations

import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


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
    return Row(name, round(value, 4), unit, f"at most {goal:g}", value <= goal, n, machine())


def at_least(name: str, value: float, goal: float, unit: str, n: int) -> Row:
    return Row(name, round(value, 4), unit, f"at least {goal:g}", value >= goal, n, machine())


def machine() -> str:
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def alternate(tasks: Sequence[Callable[[], object]], repeats: int) -> list[float]:
    """Median seconds of each task, run in turn so that the machine's moods fall on all of them."""
    times: list[list[float]] = [[] for _ in tasks]
    for task in tasks:
        task()
    for _ in range(repeats):
        for taken, task in zip(times, tasks, strict=True):
            start = time.perf_counter()
            task()
            taken.append(time.perf_counter() - start)
    return [statistics.median(taken) for taken in times]


def keep(rows: Sequence[Row], folder: Path, name: str = "results") -> None:
    """Write NAME.json and the same as a table, NAME.md."""
    (folder / f"{name}.json").write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", encoding="utf-8")
    (folder / f"{name}.md").write_text(table(rows), encoding="utf-8")


def table(rows: Sequence[Row]) -> str:
    lines = ["| what | value | goal | met | n |", "|---|---|---|---|---|"]
    for row in rows:
        met = {True: "yes", False: "no", None: ""}[row.met]
        value = "not measured" if row.value is None else f"{row.value:g} {row.unit}"
        lines.append(f"| {row.name} | {value} | {row.goal} | {met} | {row.n} |")
    return "\n".join([*lines, "", f"Machine: {rows[0].machine}.", ""])
