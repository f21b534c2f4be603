"""The models that the masked LM word swap takes: odd ones, folders of every family, and those that are refused."""

from __future__ import annotations

import copy
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import torch
import transformers as hf
from tokenizers import Tokenizer, models, pre_tokenizers

from tests.toolkit.masked_lms import (
    FAMILIES,
    LETTERS,
    POSITIONS,
    byte_level,
    from_file,
    masked_lm,
    random_model,
    word_piece_tokenizer,
)
from tests.toolkit.plain_candidates import TEXTS, expected_proposals, proposals, swap_of
from textattack_xmtc.errors import InputError
from textattack_xmtc.transformations import XMTCWordSwapMaskedLM

# Odd models -------------------------------------------------------------------------------------------------------


def test_a_model_with_more_embeddings_than_the_tokenizer_has_tokens() -> None:
    tokenizer = word_piece_tokenizer(hf.BertTokenizerFast)
    model = random_model(hf.BertConfig, tokenizer, vocab_size=len(tokenizer) + 3)
    (proposed,) = proposals(XMTCWordSwapMaskedLM(model, tokenizer, max_candidates=500), TEXTS[0], [1])
    assert len(proposed) > 30


def test_tokens_that_the_model_has_no_embedding_for_are_refused() -> None:
    tokenizer = word_piece_tokenizer(hf.BertTokenizerFast)
    model = random_model(hf.BertConfig, tokenizer)
    tokenizer.add_tokens(["newword"])
    with pytest.raises(InputError, match="1 tokens have none, such as 'newword'"):
        XMTCWordSwapMaskedLM(model, tokenizer)


def test_a_general_tokenizer_with_a_model_without_token_types() -> None:
    model, tokenizer = masked_lm("distilbert")
    names = {name: tokenizer.special_tokens_map[name] for name in ("mask_token", "pad_token", "unk_token", "cls_token")}
    general = hf.PreTrainedTokenizerFast(tokenizer_object=tokenizer.backend_tokenizer, **names)
    assert "token_type_ids" in general("market")
    swap = XMTCWordSwapMaskedLM(model, general, max_candidates=5)
    assert proposals(swap, TEXTS[0]) == expected_proposals("distilbert", TEXTS[0], 5)


def test_words_of_probability_zero_still_stand_in_order() -> None:
    model, tokenizer = masked_lm("bert")
    steep = copy.deepcopy(model)
    steep.cls.predictions.register_forward_hook(lambda _, __, logits: 100 * logits)
    swap = XMTCWordSwapMaskedLM(steep, tokenizer, max_candidates=500)
    assert proposals(swap, TEXTS[0]) == expected_proposals("bert", TEXTS[0], 500)


@pytest.mark.parametrize("family", FAMILIES)
def test_what_the_model_reads_is_known_without_the_tokenizer(family: str) -> None:
    model, tokenizer = masked_lm(family)
    unlimited = copy.deepcopy(tokenizer)
    unlimited.model_max_length = int(1e30)
    assert XMTCWordSwapMaskedLM(model, unlimited).max_length == POSITIONS
    unlimited.model_max_length = 20
    assert XMTCWordSwapMaskedLM(model, unlimited).max_length == 20


def test_what_a_folder_holds_is_loaded_and_said(tmp_path: Path) -> None:
    swap = XMTCWordSwapMaskedLM(saved("bert", tmp_path), max_candidates=7, min_confidence=0.25)
    shown = repr(swap)
    assert str(tmp_path) in shown and "BertForMaskedLM" in shown and str(POSITIONS) in shown
    assert "(max_candidates):  7" in shown and "(min_confidence):  0.25" in shown and "(filters):  True" in shown
    assert swap.masked_lm_source == str(tmp_path)
    assert swap_of("bert").masked_lm_source == "BertForMaskedLM"


def saved(family: Any, folder: Path, model: Any = None) -> Any:
    own, tokenizer = masked_lm(family)
    (model or own).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("family", FAMILIES)
def test_folders_of_every_family(family: str, tmp_path: Path) -> None:
    swap = XMTCWordSwapMaskedLM(saved(family, tmp_path), max_candidates=20)
    swap._language_model.double()  # the weights are float32 numbers anyway
    assert proposals(swap, TEXTS[0]) == expected_proposals(family, TEXTS[0], 20)


def test_a_folder_with_the_names_of_the_first_checkpoints(tmp_path: Path) -> None:
    # As bert-base-uncased is stored: LayerNorm's old names, no bias of its own in the decoder, a next-sentence head.
    model = copy.deepcopy(masked_lm("bert")[0])
    weights = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): weight.clone()
        for name, weight in model.state_dict().items()
        if "decoder" not in name
    }
    saved("bert", tmp_path)
    (tmp_path / "model.safetensors").unlink()
    torch.save(weights | {"cls.seq_relationship.bias": torch.zeros(2)}, tmp_path / "pytorch_model.bin")
    swap = XMTCWordSwapMaskedLM(tmp_path, max_candidates=20)
    swap._language_model.double()
    assert proposals(swap, TEXTS[0]) == expected_proposals("bert", TEXTS[0], 20)


# What is refused --------------------------------------------------------------------------------------------------


def gpt2() -> tuple[Any, Any]:
    tokenizer = from_file(hf.GPT2TokenizerFast, byte_level(("<s>", "<pad>", "</s>", "<unk>", "<mask>"), "<s>", "</s>"))
    config = hf.GPT2Config(vocab_size=len(tokenizer), n_embd=16, n_layer=1, n_head=2, n_positions=POSITIONS)
    return hf.GPT2LMHeadModel(config), tokenizer


def test_a_model_without_masks_is_refused(tmp_path: Path) -> None:
    model, tokenizer = gpt2()
    with pytest.raises(InputError, match="the tokenizer of GPT2LMHeadModel has no mask token; pass a masked language"):
        XMTCWordSwapMaskedLM(model, tokenizer)
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(InputError, match="is a gpt2 model, which is not a masked language model; pass one that fills"):
        XMTCWordSwapMaskedLM(tmp_path)


def test_a_model_without_its_tokenizer_is_refused() -> None:
    with pytest.raises(InputError, match="the tokenizer of BertForMaskedLM has no mask token"):
        XMTCWordSwapMaskedLM(masked_lm("bert")[0])


def test_a_tokenizer_that_cannot_pad_is_refused() -> None:
    tokenizer = word_piece_tokenizer(hf.BertTokenizerFast).backend_tokenizer
    bare = hf.PreTrainedTokenizerFast(tokenizer_object=tokenizer, mask_token="[MASK]")
    with pytest.raises(InputError, match="the tokenizer of BertForMaskedLM has no pad token"):
        XMTCWordSwapMaskedLM(masked_lm("bert")[0], bare)


@pytest.mark.parametrize("kind", [hf.AutoModelForSequenceClassification, hf.AutoModel])
@pytest.mark.parametrize("family", FAMILIES)
def test_classifiers_and_plain_encoders_are_refused(kind: type[Any], family: str, tmp_path: Path) -> None:
    config, tokenizer = FAMILIES[family]()[0], masked_lm(family)[1]
    model = random_model(config, tokenizer, kind)
    with pytest.raises(InputError, match=f"{type(model).__name__} does not score the words of its vocabulary"):
        XMTCWordSwapMaskedLM(model, tokenizer)
    with pytest.raises(InputError, match="was saved without the weights that fill in masks"):
        XMTCWordSwapMaskedLM(saved(family, tmp_path, model))


def test_a_vocabulary_without_word_marks_is_refused() -> None:
    tokenizer = Tokenizer(models.BPE({token: n for n, token in enumerate(["[MASK]", "[PAD]", *LETTERS])}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = hf.PreTrainedTokenizerFast(tokenizer_object=tokenizer, mask_token="[MASK]", pad_token="[PAD]")
    with pytest.raises(InputError, match="does not mark where words begin"):
        XMTCWordSwapMaskedLM(random_model(hf.BertConfig, tokenizer), tokenizer)


def test_a_name_that_is_neither_a_folder_nor_at_hand_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_: Any, **__: Any) -> None:
        raise requests.ConnectionError("no network")

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", no_network)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    match = r"'no-such/masked-lm' is not on this machine, and https://.* cannot be reached \(.*\); give the folder of"
    with pytest.raises(InputError, match=match):
        XMTCWordSwapMaskedLM("no-such/masked-lm")


def spoil_nothing_there(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()


def spoil_folder_itself(folder: Path) -> None:
    shutil.rmtree(folder)


def spoil_configuration(folder: Path) -> None:
    (folder / "config.json").write_text('{"model_type": ')


def spoil_kind_of_model(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "no-such-model"}))


def spoil_tokenizer(folder: Path) -> None:
    for file in folder.glob("*token*"):
        file.write_text("{")
    (folder / "vocab.txt").unlink()


def spoil_tokenizer_into_panic(folder: Path) -> None:
    file = folder / "tokenizer.json"
    content = json.loads(file.read_text())
    content["normalizer"] = {"type": "Precompiled", "precompiled_charsmap": "@@@@"}
    file.write_text(json.dumps(content))


def spoil_weights(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"not weights at all")


def spoil_weights_by_half(folder: Path) -> None:
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights[: len(weights) // 2])


def spoil_weights_away(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def spoil_sizes(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"hidden_size": 32}))


@pytest.mark.parametrize(
    "spoil",
    [
        *(spoil_nothing_there, spoil_folder_itself, spoil_configuration, spoil_kind_of_model, spoil_tokenizer),
        spoil_tokenizer_into_panic,
        *(spoil_weights, spoil_weights_by_half, spoil_weights_away, spoil_sizes),
    ],
)
def test_a_spoilt_folder_is_refused(spoil: Callable[..., Any], tmp_path: Path) -> None:
    folder = saved("bert", tmp_path / "model")
    spoil(folder)
    with pytest.raises(InputError, match="is neither a folder with a model nor to be had from the hub") as caught:
        XMTCWordSwapMaskedLM(folder)
    assert str(folder) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("number", [{"max_candidates": 0}, {"max_candidates": -1}, {"batch_size": 0}])
def test_numbers_that_must_be_positive(number: dict[str, int]) -> None:
    with pytest.raises(InputError, match="must be positive; choose 1 or more"):
        swap_of("bert", **number)
