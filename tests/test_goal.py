"""What a goal is, against plain definitions on sets; which labels a victim shows, against sorting all scores."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textattack_xmtc.errors import InputError
from textattack_xmtc.goal import GOALS, NEGATIVE, POSITIVE, UNTARGETED, DecisionRule, goal_named
from textattack_xmtc.scores import NOTHING

LABELS = st.sets(st.integers(0, 7))


@given(LABELS, LABELS, LABELS, LABELS)
@settings(max_examples=500, deadline=None)
def test_goals_are_those_of_section_3(before: set[int], after: set[int], true: set[int], targets: set[int]) -> None:
    positive, negative, untargeted = GOALS[POSITIVE], GOALS[NEGATIVE], GOALS[UNTARGETED]

    gamma = targets & before
    assert positive.at_stake(before, true, targets) == gamma
    assert positive.reached(after, gamma) == (bool(gamma) and not gamma & after), "all of them have left"

    gamma = targets - before
    assert negative.at_stake(before, true, targets) == gamma
    assert negative.reached(after, gamma) == (bool(gamma) and gamma <= after), "all of them have entered"

    right = true & before
    assert untargeted.at_stake(before, true, targets) == right
    assert untargeted.reached(after, right) == bool(right - after), "any of them has left"

    for goal in GOALS.values():
        at_stake = goal.at_stake(before, true, targets)
        assert not goal.reached(before, at_stake), "nothing is reached before the attack"
        scored = before if goal is untargeted and at_stake else at_stake
        assert goal.scored(before, at_stake) == tuple(sorted(scored))


def test_a_true_target_that_is_shown_and_a_wrong_one_that_is_not_are_right_before() -> None:
    assert GOALS[POSITIVE].right_before([3, 1], 1) and not GOALS[POSITIVE].right_before([3, 1], 2)
    assert GOALS[NEGATIVE].right_before([3, 1], 2) and not GOALS[NEGATIVE].right_before([3, 1], 1)


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("positive", POSITIVE),
        ("Positive-Targeted", POSITIVE),
        ("xmtc-negative-targeted", NEGATIVE),
        ("negative_targeted", NEGATIVE),
        ("non-targeted", UNTARGETED),
        ("xmtc-non-targeted", UNTARGETED),
        (" untargeted ", UNTARGETED),
    ],
)
def test_other_spellings_of_a_goal(spelling: str, name: str) -> None:
    assert goal_named(spelling) is GOALS[name]  # type: ignore[index]


@pytest.mark.parametrize("name", ["postive", "", "both", "targeted classification"])
def test_an_unknown_goal_is_refused_with_those_that_there_are(name: str) -> None:
    with pytest.raises(InputError, match="choose positive, negative, untargeted") as refused:
        goal_named(name)
    assert ("did you mean 'positive'" in str(refused.value)) == (name == "postive")


VALUES = [-1.0, 0.0, 0.3, 0.5, 0.7, 1.0]  # few: ties, and scores that are the threshold itself, are frequent


@given(
    st.lists(st.sampled_from(VALUES), min_size=1, max_size=8),
    st.one_of(st.none(), st.integers(1, 9)),
    st.one_of(st.none(), st.sampled_from(VALUES), st.lists(st.sampled_from(VALUES), min_size=8, max_size=8)),
)
@settings(max_examples=500, deadline=None)
def test_shown_labels_are_those_of_sorting_all_scores(
    row: list[float], k: int | None, threshold: float | list[float] | None
) -> None:
    if k is None and threshold is None:
        return
    least = threshold if isinstance(threshold, list) else [-9.0 if threshold is None else threshold] * len(row)
    ranked = sorted(range(len(row)), key=lambda label: (-row[label], label))
    expected = [label for label in ranked[:k] if row[label] >= least[label]]
    order = np.array([*ranked, NOTHING])
    scores = np.array([*(row[label] for label in ranked), 0.0], dtype=np.float32)  # as victims answer
    assert list(DecisionRule(k, threshold).shown(order, scores).labels) == expected


@pytest.mark.parametrize(
    ("k", "threshold", "message"),
    [
        (None, None, "neither k nor a threshold"),
        (0, None, "invalid k=0"),
        (-1, 0.5, "invalid k=-1"),
        (2.5, None, "invalid k=2.5"),
        (True, None, "invalid k=True"),
        (5, float("nan"), "invalid threshold=nan"),
        (5, float("inf"), "invalid threshold=inf"),
        (5, "half", "invalid threshold=half"),
        (5, [], "invalid threshold"),
        (5, [[0.5]], "invalid threshold"),
        (5, True, "invalid threshold=True"),
    ],
)
def test_rules_that_cannot_be(k: object, threshold: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        DecisionRule(k, threshold)  # type: ignore[arg-type]


@pytest.mark.parametrize("threshold", [0.0, -0.5, 1.5, [0.5, 2.0]])
def test_a_threshold_outside_the_range_of_probabilities_is_refused(threshold: float | list[float]) -> None:
    rule = DecisionRule(5, threshold)
    rule.check("logit", 2)
    with pytest.raises(InputError, match="must be above 0 and at most 1"):
        rule.check("probability", 2)


def test_one_threshold_for_each_label_of_the_victim() -> None:
    DecisionRule(5, [0.5, 0.6]).check("probability", 2)
    with pytest.raises(InputError, match="2 thresholds were given, and the victim has 3 labels"):
        DecisionRule(5, [0.5, 0.6]).check("probability", 3)
