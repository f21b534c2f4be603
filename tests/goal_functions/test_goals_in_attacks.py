"""The goals in whole attacks: one example after another, either score space, and what results keep and show."""

from __future__ import annotations

import json
import pickle
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from textattack.attack_results import FailedAttackResult, SkippedAttackResult, SuccessfulAttackResult

from tests.toolkit.goals import begin, known, of
from tests.toolkit.victims import bag, proposing
from textattack_xmtc.attack_recipes import XMTCNegative, XMTCPositive, XMTCUntargeted
from textattack_xmtc.errors import InputError
from textattack_xmtc.goal_functions import PositiveTargeted
from textattack_xmtc.targets import GroundTruth
from textattack_xmtc.wrappers import FunctionWrapper

# One example after another --------------------------------------------------------------------------------------------

WEIGHTS = {
    "red": [3, 0, 0, 1],
    "blue": [0, 3, 0, 1],
    "green": [0, 0, 3, 1],
    "zinc": [-1, 0, 0, 0],
    "iron": [0, -2, 0, 0],
}
TEXT = "red blue green a red b blue c green d"
RECIPES = {"positive": XMTCPositive, "negative": XMTCNegative, "untargeted": XMTCUntargeted}


def recipe(goal: str = "positive", victim: Any = None, **options: Any) -> Any:
    victim = victim or bag(WEIGHTS, [0, 0, 0, 0], num_labels=4)
    settings = {
        "k": 2,
        "max_change_rate": 0.5,
        "masked_lm": proposing("zinc", "iron", "red", "blue"),
        "encoder": "embedded",
    }
    return RECIPES[goal].build(victim, **{**settings, **options})


def facts(result: Any) -> tuple[Any, Any, Any, Any, Any, Any, str]:
    final = result.perturbed_result
    return (
        type(result),
        final.attacked_text.text,
        final.num_queries,
        final.score,
        final.targets,
        final.raw_output.ranks,
        str(result),
    )


def test_one_text_attacked_for_one_target_after_another() -> None:
    """What one target learnt does not answer for another, nor does a skip leave anything behind."""
    examples = [
        GroundTruth((0, 1), (0,)),
        GroundTruth((0, 1), (1,)),
        GroundTruth((2,)),  # not among the two best: skipped
        GroundTruth((0, 1), (0, 1)),
        GroundTruth((0, 1), (0,)),
    ]
    one = recipe()
    in_a_row = [facts(one.attack(TEXT, truth.encode())) for truth in examples]
    fresh = [facts(recipe().attack(TEXT, truth.encode())) for truth in examples]
    assert in_a_row == fresh
    assert in_a_row[0] == in_a_row[4] != in_a_row[1]
    assert [kind for kind, *_ in fresh].count(SkippedAttackResult) == 1


def test_the_first_result_of_an_example_knows_nothing_of_the_example_before() -> None:
    goal = PositiveTargeted(bag(WEIGHTS, [0, 0, 0, 0]), k=2)
    for _ in range(2):
        initial = begin(goal, TEXT, labels=[1])
        assert initial.initial is None
        assert re.fullmatch(r"\[top-2: 0, 1\*\]", initial.get_colored_output())
    assert of(goal, "red")[0].initial is initial


@pytest.mark.parametrize("goal", RECIPES)
def test_nothing_is_kept_after_an_attack_or_a_skip(goal: str) -> None:
    one = recipe(goal)
    truth = {"positive": GroundTruth((0,)), "negative": GroundTruth((0, 1), (2,)), "untargeted": GroundTruth((0,))}[
        goal
    ]
    assert not isinstance(one.attack(TEXT, truth.encode()), SkippedAttackResult)
    assert one.goal_function._answers == {}
    assert isinstance(one.attack("red", truth.encode()), SkippedAttackResult)
    assert one.goal_function._answers == {}


def test_nothing_is_kept_after_an_error() -> None:
    one = recipe()
    with pytest.raises(InputError):
        one.attack(TEXT, GroundTruth((0,), (1,)).encode())
    assert one.goal_function._answers == {}


# Score spaces ---------------------------------------------------------------------------------------------------------


class Saturated(FunctionWrapper):
    """Logits far beyond where a float32 sigmoid is 1."""

    def __init__(self, scores: str = "probability") -> None:
        super().__init__(self.answer, scores, mask="[MASK]")

    def answer(self, texts: Sequence[str]) -> Any:
        logits = np.array([[30 + 9 * text.count("strong") + text.count("weak"), 20, -5] for text in texts])
        return logits if self.score_kind == "logit" else 1 / (1 + np.exp(-logits.astype(np.float32)))

    def with_score_kind(self, kind: Any) -> Saturated:
        return Saturated(kind)


def test_logits_rank_where_probabilities_saturate() -> None:
    texts = ["weak [MASK]", "[MASK] strong"]
    for space, differences in (("probability", [0, 0]), ("logit", [9, 1]), (None, [0, 0])):
        goal = PositiveTargeted(Saturated(), k=1, score_space=space)
        initial = begin(goal, "weak strong", labels=[0])
        assert (goal.objective_values(texts) - initial.score).tolist() == differences
        assert goal.score_space == (space or "probability")
    chosen = {}
    for space in ("probability", "logit"):
        attack = recipe(victim=Saturated(), k=1, score_space=space, masked_lm=proposing("thing"))
        chosen[space] = attack.attack("weak strong", GroundTruth((0,)).encode()).perturbed_result.attacked_text.text
    assert chosen == {"probability": "weak strong", "logit": "weak thing"}


# What is kept and shown -----------------------------------------------------------------------------------------------


def test_a_result_shows_names_ranks_and_scores() -> None:
    victim = bag(WEIGHTS, [0.25, 0, 0, 0], label_names=["stats", "scipy", "axis\nlabel", "mean"])
    attack = recipe(victim=victim, k=3, max_change_rate=1.0, masked_lm=proposing("zinc"))
    result = attack.attack("red red blue blue green a", GroundTruth(("stats",)).encode())
    assert isinstance(result, SuccessfulAttackResult)
    first, final = result.original_result, result.perturbed_result
    assert first.get_colored_output() == "[top-3: stats*, scipy, mean]"
    shown = final.get_colored_output().splitlines()
    assert shown[0] == "[top-3: scipy, mean, axis label]"
    assert shown[1] == "target stats: rank 1 -> 4, score 6.25 -> 2.25"
    assert shown[2].startswith("1 of 6 words changed (16.7%), similarity 0.")
    assert len(shown) == 3


def test_a_failed_attack_says_why() -> None:
    attack = recipe(max_change_rate=0.1, masked_lm=proposing("zinc"))
    result = attack.attack("red red red red red red red red blue green", GroundTruth((0,)).encode())
    assert isinstance(result, FailedAttackResult)
    assert result.perturbed_result.get_colored_output().splitlines()[-1] == "(failed: 1 of 10 words changed, the limit)"


def test_a_skipped_example_stays_on_one_line() -> None:
    result = recipe().attack(TEXT, GroundTruth((3,)).encode())
    assert str(result).splitlines()[0].endswith("(skipped: no true label is among the top 2) --> [SKIPPED]")


def test_results_pickle_and_hold_no_dense_rows() -> None:
    labels = 100_000
    rng = np.random.default_rng(0)
    weights = {word: rng.normal(size=labels) for word in ("red", "blue", "green")}
    attack = recipe(victim=bag(weights, np.zeros(labels), num_labels=labels), k=5)
    target = int(np.argmax(weights["red"] + weights["blue"] + weights["green"]))
    result = attack.attack("red blue green and more words to read here", GroundTruth((target,)).encode())
    assert not isinstance(result, SkippedAttackResult)
    stored = pickle.dumps(result)
    assert len(stored) < 20_000  # a dense row alone is 400,000 bytes
    back = pickle.loads(stored)
    assert str(back) == str(result)
    assert back.perturbed_result.raw_output == result.perturbed_result.raw_output


def test_a_result_does_not_hold_the_results_before_it() -> None:
    attack, sizes = recipe(), []
    for _ in range(4):
        sizes.append(len(pickle.dumps(attack.attack(TEXT, GroundTruth((0,)).encode()))))
    assert max(sizes) < 1.1 * sizes[0]


def test_ground_truth_travels_as_text() -> None:
    initial = begin(known(PositiveTargeted), labels=["axis"], targets=("axis",))
    assert json.loads(initial.ground_truth_output) == {"labels": ["axis"], "targets": ["axis"]}
