"""Protected words in attacks: frozen, paraphrased, random; sets of labels; evidence that must not be put in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from textattack import Attack
from textattack.constraints.pre_transformation import RepeatModification
from textattack.goal_functions import UntargetedClassification
from textattack.search_methods import GreedySearch
from textattack.shared import AttackedText

from tests.toolkit.victims import bag, proposing
from tests.toolkit.wordnet import needs_wordnet
from textattack_xmtc.constraints import LabelEvidence
from textattack_xmtc.constraints.label_evidence import Preservation, window_of, window_similarities
from textattack_xmtc.encoders.embedded import EmbeddedEncoder
from textattack_xmtc.errors import InputError
from textattack_xmtc.evidence.names import NameEvidence
from textattack_xmtc.evidence.protection import Preserve, PreserveMode
from textattack_xmtc.goal_functions import NegativeTargeted, PositiveTargeted
from textattack_xmtc.search_methods import MaskedDelta
from textattack_xmtc.targets import GroundTruth
from textattack_xmtc.transformations import WordSwapSameSense

NAMES = ["robots", "eggs", "films"]
TEXT = "robots and ubiquitous arms with films of eggs in numerical tables"


def victim() -> Any:
    weights = {
        "robots": [3, 0, 0], "ubiquitous": [1, 0, 0], "numerical": [1, 0, 0], "arms": [1, 0, 0], "tables": [1, 0, 0],
        "eggs": [0, 4, 0], "films": [0, 0, 4],
        "automatons": [0, 0, 0], "plates": [0, 0, 2], "boiled": [0, 2, 0],
    }  # fmt: skip
    return bag(weights, [0.0, 0.0, 0.5], label_names=NAMES)


def changed_words(mode: PreserveMode, share: float = 0.2, seed: int = 0, rate: float = 1.0) -> set[str]:
    """The words of TEXT that an attack on "robots" exchanges which nothing ever satisfies."""
    goal = PositiveTargeted(victim(), k=3)
    constraint = LabelEvidence(share, mode, NameEvidence(), goal, seed)
    attack = Attack(goal, [RepeatModification(), constraint], proposing("plates", "boiled"), MaskedDelta(rate))
    result = attack.attack(TEXT, GroundTruth(("robots",)).encode())
    original = result.original_result.attacked_text
    final = result.perturbed_result.attacked_text
    return {original.words[i] for i in original.all_words_diff(final)}


def test_frozen_words_are_never_changed() -> None:
    assert "robots" in changed_words("none")
    for share in (0.15, 0.2, 0.5):
        assert "robots" not in changed_words("frozen", share)
    assert changed_words("frozen", 1.0) <= {"and", "with", "of", "in"}  # function words are no evidence


def test_as_many_words_are_protected_at_random_by_the_seed() -> None:
    goal = PositiveTargeted(victim(), k=1)
    goal.init_attack_example(AttackedText(TEXT), GroundTruth(("eggs", "films", "robots")).encode())
    text = AttackedText(TEXT)
    drawn = [LabelEvidence(0.5, "random", goal=goal, seed=seed).protection(text) for seed in range(6)]
    frozen = LabelEvidence(0.5, "frozen", goal=goal).protection(text)
    assert {len(one.positions) for one in drawn} == {len(frozen.positions)}
    assert len({one.positions for one in drawn}) > 1
    assert [one.backed for one in drawn] == [0] * 6
    assert frozen.backed == 1


def test_of_several_targets_the_words_of_all_are_protected() -> None:
    goal = PositiveTargeted(victim(), k=3)
    goal.init_attack_example(AttackedText(TEXT), GroundTruth(("eggs", "robots"), ("eggs", "robots")).encode())
    text = AttackedText(TEXT)
    protected = LabelEvidence(0.29, "frozen", goal=goal).protection(text)
    assert {text.words[i] for i in protected.positions} == {"eggs", "robots"}
    assert protected.backed == 2


def test_a_goal_of_textattack_is_served_by_its_ground_truth() -> None:
    class Model:
        """Two classes by one word; TextAttack's own kind of model."""

        model = None

        def __call__(self, texts: Sequence[str]) -> Any:
            import numpy as np

            return np.array([[0.1, 0.9] if "eggs" in text else [0.9, 0.1] for text in texts])

    from textattack_xmtc.datasets.label_names import LabelNames

    goal = UntargetedClassification(Model())
    evidence = NameEvidence(LabelNames(by_index=("other", "eggs")))
    outcomes = {}
    for mode in ("none", "frozen"):
        constraint = LabelEvidence(0.5, mode, evidence, goal)  # type: ignore[arg-type]
        attack = Attack(goal, [RepeatModification(), constraint], proposing("plates"), GreedySearch())
        outcomes[mode] = type(attack.attack("two eggs", 1)).__name__
    assert outcomes == {"none": "SuccessfulAttackResult", "frozen": "FailedAttackResult"}


@needs_wordnet
def test_paraphrased_words_take_words_of_the_same_sense_only() -> None:
    def attacked(mode: str) -> str:
        goal = PositiveTargeted(victim(), k=1)
        attack = Attack(goal, [RepeatModification()], proposing("plates", "automatons"), MaskedDelta(1.0))
        Preservation(Preserve(mode, 0.5), NameEvidence()).install(attack)  # type: ignore[arg-type]
        result = attack.attack("robots arms ubiquitous", GroundTruth(("robots",)).encode())
        return str(result.perturbed_result.attacked_text.text)

    assert attacked("frozen").startswith("robots ")
    assert attacked("paraphrased").split()[0] in ("automatons", "robots")
    assert attacked("none").split()[0] in ("plates", "automatons")


@needs_wordnet
def test_no_evidence_of_a_wrong_label_is_put_in() -> None:
    def final(preserve: str) -> str:
        goal = NegativeTargeted(victim(), k=1)
        swap = proposing("eggs", "boiled")
        attack = Attack(goal, [RepeatModification()], swap, MaskedDelta(1.0))
        Preservation(Preserve.parse(preserve), NameEvidence()).install(attack)
        result = attack.attack("tables arms tables", GroundTruth(("robots",), ("eggs",)).encode())
        return str(result.perturbed_result.attacked_text.text)

    assert "eggs" in final("none")
    assert "eggs" not in final("frozen:0")
    assert "boiled" in final("frozen:0")


def test_paraphrased_alone_is_refused() -> None:
    goal = PositiveTargeted(victim(), k=3)
    attack = Attack(goal, [LabelEvidence(0.2, "paraphrased", goal=goal)], proposing("plates"), MaskedDelta(1.0))
    with pytest.raises(InputError, match="checks nothing alone"):
        attack.attack(TEXT, GroundTruth(("robots",)).encode())
    with pytest.raises(InputError, match="does not know the goal"):
        LabelEvidence().labels()
    with pytest.raises(InputError, match=r"unknown mode='freeze'"):
        LabelEvidence(mode="freeze")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"share=1\.5"):
        LabelEvidence(1.5)


@needs_wordnet
def test_records_say_what_was_kept() -> None:
    goal = PositiveTargeted(victim(), k=3)
    attack = Attack(goal, [RepeatModification()], WordSwapSameSense(), MaskedDelta(1.0))
    kept = Preservation(Preserve.parse("none"), NameEvidence(), attack.transformation.sense, EmbeddedEncoder())
    kept.install(attack)
    original = AttackedText("robots with numerical eggs")
    final = AttackedText("automatons with plates eggs")
    facts = kept.facts(original, final, ("robots",))
    changes = [(change["position"], change["evidence"], change["sense"]) for change in facts["changes"]]
    assert changes == [(0, True, True), (2, False, False)]
    assert facts["protected"] == []
    assert facts["evidence"] == [0]
    assert (facts["content"], facts["backed"], facts["known"], facts["share"]) == (3, 1, True, 0.2)
    assert all(0 < c["window"] < 1 for c in facts["changes"])
    assert kept.facts(original, original, ("robots",))["changes"] == []


def test_windows_are_cut_at_the_ends_and_compared_place_by_place() -> None:
    words = [f"w{number}" for number in range(40)]
    original = AttackedText(", ".join(words))
    assert window_of(original, 0).split(", ") == words[:8]
    assert window_of(original, 20).split(", ") == words[13:28]
    assert window_of(original, 39).split(", ") == words[32:]
    final = original.replace_word_at_index(20, "other")
    near, far = window_similarities(EmbeddedEncoder(), original, final, [20, 30])
    assert near < 1
    assert far == pytest.approx(1)
    # A window of 15 words counts 7 on each side.
    assert window_similarities(EmbeddedEncoder(), original, final, [27])[0] < 1
    assert window_similarities(EmbeddedEncoder(), original, final, [28])[0] == pytest.approx(1)
