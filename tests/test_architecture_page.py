"""`docs/architecture.md` says where things are, and the picture shows the floors that hold."""

from __future__ import annotations

import ast
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from tests.test_floors import FLOORS, PACKAGE
from tests.toolkit import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
PLACES = re.findall(r"\| `([\w/]+\.py)`(?:: `(\w+)`)? \|", PAGE)


def floors_script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("floors", ROOT / "docs" / "_site" / "floors.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def names_in(file: Path) -> set[str]:
    """Names of the classes, functions, methods and variables that a module defines."""
    nodes = list(ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    names = {node.name for node in nodes if isinstance(node, ast.ClassDef | ast.FunctionDef)}
    return names | {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}


@pytest.mark.parametrize(("file", "name"), PLACES)
def test_files_and_names_exist(file: str, name: str) -> None:
    assert (PACKAGE / file).is_file()
    assert not name or name in names_in(PACKAGE / file)


def test_every_equation_has_a_place() -> None:
    rows = PAGE[PAGE.index("## Where the paper") :]
    assert len(PLACES) >= 20
    for equation in ("Eq. 3.1 to 3.3", "Eq. 3.4", "Algorithm 1", "Eq. 4.5", "Eq. 4.6"):
        assert equation in rows


def test_the_picture_shows_the_floors_of_the_test() -> None:
    shown = (ROOT / "docs" / "architecture.svg").read_text(encoding="utf-8")
    assert shown == floors_script().svg(FLOORS), "draw it again: python docs/_site/floors.py"
