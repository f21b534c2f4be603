"""Draws `docs/architecture.svg` from the floors in `tests/test_floors.py`: python docs/_site/floors.py [FILE]."""

from __future__ import annotations

import sys
from collections import defaultdict
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = "textattack_xmtc"
WIDTH, ROW, LEFT, GAP = 860, 34, 70, 10
LETTER = 8.2  # width of one, in pixels
COLOURS = ("#3b5b92", "#3f7f93", "#3f8f6b", "#7d8b3a", "#b08130", "#b0603a", "#93405f")


def parts(floors: dict[str, int]) -> dict[int, list[str]]:
    """The parts of each floor, from the lowest; modules at the top of the package stand on the floor of the package."""
    found = defaultdict(list)
    for module, floor in floors.items():
        if module != PACKAGE:
            found[floor].append(module.removeprefix(f"{PACKAGE}."))
    for path in (ROOT / PACKAGE).glob("*.py"):
        if f"{PACKAGE}.{path.stem}" not in floors and not path.stem.startswith("_"):
            found[floors[PACKAGE]].append(path.stem)
    return {floor: sorted(found[floor]) for floor in sorted(found)}


def svg(floors: dict[str, int]) -> str:
    """The picture: a row of boxes a floor, the highest first."""
    boxes, top = [], GAP
    for floor, names in reversed(parts(floors).items()):
        rows: list[list[tuple[str, float]]] = [[]]
        right: float = LEFT
        for name in names:
            width = len(name) * LETTER + 22
            if right + width > WIDTH - GAP:
                rows.append([])
                right = LEFT
            rows[-1].append((name, right))
            right += width + GAP
        height = len(rows) * (ROW + GAP) + GAP
        colour = COLOURS[floor % len(COLOURS)]
        boxes.append(f'<rect x="{GAP}" y="{top}" width="{WIDTH - 2 * GAP}" height="{height}" rx="6" fill="{colour}"/>')
        boxes.append(f'<text x="{GAP + 24}" y="{top + height / 2 + 6:g}" class="floor">{floor}</text>')
        for number, row in enumerate(rows):
            y = top + GAP + number * (ROW + GAP)
            for name, x in row:
                width = len(name) * LETTER + 22
                boxes.append(f'<rect x="{x:g}" y="{y}" width="{width:g}" height="{ROW}" rx="4" fill="white"/>')
                boxes.append(f'<text x="{x + 11:g}" y="{y + 22}">{escape(name)}</text>')
        top += height + GAP
    style = "text{font:14px monospace;fill:#222}.floor{font:bold 20px sans-serif;fill:white}"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" height="{top}">'
    return "\n".join([head, f"<style>{style}</style>", *boxes, "</svg>", ""])


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    from tests.test_floors import FLOORS

    target = Path(sys.argv[1]) if sys.argv[1:] else ROOT / "docs" / "architecture.svg"
    target.write_text(svg(FLOORS), encoding="utf-8")
