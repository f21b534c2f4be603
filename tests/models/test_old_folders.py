"""Folders that version 0.1.0 (2d1e65e) made: models open and score as they did, unfinished runs resume to their end.

`tests/data/2d1e65e` holds them, made on one thread; `expected.json` has what that version said.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from textattack_xmtc.cli.main import main
from textattack_xmtc.models.folder import load_model

OLD = Path(__file__).parents[1] / "data" / "2d1e65e"
EXPECTED = json.loads((OLD / "expected.json").read_text())
DATA = ["--data", str(OLD / "corpus"), "--device", "cpu"]


@pytest.mark.parametrize("name", ["flat", "tree", "aplc"])
def test_a_model_scores_as_it_did(name: str) -> None:
    model, texts = load_model(OLD / name, "cpu"), EXPECTED["texts"]
    expected = np.array(EXPECTED[name]["logits"], dtype=np.float32)
    labels = list(range(len(model.label_names)))
    np.testing.assert_allclose(model.score(texts, labels, "logit"), expected, atol=1e-5)
    assert model.top_k(texts, 2)[0].tolist() == EXPECTED[name]["top_2"]


def test_an_unfinished_training_resumes(tmp_path: Path) -> None:
    shutil.copytree(OLD / "u-flat.unfinished", tmp_path / "model.unfinished")
    sizes = ["--batch-size", "10", "--max-length", "16", "--embedding-size", "8", "--hidden-size", "8"]
    loop = ["--epochs", "4", "--learning-rate", "0.02", "--average-from", "2"]
    out = tmp_path / "model"
    assert main(["train", "attentionxml", *DATA, *sizes, *loop, "--out", str(out), "--resume"]) == 0
    same(out / "model.safetensors", OLD / "flat" / "model.safetensors")


def test_an_unfinished_hardening_resumes(tmp_path: Path) -> None:
    shutil.copytree(OLD / "uh-flat.unfinished", tmp_path / "hard.unfinished")
    options = ["--steps", "8", "--round-steps", "2", "--k", "1", "--goal", "both"]
    out = tmp_path / "hard"
    assert main(["harden", str(OLD / "flat"), *DATA, *options, "--out", str(out), "--resume"]) == 0
    same(out / "model.safetensors", OLD / "hardened.safetensors")


def same(one: Path, other: Path) -> None:
    first, second = load_file(one), load_file(other)
    assert first.keys() == second.keys()
    for key, value in first.items():
        torch.testing.assert_close(value, second[key], atol=1e-4, rtol=1e-3)
