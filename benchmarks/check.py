"""Compares the ratios of a run with the kept ones, never seconds: `make bench-check`.

    python -m benchmarks --only masked_texts label_count whole_attack --out FOLDER
    python -m benchmarks.check FOLDER/results.json [--kept benchmarks/results.json] [--margin 2.5]

A ratio against a baseline must not fall below the kept one divided by the margin, an overhead or a growth not rise
above the kept one times the margin, and a slope not above the kept one by more than 0.15. The margin is wide: other
machines divide their time otherwise. What one of the two runs did not measure is not compared. Exit status: 0, or 1
where something is worse, or 2 where there was nothing to compare.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

MARGIN, SLOPE_MARGIN = 2.5, 0.15
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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("new", type=Path)
    parser.add_argument("--kept", type=Path, default=KEPT)
    parser.add_argument("--margin", type=float, default=MARGIN)
    options = parser.parse_args()
    new, kept = (json.loads(path.read_text(encoding="utf-8")) for path in (options.new, options.kept))
    compared, lines = worse(new, kept, options.margin)
    print("\n".join([f"{compared} ratios compared, {len(lines)} worse", *lines]))
    return 2 if not compared else int(bool(lines))


if __name__ == "__main__":
    sys.exit(main())
