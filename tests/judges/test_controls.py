"""Controls: as many words changed as the texts they stand for, evidence removed whole, meaning kept."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pytest

from textattack_xmtc.judges.controls import ControlMaker
from textattack_xmtc.judges.judge import Case
from textattack_xmtc.results.judgements import ORIGINAL, PRESERVING, RANDOM, REMOVED
from textattack_xmtc.results.records import Sample

TEXT = "Robots weld large cars quickly, and robots paint big cars in the factory"
EVIDENCE = {0: {"robots": 2.0, "factory": 1.0}, 1: {"tea": 1.0}, 2: {"egg": 1.0, "boil": 0.5}, 3: {}}
SYNONYMS = {"large": ["big"], "big": ["large"], "quickly": ["fast"], "cars": ["automobiles"], "factory": ["plant"]}


def weighs(words: Sequence[str], label: int) -> np.ndarray:
    return np.array([EVIDENCE[label].get(word.lower(), 0.0) for word in words])


def maker(seed: int = 0) -> ControlMaker:
    return ControlMaker(
        weighs,
        lambda text, words, index: SYNONYMS.get(words[index].lower(), []),
        lambda label: list(EVIDENCE[label]),
        4,
        lambda text: re.findall(r"\w+", text),
        seed,
    )


def sample(label: int = 0, text: str = TEXT) -> Sample:
    return Sample(7, "t", text, (label,), label, 0)


def changes(case: Case, text: str = TEXT) -> dict[int, str]:
    old, new = re.findall(r"\w+", text), re.findall(r"\w+", case.text)
    assert len(old) == len(new)
    return {index: word for index, word in enumerate(new) if word != old[index]}


def by_condition(cases: list[Case]) -> dict[str, Case]:
    return {case.condition: case for case in cases}


def test_as_many_words_at_like_places() -> None:
    conditions = by_condition(maker().of(sample(), [1, 4]))
    assert conditions[ORIGINAL].text == TEXT and conditions[ORIGINAL].changed == 0
    assert changes(conditions[PRESERVING]) == {2: "big", 4: "fast"}, "the nearest to the changed places"
    assert len(changes(conditions[RANDOM])) == conditions[RANDOM].changed == 2
    assert all(case.label == 0 and case.sample == 7 and case.model is None for case in conditions.values())


def test_all_evidence_is_removed_and_more_where_more_was_changed() -> None:
    few, many = (by_condition(maker().of(sample(), list(range(count))))[REMOVED] for count in (1, 5))
    assert set(changes(few)) == {0, 6, 12} and few.changed == 3
    assert set(changes(many)) > {0, 6, 12} and many.changed == len(changes(many)) == 5
    assert not re.search(r"robots|factory", many.text, re.IGNORECASE)
    assert set(changes(few).values()) <= {"Tea", "tea", "Egg", "egg", "boil", "Boil"}


def test_a_text_of_no_sample_without_all_its_evidence() -> None:
    case = maker().removed(sample())
    assert case is not None and case.condition == REMOVED and case.original == TEXT
    assert set(changes(case)) == {0, 6, 12} and case.changed == 3
    assert maker().removed(sample(label=3)) is None


def test_what_cannot_be_made_is_left_out() -> None:
    assert REMOVED not in by_condition(maker().of(sample(label=3), [0])), "no evidence"
    assert PRESERVING not in by_condition(maker().of(sample(), list(range(9)))), "not so many words have synonyms"
    only_function_words = by_condition(maker().of(sample(text="and the of"), [0]))
    assert set(only_function_words) == {ORIGINAL}


@pytest.mark.parametrize("seed", [0, 1])
def test_the_same_seed_makes_the_same(seed: int) -> None:
    assert maker(seed).of(sample(), [1, 2]) == maker(seed).of(sample(), [1, 2])
    assert maker(seed).of(sample(), [1, 2, 3]) != maker(seed + 1).of(sample(), [1, 2, 3])
