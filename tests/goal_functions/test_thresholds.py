"""Goals of victims that show every label above a threshold, against plain definitions on dense scores."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.toolkit.goals import SEARCHING, SKIPPED, SUCCEEDED, begin, of
from tests.toolkit.victims import table
from textattack_xmtc.errors import InputError
from textattack_xmtc.goal_functions import NegativeTargeted, PositiveTargeted, TopKGoalFunction, Untargeted

ROW = st.lists(st.sampled_from([-2.0, -1.0, 0.0, 0.5, 1.0, 2.0]), min_size=20, max_size=20)


def shown(row: list[float], k: int | None, threshold: float | list[float] | None) -> set[int]:
    least = threshold if isinstance(threshold, list) else [-9.0 if threshold is None else threshold] * len(row)
    ranked = sorted(range(len(row)), key=lambda label: (-row[label], label))
    return {label for label in ranked[:k] if row[label] >= least[label]}


@given(
    st.data(),
    st.sampled_from([PositiveTargeted, NegativeTargeted, Untargeted]),
    st.lists(ROW, min_size=2, max_size=4),
    st.one_of(st.none(), st.integers(1, 20)),
    st.one_of(st.sampled_from([-1.0, 0.5, 1.5]), ROW),
    st.sets(st.integers(0, 19)),
    st.sets(st.integers(0, 19), max_size=3),
)
@settings(max_examples=300, deadline=None)
def test_with_a_threshold_shown_stands_for_among_the_k_best(
    data: st.DataObject,
    kind: type[TopKGoalFunction],
    rows: list[list[float]],
    k: int | None,
    threshold: float | list[float],
    labels: set[int],
    targets: set[int],
) -> None:
    targets = targets & labels if kind is PositiveTargeted else targets - labels
    texts = {f"text {number}": row for number, row in enumerate(rows)}
    goal = kind(table(texts), k=k, threshold=threshold)
    before = shown(rows[0], k, threshold)
    if kind is NegativeTargeted and k is not None and len(targets - before) > k:
        return  # refused, whatever the threshold
    initial = begin(goal, "text 0", tuple(sorted(labels)), None if kind is Untargeted else tuple(sorted(targets)))
    at_stake = {
        PositiveTargeted: targets & before,
        NegativeTargeted: targets - before,
        Untargeted: labels & before,
    }[kind]
    assert initial.goal_status == (SEARCHING if at_stake else SKIPPED)
    assert set(initial.raw_output.top.labels) == before
    if not at_stake:
        assert initial.reason.startswith("skipped: ")
        return
    for result, row in zip(of(goal, *texts), rows, strict=True):
        after = shown(row, k, threshold)
        reached = {
            PositiveTargeted: not at_stake & after,
            NegativeTargeted: at_stake <= after,
            Untargeted: bool(at_stake - after),
        }[kind]
        assert result.goal_status == (SUCCEEDED if reached else SEARCHING)
        assert set(result.raw_output.top.labels) == after


def test_a_text_with_nothing_shown_is_skipped_with_the_reason() -> None:
    goal = PositiveTargeted(table({"first": [0.1, 0.2]}), k=None, threshold=0.5)
    assert begin(goal, labels=[0], targets=(0,)).reason == (
        "skipped: no target is among the labels with a score of at least 0.5"
    )


def test_the_margin_counts_from_the_threshold_where_that_is_higher() -> None:
    texts = {"first": [3.0, 2.0, -1.0], "near": [3.0, 2.0, 2.5]}
    goal = NegativeTargeted(table(texts), k=2, threshold=4.0, objective="margin")
    begin(goal, labels=[0], targets=(2,))
    assert goal.objective_values(["near"]).tolist() == [-1.5]
    alone = NegativeTargeted(table(texts), k=None, threshold=4.0, objective="margin")
    begin(alone, labels=[0], targets=(2,))
    assert alone.objective_values(["near"]).tolist() == [-1.5]


def test_what_does_not_fit_the_victim_is_refused() -> None:
    with pytest.raises(InputError, match="neither k nor a threshold"):
        PositiveTargeted(table({"first": [1, 2]}), k=None)
    with pytest.raises(InputError, match="3 thresholds were given, and the victim has 2 labels"):
        PositiveTargeted(table({"first": [1, 2]}, label_names=["a", "b"]), threshold=[1, 2, 3], k=2)
