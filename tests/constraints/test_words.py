"""Which words may be changed, and how many."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from textattack.constraints.overlap import MaxWordsPerturbed
from textattack.shared import AttackedText

from textattack_xmtc.constraints import FunctionWordModification, MaxChangeRate
from textattack_xmtc.errors import InputError

TEXT = "The cats that sat on the mat did not see what the dogs had seen before all of it"


def changed(text: str, indices: Any, last_transformation: Any = None) -> Any:
    """`text` with the words at `indices` exchanged."""
    words = AttackedText(text).words
    result = AttackedText(text).replace_words_at_indices(list(indices), [f"{words[i]}x" for i in indices])
    result.attack_attrs["last_transformation"] = last_transformation
    return result


class TestMaxChangeRate:
    @pytest.mark.parametrize(("rate", "allowed"), [(0.1, 1), (0.2, 3), (0.05, 0), (1.0, 19)])
    def test_allows_the_floor_of_the_rate(self, rate: float, allowed: int) -> None:
        original = AttackedText(TEXT)
        assert len(original.words) == 19
        texts = [changed(TEXT, range(n)) for n in range(1, 20)]
        assert MaxChangeRate(rate).call_many(texts, original) == texts[:allowed]

    def test_the_parent_rounds_up(self) -> None:
        text, original = changed(TEXT, [0]), AttackedText(TEXT)
        assert MaxWordsPerturbed(max_percent=0.05)(text, original)
        assert not MaxChangeRate(0.05)(text, original)

    def test_counts_against_the_original_not_the_text_before(self) -> None:
        original = AttackedText(TEXT)
        twice = original.replace_word_at_index(1, "dogs").replace_word_at_index(1, "birds")
        back = original.replace_word_at_index(1, "dogs").replace_word_at_index(1, "cats")
        both = original.replace_word_at_index(1, "dogs").replace_word_at_index(2, "who")
        for text in (twice, back, both):
            text.attack_attrs["last_transformation"] = None
        constraint = MaxChangeRate(0.1)
        assert [constraint(text, original) for text in (twice, back, both)] == [True, True, False]

    def test_an_inserted_or_deleted_word_is_one_change(self) -> None:
        original = AttackedText(TEXT)
        longer = original.insert_text_before_word_index(3, "quietly")
        shorter = original.delete_word_at_index(3)
        for text in (longer, shorter):
            text.attack_attrs["last_transformation"] = None
            assert MaxChangeRate(0.1)(text, original)
            assert not MaxChangeRate(0.05)(text, original)

    @pytest.mark.parametrize("rate", [0, -0.1, 1.01, float("nan")])
    def test_a_rate_that_is_none_is_refused(self, rate: float) -> None:
        with pytest.raises(InputError):
            MaxChangeRate(rate)

    def test_says_what_it_is_and_copies(self) -> None:
        constraint = MaxChangeRate(0.25)
        assert "(max_change_rate):  0.25" in repr(constraint)
        assert (
            pickle.loads(pickle.dumps(constraint)).max_change_rate == copy.deepcopy(constraint).max_change_rate == 0.25
        )


class TestFunctionWordModification:
    def test_leaves_stop_words_alone_whatever_their_case(self) -> None:
        constraint = FunctionWordModification(["the", "IT", "don't"])
        text = AttackedText("The cat saw it. THE dog: It? Don't know the rest")
        assert [text.words[i] for i in sorted(constraint._get_modifiable_indices(text))] == [
            "cat", "saw", "dog", "know", "rest",
        ]  # fmt: skip

    def test_takes_nltks_words_by_default(self) -> None:
        import nltk

        assert FunctionWordModification().stopwords == {word.lower() for word in nltk.corpus.stopwords.words("english")}
