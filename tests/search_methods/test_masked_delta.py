"""The search masked-delta beside TextAttack's own parts, and TextAttack's own searches with our goals.

That it is Algorithm 1 is tested in tests/search_methods/test_equal_to_plain_attack.py.
"""

from __future__ import annotations

import copy
import random
from typing import Any

import numpy as np
import pytest
import torch
from textattack import Attack
from textattack.attack_results import FailedAttackResult, SkippedAttackResult, SuccessfulAttackResult
from textattack.constraints.overlap import LevenshteinEditDistance
from textattack.constraints.pre_transformation import (
    MaxWordIndexModification,
    MinWordLength,
    RepeatModification,
    StopwordModification,
)
from textattack.goal_functions import UntargetedClassification
from textattack.search_methods import (
    AlzantotGeneticAlgorithm,
    BeamSearch,
    GreedySearch,
    GreedyWordSwapWIR,
    ImprovedGeneticAlgorithm,
    ParticleSwarmOptimization,
)
from textattack.shared import logger
from textattack.transformations import (
    CompositeTransformation,
    WordDeletion,
    WordInsertionRandomSynonym,
    WordSwapNeighboringCharacterSwap,
    WordSwapQWERTY,
    WordSwapRandomCharacterDeletion,
)

from tests.toolkit.victims import bag, proposing
from textattack_xmtc.constraints import MaxChangeRate
from textattack_xmtc.errors import InputError
from textattack_xmtc.goal_functions import NegativeTargeted, PositiveTargeted, Untargeted
from textattack_xmtc.search_methods import MaskedDelta
from textattack_xmtc.targets import GroundTruth
from textattack_xmtc.words import change_budget
from textattack_xmtc.wrappers import FunctionWrapper

WEIGHTS = {"amber": [4, 0, 0], "basalt": [2, 0, 0], "cedar": [1, 0, 0], "zinc": [-1, 0, 0], "alum": [-1, 0, 0]}
BASE = [0, 3.5, 0]
TEXT = "amber basalt cedar one two amber"
TRUTH = GroundTruth((0,), (0,)).encode()


def search(
    weights: Any = WEIGHTS,
    base: Any = BASE,
    goal: Any = PositiveTargeted,
    transformation: Any = None,
    constraints: Any = (),
    method: Any = None,
    victim: Any = None,
    **options: Any,
) -> Attack:
    goal = goal(victim or bag(weights, base), k=1, **options)
    return Attack(goal, list(constraints), transformation or proposing("zinc", "alum"), method or MaskedDelta(1.0))


def changed(result: Any) -> list[Any]:
    return sorted(result.perturbed_result.attacked_text.attack_attrs["modified_indices"])


def final(result: Any) -> Any:
    return result.perturbed_result.attacked_text.text


# With TextAttack's parts ----------------------------------------------------------------------------------------------


def test_a_goal_that_cannot_score_by_targets_is_refused_at_once() -> None:
    network = FunctionWrapper(lambda texts: [[0.1, 0.9]] * len(texts), "probability")
    network.model = torch.nn.Linear(1, 1)
    with pytest.raises(
        InputError,
        match=r"the search xmtc-masked-delta cannot work with the goal UntargetedClassification; use it with "
        "xmtc-positive-targeted, .* or use another search such as greedy-word-wir",
    ):
        Attack(UntargetedClassification(network), [], proposing("zinc"), MaskedDelta())


@pytest.mark.parametrize("transformation", [WordDeletion(), WordInsertionRandomSynonym()])
def test_only_word_swaps_keep_words_in_their_places(transformation: WordDeletion | WordInsertionRandomSynonym) -> None:
    with pytest.raises(ValueError, match="incompatible with transformation"):
        search(transformation=transformation)


@pytest.mark.parametrize("rate", [0, -0.1, 1.5])
def test_a_rate_that_is_no_share(rate: float) -> None:
    with pytest.raises(InputError, match=f"max_change_rate={rate} is not a share of the words"):
        MaskedDelta(rate)


@pytest.mark.parametrize(
    "transformation",
    [
        WordSwapRandomCharacterDeletion(random_one=False),
        WordSwapNeighboringCharacterSwap(random_one=False),
        WordSwapQWERTY(random_one=False),
        CompositeTransformation([proposing("zinc"), WordSwapRandomCharacterDeletion(random_one=False)]),
    ],
    ids=["character deletion", "neighbouring characters", "keyboard", "two of them"],
)
def test_other_word_swaps_propose_candidates(transformation: Any) -> None:
    constraints = [RepeatModification(), StopwordModification(), MinWordLength(5), LevenshteinEditDistance(12)]
    result = search(transformation=transformation, constraints=constraints).attack(TEXT, TRUTH)
    # Both "amber" go, each worth 4 of 11 points; 3 points are less than the 3.5 of the other label.
    assert isinstance(result, SuccessfulAttackResult)
    assert changed(result) == [0, 5]
    assert result.perturbed_result.raw_output.top.labels == (1,)


def test_constraints_keep_words_as_they_are() -> None:
    result = search(constraints=[MaxWordIndexModification(2)]).attack(TEXT, TRUTH)
    assert set(changed(result)) <= {0, 1, 2}
    victim = bag(WEIGHTS, BASE)
    search(victim=victim, constraints=[MinWordLength(6)]).attack(TEXT, TRUTH)
    masked = {text for text in victim.asked if "[MASK]" in text}
    assert masked == {"amber [MASK] cedar one two amber"}  # what may not be changed is not asked about


# Rules of its own -----------------------------------------------------------------------------------------------------


def test_of_equal_candidates_the_masked_lms_first_is_taken() -> None:
    # TextAttack hands candidates over in alphabetical order.
    assert final(search().attack(TEXT, TRUTH)) == "zinc basalt cedar one two zinc"
    assert (
        final(search(transformation=proposing("alum", "zinc")).attack(TEXT, TRUTH)) == "alum basalt cedar one two alum"
    )


def test_the_best_candidate_is_taken_wherever_it_stands() -> None:
    weights = {**WEIGHTS, "gold": [-5, 0, 0]}
    attack = search(weights, transformation=proposing("zinc", "gold", "alum"))
    assert final(attack.attack(TEXT, TRUTH)) == "gold basalt cedar one two amber"


def test_words_that_the_victim_does_not_read_are_left_alone(caplog: pytest.LogCaptureFixture) -> None:
    read = len("amber basalt cedar")
    victim = bag(WEIGHTS, [0, -50, -50], reads=read)
    logger.addHandler(caplog.handler)
    try:
        attack = search(victim=victim)
        results = [attack.attack(TEXT, TRUTH) for _ in range(2)]
    finally:
        logger.removeHandler(caplog.handler)
    for result in results:
        assert isinstance(result, FailedAttackResult)
        assert changed(result) == [0, 1, 2] and final(result).endswith(" one two amber")
    assert not any(text.endswith("[MASK]") for text in victim.asked)
    printed = [record.getMessage() for record in caplog.records if "the victim reads" in record.getMessage()]
    assert printed == [
        "xmtc: the victim reads the first 18 of the 32 characters of a text; words beyond are left alone (warned once)"
    ]


def test_a_word_that_is_read_in_part_is_left_alone() -> None:
    attack = search(victim=bag(WEIGHTS, [0, -50, -50], reads=len("amber bas")))
    assert changed(attack.attack(TEXT, TRUTH)) == [0]


@pytest.mark.parametrize("budget", range(1, 14))
def test_the_query_budget_ends_it(budget: int) -> None:
    victim = bag(WEIGHTS, BASE)
    attack = search(victim=victim, query_budget=budget)
    result = attack.attack(TEXT, TRUTH)
    assert len(set(victim.asked)) == result.num_queries <= budget
    unlimited = search().attack(TEXT, TRUTH)
    if isinstance(result, SuccessfulAttackResult):
        # The last query that is saved asks for a candidate as good as one before it.
        assert budget >= unlimited.num_queries - 1 and final(result) == final(unlimited)
    else:
        assert budget < unlimited.num_queries
        assert result.perturbed_result.reason == "failed: query budget used up"


@pytest.mark.parametrize(
    ("rate", "base", "text", "reason"),
    [
        (0.2, BASE, TEXT, "failed: 1 of 6 words changed, the limit"),
        (1.0, [50, 0, 0], TEXT, "failed: no word left to change"),  # "one" and "two" weigh no more than "flint"
        (0.1, BASE, TEXT, "failed: too short: 6 words allow no change at 10%"),
    ],
)
def test_a_failure_says_why(rate: float, base: list[float], text: str, reason: str) -> None:
    attack = search(base=base, method=MaskedDelta(rate), transformation=proposing("flint"))
    result = attack.attack(text, TRUTH)
    assert isinstance(result, FailedAttackResult) and result.perturbed_result.reason == reason
    assert result.original_result.reason == ""


def test_the_limit_is_kept_at_every_rate() -> None:
    for rate in np.linspace(0.05, 1, 20):
        attack = search(base=[90, 0, 0], method=MaskedDelta(float(rate)), transformation=proposing("zinc", "gold"))
        assert len(changed(attack.attack(TEXT, TRUTH))) <= change_budget(float(rate), 6)


def test_an_attack_can_be_copied() -> None:
    attack = search()
    attack.attack(TEXT, TRUTH)
    assert final(copy.deepcopy(attack).attack(TEXT, TRUTH)) == final(attack.attack(TEXT, TRUTH))


# TextAttack's searches with our goals ---------------------------------------------------------------------------------

SEARCHES = {
    "greedy by unknown word": lambda: GreedyWordSwapWIR("unk"),
    "greedy by deletion": lambda: GreedyWordSwapWIR("delete"),
    "greedy by weighted saliency": lambda: GreedyWordSwapWIR("weighted-saliency"),
    "greedy in random order": lambda: GreedyWordSwapWIR("random"),
    "beam": lambda: BeamSearch(3),
    "greedy": GreedySearch,
    "particle swarm": lambda: ParticleSwarmOptimization(pop_size=6, max_iters=4),
    "genetic": lambda: AlzantotGeneticAlgorithm(pop_size=6, max_iters=4),
    "improved genetic": lambda: ImprovedGeneticAlgorithm(pop_size=6, max_iters=4),
}
GOALS = {
    PositiveTargeted: GroundTruth((0,), (0,)),
    NegativeTargeted: GroundTruth((0,), (1,)),
    Untargeted: GroundTruth((0,)),
}


@pytest.mark.parametrize("goal", GOALS)
@pytest.mark.parametrize("name", SEARCHES)
def test_textattacks_searches_work_with_our_goals(name: str, goal: type[Any]) -> None:
    np.random.seed(0)
    random.seed(0)
    attack = search(
        {**WEIGHTS, "gold": [-3, 1, 0]},
        goal=goal,
        transformation=proposing("zinc", "gold", "alum"),
        constraints=[RepeatModification(), StopwordModification(), MaxChangeRate(0.5)],
        method=SEARCHES[name](),
    )
    result = attack.attack(TEXT, GOALS[goal].encode())
    assert isinstance(result, SuccessfulAttackResult)
    assert 1 <= len(result.original_result.attacked_text.all_words_diff(result.perturbed_result.attacked_text)) <= 3
    assert result.perturbed_result.raw_output.top.labels == (1,)
    kind = "true label" if goal is Untargeted else "target"
    assert f"{kind} 0: rank 1 -> " in str(result) or goal is NegativeTargeted
    skipped = attack.attack("one two", GroundTruth((0,)).encode())
    assert isinstance(skipped, SkippedAttackResult) or goal is NegativeTargeted


def test_textattacks_searches_keep_to_the_query_budget() -> None:
    victim = bag(WEIGHTS, [50, 0, 0])
    result = search(victim=victim, method=BeamSearch(3), query_budget=10).attack(TEXT, TRUTH)
    assert isinstance(result, FailedAttackResult) and len(set(victim.asked)) == 10
