"""Imports only go down: the floors of the house, read from the source."""

from __future__ import annotations

import ast
import graphlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

import textattack_xmtc

PACKAGE = Path(textattack_xmtc.__file__).parent

# The longest matching name counts.
FLOORS = {
    "textattack_xmtc": 0,
    "textattack_xmtc.cache": 1,
    "textattack_xmtc.hubs": 1,
    "textattack_xmtc.datasets": 1,
    "textattack_xmtc.evidence": 1,
    "textattack_xmtc.evidence.meaning": 3,
    "textattack_xmtc.evidence.model": 3,
    "textattack_xmtc.evidence.sources": 3,
    "textattack_xmtc.workdir": 1,
    "textattack_xmtc.results": 1,
    "textattack_xmtc.models": 2,
    "textattack_xmtc.encoders": 2,
    "textattack_xmtc.wrappers": 3,
    "textattack_xmtc.models.noise_loss": 3,
    "textattack_xmtc.models.wrappers": 3,
    "textattack_xmtc.attack_dataset": 3,
    "textattack_xmtc.attack_results": 3,
    "textattack_xmtc.goal_functions": 3,
    "textattack_xmtc.search_methods": 3,
    "textattack_xmtc.transformations": 3,
    "textattack_xmtc.constraints": 3,
    "textattack_xmtc.attack_recipes": 4,
    "textattack_xmtc.attack_command": 4,
    "textattack_xmtc.plugin": 4,
    "textattack_xmtc._autorun": 5,
    "textattack_xmtc.campaign": 5,
    "textattack_xmtc.doctor": 5,
    "textattack_xmtc.certificates": 5,
    "textattack_xmtc.explanations": 5,
    "textattack_xmtc.hardening": 5,
    "textattack_xmtc.judges": 5,
    "textattack_xmtc.cli": 6,
}
BOTTOM = {"numpy", "scipy", *sys.stdlib_module_names}
MODULES = sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def floor_of(module: str) -> int:
    while module not in FLOORS:
        module = module.rpartition(".")[0]
    return FLOORS[module]


def imports_of(path: Path) -> list[tuple[str, str]]:
    """All imports, those inside functions too: the module, and the name that is taken from it."""
    imports = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imports += [(alias.name, "") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            for alias in node.names:
                below = f"{node.module}.{alias.name}"
                is_module = (PACKAGE.parent / below.replace(".", "/")).with_suffix(".py").exists()
                imports.append((below, "") if is_module else (str(node.module), alias.name))
    return imports


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_go_down(path: Path) -> None:
    name = name_of(path)
    if name == "textattack_xmtc":
        return  # loads its names when they are asked for
    for module, _ in imports_of(path):
        if module.split(".")[0] == "textattack_xmtc":
            assert floor_of(module) <= floor_of(name), f"{name} imports {module} from a higher floor"
        elif floor_of(name) == 0:
            assert module.split(".")[0] in BOTTOM, f"{name} is on the ground floor and imports {module}"
        if floor_of(name) <= 2:
            assert module.split(".")[0] != "textattack", f"{name} imports {module}"


@pytest.mark.parametrize(
    ("part", "other", "allowed"),
    [
        ("goal_functions", "search_methods", set()),
        ("goal_functions", "wrappers", {"as_victim", "BEYOND", "XMTCModelWrapper"}),
        ("search_methods", "goal_functions", set()),
        ("search_methods", "wrappers", set()),
        ("wrappers", "goal_functions", set()),
        ("wrappers", "search_methods", set()),
    ],
)
def test_goals_searches_and_wrappers_do_not_know_one_another(part: str, other: str, allowed: set[str]) -> None:
    for path in (PACKAGE / part).rglob("*.py"):
        taken = {name for module, name in imports_of(path) if module.startswith(f"textattack_xmtc.{other}")}
        assert taken <= allowed, f"{name_of(path)} takes {taken - allowed} from {other}"


def test_the_package_imports_neither_torch_nor_textattack() -> None:
    script = "import sys, textattack_xmtc; print(sorted({'torch', 'textattack', 'transformers'} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "[]"


def test_every_public_name_can_be_loaded() -> None:
    for name in textattack_xmtc.__all__:
        assert getattr(textattack_xmtc, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = textattack_xmtc.nothing


def test_no_module_imports_itself_by_way_of_others() -> None:
    """Imports inside functions and those for type checkers count as well."""
    graph = {name_of(path): {module for module, _ in imports_of(path)} for path in MODULES}
    graph = {name: {module for module in modules if module in graph} for name, modules in graph.items()}
    graph["textattack_xmtc"] = set()  # loads its names when they are asked for
    try:
        order = list(graphlib.TopologicalSorter(graph).static_order())
    except graphlib.CycleError as error:
        pytest.fail(f"a circle of imports: {' <- '.join(error.args[1])}")
    assert len(order) == len(MODULES)


@pytest.mark.parametrize("room", ["hardening", "models/training"])
def test_what_serves_all_architectures_names_none(room: str) -> None:
    names = re.compile(r"attention.?xml|aplc|xlnet|sentence.?encoder", re.IGNORECASE)
    for path in (PACKAGE / room).rglob("*.py"):
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            assert not names.search(line), f"{path}:{number} names an architecture: {line.strip()}"
