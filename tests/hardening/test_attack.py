"""The quick attack, on a victim whose words can be counted."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pytest

from tests.toolkit.victims import proposing
from textattack_xmtc.hardening.attack import FIRST_LOOK, QuickAttack, Target
from textattack_xmtc.hardening.candidates import KeptCandidates

WEIGHTS = {"acorn": (3, 0), "badger": (2, -1), "cactus": (0, 4), "dolphin": (-2, 1), "ember": (-5, 0)}


class Adding:
    """A scorer that adds up what words weigh; notes what it was asked."""

    mask_word = "<UNK>"
    label_names = ("first", "second")

    def __init__(self, reads: int = 10**6) -> None:
        self.reads = reads
        self.asked: list[tuple[list[str], list[int]]] = []

    def characters_read(self, text: str) -> int:
        return min(self.reads, len(text))

    def score(self, texts: Sequence[str], labels: Sequence[int], kind: str = "probability") -> np.ndarray:
        assert kind == "logit"
        self.asked.append((list(texts), list(labels)))
        rows = [
            [sum(WEIGHTS.get(word, (0, 0))[label] for word in re.findall(r"\w+", text)) for label in labels]
            for text in texts
        ]
        return np.array(rows, dtype=np.float32).reshape(len(texts), len(labels))


def quick(model: Adding, changes: int = 1, words: Sequence[str] = ("dolphin", "ember")) -> QuickAttack:
    return QuickAttack(model, KeptCandidates(proposing(*words)), changes)  # type: ignore[arg-type]


def test_all_targets_of_a_text_share_one_ranking() -> None:
    model = Adding()
    ranked = quick(model).ranked("the badger and cactus and acorn", [Target(0, 0), Target(0, 1), Target(0, 1, True)])
    assert len(model.asked) == 1 and model.asked[0][1] == [0, 1, 1] and len(model.asked[0][0]) == 3
    text = "the badger and cactus and acorn"
    words = [[text[start:end] for start, end in spans] for spans in ranked]
    assert words == [["acorn", "badger", "cactus"], ["cactus", "acorn", "badger"], ["badger", "acorn", "cactus"]]


def test_a_long_text_is_ranked_in_two_looks() -> None:
    words = [f"filler{number}" for number in range(8 * FIRST_LOOK)]
    words[77] = "acorn"
    model = Adding()
    text = " ".join(words)
    first = quick(model).ranked(text, [Target(0, 0)])[0][0]
    assert text[slice(*first)] == "acorn"
    assert [len(texts) for texts, _ in model.asked] == [FIRST_LOOK, 8]


@pytest.mark.parametrize(
    ("changes", "target", "expected"),
    [
        (1, Target(0, 0), "ember and badger cactus"),
        (2, Target(0, 0), "ember and ember cactus"),
        (1, Target(0, 1), "acorn and badger ember"),
        (2, Target(0, 1, True), "dolphin and dolphin cactus"),
    ],
)
def test_the_best_candidate_is_taken_and_no_other_word_touched(changes: int, target: Target, expected: str) -> None:
    assert quick(Adding(), changes).attacked(["acorn and badger cactus"], [target]) == [expected]


def test_places_move_with_what_was_put_before_them() -> None:
    found = quick(Adding(), 2, ("ember",)).attacked(["badger, (acorn)! the"], [Target(0, 0)])
    assert found == ["ember, (ember)! the"]


def test_a_text_without_a_word_to_change_stays() -> None:
    texts = ["the and of", "", "123 !", "acorn"]
    assert quick(Adding(reads=4)).attacked(texts, [Target(n, 0) for n in range(4)]) == texts
    assert quick(Adding(), words=("acorn",)).attacked(["acorn"], [Target(0, 0)]) == ["acorn"]
