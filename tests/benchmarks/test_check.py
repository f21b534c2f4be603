"""What counts as worse when ratios measured now are compared with the kept ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks.speed import check
from benchmarks.speed.check import ATTEMPTS, CHECKED, KEPT, checked, worse
from benchmarks.speed.measuring import MODULES


def row(value: Any, unit: str = "times", goal: str = "at least 10", name: str = "a ratio") -> dict[str, Any]:
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
def test_ratios_are_held_to_the_kept_ones(new: dict[str, Any], kept: dict[str, Any], lines: int) -> None:
    compared, found = worse([new], [kept], margin=2.5)
    assert compared == 1 and len(found) == lines


@pytest.mark.parametrize(
    "new",
    [row(99, "s", ""), row(99, "MB", "at most 300"), row(None), row(1, name="another")],
)
def test_seconds_memory_and_what_was_not_measured_are_not_compared(new: dict[str, Any]) -> None:
    assert worse([new], [{**new, "name": "a ratio", "value": 1.0}]) == (0, [])


@pytest.mark.parametrize(
    ("values", "asked", "lines"), [([9], 1, 0), ([3, 9], 2, 0), ([3, 3, 9], 3, 0), ([3, 3, 3, 9], 3, 1)]
)
def test_what_looks_worse_is_measured_again(values: list[int], asked: int, lines: int) -> None:
    measured = iter(values)
    compared, found = checked(["a module"], [row(10)], lambda _: [row(next(measured))])
    assert (compared, len(found), len(list(measured))) == (1, lines, len(values) - asked)
    assert asked <= ATTEMPTS


def test_the_exit_status_says_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The real command, on the module that takes least, which is measured once."""
    name = "masked texts of a 480-word text, against replace_word_at_index"
    file = tmp_path / "kept.json"
    monkeypatch.setattr("sys.argv", ["check", "--only", "masked_texts", "--kept", str(file)])
    monkeypatch.setattr(check, "ATTEMPTS", 1)
    measured: Any = check.measured
    results: list[Any] = []

    def once(*arguments: Any) -> Any:
        results[:] = results or measured(*arguments)
        return results

    monkeypatch.setattr(check, "measured", once)
    for kept, status in ((row(1), 0), (row(10**9), 1), (row(None), 2)):
        file.write_text(json.dumps([{**kept, "name": name}]))
        assert check.main() == status
        assert capsys.readouterr().out.startswith(f"{int(status < 2)} ratios compared, {int(status == 1)} worse")


def test_the_kept_results_compare_with_themselves() -> None:
    kept = json.loads(KEPT.read_text(encoding="utf-8"))
    compared, lines = worse(kept, kept)
    assert compared >= 2 and not lines


def test_every_module_that_is_checked_is_there() -> None:
    assert set(CHECKED) <= set(MODULES)
