"""The objective "margin": against the definition on sets, what it asks for, and where it is refused."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.toolkit.goals import begin, known, of
from tests.toolkit.victims import bag, table
from textattack_xmtc.attack_recipes import XMTCNegative
from textattack_xmtc.campaign.plan import Plan
from textattack_xmtc.errors import InputError
from textattack_xmtc.goal_functions import NegativeTargeted, PositiveTargeted
from textattack_xmtc.goal_functions.margin import margin

ROWS = {
    "first": [5.0, 4.0, 3.0, 2.0, 1.0],
    "near": [5, 2.5, 3, 2, 9],
    "over": [5, 4, 3, 2, 4.5],
    "new": [4, 5, 8, 7, 6],
}
SCORES = st.lists(st.integers(-9, 9), min_size=1, max_size=6, unique=True)


@given(SCORES, st.data())
@settings(max_examples=200, deadline=None)
def test_one_target_is_ahead_where_it_would_be_among_the_best(rivals, data):
    k = data.draw(st.integers(1, len(rivals)))
    target = data.draw(st.integers(-9, 9)) + 0.5
    among = sum(rival > target for rival in rivals) < k
    assert (margin([target], rivals, k, "score") > 0) == among


def test_several_targets_must_overtake_more():
    # Of the 3 best, two places are for the targets: one rival may stay, the second must be overtaken.
    assert margin([1.0, 2.0], [9.0, 5.0, 4.0], 3, "score") == (1 - 5) + (2 - 5)
    assert margin([1.0, 2.0, 3.0], [9.0, 5.0, 4.0], 3, "score") == 6 - 3 * 9, "all of them: the best rival"


def test_probabilities_are_compared_as_log_odds_that_stay_finite():
    assert margin([0.2], [0.9, 0.5], 2, "probability") == pytest.approx(math.log(0.2 / 0.8))
    assert np.isfinite([margin([0.0], [1.0], 1, "probability"), margin([1.0], [0.0], 1, "probability")]).all()


def test_texts_are_compared_by_the_margin_over_the_best_so_far():
    goal = NegativeTargeted(table(ROWS), k=2, objective="margin")
    first = begin(goal, labels=[0], targets=[4])
    assert first.score == 1 - 4
    assert goal.objective_values(["near", "over"]).tolist() == [9 - 2.5, 0.5]
    # Labels 2 and 3 are the best of this text; only once that is known, they are rivals.
    assert goal.objective_values(["new"]).tolist() == [6 - 4]
    assert of(goal, "new")[0].score == 6 - 7
    assert goal.objective_values(["near"]).tolist() == [9 - 3]
    assert goal.answered(["new", "over", "near"]).tolist() == [-1, 0.5, 6], "what was said last"
    assert goal.num_queries == 4
    begin(goal, labels=[0], targets=[4])
    assert goal.objective_values(["new"]).tolist() == [2], "another example knows the original's best alone"


def test_only_the_targets_and_the_rivals_are_asked_for():
    victim = table(ROWS)
    wanted = []
    plain = victim._score
    victim._score = lambda texts, labels: wanted.append(sorted(labels)) or plain(texts, labels)
    goal = NegativeTargeted(victim, k=2, objective="margin")
    begin(goal, labels=[0], targets=[4])
    goal.objective_values(["near"])
    assert wanted == [[0, 1, 4], [0, 1, 4]]
    assert goal.answered(["near", "over"]).tolist()[0] == 6.5 and np.isnan(goal.answered(["over"])[0])


def test_a_skipped_example_has_no_rivals_to_trip_over():
    goal = known(NegativeTargeted, objective="margin")
    goal.model.row = lambda text: [5, 4, 3, 2, 1]
    assert begin(goal, labels=["axis"], targets=("scipy",)).reason.startswith("skipped")


def test_the_greedy_search_also_takes_words_that_weaken_a_rival():
    weights = {"zinc": [0, 0, 1], "iron": [0, -4, 0]}
    # The target alone would take zinc; against the rival, iron is worth more.
    victim = bag(weights, [9, 3, 0])
    goal = NegativeTargeted(victim, k=2, objective="margin")
    begin(goal, text="amber", labels=[0], targets=[2])
    assert goal.objective_values(["zinc", "iron"]).tolist() == [-2, 1]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: known(PositiveTargeted, objective="margin"), "'margin' is for targets that are to rise"),
        (lambda: known(NegativeTargeted, objective="best"), "unknown objective='best'; choose targets or margin"),
        (lambda: XMTCNegative.build(table(ROWS), objective="best"), "unknown objective='best'"),
        (lambda: Plan(("a",), "corpus", objective="best"), "unknown objective='best'; choose targets or margin"),
        (lambda: Plan(("a",), "corpus", objective="margin"), "use it with goal negative in mode paper"),
        (
            lambda: Plan(("a",), "c", goal="negative", mode="adv-xmtc", objective="margin"),
            "goal negative in mode paper",
        ),
    ],
)
def test_what_is_refused(make, message):
    with pytest.raises(InputError, match=message):
        make()
