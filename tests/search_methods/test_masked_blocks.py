"""Words ranked by masked blocks, on victims that add up words: what is asked about, when, and in what order.

That whole attacks are what they should be is tested in tests/search_methods/test_equal_to_plain_attack.py.
"""

from __future__ import annotations

from typing import Any

import pytest
from textattack import Attack
from textattack.attack_results import FailedAttackResult, SuccessfulAttackResult
from textattack.constraints.pre_transformation import MaxWordIndexModification, RepeatModification

from tests.toolkit.victims import CountingVictim, bag, proposing
from textattack_xmtc.errors import InputError
from textattack_xmtc.goal_functions import NegativeTargeted, PositiveTargeted
from textattack_xmtc.search_methods import MaskedBlocks, MaskedDelta, search_named
from textattack_xmtc.targets import GroundTruth
from textattack_xmtc.words import change_budget

WORDS = [f"word{chr(ord('a') + place)}" for place in range(16)]
TEXT = " ".join(WORDS)
TRUTH = GroundTruth((0,), (0,)).encode()


def victim(base: int = 50, **weights: float) -> CountingVictim:
    """Label 0 leads by `base` and the weights of words, named by their last letters."""
    return bag({f"word{letter}": [weight, 0] for letter, weight in weights.items()}, [base, 0])


def searched(
    method: Any,
    model: Any,
    goal: Any = PositiveTargeted,
    text: str = TEXT,
    constraints: Any = (),
    truth: Any = TRUTH,
    **options: Any,
) -> Any:
    attack = Attack(goal(model, k=1, **options), [RepeatModification(), *constraints], proposing("zinc"), method)
    return attack.attack(text, truth)


def masks(model: CountingVictim) -> list[list[int]]:
    """Which words were masked together in what was asked, in that order."""
    return [
        [place for place, word in enumerate(text.split()) if word == "[MASK]"] for text in model.asked if "MASK" in text
    ]


def changes(model: CountingVictim) -> list[int]:
    """The places that were changed in the texts that were asked, in the order in which they first were."""
    places = [place for text in model.asked for place, word in enumerate(text.split()) if word == "zinc"]
    return list(dict.fromkeys(places))


def test_only_the_blocks_that_come_first_are_split() -> None:
    model = victim(base=-1, g=3)  # the sixth; its change alone is enough
    result = searched(MaskedBlocks(), model)
    assert isinstance(result, SuccessfulAttackResult)
    blocks = [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11], [12, 13, 14, 15]]
    assert masks(model) == [*blocks, [4, 5], [6, 7], [6], [7]]
    assert changes(model) == [6]
    # The original, 8 masked texts, one candidate; masked-delta asks about 16.
    assert result.num_queries == 10 == len(set(model.asked))
    assert searched(MaskedDelta(), victim(base=-1, g=3)).num_queries == 18


def test_a_word_is_settled_before_others_are_ranked() -> None:
    model = victim(base=-1, g=3, b=2)
    searched(MaskedBlocks(1.0), model)
    assert changes(model) == [6, 1]
    first = next(place for place, text in enumerate(model.asked) if "zinc" in text)
    later = [text for text in model.asked[first:] if "MASK" in text]
    assert len(later) == 4 and all(text.split()[6] == "wordg" for text in later)  # masked in the original text


def test_words_that_add_up_are_tried_in_the_order_of_masked_delta() -> None:
    weights = dict(zip("abcdefghijklmnop", [3, 9, 4, 12, 6, 1, 14, 2, 11, 5, 13, 7, 15, 8, 16, 10], strict=True))
    asked = {}
    for method in (MaskedBlocks(1.0), MaskedDelta(1.0)):
        model = victim(base=500, **weights)
        assert isinstance(searched(method, model), FailedAttackResult)
        asked[type(method)] = changes(model)
    # Every word that is in the front block counts more than its block's share, but order across blocks may differ.
    assert sorted(asked[MaskedBlocks]) == list(range(16))
    alone = victim(base=500, **weights)
    searched(MaskedBlocks(1.0, block=1), alone)
    assert changes(alone) == asked[MaskedDelta]


@pytest.mark.parametrize("method", [MaskedBlocks(1.0), MaskedBlocks(1.0, block=1), MaskedBlocks(1.0, block=16)])
def test_ties_go_to_the_earlier_word(method: MaskedBlocks) -> None:
    model = victim(**dict.fromkeys("abcdefghijklmnop", 1.0))
    searched(method, model)
    assert changes(model) == list(range(16))


def test_odd_blocks() -> None:
    model = victim(**{"c": 3.0})
    searched(MaskedBlocks(0.1, block=7), model)
    # Those asked about in one go come sorted by length.
    assert sorted(masks(model)[:3]) == [[0, 1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12, 13], [14, 15]]
    assert sorted(masks(model)[3:5]) == [[0, 1, 2, 3], [4, 5, 6]] and masks(model)[5:7] == [[0, 1], [2, 3]]


def test_the_negative_goal_takes_the_words_that_hold_the_target_down() -> None:
    model = bag({"wordg": [0, -3], "wordb": [0, 2]}, [1, 0])
    result = searched(MaskedBlocks(), model, NegativeTargeted, truth=GroundTruth((0,), (1,)).encode())
    assert isinstance(result, SuccessfulAttackResult) and changes(model) == [6]


def test_constraints_and_what_the_victim_reads() -> None:
    model = victim(**dict.fromkeys("abcdefghijklmnop", 1.0))
    searched(MaskedBlocks(1.0), model, constraints=[MaxWordIndexModification(6)])
    assert sorted(masks(model)[:2]) == [[0, 1, 2, 3], [4, 5]]
    short = bag({word: [1, 0] for word in WORDS}, [50, 0], reads=len("worda wordb wor"))
    searched(MaskedBlocks(1.0), short)
    assert masks(short)[0] == [0, 1]


def test_limits() -> None:
    for rate in (0.1, 0.2, 0.5):
        model = victim(**dict.fromkeys("abcdefghijklmnop", 1.0))
        result = searched(MaskedBlocks(rate), model)
        assert len(changes(model)) == change_budget(rate, 16)
        assert result.perturbed_result.reason.endswith("the limit")
        # The search ends with the last change: nothing is split for a word that could not be changed.
        assert "zinc" in model.asked[-1]


@pytest.mark.parametrize("budget", range(1, 12))
@pytest.mark.parametrize("order", ["all", "until-goal", "while-better"])
def test_the_query_budget_ends_it(budget: int, order: str) -> None:
    model = victim(base=-1, g=3)
    result = searched(MaskedBlocks(candidate_order=order), model, query_budget=budget)
    assert len(set(model.asked)) == result.num_queries <= budget
    assert isinstance(result, SuccessfulAttackResult) is (budget >= 10)
    if budget < 10:
        assert result.perturbed_result.reason == "failed: query budget used up"


def test_the_same_text_is_attacked_alike() -> None:
    weights = dict(zip("abcdefghijklmnop", [3, 9, 4, 12, 6, 1, 14, 2, 11, 5, 13, 7, 15, 8, 16, 10], strict=True))
    method, asked = MaskedBlocks(0.5, candidate_order="while-better"), []
    for _ in range(2):
        model = victim(base=500, **weights)
        searched(method, model)
        asked.append(model.asked)
    assert asked[0] == asked[1]


def test_what_cannot_be() -> None:
    with pytest.raises(InputError, match="invalid block=0; must be at least 1 word"):
        MaskedBlocks(block=0)
    with pytest.raises(InputError, match="unknown candidate_order='best'; choose all or until-goal or while-better"):
        MaskedBlocks(candidate_order="best")
    with pytest.raises(
        InputError, match="unknown ranking='best'; choose masked-delta or masked-blocks or first-candidate"
    ):
        search_named("best")
    assert "block" in repr(Attack(PositiveTargeted(victim(), k=1), [], proposing("zinc"), MaskedBlocks()))
