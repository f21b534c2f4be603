"""The search without its ranking: what it shares with the attack, and what its chance depends on."""

from __future__ import annotations

from typing import Any

from textattack import Attack
from textattack.constraints.pre_transformation import MaxWordIndexModification, RepeatModification

from tests.toolkit.victims import bag, proposing
from textattack_xmtc.goal_functions import PositiveTargeted
from textattack_xmtc.search_methods import MaskedDelta, RandomOrder
from textattack_xmtc.targets import GroundTruth
from textattack_xmtc.words import change_budget

TEXT = "amber basalt cedar clover copper coral daisy flint garnet hazel"
TRUTH = GroundTruth((0,), (0,)).encode()
WEIGHTS = {word: [1, 0] for word in TEXT.split()}


def searched(method: Any, victim: Any = None, text: str = TEXT, constraints: Any = ()) -> Any:
    goal = PositiveTargeted(victim or bag(WEIGHTS, [50, 0]), k=1)
    attack = Attack(goal, [RepeatModification(), *constraints], proposing("zinc"), method)
    return attack.attack(text, TRUTH)


def changed(result: Any) -> list[int]:
    return sorted(result.original_result.attacked_text.all_words_diff(result.perturbed_result.attacked_text))


def test_the_order_depends_on_seed_and_text_only() -> None:
    first = [changed(searched(RandomOrder(0.3, seed))) for seed in range(12)]
    again = [changed(searched(RandomOrder(0.3, seed))) for seed in range(12)]
    assert first == again
    assert len(set(map(tuple, first))) > 6, "12 seeds over 120 sets of 3 of 10 words"
    method = RandomOrder(0.3)
    searched(method, text="other words before it")
    assert changed(searched(method)) == first[0]


def test_every_place_comes_first_about_as_often() -> None:
    firsts = [changed(searched(RandomOrder(0.1, seed)))[0] for seed in range(200)]
    counts = [firsts.count(place) for place in range(10)]
    assert sum(counts) == 200 and max(counts) < 42 and min(counts) > 4, counts


def test_no_query_is_spent_on_a_ranking() -> None:
    victim = bag(WEIGHTS, [50, 0])
    result = searched(RandomOrder(0.3), victim)
    assert not any("[MASK]" in text for text in victim.asked)
    # The original, and for each of three words one candidate.
    assert result.num_queries == 4 == len(set(victim.asked))
    assert searched(MaskedDelta(0.3)).num_queries == 14


def test_limits_and_constraints_hold() -> None:
    assert len(changed(searched(RandomOrder(0.3)))) == change_budget(0.3, 10)
    assert set(changed(searched(RandomOrder(1.0), constraints=[MaxWordIndexModification(4)]))) == {0, 1, 2, 3}
    read = bag(WEIGHTS, [50, 0], reads=len("amber basalt ced"))
    assert set(changed(searched(RandomOrder(1.0), read))) <= {0, 1}  # a shorter word brings others into sight
