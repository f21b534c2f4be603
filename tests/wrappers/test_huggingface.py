"""Classifiers of many families of transformers as victims: what they take, where they end, and what pads do to them."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from tests.toolkit.tiny_transformers import LABELS, POSITIONS, WORDS, tiny, tokenizer
from textattack_xmtc.errors import InputError, VictimError
from textattack_xmtc.models.hugging_face import accepted_inputs, check_vocabulary, length_limit, positions_of
from textattack_xmtc.transformations import XMTCWordSwapMaskedLM
from textattack_xmtc.wrappers import HuggingFaceWrapper

TEXTS = ["egg", "", "a text of several words", "word " * 100, "the others , egg"]
BEHIND_PADDING = {
    "Roberta": 1,
    "XLMRoberta": 1,
    "XLMRobertaXL": 1,
    "Camembert": 1,
    "Data2VecText": 1,
    "RobertaPreLayerNorm": 1,
    "IBert": 1,
    "Luke": 1,
    "Longformer": 1,
    "Esm": 1,
    "MPNet": 2,  # its padding index is 1, whatever its configuration says
}
ENCODERS = [
    "Bert",
    "DistilBert",
    "FNet",
    "Electra",
    "Albert",
    "Deberta",
    "DebertaV2",
    "BigBird",
    "ConvBert",
    "ModernBert",
]
ENCODERS += ["Nystromformer", "MegatronBert", "LayoutLM", "XLM", "RoFormer"]
DECODERS = ["GPT2", "GPTNeo", "Llama", "Mistral", "Qwen2", "OPT", "GPTNeoX", "Bloom"]
ENCODER_DECODERS = ["Bart", "MBart", "LED", "T5", "XLNet"]


def check(victim: HuggingFaceWrapper) -> None:
    """Every text gets its own answer, alone, in a batch and in another order, and answers differ."""
    victim = victim.with_score_kind("logit")
    alone = np.concatenate([victim([text]) for text in TEXTS])
    assert alone.shape == (len(TEXTS), LABELS) and len(np.unique(alone.round(5), axis=0)) > 2
    close = 1e-3 * abs(alone).max()
    np.testing.assert_allclose(victim(TEXTS), alone, rtol=0, atol=close)
    np.testing.assert_allclose(victim(TEXTS[::-1])[::-1], alone, rtol=0, atol=close)
    np.testing.assert_allclose(victim.score(TEXTS, [2])[:, 0], alone[:, 2], rtol=0, atol=close)


@pytest.mark.parametrize("family", [*ENCODERS, *BEHIND_PADDING, *ENCODER_DECODERS])
def test_a_family(family: str) -> None:
    victim = HuggingFaceWrapper(tiny(family), tokenizer())
    assert victim.max_length == POSITIONS - BEHIND_PADDING.get(family, 0)
    check(victim)


@pytest.mark.parametrize("family", ["Bart", "T5", "Bert"])
def test_texts_that_write_the_end_token(family: str) -> None:
    """Encoder-decoders take only batches whose texts have equally many."""
    victim = HuggingFaceWrapper(tiny(family), tokenizer(), scores="logit")
    texts = ["egg", "egg [SEP] word", "[SEP] [SEP]", "a text of several words"]
    np.testing.assert_allclose(victim(texts), np.concatenate([victim([text]) for text in texts]), rtol=0, atol=1e-4)


@pytest.mark.parametrize("names", [["a"], list("abcd"), {"a": 0, "b": 1}])
def test_names_for_another_number_of_labels(names: Any) -> None:
    with pytest.raises(InputError, match=rf"label_names has {len(names)} names, and BertFor.* answers for {LABELS} "):
        HuggingFaceWrapper(tiny("Bert"), tokenizer(), label_names=names)


@pytest.mark.parametrize("family", DECODERS)
def test_a_decoder_with_a_padding_token_in_its_tokenizer_only(family: str) -> None:
    model = tiny(family, pad_token_id=None)
    assert model.config.pad_token_id is None
    check(HuggingFaceWrapper(model, tokenizer(special=False)))
    assert model.config.pad_token_id == 0


@pytest.mark.parametrize("family", ["GPT2", "Llama", "OPT"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_padding_on_either_side(family: str, side: str) -> None:
    right = HuggingFaceWrapper(tiny(family), tokenizer(special=False))
    victim = HuggingFaceWrapper(tiny(family), tokenizer(special=False, padding_side=side))
    check(victim)
    np.testing.assert_allclose(victim(TEXTS), right(TEXTS), atol=1e-3)


def test_a_padding_token_in_the_configuration_only() -> None:
    words = tokenizer(special=False)
    words.pad_token = None
    victim = HuggingFaceWrapper(tiny("GPT2"), words)
    assert victim.tokenizer.pad_token == "[PAD]"
    check(victim)


def test_padding_tokens_that_differ_are_not_read_as_text() -> None:
    words = tokenizer(special=False, pad_token="egg")
    check(HuggingFaceWrapper(tiny("GPT2"), words))


def test_no_padding_token_anywhere() -> None:
    words = tokenizer()
    words.pad_token = None
    with pytest.raises(InputError, match=r"neither the tokenizer nor the configuration of GPT2.* has a padding token"):
        HuggingFaceWrapper(tiny("GPT2", pad_token_id=None), words)


class PeftLike(torch.nn.Module):
    """As PEFT wraps a model: a forward that takes anything, and the model at the end of `get_base_model`."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.base_model = model

    def get_base_model(self) -> Any:
        return self.base_model

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.base_model(*args, **kwargs)


class Tuples(torch.nn.Module):
    """Around a model, with plain tuples as answers."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor]:
        return (self.model(input_ids=input_ids, attention_mask=attention_mask).logits,)


@pytest.mark.parametrize("family", ["Bert", "DistilBert", "FNet", "Roberta"])
@pytest.mark.parametrize(
    "wrap", [PeftLike, torch.nn.DataParallel, lambda model: torch.nn.DataParallel(PeftLike(model))]
)
def test_wrapped_models_answer_as_the_plain_one(family: str, wrap: Any) -> None:
    plain = HuggingFaceWrapper(tiny(family), tokenizer())
    victim = HuggingFaceWrapper(wrap(tiny(family)), tokenizer())
    assert (victim.name, victim.max_length) == (plain.name, plain.max_length)
    np.testing.assert_array_equal(victim(TEXTS), plain(TEXTS))


def test_answers_that_are_tuples() -> None:
    plain = HuggingFaceWrapper(tiny("Bert"), tokenizer())
    np.testing.assert_array_equal(HuggingFaceWrapper(Tuples(tiny("Bert")), tokenizer())(TEXTS), plain(TEXTS))
    model = tiny("Bert")
    model.config.return_dict = False
    np.testing.assert_array_equal(HuggingFaceWrapper(model, tokenizer())(TEXTS), plain(TEXTS))


def test_inputs_that_a_forward_takes() -> None:
    assert {"input_ids", "attention_mask", "token_type_ids"} <= (accepted_inputs(tiny("Bert")) or set())
    assert "token_type_ids" not in (accepted_inputs(tiny("DistilBert")) or {"token_type_ids"})
    assert "attention_mask" not in (accepted_inputs(tiny("FNet")) or {"attention_mask"})
    assert accepted_inputs(Tuples(tiny("Bert"))) == {"input_ids", "attention_mask"}
    takes_all = torch.nn.Module()
    takes_all.forward = lambda input_ids, **more: None  # type: ignore[method-assign,assignment]
    assert accepted_inputs(takes_all) is None


def test_half_precision() -> None:
    victim = HuggingFaceWrapper(tiny("Bert").to(torch.bfloat16), tokenizer())
    assert not victim._equal_lengths and np.isfinite(victim(TEXTS)).all()


@pytest.mark.parametrize(("own", "limit"), [(None, POSITIONS - 1), (POSITIONS, POSITIONS - 1), (8, 8)])
def test_the_shorter_limit_counts(own: int | None, limit: int) -> None:
    model = tiny("Roberta")
    assert positions_of(model) == POSITIONS - 1
    assert length_limit(model, SimpleNamespace(model_max_length=10**30 if own is None else own)) == limit


def test_a_length_that_cannot_be() -> None:
    model = tiny("Roberta")
    with pytest.raises(InputError, match=r"max_length=24 is more than the 23 tokens that the model reads"):
        HuggingFaceWrapper(model, tokenizer(), max_length=POSITIONS)
    with pytest.raises(InputError, match=r"max_length=2 leaves no room beside 2 special tokens"):
        HuggingFaceWrapper(model, tokenizer(), max_length=2)
    with pytest.raises(InputError, match=r"invalid max_length=0: must be a whole number, at least 1"):
        HuggingFaceWrapper(model, tokenizer(), max_length=0)
    check(HuggingFaceWrapper(model, tokenizer(), max_length=5))


def test_tokens_without_embeddings_are_refused_as_victim_and_as_masked_lm() -> None:
    words = tokenizer()
    words.add_tokens(["newword", "another"])
    message = (
        rf"has {len(words)} tokens and the model {len(words) - 2} embeddings: 2 tokens have none, such as 'newword', "
        r"'another'; .*resize_token_embeddings"
    )
    for family in ("Bert", "IBert", "GPT2", "Bart"):
        with pytest.raises(InputError, match=message):
            HuggingFaceWrapper(tiny(family), copy.deepcopy(words))
    masked_lm = tiny("Bert", "ForMaskedLM")
    with pytest.raises(InputError, match=message):
        XMTCWordSwapMaskedLM(masked_lm, words)
    masked_lm.resize_token_embeddings(len(words))
    check_vocabulary(masked_lm, words, "any")
    XMTCWordSwapMaskedLM(masked_lm, words)


def test_more_embeddings_than_tokens_are_fine() -> None:
    check(HuggingFaceWrapper(tiny("Bert", vocabulary=len(WORDS) + 13), tokenizer()))


def test_a_model_that_cannot_answer_is_refused_when_the_victim_is_made() -> None:
    model = tiny("Bert")
    model.bert.embeddings.word_embeddings.weight.data = torch.zeros(len(WORDS) + 5, 8)
    with pytest.raises(InputError, match=r"BertForSequenceClassification failed on token numbers of shape \(3, "):
        HuggingFaceWrapper(model, tokenizer())
    victim = HuggingFaceWrapper(tiny("Bert"), tokenizer())
    victim.max_length = 100
    with pytest.raises(VictimError, match=r"failed on token numbers of shape \(1, 100\) .*or lower max_length"):
        victim(["word " * 200])


def test_an_unknown_activation() -> None:
    with pytest.raises(InputError, match=r"unknown activation='softmx'; choose sigmoid or softmax: did you mean 'soft"):
        HuggingFaceWrapper(tiny("Bert"), tokenizer(), activation="softmx")  # type: ignore[arg-type]


@pytest.mark.parametrize("family", ["Bert", "DistilBert", "Roberta", "Data2VecText", "Longformer", "FNet", "IBert"])
def test_a_masked_lm_reads_long_texts(family: str) -> None:
    swap = XMTCWordSwapMaskedLM(tiny(family, "ForMaskedLM"), tokenizer(), filters=False)
    assert swap.max_length == POSITIONS - BEHIND_PADDING.get(family, 0)
    assert len(swap.proposals([("word " * 100, (0, 4)), ("an egg", (3, 6))])) == 2
