"""Compares ratios measured now with the kept ones, never seconds: `make bench-check`.

    python -m benchmarks.speed.check [--only MODULE...] [--kept benchmarks/speed/results.json] [--margin 2.5]

A ratio against a baseline must not fall below the kept one divided by the margin, an overhead or a growth not rise
above the kept one times the margin, and a slope not above the kept one by more than 0.15. The margin is wide: other
machines divide their time otherwise. What looks worse is measured again, and counts when it was worse each time. What
one of the two runs did not measure is not compared. Exit status: 0, or 1 where something is worse, or 2 where there
was nothing to compare.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.speed.measuring import MODULES, measured
from benchmarks.speed.rows import Setup

CHECKED = ("masked_texts", "label_count", "ranking", "whole_attack")
"""What takes few minutes, and would show a slow path anywhere in an attack."""
MARGIN, SLOPE_MARGIN, ATTEMPTS = 2.5, 0.15, 3
KEPT = Path(__file__).parent / "results.json"

Result = dict[str, Any]


def worse(new: list[Result], kept: list[Result], margin: float = MARGIN) -> tuple[int, list[str]]:
    """How many ratios both runs have, and a line for each that is worse."""
    before = {row["name"]: row for row in kept}
    compared, lines = 0, []
    for row in new:
        old = before.get(row["name"])
        if old is None or None in (row["value"], old["value"]):
            continue
        value, was = row["value"], old["value"]
        if row["unit"] == "slope":
            limit, bad = was + SLOPE_MARGIN, value > was + SLOPE_MARGIN
        elif row["unit"] == "times" and row["goal"].startswith("at least"):
            limit, bad = was / margin, value < was / margin
        elif row["unit"] == "times" and row["goal"].startswith("at most"):
            limit, bad = was * margin, value > was * margin
        else:
            continue
        compared += 1
        if bad:
            lines.append(f"{row['name']}: {value:g}, kept {was:g}, the limit is {limit:.3g}")
    return compared, lines


def checked(
    names: Iterable[str], kept: list[Result], measure: Callable[[str], list[Result]], margin: float = MARGIN
) -> tuple[int, list[str]]:
    """The same for modules that are measured now, up to `ATTEMPTS` times each: noise does not strike every time."""
    total, found = 0, list[str]()
    for name in names:
        for _ in range(ATTEMPTS):
            compared, lines = worse(measure(name), kept, margin)
            if not lines:
                break
            print("\n".join(["worse:", *lines]), file=sys.stderr)
        total, found = total + compared, found + lines
    return total, found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=MODULES, default=CHECKED, metavar="MODULE")
    parser.add_argument("--kept", type=Path, default=KEPT)
    parser.add_argument("--margin", type=float, default=MARGIN)
    options = parser.parse_args()
    kept = json.loads(options.kept.read_text(encoding="utf-8"))
    compared, lines = checked(
        options.only, kept, lambda name: [asdict(row) for row in measured([name], Setup())], options.margin
    )
    print("\n".join([f"{compared} ratios compared, {len(lines)} worse", *lines]))
    return 2 if not compared else int(bool(lines))


if __name__ == "__main__":
    sys.exit(main())
