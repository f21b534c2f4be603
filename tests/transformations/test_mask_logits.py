"""The head on masks alone gives what the whole model gives there, in every family."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from tests.toolkit.masked_lms import FAMILIES, masked_lm
from textattack_xmtc.errors import InputError
from textattack_xmtc.transformations import XMTCWordSwapMaskedLM
from textattack_xmtc.transformations.word_swap_masked_lm import logits_at

TEXTS = ["{} market is a study", "The law of climate change {} energy", "{}"]


def inputs_of(tokenizer: Any) -> tuple[Any, Any]:
    texts = [text.format(tokenizer.mask_token) for text in TEXTS]
    encoded = tokenizer(texts, padding=True, return_tensors="pt", return_token_type_ids=False)
    return encoded, (encoded["input_ids"] == tokenizer.mask_token_id).int().argmax(dim=1).tolist()


@pytest.mark.parametrize("family", FAMILIES)
def test_the_same_logits_as_the_whole_model_s(family: str) -> None:
    model, tokenizer = masked_lm(family)
    inputs, positions = inputs_of(tokenizer)
    actual = logits_at(model, inputs, positions)
    with torch.inference_mode():
        whole = model(**inputs).logits
    expected = torch.stack([row[position] for row, position in zip(whole, positions, strict=True)])
    torch.testing.assert_close(actual, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_head_sees_one_token_a_text_and_nothing_stays_behind(family: str) -> None:
    model, tokenizer = masked_lm(family)
    inputs, positions = inputs_of(tokenizer)
    seen = []
    head = model.get_output_embeddings()
    hook = head.register_forward_hook(lambda _module, _inputs, answer: seen.append(answer.shape[:-1].numel()))
    try:
        logits_at(model, inputs, positions)
        model(**inputs)
    finally:
        hook.remove()
    assert seen == [len(TEXTS), inputs["input_ids"].numel()]


def test_a_model_of_another_make_is_run_as_a_whole() -> None:
    class Counting(torch.nn.Module):
        def forward(self, input_ids: Any) -> SimpleNamespace:
            return SimpleNamespace(logits=torch.arange(24.0).reshape(2, 3, 4))

    actual = logits_at(Counting(), {"input_ids": torch.zeros(2, 3, dtype=torch.int64)}, [0, 2])
    assert actual.tolist() == [[0, 1, 2, 3], [20, 21, 22, 23]]


@pytest.mark.parametrize("family", FAMILIES)
def test_in_bfloat16_the_layers_round_and_the_head_does_not(family: str) -> None:
    model, tokenizer = (copy.deepcopy(part) for part in masked_lm(family))
    model.float()
    inputs, positions = inputs_of(tokenizer)
    exact, head = logits_at(model, inputs, positions), model.get_output_embeddings().weight.clone()
    swap = XMTCWordSwapMaskedLM(model, tokenizer, dtype="bfloat16")
    rounded = logits_at(model, inputs, positions)
    assert rounded.dtype == torch.float32 and not torch.equal(rounded, exact)
    assert (rounded - exact).std() < 0.1 * exact.std()
    assert torch.equal(model.get_output_embeddings().weight, head)
    assert swap.dtype == "bfloat16" and "bfloat16" in repr(swap)


def test_a_model_without_layers_of_its_own_is_not_turned_to_bfloat16() -> None:
    model, tokenizer = (copy.deepcopy(part) for part in masked_lm("bert"))
    model.base_model_prefix = ""
    with pytest.raises(InputError, match="no layers apart from its head"):
        XMTCWordSwapMaskedLM(model, tokenizer, dtype="bfloat16")
    with pytest.raises(InputError, match="unknown dtype='int8'"):
        XMTCWordSwapMaskedLM(model, tokenizer, dtype="int8")  # type: ignore[arg-type]
