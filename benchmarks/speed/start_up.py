"""What the start-up hook costs an interpreter: starts with it and without it, in turn."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys

from benchmarks.speed.rows import Row, Setup, at_most

STARTS = 60


def rows(_: Setup) -> list[Row]:
    differences = [1000 * (seconds_of_a_start("1") - seconds_of_a_start("0")) for _ in range(STARTS)]
    return [at_most("start-up hook, time of an interpreter's start", statistics.median(differences), 2, "ms", STARTS)]


def seconds_of_a_start(hook: str) -> float:
    """Seconds that an interpreter computes with the hook ("1") or without it ("0")."""
    before = seconds_of_children()
    subprocess.run([sys.executable, "-c", ""], env={**os.environ, "TEXTATTACK_XMTC_AUTORUN": hook}, check=True)
    return seconds_of_children() - before


def seconds_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
