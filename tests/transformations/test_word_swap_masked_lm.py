"""The masked LM's candidates, against a plain recomputation from its logits and against TextAttack's own word swap."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import transformers as hf
from textattack.shared import AttackedText
from textattack.transformations import WordSwapMaskedLM

from tests.toolkit.masked_lms import (
    FAMILIES,
    MARKS,
    POSITIONS,
    WORDS,
    from_file,
    masked_lm,
    random_model,
    sentence_pieces,
    word_piece_tokenizer,
)
from tests.toolkit.plain_candidates import STOPS, TEXTS, expected_proposals, proposals, swap_of
from tests.toolkit.shared_folders import SHARED, needs_shared
from tests.toolkit.victims import CountingVictim, proposing
from textattack_xmtc.attack_recipes import XMTCNegative
from textattack_xmtc.targets import GroundTruth
from textattack_xmtc.transformations import XMTCWordSwapMaskedLM, word_swap_masked_lm

MINILM = "models/minilm-l6-tib-mlm"


@pytest.mark.parametrize("family", FAMILIES)
def test_candidates_are_the_likeliest_whole_words(family: str) -> None:
    for number, texts in ((1, TEXTS[:1]), (30, TEXTS[:2]), (500, TEXTS)):
        swap = swap_of(family, max_candidates=number)
        for text in texts:
            assert proposals(swap, text) == expected_proposals(family, text, number)


@pytest.mark.parametrize("family", FAMILIES)
def test_what_a_candidate_never_is(family: str) -> None:
    swap = swap_of(family, max_candidates=500)
    for text in TEXTS[1:3]:
        for own, found in zip(AttackedText(text).words, proposals(swap, text), strict=True):
            assert found and len(set(found)) == len(found)
            assert not {own.lower(), *STOPS} & {word.lower() for word in found}
            assert all(word.isalpha() for word in found)


@pytest.mark.parametrize("family", ["bert", "roberta", "albert"])
def test_unlikely_words_are_not_proposed_below_the_confidence(family: str) -> None:
    proposed = proposals(swap_of(family, min_confidence=0.01), TEXTS[0])
    assert proposed == expected_proposals(family, TEXTS[0], 48, 0.01)
    assert any(proposed) and max(map(len, proposed)) < 30


@pytest.mark.parametrize("family", FAMILIES)
def test_a_batch_gives_what_its_words_give_alone(family: str) -> None:
    alone = [proposals(swap_of(family, batch_size=1), TEXTS[1], [index])[0] for index in range(10)]
    for size in (1, 3, 16):
        assert proposals(swap_of(family, batch_size=size), TEXTS[1]) == alone


# The parent's candidates ------------------------------------------------------------------------------------------


def same_as_the_parent(ours: Any, stock: Any, text: str) -> int:
    actual, expected = ours(AttackedText(text)), stock(AttackedText(text))
    assert [one.text for one in actual] == [one.text for one in expected]
    for one, other in zip(actual, expected, strict=True):
        assert one.words == other.words
        for name in ("modified_indices", "newly_modified_indices"):
            assert one.attack_attrs[name] == other.attack_attrs[name]
        assert (one.attack_attrs["original_index_map"] == other.attack_attrs["original_index_map"]).all()
    return len(actual)


# The stock word swap knows no other family of these; texts with the mask token itself are left out: it takes the first.
@pytest.mark.parametrize("family", ["bert", "electra", "roberta"])
@pytest.mark.parametrize(("number", "confidence"), [(1, 0.0), (8, 5e-4), (1000, 0.0)])
def test_without_filters_the_candidates_are_the_parents_in_the_parents_order(
    family: str, number: int, confidence: float
) -> None:
    model, tokenizer = masked_lm(family)
    stock = WordSwapMaskedLM("bae", model, tokenizer, POSITIONS, max_candidates=number, min_confidence=confidence)
    ours = XMTCWordSwapMaskedLM(model, tokenizer, number, confidence, filters=False)
    texts = [*TEXTS, "中文分词 and market", "...", ""] + [" ".join(WORDS * 2)] * (number == 1)
    assert sum(same_as_the_parent(ours, stock, text) for text in texts) > 10


@pytest.mark.slow
@needs_shared(MINILM)
def test_a_real_model_without_filters_gives_the_parents_candidates() -> None:
    stock = WordSwapMaskedLM("bae", str(SHARED / MINILM))
    ours = XMTCWordSwapMaskedLM(str(SHARED / MINILM), max_candidates=50, min_confidence=5e-4, filters=False)
    for text in REAL_TEXTS:
        assert same_as_the_parent(ours, stock, text) > 50


REAL_TEXTS = [
    "A study of climate change and its effects on the water supply of large cities in Europe.",
    "Introduction to the history of modern China: politics, law & society (2nd edition).",
    "This book doesn't describe how computers work; it's about people-centred design.",
]


@pytest.mark.slow
@needs_shared(MINILM)
def test_a_real_model_proposes_what_fits() -> None:
    swap = XMTCWordSwapMaskedLM(SHARED / MINILM)
    assert {"economic", "climate"} & set(proposals(swap, "a study of organic change in the country", [3])[0][:10])
    for text in REAL_TEXTS:
        for own, found in zip(AttackedText(text).words, proposals(swap, text), strict=True):
            assert len(set(found)) == len(found) == 48
            assert all(word == word.lower() and word.isalnum() and not word.isdigit() for word in found)
            assert not {own.lower(), *STOPS} & set(found)


# Hard texts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", " \n", "... !! \U0001f600"])
def test_texts_without_words(text: str) -> None:
    assert swap_of("bert")(AttackedText(text)) == []


@pytest.mark.parametrize("family", ["bert", "roberta", "albert"])
def test_half_a_surrogate_pair_is_read_as_a_question_mark(family: str) -> None:
    swap = swap_of(family, max_candidates=5)
    assert proposals(swap, "market \ud83d law") == proposals(swap, "market ? law")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_mask_token_in_the_text_is_not_the_mask(family: str) -> None:
    model, tokenizer = masked_lm(family)
    assert_literal_masks_are_passed(family, XMTCWordSwapMaskedLM(model, tokenizer, max_candidates=20))


def test_a_mask_token_in_the_text_with_a_slow_tokenizer() -> None:
    tokenizer = word_piece_tokenizer(hf.BertTokenizer)
    assert not tokenizer.is_fast
    assert_literal_masks_are_passed("bert", XMTCWordSwapMaskedLM(masked_lm("bert")[0], tokenizer, max_candidates=20))


def assert_literal_masks_are_passed(family: Any, swap: Any) -> None:
    mask = masked_lm(family)[1].mask_token
    text = f"market {mask} of law {mask} and{mask} river"
    assert proposals(swap, text) == expected_proposals(family, text, 20, masks_before=[0, 0, 1, 1, 1, 2, 2, 3])


@pytest.fixture
def warnings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    printed: list[str] = []
    monkeypatch.setattr(word_swap_masked_lm.logger, "warning", printed.append)
    return printed


@pytest.mark.parametrize("family", FAMILIES)
def test_words_beyond_what_the_model_reads_get_no_candidates(family: str, warnings: list[str]) -> None:
    text = " ".join(WORDS * 2)
    swap = swap_of(family, max_candidates=2)
    proposed = proposals(swap, text)
    assert proposed == expected_proposals(family, text, 2)
    read = sum(map(bool, proposed))
    assert all(proposed[:read]) and not any(proposed[read:])
    # Byte-level words are many tokens here; some tokenizers spend one on the space before the mask.
    assert read in (POSITIONS - 3, POSITIONS - 2) if MARKS[family] != "byte-level" else 5 < read < POSITIONS - 3
    assert warnings == [f"xmtc: the masked LM reads {POSITIONS} tokens; words beyond are left alone (warned once)"]


def test_no_warning_where_everything_is_read(warnings: list[str]) -> None:
    swap = swap_of("bert", max_candidates=2)
    swap(AttackedText(" ".join(WORDS * 3)), indices_to_modify=range(POSITIONS - 2))
    assert warnings == []


def test_two_words_in_one_token_are_both_read(warnings: list[str]) -> None:
    # "market.law" is one token: twice as many words are read as there are positions.
    tokenizer = sentence_pieces(("<s>", "<pad>", "</s>", "<unk>", "<mask>"), "<s>", "</s>", "<unk>", ["▁market.law"])
    tokenizer = from_file(hf.XLMRobertaTokenizerFast, tokenizer)
    swap = XMTCWordSwapMaskedLM(random_model(hf.XLMRobertaConfig, tokenizer), tokenizer, max_candidates=2)
    text = "market.law " * POSITIONS
    assert tokenizer.tokenize(text)[:2] == ["▁market.law"] * 2
    read = [index for index, found in enumerate(proposals(swap, text)) if found]
    # A masked word leaves its pair: up to three tokens take the place of one.
    assert set(range(2 * (POSITIONS - 2) - 6)) <= set(read) and max(read) < 2 * (POSITIONS - 2)
    assert len(warnings) == 1


class Spy:
    """A tokenizer that notes how many characters it is given."""

    def __init__(self, tokenizer: Any) -> None:
        self.tokenizer, self.characters = tokenizer, 0

    def __call__(self, texts: Sequence[str], **options: Any) -> Any:
        self.characters += sum(map(len, texts))
        return self.tokenizer(texts, **options)

    def __len__(self) -> int:
        return len(self.tokenizer)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.tokenizer, name)


def test_of_50_000_words_only_the_first_are_looked_at(warnings: list[str]) -> None:
    model, tokenizer = masked_lm("bert")
    text = AttackedText(" ".join(WORDS[n % len(WORDS)] for n in range(50_000)))
    spy, calls = Spy(tokenizer), []
    swap = XMTCWordSwapMaskedLM(model, spy, max_candidates=5, batch_size=8)
    hook = model.register_forward_pre_hook(lambda *_: calls.append(1))
    try:
        assert swap(text, indices_to_modify=range(POSITIONS, 50_000)) == [] == calls
        assert spy.characters < 4 * POSITIONS * 4 * POSITIONS * 10
        spy.characters = 0
        assert len(swap(text, indices_to_modify=[3, 49_999])) == 5
        assert len(calls) == 1 and spy.characters < 4 * POSITIONS * 10
    finally:
        hook.remove()
    assert len(warnings) == 1


def test_words_that_change_how_chinese_text_is_cut_are_no_candidates() -> None:
    """jieba takes "t", "\u00cb" and "10" for three words, and "ta_b10" for one."""
    text = AttackedText('Q"t\u00cb10\u65a5')
    assert text.words == ["Q", "t", "\u00cb", "10", "\u65a5"]
    swap = proposing("a_b", "\u00e9", "\u0436")
    for index in range(5):
        for candidate in swap._get_transformations(text, [index]):
            assert len(candidate.words) == 5
    assert len(text.replace_word_at_index(2, "a_b").words) == 4
    victim = CountingVictim(lambda text: [9, 1, "a_b" in text], num_labels=3)
    attack = XMTCNegative.build(victim, k=1, masked_lm=swap, max_change_rate=1.0, encoder="embedded")
    result = attack.attack(text, GroundTruth((0,), (2,)).encode())
    assert str(result) and result.__str__(color_method="ansi")
