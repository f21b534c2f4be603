"""Where words stand, against TextAttack's own replacement; how many may be changed, against exact fractions."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from textattack.shared import AttackedText

from tests.toolkit.unicode_texts import TEXTS
from textattack_xmtc.errors import InputError
from textattack_xmtc.words import change_budget, replaced, word_spans

MASKS = ["[MASK]", "<mask>", "<UNK>"]


@settings(deadline=None, max_examples=300)
@given(text=TEXTS)
@example(text="")
@example(text=" \n\t")
@example(text="'quoted' -dashed- _under_ *starred* @at@ don't to-be a_b a*b a@b")
@example(text="the the, theme the; a a a-a aa")
@example(text="[MASK] <mask> <UNK> MASK mask [MASK]s")
@example(text="cafe\u0301 naïve \U0001f468\u200d\U0001f469 I\u0307stanbul \u0130 ﬁ ǆ ß")
@example(text="中文分词 and English, 南京市长江大桥")
@example(text="a\u00a0b\u2009c\x1cd\x85e\u200bf\ufefft")
def test_a_masked_text_is_what_replace_word_at_index_gives(text: str) -> None:
    # TextAttack cuts a text behind the literal "<SPLIT>", its own separator of columns, when it replaces a word.
    assume(AttackedText.SPLIT_TOKEN not in text)
    attacked = AttackedText(text)
    spans = word_spans(text, attacked.words)
    assert [text[start:end] for start, end in spans] == attacked.words
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    for index, span in enumerate(spans):
        for mask in MASKS:
            assert replaced(text, span, mask) == attacked.replace_word_at_index(index, mask).text


def test_a_split_token_in_a_text_is_only_text_here() -> None:
    text = "one <SPLIT> two"
    spans = word_spans(text, AttackedText(text).words)
    assert [replaced(text, span, "X") for span in spans] == ["X <SPLIT> two", "one <X> two", "one <SPLIT> X"]


def test_words_that_are_not_there_are_refused() -> None:
    with pytest.raises(ValueError, match="substring not found"):
        word_spans("one two", ["two", "one"])


@given(rate=st.decimals(Decimal("0.0001"), 1, places=4), words=st.integers(0, 60_000))
@example(rate=Decimal("0.29"), words=100)  # 0.29 * 100 is 28.999999999999996
@example(rate=Decimal("0.07"), words=100)  # 0.07 * 100 is 7.000000000000001
@example(rate=Decimal("1"), words=0)
def test_change_budget_counts_in_decimals(rate: Any, words: Any) -> None:
    exact = Fraction(rate) * words
    budget = change_budget(float(rate), words)
    assert type(budget) is int
    assert budget <= exact < budget + 1


@given(percent=st.integers(1, 100), words=st.integers(0, 10_000))
def test_change_budget_of_whole_percents(percent: Any, words: Any) -> None:
    expected = percent * words // 100
    assert change_budget(percent / 100, words) == expected
    assert change_budget(np.float32(percent / 100), words) == expected


def test_a_tiny_rate_and_the_whole_text() -> None:
    assert change_budget(1e-7, 10**6) == 0
    assert change_budget(1e-7, 10**7) == 1
    assert change_budget(1, 12) == change_budget(1.0, 12) == 12


@pytest.mark.parametrize("rate", [0, 0.0, -0.1, 1.0001, 2, float("nan"), float("inf"), -float("inf")])
def test_what_is_no_rate_is_refused(rate: float) -> None:
    with pytest.raises(InputError, match="is not a share of the words; choose one above 0 and up to 1"):
        change_budget(rate, 10)
