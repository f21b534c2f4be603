"""What the start-up hook costs an interpreter: starts with it and without it, in turn."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time

from benchmarks.rows import Row, at_most

STARTS = 60


def rows() -> list[Row]:
    differences = []
    for _ in range(STARTS):
        seconds = []
        for switch in ("1", "0"):
            start = time.perf_counter()
            subprocess.run(
                [sys.executable, "-c", ""], env={**os.environ, "TEXTATTACK_XMTC_AUTORUN": switch}, check=True
            )
            seconds.append(time.perf_counter() - start)
        differences.append(1000 * (seconds[0] - seconds[1]))
    return [at_most("start-up hook, time of an interpreter's start", statistics.median(differences), 2, "ms", STARTS)]
