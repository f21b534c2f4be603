"""The plain attack on cases worked out by hand, and the toy worlds: what happens in them, and what they tell apart."""

from __future__ import annotations

import math
from collections import Counter
from functools import cache
from typing import Any

import numpy as np
import pytest

from tests.toolkit import plain_attack as plain
from tests.toolkit.plain_attack import plain_attack, top_k
from tests.toolkit.worlds import EVENTS, MASK, ToyWorld, attack, events, worlds

GOALS = ("positive", "negative", "untargeted")


def bag(weights: Any, base: Any = ()) -> Any:
    """A victim that adds the weights of a text's words, one row a word; an unlisted word, the mask too, weighs 0."""
    n_labels = len(next(iter(weights.values())))
    start = np.array(base or [0] * n_labels)
    return lambda words: (start + sum(np.array(weights.get(w, [0] * n_labels)) for w in words)).astype(np.float32)


def run(
    text: str,
    score_row: Any,
    proposed: Any = None,
    *,
    goal: str = "positive",
    true: Any = (0,),
    targets: Any = (0,),
    k: int = 1,
    rate: float = 1.0,
    **more: Any,
) -> Any:
    """Attack; label 0 is to leave the top 1, unless said otherwise. `proposed`: a function, or word -> list."""
    candidates = proposed if callable(proposed) else lambda words, i: (proposed or {}).get(words[i], [])
    labels = (set(true), set(targets))
    more["mask"] = MASK
    return plain_attack(text.split(), score_row, candidates, goal, *labels, k, rate, ToyWorld.is_stop_word, **more)


# --- scores and goals -------------------------------------------------------------------------------------------------


def test_equal_scores_rank_the_lower_label_first() -> None:
    assert top_k(np.float32([1, 3, 2, 3, 2]), 4) == [1, 3, 2, 4]


def test_sums_are_float64_of_float32_in_ascending_label_order() -> None:
    # 2^60 - 2^60 + 1 is 1 in this order; 1 + 2^60 - 2^60 is 0, as 2^60 swallows the 1.
    assert plain.total(np.array([2.0**60, -(2.0**60), 1.0]), [2, 0, 1]) == 1.0
    # 0.1 is 0.100000001490116... in float32; the widened sum keeps what float32 would round.
    assert plain.total(np.array([0.1, 0.7]), [0, 1]) == float(np.float32(0.1)) + float(np.float32(0.7))


def test_positive_gamma_is_the_targets_in_the_top_k_and_success_asks_for_no_more() -> None:
    # Scores 5 4 3: the top 2 is {0, 1}, so of the targets {0, 2} only 0 is attacked. "b" takes 4 from label 0: scores
    # 1 4 3, the top 2 is {1, 2}. Label 0 has left; that target 2 has entered does not count.
    victim = bag({"a": [4, 0, 0]}, base=[1, 4, 3])
    outcome = run("a", victim, {"a": ["b"]}, true=(0, 2), targets=(0, 2), k=2)
    assert (outcome.status, outcome.gamma, outcome.words) == ("succeeded", [0], ["b"])
    assert outcome.reentered == [2]


def test_positive_wants_all_of_gamma_out() -> None:
    # Scores 5 5 3 3, both targets inside. "d" is the more important word: "c" in its place gives 5 1 3 3, the top 2 is
    # {0, 2}. Then "b" for "a" gives 3 1 3 3: by the tie rule still {0, 2}, so target 0 is never out.
    victim = bag({"a": [2, 0, 0, 0], "d": [0, 4, 0, 0]}, base=[3, 1, 3, 3])
    outcome = run("a d", victim, {"a": ["b"], "d": ["c"]}, true=(0, 1), targets=(0, 1), k=2)
    assert (outcome.status, outcome.reason, sorted(outcome.changed)) == ("failed", plain.BUDGET_USED, [0, 1])


def test_negative_gamma_is_the_targets_outside_and_all_of_them_must_enter() -> None:
    # Scores 9 1 0 0, k = 2: the top 2 is {0, 1}; of the targets {1, 2} only 2 is outside. "b" adds 5 to label 2, so the
    # top 2 is {0, 2}. That target 1 has dropped out does not count.
    victim = bag({"b": [0, 0, 5, 0]}, base=[9, 1, 0, 0])
    outcome = run("a", victim, {"a": ["b"]}, goal="negative", targets=(1, 2), k=2)
    assert (outcome.status, outcome.gamma, outcome.words) == ("succeeded", [2], ["b"])
    # With the targets {2, 3} both are outside, and one of them inside is not enough.
    assert run("a", victim, {"a": ["b"]}, goal="negative", targets=(2, 3), k=2).status == "failed"


def test_negative_prefers_what_raises_gamma() -> None:
    # Masking "x" raises label 1 from 0 to 2, masking "y" lowers it from 0 to -2: "x" is tried first. Of the candidates
    # "low" (-1) and "high" (+1), in place of "x" (-2), the second gains 3.
    victim = bag({"x": [0, -2], "y": [0, 2], "low": [0, -1], "high": [0, 1]}, base=[9, 0])
    outcome = run("y x", victim, {"x": ["low", "high"]}, goal="negative", targets=(1,))
    assert (outcome.tried, outcome.words) == ([1, 0], ["y", "high"])


def test_more_negative_targets_than_places_is_an_error() -> None:
    with pytest.raises(ValueError, match="2 negative targets"):
        run("a", bag({"a": [5, 0, 0]}), goal="negative", targets=(1, 2), k=1)


def test_untargeted_gamma_is_the_whole_top_k_and_one_true_label_must_leave() -> None:
    # Scores 6 5 4, k = 2, only label 1 is true. Label 0 is wrong but in Gamma. For "a", "p" lowers label 0 by 5 and "q"
    # lowers label 1 by 2: "p" gains more. Then 1 5 4: label 0 has left, but it is not true, so the attack goes on.
    # For "b", "r" lowers label 1 by 5: 1 0 4, and the true label 1 has left.
    victim = bag({"p": [-5, 0, 0], "q": [0, -2, 0], "r": [0, -5, 0]}, base=[6, 5, 4])
    outcome = run("a b", victim, {"a": ["q", "p"], "b": ["r"]}, goal="untargeted", true=(1,), k=2)
    assert (outcome.status, outcome.gamma, outcome.words) == ("succeeded", [0, 1], ["p", "r"])
    # With both labels true, that label 0 has left is enough.
    assert run("a b", victim, {"a": ["p"]}, goal="untargeted", true=(0, 1), k=2).status == "succeeded"


# --- skips and the budget ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("goal", "true", "targets"), [("positive", {1}, {1}), ("negative", {1}, {0}), ("untargeted", {1}, set())]
)
def test_skips_when_there_is_nothing_to_attack_even_if_the_text_is_too_short(
    goal: str, true: set[int], targets: set[int]
) -> None:
    outcome = run("a", bag({"a": [1, 0]}), goal=goal, true=true, targets=targets, rate=0.1)
    assert (outcome.status, outcome.reason, outcome.words) == ("skipped", plain.NOTHING_TO_ATTACK[goal], ["a"])


def test_a_budget_of_no_words_skips() -> None:
    outcome = run("a a a", bag({"a": [1, 0]}), rate=0.33)
    assert (outcome.status, outcome.reason, outcome.budget) == ("skipped", plain.TOO_SHORT, 0)


def test_the_budget_is_the_exact_floor_of_all_words() -> None:
    # As floats, 0.58 * 50 = 28.999999999999996 and 0.29 * 100 = 28.999999999999996.
    cases = ((0.58, 50, 29), (0.29, 100, 29), (0.1, 30, 3), (0.1, 39, 3), (1, 4, 4), (1e-05, 99_999, 0))
    assert [plain.budget_of(rate, n) for rate, n, _ in cases] == [budget for _, _, budget in cases]
    # Stop words count: floor(0.25 * 4) = 1 though only one word may be changed.
    assert run("the of and a", bag({"a": [1, 0]}), rate=0.25).budget == 1


def test_the_budget_ends_the_attack_and_useless_steps_are_free() -> None:
    # Importance 4 3 2 1: "d" has no candidate, which is free; "c" and "b" use the budget of floor(0.5 * 4) = 2. Then
    # label 0 has 9 + 4 + 1 = 14 against 0: failed, and "a" is never tried.
    victim = bag({"d": [4, 0], "c": [3, 0], "b": [2, 0], "a": [1, 0]}, base=[9, 0])
    outcome = run("a b c d", victim, {"a": ["x"], "b": ["x"], "c": ["x"]}, rate=0.5)
    assert (outcome.tried, outcome.changed, outcome.useless_steps) == ([3, 2, 1], [2, 1], 1)
    assert (outcome.status, outcome.reason, outcome.budget_ended) == ("failed", plain.BUDGET_USED, True)


def test_the_attack_ends_when_every_word_was_tried_once() -> None:
    victim = bag({"b": [2, 0], "a": [1, 0]}, base=[9, 0])
    outcome = run("a b", victim, {"a": ["x"], "x": ["y"]})
    assert (outcome.tried, outcome.changed, outcome.words) == ([1, 0], [0], ["x", "b"])
    assert (outcome.status, outcome.reason, outcome.budget_ended) == ("failed", plain.NO_WORD_LEFT, False)


def test_success_ends_the_attack_at_once_even_with_the_last_change() -> None:
    # Label 0 has 3 against 2; "x" for "b" makes it 1 against 2.
    victim = bag({"b": [2, 0], "a": [1, 0]}, base=[0, 2])
    for rate in (0.5, 1.0):
        outcome = run("a b", victim, {"a": ["x"], "b": ["x"]}, rate=rate)
        assert (outcome.status, outcome.reason, outcome.words) == ("succeeded", plain.REACHED, ["a", "x"])
        assert not outcome.budget_ended


# --- the order of words -----------------------------------------------------------------------------------------------


def test_words_are_tried_by_importance_then_position_stop_words_never() -> None:
    # Masking lowers label 0 by 1, 3, 1, -2 for a, b, c, d; "the" would come first with 7.
    victim = bag({"the": [7, 0], "a": [1, 0], "b": [3, 0], "c": [1, 0], "d": [-2, 0]}, base=[9, 0])
    outcome = run("c the d b a", victim, {"the": ["x"]})
    assert outcome.tried == [3, 0, 4, 2]
    assert outcome.ranking_ties == 1  # c and a
    assert run("of the", victim).reason == plain.NO_WORD_LEFT


def test_importance_is_that_of_the_original_text() -> None:
    # Masked in "a b c": 5, 2, 1. With "x" in place of "a" and "b" then worth 0, "c" would come before "b".
    def victim(words: Any) -> Any:
        worth = {"a": 5, "b": 2 if "x" not in words else 0, "c": 1}
        return np.float32([9 + sum(worth.get(word, 0) for word in words), 0])

    assert run("a b c", victim, {"a": ["x"]}).tried == [0, 1, 2]


def test_importance_and_gain_look_at_gamma_only() -> None:
    # Label 2 is a target outside the top 2 and not in Gamma: that masking "b" takes 9 from it does not matter, nor that
    # "q" would. Importance: a 1, b 0.
    victim = bag({"a": [1, 0, 0], "b": [0, 0, 9], "q": [1, 0, -9], "p": [0, 0, 0]}, base=[30, 20, 0])
    outcome = run("b a", victim, {"a": ["q", "p"]}, true=(0, 2), targets=(0, 2), k=2)
    assert (outcome.tried, outcome.words) == ([1, 0], ["b", "p"])


def test_what_masks_a_word_is_the_given_mask() -> None:
    victim = bag({MASK: [5, 0], "a": [1, 0], "b": [2, 0]}, base=[9, 0])
    seen = []
    run("a b", lambda words: seen.append(words) or victim(words))
    assert [MASK, "b"] in seen and ["a", MASK] in seen


# --- candidates -------------------------------------------------------------------------------------------------------


def test_the_largest_gain_wins_then_the_masked_lms_order() -> None:
    # For "a" (5): x gains 1, z and y 3, w 2. "z" stands before "y".
    victim = bag({"a": [5, 0], "x": [4, 0], "z": [2, 0], "y": [2, 0], "w": [3, 0]}, base=[9, 0])
    outcome = run("a", victim, {"a": ["x", "z", "y", "w"]})
    assert (outcome.words, outcome.candidate_ties) == (["z"], 1)
    # A tie of two losers decides nothing.
    assert run("a", bag({"a": [5, 0], "x": [4, 0], "y": [4, 0]}), {"a": ["x", "y", "z"]}).candidate_ties == 0


def test_no_gain_no_change() -> None:
    # "x" is worth as much as "a", "y" more.
    victim = bag({"a": [5, 0], "x": [5, 0], "y": [6, 0]})
    outcome = run("a", victim, {"a": ["x", "y"]})
    assert (outcome.words, outcome.changed, outcome.useless_steps) == (["a"], [], 1)


def test_the_gain_is_over_the_current_text() -> None:
    # "a b" has 10. With "x" for "a" it has 5. Then "y" for "b" makes 6: less than the original's 10, but no gain on 5.
    sums = {("a", "b"): 10, (MASK, "b"): 1, ("a", MASK): 2, ("x", "b"): 5, ("x", "y"): 6}
    outcome = run("a b", lambda words: np.float32([sums[tuple(words)], 0]), {"a": ["x"], "b": ["y"]})
    assert outcome.words == ["x", "b"]


def test_candidates_are_asked_for_the_current_text() -> None:
    asked = []
    victim = bag({"a": [2, 0], "b": [1, 0]}, base=[9, 0])
    run("a b", victim, lambda words, i: asked.append((list(words), i)) or ["x"])
    assert asked == [(["a", "b"], 0), (["x", "b"], 1)]


def test_stop_words_and_the_word_itself_are_no_candidates_in_any_case() -> None:
    # All of "The", "of", "A" weigh less than "x".
    victim = bag({"a": [5, 0], "x": [4, 0]}, base=[9, 0])
    assert run("a", victim, {"a": ["The", "of", "A", "a", "x"]}).words == ["x"]
    assert run("A", victim, {"A": ["The", "of", "a"]}).changed == []


def test_the_first_48_usable_candidates_are_kept() -> None:
    # Dropped words do not count: c0 to c47 are kept. c47 gains 1; c48 would gain 5.
    weights = {f"c{j}": [5, 0] for j in range(47)} | {"a": [5, 0], "c47": [4, 0]}
    proposed = ["the", "a", *(f"c{j}" for j in range(49))]
    outcome = run("a", bag(weights, base=[9, 0]), {"a": proposed})
    assert (outcome.words, outcome.cut_steps) == (["c47"], 1)
    assert run("a", bag(weights, base=[9, 0]), {"a": proposed}, n_candidates=49).words == ["c48"]


# --- the toy worlds ---------------------------------------------------------------------------------------------------


@cache
def worlds_of(goal: Any) -> list[Any]:
    return list(worlds(goal, 400, seed=0))


@cache
def right_ends() -> list[Any]:
    return [(world, end(world)) for goal in GOALS for world in worlds_of(goal)[:200]]


def end(world: Any) -> str | tuple[Any, Any, Any]:
    try:
        outcome = attack(world)
    except ValueError:  # a misread tie can leave more than k targets outside
        return "error"
    return outcome.status, outcome.reason, outcome.words


@pytest.mark.parametrize("goal", GOALS)
def test_every_event_happens_in_at_least_20_of_400_worlds(goal: str) -> None:
    counts: Counter[str] = Counter()
    for world in worlds_of(goal):
        counts.update(events(world, attack(world)))
    assert {event: counts[event] for event in EVENTS[goal] if counts[event] < 20} == {}


@pytest.mark.parametrize("goal", GOALS)
def test_worlds_are_the_same_for_the_same_seed_and_well_formed(goal: str) -> None:
    first, second, other = ([(w.words, attack(w).words) for w in worlds(goal, 22, seed)] for seed in (1, 1, 2))
    assert first == second != other
    for world in worlds_of(goal):
        assert all(word.isascii() and word.isalpha() and word.islower() for word in world.words)
        assert world.true_labels and bool(world.targets) == (goal != "untargeted")
        assert world.targets & world.true_labels == (set() if goal == "negative" else world.targets)
        scores = world.score_row(world.words)
        assert scores.dtype == np.float32 and (scores * 64 == np.round(scores * 64)).all()


def best_with(start: Any, key: Any) -> Any:
    """Lines 11 to 18 with another start than 0, or another choice than the first of the best."""
    return lambda gains: max((j for j, gain in enumerate(gains) if gain > start), key=key(gains), default=None)


MISREADINGS = {
    "of equal scores the higher label": ("top_k", lambda s, k: sorted(range(len(s)), key=lambda j: (-s[j], -j))[:k]),
    "of equal words the later": ("by_importance", lambda drop: sorted(drop, key=lambda i: (-drop[i], -i))),
    "least important first": ("by_importance", lambda drop: sorted(drop, key=lambda i: (drop[i], i))),
    "of equal candidates the last": ("best_candidate", best_with(0, lambda gains: lambda j: (gains[j], j))),
    "no gain, yet a change": ("best_candidate", best_with(-1 / 128, lambda gains: gains.__getitem__)),
    "candidates in alphabetical order": ("usable", lambda new, *rest, real=plain.usable: sorted(real(new, *rest))),
    "stop words are candidates": ("usable", lambda new, word, _: [w for w in new if w.lower() != word.lower()]),
    "the word itself, capitalised": ("usable", lambda new, me, stop: [w for w in new if w != me and not stop(w)]),
    "48 candidates before the filter": ("usable", lambda new, *rest, real=plain.usable: real(new[:48], *rest)),
    "budget rounded up": ("budget_of", lambda rate, n: math.ceil(rate * n)),
    "any of Gamma is enough": (
        "goal_reached",
        lambda goal, gamma, true, best: set(gamma) & set(best) if goal == "negative" else set(gamma) - set(best),
    ),
}


@pytest.mark.parametrize("misreading", MISREADINGS)
def test_the_worlds_tell_the_rules_from_likely_misreadings(misreading: str, monkeypatch: pytest.MonkeyPatch) -> None:
    right = right_ends()
    monkeypatch.setattr(plain, *MISREADINGS[misreading])
    assert sum(end(world) != expected for world, expected in right) >= 5
