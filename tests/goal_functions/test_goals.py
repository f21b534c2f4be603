"""The three goals: when an example is skipped, when a text has reached the goal, and what input is refused."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textattack.shared import AttackedText, logger

from tests.toolkit.goals import NAMES, SEARCHING, SKIPPED, SUCCEEDED, begin, known, of
from tests.toolkit.victims import table
from textattack_xmtc.errors import InputError
from textattack_xmtc.goal_functions import NegativeTargeted, PositiveTargeted, Untargeted
from textattack_xmtc.targets import GroundTruth
from textattack_xmtc.wrappers import FunctionWrapper, ShortlistWrapper

# Status, against the definitions of section 3 on sets ----------------------------------------------------------------


def best(row: Any, k: Any) -> set[Any]:
    return set(sorted(range(len(row)), key=lambda label: (-row[label], label))[:k])


@st.composite
def situations(draw: st.DrawFn) -> tuple[Any, Any, Any, Any, Any]:
    size = draw(st.integers(2, 8))
    row = st.lists(st.integers(-3, 3), min_size=size, max_size=size)  # few values: ties are frequent
    labels = st.sets(st.integers(0, size - 1))
    return (
        draw(row),
        draw(st.lists(row, min_size=1, max_size=4)),
        draw(st.integers(1, size)),
        draw(labels),
        draw(labels),
    )


def started(kind: Any, situation: Any) -> tuple[Any, Any, Any, Any, Any]:
    first, others, k, labels, targets = situation
    texts = {"first": first, **{f"text {number}": row for number, row in enumerate(others)}}
    goal = kind(table(texts), k=k)
    if kind is PositiveTargeted:
        targets &= labels
    elif kind is NegativeTargeted:
        labels -= targets
    return goal, texts, best(first, k), labels, targets


@given(situations())
@settings(max_examples=300, deadline=None)
def test_positive_means_no_target_is_left_among_the_best(situation: Any) -> None:
    goal, texts, inside, labels, targets = started(PositiveTargeted, situation)
    initial = begin(goal, labels=labels, targets=tuple(targets))
    gamma = targets & inside
    assert initial.targets == tuple(sorted(gamma))
    assert initial.goal_status == (SEARCHING if gamma else SKIPPED)
    if gamma:
        assert initial.score == -sum(texts["first"][label] for label in gamma)
        for result in of(goal, *texts):
            row = texts[result.attacked_text.text]
            assert result.goal_status == (SEARCHING if gamma & best(row, goal.k) else SUCCEEDED)
            assert result.score == -sum(row[label] for label in gamma)


@given(situations())
@settings(max_examples=300, deadline=None)
def test_negative_means_every_target_is_among_the_best(situation: Any) -> None:
    goal, texts, inside, labels, targets = started(NegativeTargeted, situation)
    gamma = targets - inside
    if len(gamma) > goal.k:
        with pytest.raises(InputError, match=f"{len(gamma)} negative targets cannot all be among the top {goal.k}"):
            begin(goal, labels=labels, targets=tuple(targets))
        return
    initial = begin(goal, labels=labels, targets=tuple(targets))
    assert initial.targets == tuple(sorted(gamma))
    assert initial.goal_status == (SEARCHING if gamma else SKIPPED)
    if gamma:
        for result in of(goal, *texts):
            row = texts[result.attacked_text.text]
            assert result.goal_status == (SUCCEEDED if gamma <= best(row, goal.k) else SEARCHING)
            assert result.score == sum(row[label] for label in gamma)


@given(situations())
@settings(max_examples=300, deadline=None)
def test_untargeted_means_a_right_label_has_left(situation: Any) -> None:
    goal, texts, inside, labels, _ = started(Untargeted, situation)
    initial = begin(goal, labels=labels)
    right = labels & inside
    assert goal.targets == (tuple(sorted(inside)) if right else ()), "Gamma is all that is shown (Eq. 3.1)"
    assert initial.targets == tuple(sorted(right)), "a reader is told of true labels only"
    assert initial.goal_status == (SEARCHING if right else SKIPPED)
    if right:
        for result in of(goal, *texts):
            row = texts[result.attacked_text.text]
            assert result.goal_status == (SEARCHING if right <= best(row, goal.k) else SUCCEEDED)
            assert result.score == -sum(row[label] for label in inside)


def test_a_target_that_was_outside_and_enters_does_not_spoil_success() -> None:
    goal = PositiveTargeted(table({"first": [3, 2, 1], "other": [0, 1, 2]}), k=1)
    begin(goal, labels=[0, 2], targets=(0, 2))
    assert goal.targets == (0,)
    assert of(goal, "other")[0].goal_status == SUCCEEDED


# Targets that the goals choose ----------------------------------------------------------------------------------------


def test_without_targets_positive_takes_the_best_right_label() -> None:
    goal = PositiveTargeted(table({"first": [1, 4, 3, 2]}), k=3)
    assert begin(goal, labels=[0, 2, 3]).targets == (2,)


def test_without_targets_negative_draws_a_wrong_label_by_the_text() -> None:
    rows = {f"text {number}": [9, 8] + [0] * 20 for number in range(40)}
    goal = NegativeTargeted(table(rows), k=2)
    drawn = [begin(goal, text, labels=[5, 6]).targets for text in rows]
    assert drawn == [begin(NegativeTargeted(table(rows), k=2), text, labels=[5, 6]).targets for text in rows]
    assert all(len(targets) == 1 and targets[0] not in (0, 1, 5, 6) for targets in drawn)
    assert len(set(drawn)) > 5


def test_negative_is_skipped_where_every_label_is_right_or_predicted() -> None:
    goal = NegativeTargeted(table({"first": [3, 2, 1]}), k=2)
    initial = begin(goal, labels=[2])
    assert initial.goal_status == SKIPPED
    assert initial.reason == "skipped: every label is true or among the top 2 already"


@pytest.mark.parametrize(
    ("kind", "truth", "reason"),
    [
        (PositiveTargeted, GroundTruth(("mean",)), "skipped: no true label is among the top 2"),
        (PositiveTargeted, GroundTruth(("axis", "mean"), ("mean",)), "skipped: no target is among the top 2"),
        (PositiveTargeted, GroundTruth(()), "skipped: the text has no labels"),
        (PositiveTargeted, GroundTruth(("axis",), ()), "skipped: the list of targets is empty"),
        (NegativeTargeted, GroundTruth(("mean",), ("axis",)), "skipped: every target is among the top 2 already"),
        (NegativeTargeted, GroundTruth(("mean",), ()), "skipped: the list of targets is empty"),
        (Untargeted, GroundTruth(("mean", "stats")), "skipped: no true label is among the top 2"),
        (Untargeted, GroundTruth(()), "skipped: the text has no labels"),
        (Untargeted, GroundTruth(("mean",), ("no such",)), "skipped: no true label is among the top 2"),
        (
            PositiveTargeted,
            GroundTruth(tuple("abcdef")),
            "skipped: the victim knows none of the labels a, b, c, d, e, ...",
        ),
        (Untargeted, GroundTruth(("a", "b")), "skipped: the victim knows none of the labels a, b"),
        (PositiveTargeted, GroundTruth(("axis", "b"), ("b",)), "skipped: the victim knows none of the targets b"),
    ],
)
def test_reasons_of_skips(kind: type[Any], truth: GroundTruth, reason: str) -> None:
    goal = kind(table({"first": [5, 4, 3, 2, 1]}, label_names=NAMES), k=2)
    initial, _ = goal.init_attack_example(AttackedText("first"), truth.encode())
    assert (initial.goal_status, initial.reason) == (SKIPPED, reason)
    assert goal.num_queries == 1


# Wrong input ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def messages(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """What TextAttack's logger, which does not pass its messages on, was told."""
    logger.addHandler(caplog.handler)
    yield caplog
    logger.removeHandler(caplog.handler)


def test_a_positive_target_must_be_true() -> None:
    with pytest.raises(
        InputError, match=r"the target 'scipy' is not a true label of this text; .* use the negative goal"
    ):
        begin(known(PositiveTargeted), labels=["axis"], targets=("axis", "scipy"))


def test_a_negative_target_must_not_be_true() -> None:
    with pytest.raises(InputError, match=r"the target 'numpy' is a true label of this text; .* use the positive goal"):
        begin(known(NegativeTargeted), labels=["numpy"], targets=("numpy", "mean"))


def test_more_negative_targets_than_places() -> None:
    with pytest.raises(InputError, match="3 negative targets cannot all be among the top 2; give at most 2 targets"):
        begin(known(NegativeTargeted), targets=("numpy", "mean", "stats"))
    # Those that are inside already need no place.
    assert begin(known(NegativeTargeted), targets=("axis", "mean", "stats")).targets == (2, 3)


@pytest.mark.parametrize("kind", [PositiveTargeted, NegativeTargeted])
def test_a_target_that_is_misspelt(kind: type[Any]) -> None:
    with pytest.raises(InputError, match=r"'scypy' is not one of the 5 labels of this victim; did you mean 'scipy'\?"):
        begin(known(kind), labels=["axis"], targets=("scypy",))


def test_targets_by_number() -> None:
    goal = known(PositiveTargeted)
    assert begin(goal, labels=[0, 1], targets=(1,)).targets == (1,)
    with pytest.raises(InputError, match="label index 9 is not one of the 5 labels of this victim"):
        begin(goal, labels=[0], targets=(9,))


@pytest.mark.parametrize("k", [0, 6, 2.5])
def test_a_k_that_cannot_be(k: float) -> None:
    with pytest.raises(InputError, match=f"(invalid )?k={k}(:| is)"):
        PositiveTargeted(table({}, label_names=NAMES), k=k)


def test_a_k_above_a_number_of_labels_that_only_an_answer_tells() -> None:
    with pytest.raises(InputError, match="k=5 is more than the 3 labels of this victim; choose k between 1 and 3"):
        begin(PositiveTargeted(FunctionWrapper(lambda texts: [[3, 2, 1]] * len(texts), "score")), labels=[0])


def test_scores_that_the_victim_cannot_give() -> None:
    with pytest.raises(InputError, match="toy cannot give scores='logit'; it gives score"):
        known(PositiveTargeted, score_space="logit")


def test_a_text_in_columns() -> None:
    goal = known(PositiveTargeted)
    with pytest.raises(
        InputError, match="this text has the columns premise, hypothesis, expected one; join the columns"
    ):
        goal.init_attack_example(AttackedText(OrderedDict(premise="one", hypothesis="two")), 0)


def test_one_number_or_one_name_is_one_label() -> None:
    goal = known(PositiveTargeted)
    for truth in (1, "scipy"):
        initial, _ = goal.init_attack_example(AttackedText("first"), truth)
        assert (initial.targets, initial.ground_truth_output) == ((1,), truth)
    assert goal.init_attack_example(AttackedText("first"), 77)[0].goal_status == SKIPPED


def test_unknown_labels_are_left_out_with_one_warning(messages: pytest.LogCaptureFixture) -> None:
    goal = known(PositiveTargeted)
    assert begin(goal, labels=["no such", "scipy", "nor such"]).targets == (1,)
    assert begin(goal, labels=["no such", "axis"]).targets == (0,)
    printed = [record for record in messages.records if record.levelno == logging.WARNING]
    assert [record.getMessage() for record in printed] == [
        "xmtc: 2 of the 3 labels of a text, such as 'no such', are not among the victim's and are left out; "
        "this warning is not repeated"
    ]


def test_a_true_label_that_the_victim_does_not_know_is_no_misspelt_target() -> None:
    """A test split has labels that training has not; a data set makes each of them a target."""
    goal = known(PositiveTargeted)
    assert begin(goal, labels=["axis", "new"], targets=("new",)).goal_status == SKIPPED
    assert begin(goal, labels=["axis", "new"], targets=("new", "axis")).targets == (0,)


def test_names_for_a_victim_that_has_none() -> None:
    goal = PositiveTargeted(table({"first": [1, 2, 3]}), k=1)
    with pytest.raises(InputError, match="the label 'axis' was given by name, but this victim has no label names"):
        begin(goal, labels=["axis"], targets=("axis",))


# What a reader of an untargeted attack is told ------------------------------------------------------------------------


def test_an_untargeted_attack_names_the_true_labels_that_left_and_no_wrong_label() -> None:
    rows = {"first": [5, 4, 3, 2, 1], "near": [4, 5, 3, 2, 1], "over": [1, 4, 5, 2, 3]}
    goal = Untargeted(table(rows, label_names=NAMES), k=3)
    begin(goal, labels=["axis", "stats", "numpy"])
    near, over = of(goal, "near", "over")
    assert near.get_colored_output().splitlines() == [
        "[top-3: scipy, axis*, stats*]",
        "true labels that left the top 3: none",
        "true label axis: rank 1 -> 2, score 5 -> 4",
        "true label stats: rank 3 -> 3, score 3 -> 3",
    ]
    assert over.get_colored_output().splitlines()[:3] == [
        "[top-3: stats*, scipy, numpy]",
        "true labels that left the top 3: axis",
        "true label axis: rank 1 -> >3, score 5 -> 1",
    ]
    assert (near.left, over.left) == ((), (0,))
    assert "scipy:" not in str(over.get_colored_output()), "a wrong label is nobody's target"


# What interactive mode needs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [NAMES, None])
@pytest.mark.parametrize("kind", [PositiveTargeted, NegativeTargeted, Untargeted])
def test_the_shown_output_is_a_ground_truth(kind: type[Any], names: list[str] | None) -> None:
    victim = table({"first": [1, 2, 3, 4, 5]}, label_names=names)
    goal = kind(victim, k=2)
    output = goal.get_output(AttackedText("first"))
    assert GroundTruth.decode(output) == GroundTruth(("numpy", "mean") if names else (4, 3))
    initial, _ = goal.init_attack_example(AttackedText("first"), output)
    assert initial.goal_status == SEARCHING
    assert initial.targets == {PositiveTargeted: (4,), Untargeted: (3, 4)}.get(kind, initial.targets)


def test_a_victim_that_shows_fewer_labels_than_k_has_no_more_in_its_output() -> None:
    names = ["axis", "scipy", "stats"]
    victim = ShortlistWrapper(lambda texts: [[("scipy", 0.9)]] * len(texts), "probability", names, shown=2)
    output = PositiveTargeted(victim, k=2).get_output(AttackedText("first"))
    assert GroundTruth.decode(output).labels == ("scipy",)
