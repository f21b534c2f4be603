"""Words of the same sense: pairs that must and must not pass, forms, capitals, and what is left alone."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from textattack.shared import AttackedText

from tests.toolkit.wordnet import needs_wordnet
from textattack_xmtc.errors import InputError
from textattack_xmtc.transformations.same_sense import SameSense
from textattack_xmtc.transformations.word_swap_masked_lm import CANDIDATE_ORDER
from textattack_xmtc.transformations.word_swap_same_sense import WordSwapBySource, WordSwapSameSense

pytestmark = needs_wordnet


def proposed(text: str, word: str, senses: str = "context") -> tuple[str, ...]:
    attacked = AttackedText(text)
    return SameSense(senses).words(attacked, attacked.words.index(word))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "word", "synonym"),
    [
        ("Robots in manufacturing: a handbook", "Robots", "Automatons"),
        ("Ubiquitous computing and its applications", "Ubiquitous", "Omnipresent"),
        ("an introduction to numerical methods", "numerical", "numeric"),
        ("Numerical Methods for Engineers", "Numerical", "Numeric"),
        ("the fridge keeps vegetables in the refrigerator", "refrigerator", "icebox"),
        ("a guide to buying a house", "buying", "purchasing"),
        ("he bought the cheaper pan", "bought", "purchased"),
        ("the geometric shape of crystals", "geometric", "geometrical"),
    ],
)
def test_words_of_the_same_sense_pass(text: str, word: str, synonym: str) -> None:
    assert synonym in proposed(text, word)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Managing data in an Oracle database", "Oracle"),
        ("Statistics with R and other languages", "R"),
        ("pages 84 to 90", "84"),
        ("the economy of Greece and of Italy", "Greece"),
        ("we met Frank in the city", "Frank"),
        ("a fan of 12 V at 300 rpm", "rpm"),
        ("the USE of the WHO guidelines", "WHO"),
        ("set numThreads to four", "numThreads"),
        ("four times the amount", "four"),
        ("do not put it there", "not"),
        ("the paris of the north", "paris"),
    ],
)
def test_names_numerals_and_abbreviations_are_left_alone(text: str, word: str) -> None:
    for senses in ("context", "all"):
        assert proposed(text, word, senses) == ()


@pytest.mark.parametrize(
    ("text", "word", "wrong"),
    [
        ("an oracle answers the queries of the algorithm", "oracle", "prophet"),
        ("sort the table by this column of the database", "table", "board"),
        ("bake the bread in the oven", "bread", "dough"),
        ("the plates of a bank of the river", "bank", "savings bank"),
        ("the keys of the dictionary", "keys", "tonalities"),
    ],
)
def test_other_senses_do_not_pass(text: str, word: str, wrong: str) -> None:
    assert wrong not in proposed(text, word)
    attacked = AttackedText(text)
    assert not SameSense().same(attacked, attacked.words.index(word), wrong)


@pytest.mark.parametrize(
    ("text", "word"),
    [("this is an automobile", "automobile"), ("it was an enormous pan", "enormous")],
)
def test_an_article_before_the_word_still_fits(text: str, word: str) -> None:
    for synonym in proposed(text, word, "all"):
        assert synonym[0] in "aeiou"


def test_a_candidate_is_one_word_in_the_form_of_its_word() -> None:
    proposals = proposed("Cars were cleaned", "Cars", "all")
    assert "Autos" in proposals
    assert "Automobiles" in proposals
    assert all(word[0].isupper() and word.endswith("s") and " " not in word for word in proposals)
    assert "dumplings" not in proposed("why is gnocchi a dumpling", "dumpling", "all")


def test_the_first_sense_and_all_senses_are_baselines() -> None:
    text = "the keys of the dictionary"
    first, every = proposed(text, "keys", "first"), proposed(text, "keys", "all")
    assert set(first) < set(every)
    assert "tonalities" in every


def test_the_word_itself_is_of_its_sense() -> None:
    text = AttackedText("Robots in R")
    assert SameSense().same(text, 0, "robots")
    assert SameSense().same(text, 2, "R")
    assert SameSense().agreement(text, 0, "Eggs") == 0


def test_texts_in_any_script_and_shape() -> None:
    for text in (
        "",
        "   ",
        "机器人 robots",
        "Grüne Robots über naïve",
        "\ud800 robots",
        "a" * 5_000,
        "...",
        "I'm y'all",
    ):
        attacked = AttackedText(text)
        for index in range(len(attacked.words)):
            SameSense().words(attacked, index)


def test_options_are_checked() -> None:
    with pytest.raises(InputError, match="unknown senses='last'; choose context or first or all"):
        SameSense("last")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="min_agreement=2"):
        SameSense(min_agreement=2)


def test_the_word_swap_lists_them_best_first_and_pickles() -> None:
    swap = pickle.loads(pickle.dumps(WordSwapSameSense(max_candidates=1)))
    text = AttackedText("Ubiquitous robots are bought")
    texts = swap(text, indices_to_modify={0, 1, 2})
    assert [one.text for one in texts] == ["Omnipresent robots are bought", "Ubiquitous automatons are bought"]
    assert [one.attack_attrs[CANDIDATE_ORDER] for one in texts] == [0, 0]
    # The sense is that of the original, whatever was exchanged since.
    later = swap(texts[1], indices_to_modify={0})
    assert [one.text for one in later] == ["Omnipresent automatons are bought"]


class Shouting(WordSwapSameSense):
    """A source that proposes the word in capitals."""

    def _get_transformations(self, current_text: Any, indices_to_modify: Any) -> list[Any]:  # type: ignore[no-untyped-def]
        words = current_text.words
        return [current_text.replace_word_at_index(index, words[index].upper()) for index in indices_to_modify]


def test_protected_words_take_words_of_the_same_sense_and_others_the_other_source() -> None:
    swap = WordSwapBySource(WordSwapSameSense(max_candidates=1), Shouting(), lambda original: {0})
    text = AttackedText("Ubiquitous robots")
    assert {one.text for one in swap(text)} == {"Omnipresent robots", "Ubiquitous ROBOTS"}
