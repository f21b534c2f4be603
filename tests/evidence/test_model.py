"""Evidence by occlusion on a model whose scores add up."""

from __future__ import annotations

from tests.toolkit.victims import bag
from textattack_xmtc.evidence.model import ModelEvidence

WEIGHTS = {"robots": [3, 0], "arms": [1, 2], "eggs": [-2, 5]}


def test_a_word_weighs_what_the_score_loses() -> None:
    model = bag(WEIGHTS, [0.0, 0.0], label_names=["r", "e"])
    source = ModelEvidence(model)
    words = ["robots", "with", "arms", "and", "eggs", "robots"]
    text = " ".join(words)
    weighed = source.weigh(text, words, "r")
    assert weighed is not None
    assert weighed.weights.tolist() == [3, 0, 1, 0, 0, 3]
    assert weighed.backed.tolist() == [True, False, True, False, False, True]
    assert len(model.asked) == 5  # the text, and one for each content word
    assert source.weigh(text, words, "unknown") is None
    empty = source.weigh("", [], "r")
    assert empty is not None
    assert len(empty.weights) == 0
