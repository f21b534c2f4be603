"""The attack on any Unicode text, with a victim and a masked language model of all kinds of words."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st
from textattack.attack_results import SkippedAttackResult

from tests.fuzz.running import box, fuzz
from tests.toolkit.unicode_texts import PARTS, TEXTS
from tests.toolkit.victims import CountingVictim, proposing
from textattack_xmtc.attack_recipes import (
    XMTCNegative,
    XMTCNegativeLabelAware,
    XMTCPositive,
    XMTCPositiveFrugal,
    XMTCUntargeted,
)
from textattack_xmtc.targets import GroundTruth

LABELS = 6
WORDS = [word for word in PARTS if word.strip()] + ["spread", "grid", "slope", "store"]


def scores(text: str) -> Any:
    """Depends on every character, and is the same on every machine."""
    scores = [0.0] * LABELS
    for place, sign in enumerate(text):
        scores[(ord(sign) + place) % LABELS] += math.sin(ord(sign))
    return scores


SWAP = proposing(*dict.fromkeys(WORDS), max_candidates=6)
ATTACKS = [
    recipe.build(
        CountingVictim(scores, num_labels=LABELS), k=2, max_change_rate=rate, masked_lm=SWAP, encoder="embedded"
    )
    for recipe in (XMTCPositive, XMTCNegative, XMTCUntargeted, XMTCPositiveFrugal, XMTCNegativeLabelAware)
    for rate in (0.2, 1.0)
]
ANY = TEXTS | st.text(max_size=40) | st.text(st.sampled_from("a \n\t.'-"), max_size=60)


@fuzz("search", attack=st.sampled_from(ATTACKS), text=ANY, labels=st.sets(st.integers(0, LABELS - 1)), data=st.data())
def test_search(attack: Any, text: str, labels: Any, data: Any) -> None:
    targets = data.draw(st.none() | st.sets(st.integers(0, LABELS - 1), max_size=2).map(tuple))
    truth = GroundTruth(tuple(labels), targets).encode()
    with box() as place:
        result = place.attempt(lambda: attack.attack(text, truth))
        if result is None or isinstance(result, SkippedAttackResult):
            return
        assert result.original_text() and str(result)
        place.attempt(lambda: result.__str__(color_method="ansi"))
        words = result.original_result.attacked_text.words
        assert len(result.perturbed_result.attacked_text.words) == len(words) > 0
