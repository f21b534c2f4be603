"""The table of contents of `benchmarks/` names every study and every result."""

from __future__ import annotations

import re
from pathlib import Path

import benchmarks

FOLDER = Path(benchmarks.__file__).parent
CONTENTS = (FOLDER / "README.md").read_text(encoding="utf-8")


def test_every_study_is_listed() -> None:
    scripts = {path.stem for path in FOLDER.glob("studies/*.py") if "__main__" in path.read_text(encoding="utf-8")}
    assert scripts == set(re.findall(r"benchmarks\.studies\.(\w+)", CONTENTS))


def test_every_page_of_results_is_listed() -> None:
    pages = {path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("*/*.md")}
    assert pages == {link for link in re.findall(r"\]\(([^)]+)\)", CONTENTS) if link.startswith("s") and "md" in link}
