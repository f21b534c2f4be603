"""The three goals of section 3, one class each: how the targets of an example are chosen.

What a goal is (labels at stake, when it is reached, its direction) stands in `textattack_xmtc.goal`.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence

from textattack_xmtc.errors import InputError
from textattack_xmtc.goal import GOALS, NEGATIVE, POSITIVE, UNTARGETED
from textattack_xmtc.goal_functions.top_k import TopKGoalFunction
from textattack_xmtc.targets import GroundTruth


class PositiveTargeted(TopKGoalFunction):
    """Push true labels out of what the victim shows (section 3, positive-targeted attacks; Eq. 3.2 and 3.4).

    Gamma is A1 within the labels that are shown for the original text; the goal is reached when none of Gamma is shown.
    A1 is the example's targets; where it has none, the best of the true labels.
    """

    goal = GOALS[POSITIVE]
    examples = "one per true label"

    def _choose(self, text: str, asked: list[int] | None) -> tuple[tuple[int, ...], str]:
        if asked is None:
            best = next((label for label in self.top.labels if label in self.true_labels), None)
            return (() if best is None else (best,)), f"no true label is among the {self.rule}"
        return tuple(asked), f"no target is among the {self.rule}"

    def _check_targets(self, asked: Sequence[int], true_labels: frozenset[int]) -> None:
        wrong = set(asked) - true_labels
        if wrong:
            raise InputError(
                f"the target {self.model.labels.name(min(wrong))!r} is not a true label of this text",
                "a positive-targeted attack works on true labels; add it to the labels or use the negative goal",
            )


class NegativeTargeted(TopKGoalFunction):
    """Pull wrong labels into what the victim shows (section 3, negative-targeted attacks; Eq. 3.3 and 3.4).

    Gamma is A-1 outside the labels that are shown for the original text; the goal is reached when all of Gamma are
    shown. A-1 is the example's targets; where it has none, one label that is neither true nor shown is drawn, seeded by
    the text.
    """

    goal = GOALS[NEGATIVE]
    examples = "one per text"

    def _choose(self, text: str, asked: list[int] | None) -> tuple[tuple[int, ...], str]:
        if asked is None:
            return tuple(self._draw(text)), f"every label is true or among the {self.rule} already"
        outside = sum(label not in self.top for label in asked)
        if self.k is not None and outside > self.k:
            raise InputError(
                f"{outside} negative targets cannot all be among the top {self.k}",
                f"give at most {self.k} targets or a larger k",
            )
        return tuple(asked), f"every target is among the {self.rule} already"

    def _check_targets(self, asked: Sequence[int], true_labels: frozenset[int]) -> None:
        wrong = set(asked) & true_labels
        if wrong:
            raise InputError(
                f"the target {self.model.labels.name(min(wrong))!r} is a true label of this text",
                "a negative-targeted attack works on labels that are not true; use the positive goal",
            )

    def _draw(self, text: str) -> list[int]:
        size = self.model.labels.size
        taken = self.true_labels | set(self.top.labels)
        if size is None or len(taken) >= size:
            return []
        # hash() differs between runs; a digest of the text does not.
        rng = random.Random(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest())
        while True:
            label = rng.randrange(size)
            if label not in taken:
                return [label]


class Untargeted(TopKGoalFunction):
    """Push any true label out of what the victim shows (the paper's non-targeted attacks; Eq. 3.1 and 3.4).

    Gamma is the labels that are shown for the original text, wrong ones included; the goal is reached when a true label
    that was among them has left.
    """

    goal = GOALS[UNTARGETED]
    examples = "one per text"

    def _choose(self, text: str, asked: list[int] | None) -> tuple[tuple[int, ...], str]:
        return (), f"no true label is among the {self.rule}"

    def _asked(self, truth: GroundTruth) -> None:
        return None  # this goal has no targets but its own


NonTargeted = Untargeted
"""The name of `Untargeted` until version 0.1.0."""
