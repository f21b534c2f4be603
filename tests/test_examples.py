"""Every example and every recipe variant runs, as its first lines say it is run."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.toolkit import ROOT, commands

pytestmark = pytest.mark.slow

RECIPES = sorted((ROOT / "recipes").glob("*.py"))
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


def run(script: str | Path, *arguments: Any) -> Any:
    ran = commands.run(ROOT / script, *arguments, cwd=ROOT)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def name_of(path: Path) -> Any:
    return path.stem


@pytest.mark.parametrize("recipe", RECIPES, ids=name_of)
def test_recipe_variant(recipe: Path, demo: Path) -> None:
    source = recipe.read_text(encoding="utf-8")
    command = f"textattack attack --attack-from-file recipes/{recipe.name} --model xmtc-demo --num-examples "
    assert command in source
    arguments = ["--attack-from-file", str(recipe), "--model", "xmtc-demo", "--num-examples", "2"]
    shown = run(commands.TEXTATTACK, "attack", *arguments)
    assert shown.count("[top-5: ") >= 2
    assert re.search(r"Attack success rate: +\| \d", shown)
    part = {"strict_similarity": "EncoderSimilarity", "beam_search": "BeamSearch", "typos": "WordSwapQWERTY"}
    part |= {"label_names": "WordSwapLabelAware"}
    assert part[recipe.stem] in shown


def masked_lm_of(demo: Path) -> str:
    return f"masked_lm='{demo / 'masked_lm'}'"


def test_victim_file(demo: Path, tmp_path: Path) -> None:
    data = tmp_path / "data.jsonl"
    text = "Compute the mean and the variance of a sample that was drawn from the given distribution of values."
    data.write_text(json.dumps({"text": text, "labels": ["statistics"]}) + "\n", encoding="utf-8")
    recipe = f"xmtc-positive^k=1,max_change_rate=0.5,{masked_lm_of(demo)}"
    files = ["--model-from-file", "examples/victim_file.py", "--dataset-from-file", str(data)]
    shown = run(commands.TEXTATTACK, "attack", "--recipe", recipe, *files)
    assert "[top-1: statistics*]" in shown and "[top-1: plotting]" in shown
    assert "target statistics: rank 1 -> 2, score 3 -> 0" in shown


def test_own_victim(demo: Path) -> None:
    shown = run("examples/own_victim.py")
    assert shown.count("[top-1: ") >= 6 and "target statistics: rank 1 -> 2" in shown
    assert re.search(r"a wrong label became the best in [1-4] of 4 texts", shown)


def test_huggingface_victim(demo: Path, tmp_path: Path) -> None:
    shown = run("examples/huggingface_victim.py")
    assert "random outputs" in shown and shown.count("[top-3: ") >= 3
    assert re.search(r"target topic \d+: rank \d -> \d", shown) or shown.count("[FAILED]") == 3


def test_python_loop(demo: Path, tmp_path: Path) -> None:
    shown = run("examples/python_loop.py")
    assert re.search(r"\d+ labels of 15 texts: ", shown)
    assert re.search(r"success rate \d+%, \d+ queries an attack", shown)
    assert re.search(r"rank [1-5] -> \d+ +\S+", shown)

    row = (demo / "test.jsonl").read_text(encoding="utf-8").splitlines()[0]
    (tmp_path / "one.jsonl").write_text(row + "\n", encoding="utf-8")
    shown = run("examples/python_loop.py", str(demo), str(tmp_path / "one.jsonl"))
    assert re.search(rf"{len(json.loads(row)['labels'])} labels of 1 texts: ", shown)


def test_none_is_left_out() -> None:
    tested = {name.removeprefix("test_") for name in globals() if name.startswith("test_")}
    assert {path.stem for path in EXAMPLES} <= tested
    assert len(RECIPES) == 4


@pytest.mark.parametrize("script", EXAMPLES, ids=name_of)
def test_examples_are_short(script: Path) -> None:
    assert len(script.read_text(encoding="utf-8").splitlines()) <= 90
