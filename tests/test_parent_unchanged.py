"""TextAttack without this package's hook and with it, each in a process of its own: its own recipes do the same."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import textattack_xmtc
from tests.toolkit import ROOT
from tests.toolkit.stock_recipes import RECIPES, TEXTS
from textattack_xmtc import plugin

pytestmark = pytest.mark.slow

STOCK = "without the plugin"
ORDERS = {
    STOCK: ["textattack"],
    "TextAttack first": ["textattack", "textattack_xmtc.attack_recipes"],
    "the plugin first": ["textattack_xmtc.plugin", "textattack_xmtc", "textattack"],
    "the recipes first": ["torch", "nltk", "textattack_xmtc.attack_recipes", "textattack.attack_recipes"],
}


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """English stop words where NLTK finds them: without them and the plugin, TextAttack cannot be imported."""
    folder = tmp_path_factory.mktemp("nltk")
    shutil.copytree(Path(textattack_xmtc.__file__).parent / "resources" / "nltk_data", folder / "nltk_data")
    for path in folder.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder / "nltk_data"


def environment(name: str, words: Any) -> dict[str, Any]:
    switch = "0" if name == STOCK else "1"
    return {**os.environ, "TEXTATTACK_XMTC_AUTORUN": switch, "NLTK_DATA": str(words), "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def runs(words: Path) -> dict[str, Any]:
    def run(name: str) -> Any:
        ran = subprocess.run(
            [sys.executable, "-m", "tests.toolkit.stock_recipes", *ORDERS[name]],
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=environment(name, words),
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout.splitlines()[-1])

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(ORDERS, pool.map(run, ORDERS), strict=True))


@pytest.mark.parametrize("name", [name for name in ORDERS if name != STOCK])
@pytest.mark.parametrize("recipe", RECIPES)
def test_stock_recipes_give_the_same_results(runs: dict[str, Any], name: str, recipe: str) -> None:
    with_plugin, stock = runs[name]["results"][recipe], runs[STOCK]["results"][recipe]
    assert with_plugin == stock
    assert len(stock) == 1 + len(TEXTS) and any(result[0] != "SkippedAttackResult" for result in stock[1:])


@pytest.mark.parametrize("name", [name for name in ORDERS if name != STOCK])
def test_names_are_added_and_none_is_changed(runs: dict[str, Any], name: str) -> None:
    added = {
        "ATTACK_RECIPE": plugin.RECIPES,
        "GOAL_FUNCTION_CLASS": plugin.GOAL_FUNCTIONS,
        "SEARCH_METHOD_CLASS": plugin.SEARCH_METHODS,
        "CONSTRAINT_CLASS": plugin.CONSTRAINTS,
        "TRANSFORMATION": plugin.TRANSFORMATIONS,
        "MODEL": {plugin.DEMO: runs[name]["tables"]["MODEL"][plugin.DEMO]},
    }
    for kind, stock in runs[STOCK]["tables"].items():
        assert runs[name]["tables"][kind] == {**stock, **added[kind]}
        assert not set(stock) & set(added[kind])


def test_every_order_wraps_once(runs: dict[str, Any]) -> None:
    assert set(runs[STOCK]["wrapped"].values()) == {0}
    for name in ORDERS:
        assert set(runs[name]["wrapped"].values()) == {int(name != STOCK)}, name


def test_the_stock_command_prints_the_same(runs: dict[str, Any]) -> None:
    stock = runs[STOCK]["printed"]
    assert "Attack success rate" in stock and stock.count("Result ") == 5
    for name in ORDERS:
        assert runs[name]["printed"] == stock, name
