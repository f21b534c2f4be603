"""Goals of victims that show every label above a threshold, against plain definitions on dense scores."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.toolkit.bert import tiny_bert, word_tokenizer
from tests.toolkit.goals import SEARCHING, SKIPPED, SUCCEEDED, begin, of
from tests.toolkit.victims import table
from textattack_xmtc.errors import InputError
from textattack_xmtc.goal_functions import NegativeTargeted, PositiveTargeted, TopKGoalFunction, Untargeted
from textattack_xmtc.wrappers import HuggingFaceWrapper, ShortlistWrapper

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
        "skipped: nothing is shown: no label is among the labels with a score of at least 0.5"
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


def test_a_victims_own_threshold_counts_where_none_is_given(tmp_path: Path) -> None:
    victim = table({"first": [0.9, 0.4, 0.3]}, score_kind="probability", label_names=["a", "b", "c"])
    victim.threshold = 0.4
    assert begin(PositiveTargeted(victim, k=3), labels=[0]).raw_output.top.labels == (0, 1)
    assert begin(PositiveTargeted(victim, k=3, threshold="0.3"), labels=[0]).raw_output.top.labels == (0, 1, 2)
    file = tmp_path / "thresholds.json"
    file.write_text('{"c": 0.3, "a": 0.95, "b": 0.5}')
    goal = PositiveTargeted(victim, k=3, threshold=str(file))
    assert "(rule):  top 3 with a score of at least its own threshold" in repr(goal)
    assert goal.threshold == [0.95, 0.5, 0.3]
    assert begin(goal, labels=[2]).raw_output.top.labels == (2,)


@pytest.mark.parametrize("threshold", [0.0, -0.1, 1.1, float("nan"), float("inf")])
def test_a_threshold_outside_the_range_of_probabilities_is_refused(threshold: float) -> None:
    victim = table({"first": [0.9, 0.4]}, score_kind="probability")
    with pytest.raises(InputError, match="invalid threshold="):
        PositiveTargeted(victim, k=2, threshold=threshold)
    victim.threshold = threshold
    with pytest.raises(InputError, match="invalid threshold="):
        PositiveTargeted(victim, k=2)


def test_a_victim_that_shows_few_labels_needs_no_k() -> None:
    rows = {"first": [("a", 0.9), ("b", 0.6), ("c", 0.1)], "second": [("b", 0.5)]}
    victim = ShortlistWrapper(lambda texts: [rows[text] for text in texts], "score", list("abcd"), shown=3, floor=0.0)
    goal = PositiveTargeted(victim, k=None, threshold=0.6)
    assert begin(goal, labels=[1], targets=(1,)).raw_output.top.labels == (0, 1)
    assert of(goal, "second")[0].goal_status == SUCCEEDED
    with pytest.raises(InputError, match=r"invalid threshold=0: a label that .* does not show has 0"):
        PositiveTargeted(victim, k=None, threshold=0)


def test_other_scores_than_those_of_the_threshold_are_refused() -> None:
    model, tokenizer = tiny_bert(3, 8, None), word_tokenizer(["hot", "egg", "tea"], 8)
    victim = HuggingFaceWrapper(model, tokenizer, threshold=0.5)
    assert PositiveTargeted(victim, k=2).threshold == 0.5
    with pytest.raises(InputError, match=r"the threshold of .* is of kind 'probability', and scores of kind 'logit'"):
        PositiveTargeted(victim, k=2, score_space="logit")
