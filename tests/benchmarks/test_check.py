"""What counts as worse when a run's ratios are compared with the kept ones."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.check import KEPT, worse


def row(value, unit="times", goal="at least 10", name="a ratio"):
    return {"name": name, "value": value, "unit": unit, "goal": goal}


@pytest.mark.parametrize(
    ("new", "kept", "lines"),
    [
        (row(5), row(12), 0),  # within the margin
        (row(4), row(12), 1),
        (row(40), row(12), 0),
        (row(2.9, goal="at most 1.5"), row(1.2, goal="at most 1.5"), 0),
        (row(3.1, goal="at most 1.5"), row(1.2, goal="at most 1.5"), 1),
        (row(0.2, "slope", "at most 0.15"), row(0.06, "slope", "at most 0.15"), 0),
        (row(0.3, "slope", "at most 0.15"), row(0.06, "slope", "at most 0.15"), 1),
    ],
)
def test_ratios_are_held_to_the_kept_ones(new, kept, lines):
    compared, found = worse([new], [kept], margin=2.5)
    assert compared == 1 and len(found) == lines


@pytest.mark.parametrize(
    "new",
    [row(99, "s", ""), row(99, "MB", "at most 300"), row(None), row(1, name="another")],
)
def test_seconds_memory_and_what_was_not_measured_are_not_compared(new):
    assert worse([new], [{**new, "name": "a ratio", "value": 1.0}]) == (0, [])


def run(file: Path, *options: str) -> int:
    command = [sys.executable, "-m", "benchmarks.check", str(file), *options]
    return subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, check=False).returncode


def test_the_exit_status_says_it(tmp_path):
    kept, new = tmp_path / "kept.json", tmp_path / "new.json"
    kept.write_text(json.dumps([row(10)]))
    for value, status in ((9, 0), (3, 1), (None, 2)):
        new.write_text(json.dumps([row(value)]))
        assert run(new, "--kept", str(kept)) == status


def test_the_kept_results_compare_with_themselves():
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    compared, lines = worse(kept, kept)
    assert compared >= 2 and not lines
