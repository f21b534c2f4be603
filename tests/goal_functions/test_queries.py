"""What a goal asks the victim for: what counts as a query, what the budget cuts, and how large batches are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from textattack.shared import AttackedText

from tests.toolkit.goals import begin, of
from tests.toolkit.victims import CountingVictim
from textattack_xmtc.goal_functions import PositiveTargeted
from textattack_xmtc.wrappers import FunctionWrapper


def by_length(text: str) -> list[Any]:
    return [len(text) % 7, len(text) % 5, len(text) % 3, 4]


def test_a_query_is_a_distinct_text() -> None:
    victim = CountingVictim(by_length)
    goal = PositiveTargeted(victim, k=2)
    begin(goal, "aaaaaa", labels=[0])
    assert goal.num_queries == 1
    goal.objective_values(["b", "cc", "b"])
    assert goal.num_queries == 3
    of(goal, "cc", "ddd", "ddd", "aaaaaa")
    goal.objective_values(["ddd"])
    assert goal.num_queries == 4 == len(set(victim.asked))
    assert of(goal, "cc")[0].num_queries == 4


def test_the_objective_asks_for_the_targets_only_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    victim = CountingVictim(by_length, num_labels=4)
    goal = PositiveTargeted(victim, k=2)
    begin(goal, "aaaaaa", labels=[0])
    asked = []
    real = victim.score
    monkeypatch.setattr(
        victim, "score", lambda texts, labels: asked.append((list(texts), labels)) or real(texts, labels)
    )
    monkeypatch.setattr(victim, "top_k", lambda *_: pytest.fail("the objective needs no k best labels"))
    values = goal.objective_values(["b", "cc", "b"])
    assert values.tolist() == [-1, -2, -1] and values.dtype == np.float64
    assert goal.objective_values(["cc", "b"]).tolist() == [-2, -1]
    assert asked == [(["b", "cc"], (0,))]
    assert goal.objective_values([]).shape == (0,)


@pytest.mark.parametrize("ask", ["objective", "results"])
def test_the_query_budget_cuts_what_is_asked(ask: str) -> None:
    victim = CountingVictim(by_length)
    goal = PositiveTargeted(victim, k=2, query_budget=3)
    begin(goal, "aaaaaa", labels=[0])
    texts = ["b", "b", "cc", "ddd", "cc"]
    if ask == "objective":
        assert goal.objective_values(texts).tolist() == [-1, -1, -2]
    else:
        results, over = goal.get_results([AttackedText(text) for text in texts])
        assert [result.attacked_text.text for result in results] == texts[:3] and over
    assert (goal.num_queries, set(victim.asked)) == (3, {"aaaaaa", "b", "cc"})
    # What was answered before is still answered.
    assert len(goal.objective_values(["cc", "b"])) == 2 and len(goal.objective_values(["new"])) == 0
    assert goal.get_result(AttackedText("new")) == (None, True)


def test_a_budget_of_one_is_used_up_by_the_first_text() -> None:
    goal = PositiveTargeted(CountingVictim(by_length), k=2, query_budget=1)
    _, over = goal.init_attack_example(AttackedText("aaaaaa"), 0)
    assert over and goal.num_queries == 1


def test_a_new_example_starts_counting_anew() -> None:
    victim = CountingVictim(by_length)
    goal = PositiveTargeted(victim, k=2)
    begin(goal, "aaaaaa", labels=[0])
    goal.objective_values(["b", "cc"])
    begin(goal, "aaaaaa", labels=[0])
    assert goal.num_queries == 1 and victim.asked.count("aaaaaa") > 2


def test_batches_are_the_victims_unless_said_otherwise() -> None:
    victim = FunctionWrapper(lambda texts: [[1, 2]] * len(texts), "score", batch_size=7)
    assert PositiveTargeted(victim, k=1).batch_size == 7
    assert victim.batch_size == 7
    goal = PositiveTargeted(victim, k=1, model_batch_size=3)
    assert goal.batch_size == 3
    goal.batch_size = 5
    assert goal.model.batch_size == 5
