"""Sources that combine, and sets of labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from textattack_xmtc.evidence.protocol import CombinedEvidence, WordEvidence, evidence_for
from textattack_xmtc.targets import Label


class Known:
    """Evidence from a table of weights by label."""

    def __init__(self, name: str, weights: Mapping[Label, Sequence[float]]) -> None:
        self.name, self._weights = name, weights

    def weigh(self, text: str, words: Sequence[str], label: Label) -> WordEvidence | None:
        if label not in self._weights:
            return None
        weights = np.array(self._weights[label], dtype=float)
        return WordEvidence(weights, weights > 1)


def test_words_of_an_earlier_source_come_first() -> None:
    first, second = Known("a", {"x": [0, 0.1, 0, 5]}), Known("b", {"x": [900, 0, 1, 2], "y": [1, 0, 0, 0]})
    combined = CombinedEvidence([first, second])
    assert combined.name == "a+b"
    weighed = combined.weigh("", ["w"] * 4, "x")
    assert weighed is not None
    assert np.argsort(-weighed.weights).tolist() == [3, 1, 0, 2]
    assert weighed.backed.tolist() == [True, False, False, True]
    only_second = combined.weigh("", ["w"] * 4, "y")
    assert only_second is not None
    assert np.flatnonzero(only_second.weights).tolist() == [0]
    assert combined.weigh("", ["w"] * 4, "z") is None


def test_of_several_labels_the_largest_evidence_counts() -> None:
    source = Known("a", {"x": [0, 3, 1], "y": [2, 1, 0]})
    weighed = evidence_for(source, "", ["w"] * 3, ["x", "unknown", "y"])
    assert weighed is not None
    assert weighed.weights.tolist() == [2, 3, 1]
    assert weighed.backed.tolist() == [True, True, False]
    assert evidence_for(source, "", ["w"] * 3, ["unknown"]) is None
