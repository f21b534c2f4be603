"""The three goals: when an example is skipped, when a text has reached the goal, and what the victim is asked for."""

import json
import logging
import pickle
import re
from collections import OrderedDict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textattack.attack_results import FailedAttackResult, SkippedAttackResult, SuccessfulAttackResult
from textattack.goal_function_results import GoalFunctionResultStatus
from textattack.shared import AttackedText, logger

from tests.small_parts import CountingVictim, bag, proposing, table
from textattack_xmtc.attack_recipes import XMTCNegative, XMTCPositive, XMTCUntargeted
from textattack_xmtc.errors import InputError
from textattack_xmtc.goal_functions import NegativeTargeted, NonTargeted, PositiveTargeted
from textattack_xmtc.models.wrappers import FunctionWrapper
from textattack_xmtc.targets import GroundTruth

SEARCHING, SUCCEEDED = GoalFunctionResultStatus.SEARCHING, GoalFunctionResultStatus.SUCCEEDED
SKIPPED = GoalFunctionResultStatus.SKIPPED
NAMES = ["axis", "scipy", "stats", "mean", "numpy"]


@pytest.fixture
def messages(caplog):
    """What TextAttack's logger, which does not pass its messages on, was told."""
    logger.addHandler(caplog.handler)
    yield caplog
    logger.removeHandler(caplog.handler)


def begin(goal, text="first", labels=(), targets=None):
    """The result of the original text."""
    return goal.init_attack_example(AttackedText(text), GroundTruth(tuple(labels), targets).encode())[0]


def of(goal, *texts):
    """The results of further texts."""
    return goal.get_results([AttackedText(text) for text in texts])[0]


# Status, against the definitions of section 3 on sets ----------------------------------------------------------------


def best(row, k):
    return set(sorted(range(len(row)), key=lambda label: (-row[label], label))[:k])


@st.composite
def situations(draw):
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


def started(kind, situation):
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
def test_positive_means_no_target_is_left_among_the_best(situation):
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
def test_negative_means_every_target_is_among_the_best(situation):
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
def test_untargeted_means_a_right_label_has_left(situation):
    goal, texts, inside, labels, _ = started(NonTargeted, situation)
    initial = begin(goal, labels=labels)
    right = labels & inside
    assert initial.targets == (tuple(sorted(inside)) if right else ())
    assert initial.goal_status == (SEARCHING if right else SKIPPED)
    if right:
        for result in of(goal, *texts):
            row = texts[result.attacked_text.text]
            assert result.goal_status == (SEARCHING if right <= best(row, goal.k) else SUCCEEDED)
            assert result.score == -sum(row[label] for label in inside)


def test_a_target_that_was_outside_and_enters_does_not_spoil_success():
    goal = PositiveTargeted(table({"first": [3, 2, 1], "other": [0, 1, 2]}), k=1)
    begin(goal, labels=[0, 2], targets=(0, 2))
    assert goal.targets == (0,)
    assert of(goal, "other")[0].goal_status == SUCCEEDED


# Targets that the goals choose ----------------------------------------------------------------------------------------


def test_without_targets_positive_takes_the_best_right_label():
    goal = PositiveTargeted(table({"first": [1, 4, 3, 2]}), k=3)
    assert begin(goal, labels=[0, 2, 3]).targets == (2,)


def test_without_targets_negative_draws_a_wrong_label_by_the_text():
    rows = {f"text {number}": [9, 8] + [0] * 20 for number in range(40)}
    goal = NegativeTargeted(table(rows), k=2)
    drawn = [begin(goal, text, labels=[5, 6]).targets for text in rows]
    assert drawn == [begin(NegativeTargeted(table(rows), k=2), text, labels=[5, 6]).targets for text in rows]
    assert all(len(targets) == 1 and targets[0] not in (0, 1, 5, 6) for targets in drawn)
    assert len(set(drawn)) > 5


def test_negative_is_skipped_where_every_label_is_right_or_predicted():
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
        (NonTargeted, GroundTruth(("mean", "stats")), "skipped: no true label is among the top 2"),
        (NonTargeted, GroundTruth(()), "skipped: the text has no labels"),
        (NonTargeted, GroundTruth(("mean",), ("no such",)), "skipped: no true label is among the top 2"),
        (
            PositiveTargeted,
            GroundTruth(tuple("abcdef")),
            "skipped: the victim knows none of the labels a, b, c, d, e, ...",
        ),
        (NonTargeted, GroundTruth(("a", "b")), "skipped: the victim knows none of the labels a, b"),
        (PositiveTargeted, GroundTruth(("axis", "b"), ("b",)), "skipped: the victim knows none of the targets b"),
    ],
)
def test_reasons_of_skips(kind, truth, reason):
    goal = kind(table({"first": [5, 4, 3, 2, 1]}, label_names=NAMES), k=2)
    initial, _ = goal.init_attack_example(AttackedText("first"), truth.encode())
    assert (initial.goal_status, initial.reason) == (SKIPPED, reason)
    assert goal.num_queries == 1


# Wrong input ----------------------------------------------------------------------------------------------------------


def known(kind, **options):
    return kind(table({"first": [5, 4, 3, 2, 1]}, label_names=NAMES), k=2, **options)


def test_a_positive_target_must_be_true():
    with pytest.raises(
        InputError, match=r"the target 'scipy' is not a true label of this text; .* use the negative goal"
    ):
        begin(known(PositiveTargeted), labels=["axis"], targets=("axis", "scipy"))


def test_a_negative_target_must_not_be_true():
    with pytest.raises(InputError, match=r"the target 'numpy' is a true label of this text; .* use the positive goal"):
        begin(known(NegativeTargeted), labels=["numpy"], targets=("numpy", "mean"))


def test_more_negative_targets_than_places():
    with pytest.raises(InputError, match="3 negative targets cannot all be among the top 2; give at most 2 targets"):
        begin(known(NegativeTargeted), targets=("numpy", "mean", "stats"))
    # Those that are inside already need no place.
    assert begin(known(NegativeTargeted), targets=("axis", "mean", "stats")).targets == (2, 3)


@pytest.mark.parametrize("kind", [PositiveTargeted, NegativeTargeted])
def test_a_target_that_is_misspelt(kind):
    with pytest.raises(InputError, match=r"'scypy' is not one of the 5 labels of this victim; did you mean 'scipy'\?"):
        begin(known(kind), labels=["axis"], targets=("scypy",))


def test_targets_by_number():
    goal = known(PositiveTargeted)
    assert begin(goal, labels=[0, 1], targets=(1,)).targets == (1,)
    with pytest.raises(InputError, match="label index 9 is not one of the 5 labels of this victim"):
        begin(goal, labels=[0], targets=(9,))


@pytest.mark.parametrize("k", [0, 6, 2.5])
def test_a_k_that_cannot_be(k):
    with pytest.raises(InputError, match=f"k={k} is"):
        PositiveTargeted(table({}, label_names=NAMES), k=k)


def test_a_k_above_a_number_of_labels_that_only_an_answer_tells():
    with pytest.raises(InputError, match="k=5 is more than the 3 labels of this victim; choose k between 1 and 3"):
        begin(PositiveTargeted(FunctionWrapper(lambda texts: [[3, 2, 1]] * len(texts), "score")), labels=[0])


def test_scores_that_the_victim_cannot_give():
    with pytest.raises(InputError, match="toy cannot give scores of kind 'logit'; choose one of score"):
        known(PositiveTargeted, score_space="logit")


def test_a_text_in_columns():
    goal = known(PositiveTargeted)
    with pytest.raises(
        InputError, match="this text has the columns premise, hypothesis, expected one; join the columns"
    ):
        goal.init_attack_example(AttackedText(OrderedDict(premise="one", hypothesis="two")), 0)


def test_one_number_or_one_name_is_one_label():
    goal = known(PositiveTargeted)
    for truth in (1, "scipy"):
        initial, _ = goal.init_attack_example(AttackedText("first"), truth)
        assert (initial.targets, initial.ground_truth_output) == ((1,), truth)
    assert goal.init_attack_example(AttackedText("first"), 77)[0].goal_status == SKIPPED


def test_unknown_labels_are_left_out_and_said_once(messages):
    goal = known(PositiveTargeted)
    assert begin(goal, labels=["no such", "scipy", "nor such"]).targets == (1,)
    assert begin(goal, labels=["no such", "axis"]).targets == (0,)
    said = [record for record in messages.records if record.levelno == logging.WARNING]
    assert [record.getMessage() for record in said] == [
        "xmtc: 2 of the 3 labels of a text, such as 'no such', are not among the victim's and are left out; "
        "this is said once"
    ]


def test_a_true_label_that_the_victim_does_not_know_is_no_misspelt_target():
    """A test split has labels that training has not; a data set makes each of them a target."""
    goal = known(PositiveTargeted)
    assert begin(goal, labels=["axis", "new"], targets=("new",)).goal_status == SKIPPED
    assert begin(goal, labels=["axis", "new"], targets=("new", "axis")).targets == (0,)


def test_names_for_a_victim_that_has_none():
    goal = PositiveTargeted(table({"first": [1, 2, 3]}), k=1)
    with pytest.raises(InputError, match="the label 'axis' was given by name, but this victim has no label names"):
        begin(goal, labels=["axis"], targets=("axis",))


# What interactive mode needs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("names", [NAMES, None])
@pytest.mark.parametrize("kind", [PositiveTargeted, NegativeTargeted, NonTargeted])
def test_the_shown_output_is_a_ground_truth(kind, names):
    victim = table({"first": [1, 2, 3, 4, 5]}, label_names=names)
    goal = kind(victim, k=2)
    output = goal.get_output(AttackedText("first"))
    assert GroundTruth.decode(output) == GroundTruth(("numpy", "mean") if names else (4, 3))
    initial, _ = goal.init_attack_example(AttackedText("first"), output)
    assert initial.goal_status == SEARCHING
    assert initial.targets == {PositiveTargeted: (4,), NonTargeted: (3, 4)}.get(kind, initial.targets)


# Queries --------------------------------------------------------------------------------------------------------------


def by_length(text):
    return [len(text) % 7, len(text) % 5, len(text) % 3, 4]


def test_a_query_is_a_distinct_text():
    victim = CountingVictim(by_length)
    goal = PositiveTargeted(victim, k=2)
    begin(goal, "aaaaaa", labels=[0])
    assert goal.num_queries == 1
    goal.objective(["b", "cc", "b"])
    assert goal.num_queries == 3
    of(goal, "cc", "ddd", "ddd", "aaaaaa")
    goal.objective(["ddd"])
    assert goal.num_queries == 4 == len(set(victim.asked))
    assert of(goal, "cc")[0].num_queries == 4


def test_the_objective_asks_for_the_targets_only_and_once(monkeypatch):
    victim = CountingVictim(by_length, num_labels=4)
    goal = PositiveTargeted(victim, k=2)
    begin(goal, "aaaaaa", labels=[0])
    asked = []
    real = victim.score
    monkeypatch.setattr(
        victim, "score", lambda texts, labels: asked.append((list(texts), labels)) or real(texts, labels)
    )
    monkeypatch.setattr(victim, "top_k", lambda *_: pytest.fail("the objective needs no k best labels"))
    values = goal.objective(["b", "cc", "b"])
    assert values.tolist() == [-1, -2, -1] and values.dtype == np.float64
    assert goal.objective(["cc", "b"]).tolist() == [-2, -1]
    assert asked == [(["b", "cc"], (0,))]
    assert goal.objective([]).shape == (0,)


@pytest.mark.parametrize("ask", ["objective", "results"])
def test_the_query_budget_cuts_what_is_asked(ask):
    victim = CountingVictim(by_length)
    goal = PositiveTargeted(victim, k=2, query_budget=3)
    begin(goal, "aaaaaa", labels=[0])
    texts = ["b", "b", "cc", "ddd", "cc"]
    if ask == "objective":
        assert goal.objective(texts).tolist() == [-1, -1, -2]
    else:
        results, over = goal.get_results([AttackedText(text) for text in texts])
        assert [result.attacked_text.text for result in results] == texts[:3] and over
    assert (goal.num_queries, set(victim.asked)) == (3, {"aaaaaa", "b", "cc"})
    # What was answered before is still answered.
    assert len(goal.objective(["cc", "b"])) == 2 and len(goal.objective(["new"])) == 0
    assert goal.get_result(AttackedText("new")) == (None, True)


def test_a_budget_of_one_is_used_up_by_the_first_text():
    goal = PositiveTargeted(CountingVictim(by_length), k=2, query_budget=1)
    _, over = goal.init_attack_example(AttackedText("aaaaaa"), 0)
    assert over and goal.num_queries == 1


def test_a_new_example_starts_counting_anew():
    victim = CountingVictim(by_length)
    goal = PositiveTargeted(victim, k=2)
    begin(goal, "aaaaaa", labels=[0])
    goal.objective(["b", "cc"])
    begin(goal, "aaaaaa", labels=[0])
    assert goal.num_queries == 1 and victim.asked.count("aaaaaa") > 2


def test_batches_are_the_victims_unless_said_otherwise():
    victim = FunctionWrapper(lambda texts: [[1, 2]] * len(texts), "score", batch_size=7)
    assert PositiveTargeted(victim, k=1).batch_size == 7
    assert victim.batch_size == 7
    goal = PositiveTargeted(victim, k=1, model_batch_size=3)
    assert goal.batch_size == 3
    goal.batch_size = 5
    assert goal.model.batch_size == 5


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


def recipe(goal="positive", victim=None, **options):
    victim = victim or bag(WEIGHTS, [0, 0, 0, 0], num_labels=4)
    settings = {
        "k": 2,
        "max_change_rate": 0.5,
        "masked_lm": proposing("zinc", "iron", "red", "blue"),
        "encoder": "embedded",
    }
    return RECIPES[goal].build(victim, **{**settings, **options})


def facts(result):
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


def test_one_text_attacked_for_one_target_after_another():
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


def test_the_first_result_of_an_example_knows_nothing_of_the_example_before():
    goal = PositiveTargeted(bag(WEIGHTS, [0, 0, 0, 0]), k=2)
    for _ in range(2):
        initial = begin(goal, TEXT, labels=[1])
        assert initial.initial is None
        assert re.fullmatch(r"\[top-2: 0, 1\*\]", initial.get_colored_output())
    assert of(goal, "red")[0].initial is initial


@pytest.mark.parametrize("goal", RECIPES)
def test_nothing_is_kept_after_an_attack_or_a_skip(goal):
    one = recipe(goal)
    truth = {"positive": GroundTruth((0,)), "negative": GroundTruth((0, 1), (2,)), "untargeted": GroundTruth((0,))}[
        goal
    ]
    assert not isinstance(one.attack(TEXT, truth.encode()), SkippedAttackResult)
    assert one.goal_function._answers == {}
    assert isinstance(one.attack("red", truth.encode()), SkippedAttackResult)
    assert one.goal_function._answers == {}


def test_nothing_is_kept_after_an_error():
    one = recipe()
    with pytest.raises(InputError):
        one.attack(TEXT, GroundTruth((0,), (1,)).encode())
    assert one.goal_function._answers == {}


# Score spaces ---------------------------------------------------------------------------------------------------------


class Saturated(FunctionWrapper):
    """Logits far beyond where a float32 sigmoid is 1."""

    def __init__(self, scores="probability"):
        super().__init__(self.answer, scores, mask="[MASK]")

    def answer(self, texts):
        logits = np.array([[30 + 9 * text.count("strong") + text.count("weak"), 20, -5] for text in texts])
        return logits if self.score_kind == "logit" else 1 / (1 + np.exp(-logits.astype(np.float32)))

    def with_score_kind(self, kind):
        return Saturated(kind)


def test_logits_rank_where_probabilities_saturate():
    texts = ["weak [MASK]", "[MASK] strong"]
    for space, differences in (("probability", [0, 0]), ("logit", [9, 1]), (None, [0, 0])):
        goal = PositiveTargeted(Saturated(), k=1, score_space=space)
        initial = begin(goal, "weak strong", labels=[0])
        assert (goal.objective(texts) - initial.score).tolist() == differences
        assert goal.score_space == (space or "probability")
    chosen = {}
    for space in ("probability", "logit"):
        attack = recipe(victim=Saturated(), k=1, score_space=space, masked_lm=proposing("thing"))
        chosen[space] = attack.attack("weak strong", GroundTruth((0,)).encode()).perturbed_result.attacked_text.text
    assert chosen == {"probability": "weak strong", "logit": "weak thing"}


# What is kept and shown -----------------------------------------------------------------------------------------------


def test_a_result_shows_names_ranks_and_scores():
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


def test_a_failed_attack_says_why():
    attack = recipe(max_change_rate=0.1, masked_lm=proposing("zinc"))
    result = attack.attack("red red red red red red red red blue green", GroundTruth((0,)).encode())
    assert isinstance(result, FailedAttackResult)
    assert result.perturbed_result.get_colored_output().splitlines()[-1] == "(failed: 1 of 10 words changed, the limit)"


def test_a_skipped_example_stays_on_one_line():
    result = recipe().attack(TEXT, GroundTruth((3,)).encode())
    assert str(result).splitlines()[0].endswith("(skipped: no true label is among the top 2) --> [SKIPPED]")


def test_results_pickle_and_hold_no_dense_rows():
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


def test_a_result_does_not_hold_the_results_before_it():
    attack, sizes = recipe(), []
    for _ in range(4):
        sizes.append(len(pickle.dumps(attack.attack(TEXT, GroundTruth((0,)).encode()))))
    assert max(sizes) < 1.1 * sizes[0]


def test_ground_truth_travels_as_text():
    initial = begin(known(PositiveTargeted), labels=["axis"], targets=("axis",))
    assert json.loads(initial.ground_truth_output) == {"labels": ["axis"], "targets": ["axis"]}
