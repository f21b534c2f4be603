"""Training heads: resumed to the same weights, one pass of the encoder for many heads, fine-tuning and its rates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from tests.toolkit.encoders import tiny_encoder
from tests.toolkit.hardening import corpus
from tests.toolkit.interrupted_training import Killed, KilledAfter
from textattack_xmtc.models.architecture import architecture
from textattack_xmtc.models.encoder_heads import training
from textattack_xmtc.models.encoder_heads.scorer import EncoderScorer
from textattack_xmtc.models.sentence_encoder.network import PooledEncoder
from textattack_xmtc.models.training.checkpoint import Checkpoint
from textattack_xmtc.models.training.plan import small_plan, train_folder

HEADS = {
    "attention-xml-encoder": {},
    "attention-xml-tree-encoder": {},
    "aplc-xlnet-encoder": {},
    "fine-tuned": {"fine_tune": True, "word_dropout": 0.1},
}
DATA = corpus(60).holding_out(10)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoder(tmp_path_factory.mktemp("encoder") / "bert", list(corpus(60).split("train")["text"]))


def plan_of(head: str, encoder: Path, **changes: Any) -> Any:
    sizes = {"max_length": 16, "epochs": 2, "max_leaf": 2, "beam": 8, "average_from": 2, **HEADS.get(head, {})}
    name = head if head in architecture_names() else "attention-xml-encoder"
    return small_plan(name).changed({"encoder": str(encoder), **sizes, **changes})


def architecture_names() -> list[str]:
    return [name for name in HEADS if name.endswith("-encoder")]


def trained(plan: Any, checkpoint: Checkpoint | None = None) -> tuple[EncoderScorer, Any]:
    model, log = architecture(plan.architecture).train(DATA, plan, DATA.split("validation"), "cpu", checkpoint)
    assert isinstance(model, EncoderScorer)
    return model, log


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("writes", [2, 5])
def test_a_training_that_is_cut_off_ends_with_the_same_weights(
    head: str, writes: int, encoder: Path, tmp_path: Path
) -> None:
    plan = plan_of(head, encoder)
    whole, log = trained(plan)
    with pytest.raises(Killed):
        trained(plan, KilledAfter(tmp_path / "checkpoint.pt", writes=writes))
    resumed, again = trained(plan, Checkpoint(tmp_path / "checkpoint.pt", {}))
    assert [{**entry, "seconds": 0} for entry in again] == [{**entry, "seconds": 0} for entry in log]
    for key, value in whole.network.state_dict().items():
        assert torch.equal(value, resumed.network.state_dict()[key]), key


def test_many_heads_cost_one_pass_of_the_encoder(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts: list[int] = []
    states = PooledEncoder.states

    def counting(self: PooledEncoder, tokens: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        texts.append(len(tokens))
        return states(self, tokens, mask)

    monkeypatch.setattr(PooledEncoder, "states", counting)
    for head in architecture_names():
        trained(plan_of(head, encoder, states=str(tmp_path / "states")))
        assert sum(texts) == 60, "the training and validation texts, once"
    trained(plan_of("attention-xml-encoder", encoder, states=str(tmp_path / "states"), max_length=8))
    assert sum(texts) == 120, "another length"
    trained(plan_of("attention-xml-encoder", encoder, states=str(tmp_path / "states"), dtype="bfloat16"))
    assert sum(texts) == 180, "another precision"


def test_states_of_other_weights_or_settings_have_another_name(encoder: Path) -> None:
    model = trained(plan_of("aplc-xlnet-encoder", encoder, epochs=1))[0].network.encoder
    before = training.fingerprint(model)
    assert training.fingerprint(model) == before
    config: Any = model.model.config
    config.hidden_act = "relu"
    assert training.fingerprint(model) != before
    config.hidden_act = "gelu"
    assert training.fingerprint(model) == before
    next(iter(model.parameters())).data[0, 0] += 1
    assert training.fingerprint(model) != before


@pytest.mark.parametrize("name", ["attention-xml-encoder", "aplc-xlnet-encoder"])
def test_fine_tuning_moves_the_encoder_by_its_own_rate(name: str, encoder: Path) -> None:
    from transformers import AutoModel

    before = AutoModel.from_pretrained(encoder).state_dict()

    def moved(**changes: Any) -> float:
        model, _ = trained(plan_of(name, encoder, fine_tune=True, epochs=1, average_from=None, **changes))
        assert model.settings()["fine_tuned"] is True and not model.network.encoder.training
        after = model.network.encoder.model.state_dict()
        return max(float((value - before[key]).abs().max()) for key, value in after.items())

    assert moved(encoder_rate=0.0) == 0
    assert 0 < moved(encoder_rate=1e-4) < moved(encoder_rate=1e-2)


def test_states_in_bfloat16_train_nearly_the_same_head(encoder: Path, tmp_path: Path) -> None:
    plan = plan_of("attention-xml-encoder", encoder, epochs=6, learning_rate=0.02, dtype="bfloat16")
    assert train_folder(corpus(), plan, tmp_path / "model", device="cpu")["test"]["P@1"] > 0.7
