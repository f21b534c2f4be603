"""Cut-and-paste substitution against TextAttack's own `replace_word_at_index`."""

from __future__ import annotations

import copy
import pickle
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from textattack.attack_results import SuccessfulAttackResult
from textattack.goal_function_results import GoalFunctionResult, GoalFunctionResultStatus
from textattack.shared import AttackedText

from tests.toolkit.unicode_texts import TEXTS, WORDS
from textattack_xmtc.transformations.substitution import Substitution, substitute
from textattack_xmtc.words import word_spans

# What the parent's unfiltered candidates may hold as well: not one word, or one in wrappings, or words it cuts anew.
ODD_WORDS = st.sampled_from(["[SEP]", "'s", "(foo", "-", "", "two words", "中文", "<UNK>", "SPLIT", "x\u0301"])


def ours(text: Any, index: Any, word: Any) -> Any:
    return substitute(text, index, word_spans(text.text, text.words)[index], word)


def assert_same(actual: Any, expected: Any) -> None:
    assert actual.text == expected.text
    assert actual.words == expected.words
    assert actual.num_words == expected.num_words
    assert actual.tokenizer_input == expected.tokenizer_input
    assert actual.column_labels == expected.column_labels
    assert actual.words_per_input == expected.words_per_input
    assert actual == expected and hash(actual) == hash(expected)
    attributes, wanted = dict(actual.attack_attrs), dict(expected.attack_attrs)
    assert attributes.pop("previous_attacked_text", None) == wanted.pop("previous_attacked_text", None)
    assert attributes.pop("original_index_map").tolist() == wanted.pop("original_index_map").tolist()
    assert attributes == wanted


@settings(deadline=None, max_examples=300)
@given(text=TEXTS, data=st.data())
@example(text="[MASK] 'the' naïve -the- The", data=None)
def test_chains_of_substitutions(text: str, data: Any) -> None:
    actual = expected = AttackedText(text)
    steps = data.draw(st.lists(st.tuples(st.integers(0, 20), WORDS | ODD_WORDS), max_size=4)) if data else [(1, "x")]
    for position, word in steps:
        if not actual.words:
            break
        index = position % actual.num_words
        # TextAttack cuts a text behind the literal "<SPLIT>" when it replaces a word.
        assume(AttackedText.SPLIT_TOKEN not in actual.text)
        expected_next = expected.replace_word_at_index(index, word)
        assume(AttackedText.SPLIT_TOKEN not in expected_next.text + word_in(actual, index, word))
        before = copy.deepcopy(actual.attack_attrs)
        actual, previous = ours(actual, index, word), actual
        assert previous.attack_attrs.keys() == before.keys()
        assert previous.attack_attrs["modified_indices"] == before["modified_indices"]
        expected = expected_next
        assert_same(actual, expected)


def word_in(text: Any, index: Any, word: Any) -> Any:
    start, end = word_spans(text.text, text.words)[index]
    return text.text[:start] + word + text.text[end:]


@settings(deadline=None)
@given(text=TEXTS, word=WORDS, data=st.data())
def test_one_word_is_cut_and_not_split_anew(text: str, word: Any, data: Any) -> None:
    assume(AttackedText.SPLIT_TOKEN not in text)
    attacked = AttackedText(text)
    assume(attacked.words and not any("\u4e00" <= letter <= "\u9fff" for letter in text))
    index = data.draw(st.integers(0, attacked.num_words - 1))
    actual = ours(attacked, index, word)
    assert isinstance(actual, Substitution) == (word != attacked.words[index])
    assert_same(actual, attacked.replace_word_at_index(index, word))


@pytest.mark.parametrize(
    ("text", "word"), [("中文分词 and more", "less"), ("some and more", "中文"), ("some and more", "and")]
)
def test_what_textattack_does_itself(text: str, word: str) -> None:
    attacked = AttackedText(text)
    for index in range(attacked.num_words):
        expected = attacked.replace_word_at_index(index, word)
        assert_same(ours(attacked, index, word), expected)


def test_the_word_itself_changes_nothing() -> None:
    text = ours(AttackedText("some more text"), 1, "more")
    assert text.attack_attrs["modified_indices"] == text.attack_attrs["newly_modified_indices"] == set()


def test_columns_stay_columns() -> None:
    attacked = AttackedText(OrderedDict([("premise", "one two"), ("hypothesis", "two three")]))
    for index in range(4):
        assert_same(ours(attacked, index, "X"), attacked.replace_word_at_index(index, "X"))
    named = AttackedText(OrderedDict([("document", "one two")]))
    assert_same(ours(named, 1, "X"), named.replace_word_at_index(1, "X"))


def test_label_names_are_handed_on() -> None:
    attacked = AttackedText("one two", {"label_names": ["a", "b"]})
    assert ours(attacked, 0, "X").attack_attrs["label_names"] == ["a", "b"]
    assert_same(ours(attacked, 0, "X"), attacked.replace_word_at_index(0, "X"))


def test_stock_methods_work_on_a_substitution() -> None:
    def edited(swap: Any) -> list[Any]:
        text = swap(AttackedText("One small test, of small things."), 1, "large")
        return [
            text.delete_word_at_index(0),
            text.insert_text_after_word_index(2, "and more"),
            text.replace_words_at_indices([0, 4], ["Two", "tiny"]),
        ]

    for actual, expected in zip(edited(ours), edited(AttackedText.replace_word_at_index), strict=True):
        assert_same(actual, expected)
    text = ours(AttackedText("One small test"), 1, "large")
    assert text.text_window_around_index(1, 3) == "One large test"
    assert text.convert_from_original_idxs([0, 1, 2]) == [0, 1, 2]
    assert AttackedText("One small test").all_words_diff(text) == {1}


def test_a_substitution_can_be_saved_and_let_go() -> None:
    text = ours(ours(AttackedText("One small test"), 1, "large"), 2, "text")
    for again in (pickle.loads(pickle.dumps(text)), copy.deepcopy(text)):
        assert again.text == "One large text" and again.attack_attrs["modified_indices"] == {1, 2}
    text.free_memory()
    assert "previous_attacked_text" not in text.attack_attrs


class Result(GoalFunctionResult):
    """The least that TextAttack prints."""

    def __init__(self, text: str) -> None:
        super().__init__(text, np.zeros(1), 0, GoalFunctionResultStatus.SUCCEEDED, 1.0, 1, 0)

    def get_text_color_input(self) -> str:
        return "red"

    def get_text_color_perturbed(self) -> str:
        return "blue"

    def get_colored_output(self, color_method: Any = None) -> str:
        return "output"


@pytest.mark.parametrize("method", [None, "ansi", "html", "file"])
def test_results_are_printed(method: str | None) -> None:
    def printed(swap: Any) -> Any:
        original = AttackedText("This is a small test of the texts that we print, in the end.")
        final = swap(swap(original, 3, "large"), 8, "which")
        return SuccessfulAttackResult(Result(original), Result(final)).__str__(color_method=method)

    assert printed(ours) == printed(AttackedText.replace_word_at_index)
    if method == "file":
        assert "a [[small]] test" in printed(ours) and "a [[large]] test of the texts [[which]]" in printed(ours)
