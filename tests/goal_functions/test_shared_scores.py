"""A ranking pass that several targets of a text share gives what each target's own pass gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from textattack import Attack

from tests.toolkit.victims import CountingVictim, bag, proposing
from textattack_xmtc.goal_functions import NegativeTargeted, PositiveTargeted, Untargeted
from textattack_xmtc.goal_functions.shared_scores import SharedScores
from textattack_xmtc.scores import TopK
from textattack_xmtc.search_methods import MaskedDelta
from textattack_xmtc.targets import GroundTruth

WORDS = ("amber", "basalt", "cedar", "dune", "elm", "flint", "garnet", "heron")
TEXT = " ".join(WORDS)
LABELS = 6


def victim(seed: int = 0) -> CountingVictim:
    random = np.random.default_rng(seed)
    weights = {word: random.integers(-9, 10, LABELS) for word in (*WORDS, "zinc", "gold")}
    return bag(weights, [12, 10, 8, 0, 0, 0], label_names=list("abcdef"))


def attack_on(model: CountingVictim, goal: Any = PositiveTargeted) -> Attack:
    return Attack(goal(model, k=3), [], proposing("zinc", "gold"), MaskedDelta(0.5))


def outcome(result: Any) -> tuple[Any, Any, Any, Any]:
    final = result.perturbed_result
    return type(result), final.attacked_text.text, final.raw_output.scores[final.targets[0]], result.num_queries


def targets(model: CountingVictim) -> list[str]:
    return [model.labels.name(label) for label in model.top_k([TEXT], 3)[0][0]]


@pytest.mark.parametrize("seed", range(10))
def test_every_target_is_attacked_as_if_it_were_alone(seed: int) -> None:
    names = targets(victim(seed))
    for order in (names, names[::-1]):
        shared = attack_on(victim(seed))
        for name in order:
            truth = GroundTruth(tuple(names), (name,)).encode()
            assert outcome(shared.attack(TEXT, truth)) == outcome(attack_on(victim(seed)).attack(TEXT, truth))


def test_masked_texts_are_sent_once_for_all_targets() -> None:
    model = victim()
    names, shared = targets(model), attack_on(model)
    for name in names:
        shared.attack(TEXT, GroundTruth(tuple(names), (name,)).encode())
    masked = [text for text in model.asked if "[MASK]" in text]
    assert len(masked) == len(set(masked)) == len(WORDS)


def test_a_goal_without_targets_shares_with_one_that_has_them() -> None:
    model = victim()
    names = targets(model)
    attack = attack_on(model, Untargeted)
    alone = outcome(attack.attack(TEXT, GroundTruth(tuple(names)).encode()))
    model.asked.clear()
    assert outcome(attack.attack(TEXT, GroundTruth(tuple(names)).encode())) == alone
    assert not any("[MASK]" in text for text in model.asked)


def test_a_victim_that_has_been_trained_since_is_asked_again() -> None:
    model = victim()
    names, attack = targets(model), attack_on(model)
    truth = GroundTruth(tuple(names), (names[0],)).encode()
    attack.attack(TEXT, truth)
    trained = victim(1)
    model.row = lambda text: np.add(trained.row(text), [20, 20, 20, 0, 0, 0])  # type: ignore[call-overload]
    later = GroundTruth(tuple("abc"), ("a",)).encode()
    shared = outcome(attack.attack(TEXT, later))
    again = victim()
    again.row = model.row
    assert shared == outcome(attack_on(again).attack(TEXT, later))


def test_targets_outside_the_k_best_ask_for_themselves() -> None:
    model = victim()
    names = targets(model)
    outside = [name for name in "abcdef" if name not in names][:2]
    attack = attack_on(model, NegativeTargeted)
    for name in outside:
        truth = GroundTruth(tuple(names), (name,)).encode()
        assert outcome(attack.attack(TEXT, truth)) == outcome(attack_on(victim(), NegativeTargeted).attack(TEXT, truth))


def test_what_was_not_asked_about_for_longest_goes_first() -> None:
    kept, top = SharedScores(originals=2), TopK((0,), (1.0,))
    for original in (b"one", b"two", b"one", b"three"):
        kept.of(original, top)[original] = (0.5,)
    assert kept.of(b"one", top) == {b"one": (0.5,)} and kept.of(b"two", top) == {}
