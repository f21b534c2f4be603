"""Heads over a pretrained encoder against plain code; trained, saved, loaded and asked; what cannot be is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from textattack.attack_results import SuccessfulAttackResult

from tests.toolkit.encoders import tiny_encoder
from tests.toolkit.hardening import NAMES, corpus
from textattack_xmtc.attack_recipes import XMTCPositive
from textattack_xmtc.cli.train import plan_of
from textattack_xmtc.errors import InputError, ModelFolderError
from textattack_xmtc.hardening.harden import harden_folder
from textattack_xmtc.hardening.options import HardeningOptions
from textattack_xmtc.models.encoder_heads.scorer import AttentionTreeOnEncoder, EncoderScorer
from textattack_xmtc.models.folder import load_model, save_model
from textattack_xmtc.models.training.plan import small_plan, train_folder
from textattack_xmtc.wrappers import ScorerWrapper

TEXTS = list(corpus().split("test")["text"])
ARCHITECTURES = ("attention-xml-encoder", "attention-xml-tree-encoder", "aplc-xlnet-encoder")
SIZES: dict[str, Any] = {"max_length": 32, "learning_rate": 0.02, "epochs": 6, "max_leaf": 2, "beam": 8}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoder(tmp_path_factory.mktemp("encoder") / "bert", list(corpus().split("train")["text"]))


@pytest.fixture(scope="module", params=ARCHITECTURES)
def folder(request: pytest.FixtureRequest, encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out: Path = tmp_path_factory.mktemp("model") / request.param
    plan = small_plan(request.param).changed({"encoder": str(encoder), **SIZES})
    train_folder(corpus(), plan, out, device="cpu")
    return out


@pytest.fixture(scope="module")
def model(folder: Path) -> EncoderScorer:
    loaded = load_model(folder, "cpu")
    assert isinstance(loaded, EncoderScorer)
    return loaded


def test_it_learns_and_leaves_a_frozen_encoder_alone(folder: Path, model: EncoderScorer, encoder: Path) -> None:
    from transformers import AutoModel

    kept = json.loads((folder / "training.json").read_text())
    assert kept["test"]["P@1"] > 0.7, "one of six labels: guessing gives 0.17"
    assert not folder.with_name(folder.name + ".unfinished").exists()
    before = AutoModel.from_pretrained(encoder).state_dict()
    assert all(torch.equal(value, before[key]) for key, value in model.network.encoder.model.state_dict().items())


def sigmoid(value: Any) -> Any:
    return 1 / (1 + np.exp(-value))


def plain_attention(weights: dict[str, np.ndarray], states: np.ndarray, label: int) -> float:
    """The logit of a label by the states of one text, in float64: residual layer, attention of its query, its row."""
    hidden = states + np.maximum(states @ weights["residual.weight"].T + weights["residual.bias"], 0)
    query, row, bias = np.split(weights["attention"][label], [hidden.shape[1], 2 * hidden.shape[1]])
    shares = np.exp(hidden @ query)
    return float((shares / shares.sum()) @ hidden @ row + bias[0])


def plain_clusters(weights: dict[str, np.ndarray], states: np.ndarray, label: int) -> float:
    """The probability of a label by the mean state of one text: the head's own, or root times tail."""
    mean = states.mean(axis=0)
    vector = mean / np.linalg.norm(mean) * np.sqrt(len(mean))
    summary = np.tanh(weights["summary.summary.weight"] @ vector + weights["summary.summary.bias"])
    cut = len(NAMES) // 2
    if label < cut:
        return float(sigmoid(weights["clusters.head.weight"][label] @ summary))
    projected = weights["clusters.tail.0.0.weight"] @ summary
    centred = (projected - projected.mean()) / np.sqrt(projected.var() + 1e-5)
    features = np.maximum(centred * weights["clusters.tail.0.1.weight"] + weights["clusters.tail.0.1.bias"], 0)
    root = sigmoid(weights["clusters.head.weight"][cut] @ summary)
    return float(root * sigmoid(weights["clusters.tail.0.3.weight"][label - cut] @ features))


def test_probabilities_are_those_of_plain_code(model: EncoderScorer) -> None:
    weights = {key: value.double().numpy() for key, value in model.network.head.state_dict().items()}
    dense = model.dense(TEXTS[:6], batch_size=4)
    for text, row in zip(TEXTS[:6], dense, strict=True):
        tokens = torch.tensor(model.encode([text]))
        states = model.network.encoder.model(input_ids=tokens).last_hidden_state[0].detach().double().numpy()
        for label, actual in enumerate(row):
            if model.architecture == "aplc-xlnet-encoder":
                expected = plain_clusters(weights, states, label)
            elif model.architecture == "attention-xml-encoder":
                expected = sigmoid(plain_attention(weights, states, label))
            else:
                assert isinstance(model, AttentionTreeOnEncoder)
                expected = 1.0
                for level, node in enumerate(model.tree.path([label])):
                    of_level = {key.split(".", 2)[2]: value for key, value in weights.items() if f"s.{level}." in key}
                    expected *= sigmoid(plain_attention(of_level, states, int(node[0])))
            assert actual == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("kind", ["probability", "logit"])
def test_target_only_scores_are_those_of_all_labels(model: EncoderScorer, kind: Any) -> None:
    dense = model.dense(TEXTS, kind, batch_size=7)
    wanted = [4, 0, 2]
    np.testing.assert_allclose(model.score(TEXTS, wanted, kind, batch_size=3), dense[:, wanted], atol=1e-5)
    labels, scores = model.top_k(TEXTS, 2, kind)
    reached = model.predicted(TEXTS, kind)
    np.testing.assert_allclose(scores, -np.sort(-reached, axis=1)[:, :2], atol=1e-5)
    assert (model.rank(TEXTS, labels[0].tolist(), kind)[0] == [1, 2]).all()


def test_a_narrow_beam_leaves_labels_out(model: EncoderScorer) -> None:
    if not isinstance(model, AttentionTreeOnEncoder):
        return
    model.beam, before = 1, model.beam
    try:
        ranks, labels = model.rank(TEXTS, range(len(NAMES))), model.top_k(TEXTS, 1)[0][:, 0]
    finally:
        model.beam = before
    for row, best in zip(ranks, labels, strict=True):
        group = model.tree.path([best])[-2]
        assert set(np.flatnonzero(row)) == set(np.flatnonzero(model.tree.parents[-1] == group))
        assert row[best] == 1


def test_a_batch_is_one_pass_of_the_encoder(model: EncoderScorer) -> None:
    passes: list[int] = []
    hook = model.network.encoder.model.register_forward_hook(lambda *_: passes.append(1))
    try:
        model.score(TEXTS[:8], [1, 5], batch_size=8)
        model.top_k(TEXTS[:8], 2, batch_size=8)
    finally:
        hook.remove()
    assert len(passes) == 2


def test_saved_again_it_is_the_same(model: EncoderScorer, tmp_path: Path) -> None:
    again = type(model).from_pretrained(save_model(model, tmp_path / "copy"), "cpu")
    assert (again.dense(TEXTS) == model.dense(TEXTS)).all() and again.settings() == model.settings()
    rounded = load_model(tmp_path / "copy", "cpu", dtype="bfloat16")
    np.testing.assert_allclose(rounded.dense(TEXTS), model.dense(TEXTS), atol=0.05)


def test_it_can_be_attacked_and_hardened(folder: Path, model: EncoderScorer, tmp_path: Path) -> None:
    attack = XMTCPositive.build(ScorerWrapper(model), k=1, max_change_rate=0.5, encoder="embedded", candidates=8,
                                masked_lm=str(tiny_words(tmp_path)))  # fmt: skip
    results = [attack.attack(row["text"], [NAMES[row["labels"][0]]]) for row in corpus().split("test").select(range(6))]
    for result in results:
        if isinstance(result, SuccessfulAttackResult):
            best = model.top_k([result.original_text(), result.perturbed_text()], 1)[0][:, 0]
            assert best[0] != best[1]
    assert any(isinstance(result, SuccessfulAttackResult) for result in results)
    harden_folder(folder, corpus(), HardeningOptions(steps=8, round_steps=2, k=1), tmp_path / "out", device="cpu")
    after = load_model(tmp_path / "out", "cpu").network.state_dict()
    changed = {key for key, value in model.network.state_dict().items() if not torch.equal(value, after[key])}
    assert changed and all(key.startswith("head.") for key in changed), "the encoder is frozen"


def tiny_words(folder: Path) -> Path:
    from tests.toolkit.small_campaigns import make_masked_lm

    make_masked_lm(folder / "words", corpus())
    return folder / "words"


def test_the_command_takes_an_encoder_for_each_architecture() -> None:
    for name in ("attention-xml", "attention-xml-tree", "aplc-xlnet"):
        plan = plan_of({"architecture": name, "encoder": "bert/", "encoder_rate": 1e-4, "fine_tune": True})
        assert plan.architecture == f"{name}-encoder" and plan.encoder == "bert/"  # type: ignore[attr-defined]
    with pytest.raises(InputError, match="--hidden-size does not apply to AttentionXML on an encoder"):
        plan_of({"architecture": "attention-xml", "encoder": "bert/", "hidden_size": 3})
    with pytest.raises(InputError, match="--fine-tune does not apply to AttentionXML; leave it out"):
        plan_of({"architecture": "attention-xml", "fine_tune": True})


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("attention-xml-encoder", {"encoder": None}, "needs one; give --encoder"),
        ("attention-xml-encoder", {"max_length": 65}, "reads 64 tokens, and max_length=65; choose --max-length 64"),
        ("attention-xml-encoder", {"word_dropout": 0.1}, "--word-dropout does not apply to a frozen encoder"),
        ("attention-xml-encoder", {"fine_tune": True, "states": "x"}, "--states keeps the states of a frozen encoder"),
        ("attention-xml-tree-encoder", {"beam": 1}, "a beam of 1 groups a level is sure to reach"),
        ("attention-xml-tree-encoder", {"fine_tune": True}, "--fine-tune does not apply to a label tree"),
    ],
)
def test_plans_that_cannot_be_are_refused(
    encoder: Path, tmp_path: Path, name: str, changes: dict[str, Any], message: str
) -> None:
    plan = small_plan(name).changed({"encoder": str(encoder), **SIZES, **changes})
    with pytest.raises(InputError, match=message):
        train_folder(corpus(), plan, tmp_path / "model", device="cpu")
    assert not (tmp_path / "model").exists()


def test_an_encoder_without_a_tokenizer_is_refused(encoder: Path, tmp_path: Path) -> None:
    shutil.copytree(encoder, tmp_path / "without")
    for name in ("tokenizer.json", "vocab.txt"):
        (tmp_path / "without" / name).unlink(missing_ok=True)
    plan = small_plan("aplc-xlnet-encoder").changed({"encoder": str(tmp_path / "without"), **SIZES})
    with pytest.raises(ModelFolderError, match="has no tokenizer"):
        train_folder(corpus(), plan, tmp_path / "model", device="cpu")


def test_a_folder_whose_parts_do_not_fit_is_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    for changes, message in (
        ({"pooling": "max"}, "pooling is 'max'"),
        ({"max_length": 65}, "reads 64 tokens, and max_length=65"),
        ({"beam": 0} if "beam" in config else {"dropout": 2}, "beam=0 keeps no group|dropout"),
    ):
        (tmp_path / "model" / "config.json").write_text(json.dumps({**config, **changes}))
        with pytest.raises(ModelFolderError, match=message):
            load_model(tmp_path / "model", "cpu")
