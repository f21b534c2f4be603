"""The table of contents of `benchmarks/` names every study and every result."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import benchmarks

FOLDER = Path(benchmarks.__file__).parent
CONTENTS = (FOLDER / "README.md").read_text(encoding="utf-8")


def test_every_study_is_listed() -> None:
    scripts = {path.stem for path in FOLDER.glob("studies/*.py") if "__main__" in path.read_text(encoding="utf-8")}
    assert scripts == set(re.findall(r"benchmarks\.studies\.(\w+)", CONTENTS))


def test_every_module_that_a_page_runs_is_there() -> None:
    pages = [*FOLDER.parent.glob("*.md"), *FOLDER.parent.glob("docs/*.md")]
    named = {
        name for page in pages for name in re.findall(r"python -m (benchmarks\.[a-z_.]*\w)", page.read_text("utf-8"))
    }
    assert len(named) > 10
    assert not [name for name in named if importlib.util.find_spec(name) is None]


def test_every_page_of_results_is_listed() -> None:
    pages = {path.relative_to(FOLDER).as_posix() for path in FOLDER.glob("*/*.md")}
    assert pages == {link for link in re.findall(r"\]\(([^)]+)\)", CONTENTS) if link.startswith("s") and "md" in link}
