"""Sentence encoders as victims: a real attack and a small campaign, with both heads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from textattack.attack_results import SkippedAttackResult, SuccessfulAttackResult

from tests.toolkit.encoders import tiny_encoder
from tests.toolkit.small_campaigns import make_data, make_masked_lm, records
from textattack_xmtc.attack_recipes import XMTCPositive
from textattack_xmtc.cli.main import main
from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.datasets.load import load_corpus
from textattack_xmtc.models.folder import load_model
from textattack_xmtc.models.training.plan import small_plan, train_folder
from textattack_xmtc.wrappers import ScorerWrapper

HEADS: dict[str, dict[str, object]] = {
    "linear": {"epochs": 30, "learning_rate": 0.1},
    "nearest": {"neighbours": 4},
    "memory": {"memory": 4, "epochs": 30, "learning_rate": 0.1},
}
K = 2


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`data`, `words` (a masked LM) and `encoder`."""
    root = tmp_path_factory.mktemp("encoders")
    corpus = load_corpus(make_data(root / "data"), cache=root / "cache")
    make_masked_lm(root / "words", corpus)
    tiny_encoder(root / "encoder", list(corpus.split("train")["text"]))
    return root


@pytest.fixture(scope="module")
def corpus(root: Path) -> Corpus:
    return load_corpus(root / "data", cache=root / "cache")


@pytest.fixture(scope="module", params=HEADS)
def folder(request: pytest.FixtureRequest, root: Path, corpus: Corpus) -> Path:
    changes = {"encoder": str(root / "encoder"), "max_length": 32, **HEADS[request.param]}
    out: Path = root / request.param
    plan = small_plan("sentence-encoder").changed(changes)
    train_folder(corpus, plan, out, device="cpu", masked_lm=root / "words")
    return out


def test_an_attack_moves_its_target(folder: Path, corpus: Corpus) -> None:
    """What the result says holds of the model, asked again without a wrapper."""
    model = load_model(folder, "cpu")
    attack = XMTCPositive.build(ScorerWrapper(model), k=K, max_change_rate=0.3, encoder="embedded", candidates=8)
    names, succeeded, skipped = list(model.label_names), 0, 0
    for row in corpus.split("test").select(range(12)):
        target = row["labels"][0]
        result = attack.attack(row["text"], [names[target]])
        before, after = (
            target in model.top_k([text], K, model.score_kinds[0], 1)[0][0]
            for text in (row["text"], result.perturbed_text())
        )
        skipped += isinstance(result, SkippedAttackResult)
        assert before == (not isinstance(result, SkippedAttackResult))
        if isinstance(result, SuccessfulAttackResult):
            succeeded += 1
            assert before and not after and result.perturbed_text() != row["text"]
            assert result.num_queries > 1
        elif before:
            assert after
    assert succeeded > 0 and skipped < 12


def test_the_wrapper_asks_what_the_model_answers(folder: Path, corpus: Corpus) -> None:
    model = load_model(folder, "cpu")
    victim, texts = ScorerWrapper.from_folder(folder), corpus.split("test")["text"][:9]
    np.testing.assert_allclose(
        victim.score(texts, [3, 0]), model.dense(texts, model.score_kinds[0])[:, [3, 0]], rtol=1e-5, atol=1e-6
    )
    assert victim.mask == "[MASK]" and victim.masked_lm_folder == folder / "masked_lm"


def test_a_campaign_from_the_command_line(
    folder: Path, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TA_CACHE_DIR", str(root / "cache"))
    options = ["--k", str(K), "--labels-per-bin", "3", "--samples-per-bin", "3", "--candidates", "8"]
    options += ["--max-change-rate", "0.2", "--encoder", "embedded"]
    out = tmp_path / "out"
    assert main(["campaign", "--model", str(folder), "--data", str(root / "data"), "--out", str(out), *options]) == 0
    assert f"{folder.name} (reference)" in capsys.readouterr().out
    attacked = records(out)[folder.name]
    assert len(attacked) > 3 and {row["outcome"] for row in attacked} <= {"succeeded", "failed", "skipped"}
    assert any(row["outcome"] == "succeeded" for row in attacked)
    assert main(["report", str(out)]) == 0
