"""Words ranked by their first candidates, on victims that add up words: what is asked about, when, in what order."""

from __future__ import annotations

from typing import Any

from textattack import Attack
from textattack.attack_results import FailedAttackResult, SuccessfulAttackResult
from textattack.constraints.pre_transformation import MaxWordIndexModification, RepeatModification

from tests.toolkit.victims import CountingVictim, proposing
from textattack_xmtc.goal_functions import NegativeTargeted
from textattack_xmtc.search_methods import FirstCandidate, search_named
from textattack_xmtc.targets import GroundTruth

WORDS = [f"word{chr(ord('a') + place)}" for place in range(20)]
TEXT = " ".join(WORDS)
TRUTH = GroundTruth((0,), (1,)).encode()
WORTH = {3: 4, 7: 2, 18: 3}
"""What a word of the target is worth, by its place; 1 elsewhere."""


def victim(base: float = 50, reads: int | None = None) -> CountingVictim:
    """Label 1 rises with each "zinc" by what it is worth there, with "iron" by half of that; label 0 has `base`."""

    def row(text: str) -> list[float]:
        gains = {"zinc": 1.0, "iron": 0.5}
        return [base, sum(gains.get(word, 0) * WORTH.get(place, 1) for place, word in enumerate(text.split()))]

    return CountingVictim(row, reads=reads)


def searched(
    model: Any,
    rate: float = 0.1,
    words: Any = ("iron", "zinc"),
    constraints: Any = (),
    text: str = TEXT,
    **options: Any,
) -> Any:
    goal = NegativeTargeted(model, k=1, **options)
    attack = Attack(goal, [RepeatModification(), *constraints], proposing(*words), FirstCandidate(rate))
    return attack.attack(text, TRUTH)


def places(model: CountingVictim) -> list[list[int]]:
    """Which places were changed in the texts that were asked, in that order."""
    return [[place for place, word in enumerate(text.split()) if word != WORDS[place]] for text in model.asked]


def test_words_are_tried_where_their_first_candidate_brought_most() -> None:
    model = victim()
    result = searched(model, 0.2)
    assert isinstance(result, FailedAttackResult)
    asked = list(dict.fromkeys(map(tuple, places(model))))
    assert asked[:21] == [(), *[(place,) for place in range(20)]], "the original, then each place once"
    assert not any("[MASK]" in text for text in model.asked)
    # The best three, then of equals the first.
    final = result.perturbed_result.attacked_text
    assert {place: final.words[place] for place in (3, 18, 7, 0)} == dict.fromkeys((3, 18, 7, 0), "zinc")
    # 20 first candidates; of each of four words the second, and of the last three the first again, in another text.
    assert result.num_queries == len(set(model.asked)) == 1 + 20 + 4 + 3


def test_a_success_ends_it() -> None:
    result = searched(victim(base=6.5), 0.1)
    assert isinstance(result, SuccessfulAttackResult)
    assert result.original_result.attacked_text.all_words_diff(result.perturbed_result.attacked_text) == {3, 18}


def test_words_that_may_not_be_changed_or_are_not_read_are_not_asked_about() -> None:
    model = victim()
    searched(model, constraints=[MaxWordIndexModification(10)])
    assert max(max(changed, default=0) for changed in places(model)) < 10
    model = victim(reads=len(" ".join(WORDS[:5])))
    searched(model)
    assert max(max(changed, default=0) for changed in places(model)) == 4


def test_a_word_without_candidates_is_not_tried() -> None:
    model = victim()
    result = searched(model, 1.0, words=("zinc",), text="zinc worda zinc wordb")
    assert result.num_queries == 3 + 1, "two places, each alone, and both"
    assert result.perturbed_result.attacked_text.text == "zinc zinc zinc zinc"


def test_queries_that_run_out_in_the_ranking_leave_the_places_that_were_answered() -> None:
    model = victim()
    result = searched(model, query_budget=9)
    assert result.num_queries == 9 == len(set(model.asked))
    assert "query budget used up" in result.perturbed_result.reason


def test_it_has_a_name() -> None:
    method = search_named("first-candidate", "until-goal", 0.2)
    assert isinstance(method, FirstCandidate)
    assert (method.max_change_rate, method.candidate_order) == (0.2, "until-goal")
