"""The three goals of section 3, one class each."""

from __future__ import annotations

import hashlib
import random

from textattack_xmtc.errors import InputError
from textattack_xmtc.goal_functions.top_k import TopKGoalFunction
from textattack_xmtc.scores import TopK
from textattack_xmtc.targets import GroundTruth


class PositiveTargeted(TopKGoalFunction):
    """Push true labels out of the k best (section 3, positive-targeted attacks; Eq. 3.2 and 3.4).

    Gamma is A1 within the k best labels of the original text; the goal is met when none of Gamma is
    among the k best. A1 is the example's targets; where it has none, the best of the true labels.
    """

    examples = "one per true label"
    falling = True

    def _choose(self, text: str, asked: list[int] | None) -> tuple[tuple[int, ...], str]:
        if asked is None:
            best = next((label for label in self.top.labels if label in self.true_labels), None)
            return (() if best is None else (best,)), f"no true label is among the top {self.k}"
        wrong = set(asked) - self.true_labels
        if wrong:
            raise InputError(
                f"the target {self.model.labels.name(min(wrong))!r} is not a true label of this text",
                "a positive-targeted attack works on true labels; add it to the labels or use the negative goal",
            )
        return tuple(label for label in asked if label in self.top), f"no target is among the top {self.k}"

    def _reached(self, top: TopK) -> bool:
        return not any(label in top for label in self.targets)


class NegativeTargeted(TopKGoalFunction):
    """Pull wrong labels into the k best (section 3, negative-targeted attacks; Eq. 3.3 and 3.4).

    Gamma is A-1 outside the k best labels of the original text; the goal is met when all of Gamma are
    among the k best. A-1 is the example's targets; where it has none, one label that is neither true
    nor among the k best is drawn, seeded by the text.
    """

    examples = "one per text"
    falling = False

    def _choose(self, text: str, asked: list[int] | None) -> tuple[tuple[int, ...], str]:
        if asked is None:
            return tuple(self._draw(text)), f"every label is true or among the top {self.k} already"
        wrong = set(asked) & self.true_labels
        if wrong:
            raise InputError(
                f"the target {self.model.labels.name(min(wrong))!r} is a true label of this text",
                "a negative-targeted attack works on labels that are not true; use the positive goal",
            )
        outside = tuple(label for label in asked if label not in self.top)
        if len(outside) > self.k:
            raise InputError(
                f"{len(outside)} negative targets cannot all be among the top {self.k}",
                f"give at most {self.k} targets or a larger k",
            )
        return outside, f"every target is among the top {self.k} already"

    def _draw(self, text: str) -> list[int]:
        size = self.model.labels.size
        taken = self.true_labels | set(self.top.labels)
        if size is None or len(taken) >= size:
            return []
        # hash() differs between runs; a digest of the text does not.
        chance = random.Random(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest())
        while True:
            label = chance.randrange(size)
            if label not in taken:
                return [label]

    def _reached(self, top: TopK) -> bool:
        return all(label in top for label in self.targets)


class NonTargeted(TopKGoalFunction):
    """Push any true label out of the k best (section 3, non-targeted attacks; Eq. 3.1 and 3.4).

    Gamma is the k best labels of the original text, wrong ones included; the goal is met when a true
    label that was among them has left.
    """

    examples = "one per text"
    falling = True

    def _choose(self, text: str, asked: list[int] | None) -> tuple[tuple[int, ...], str]:
        right = any(label in self.true_labels for label in self.top.labels)
        return (tuple(sorted(self.top.labels)) if right else ()), f"no true label is among the top {self.k}"

    def _asked(self, truth: GroundTruth) -> None:
        return None  # this goal has no targets but its own

    def _starred(self) -> frozenset[int]:
        return self.true_labels

    def _reached(self, top: TopK) -> bool:
        return any(label in self.true_labels and label not in top for label in self.top.labels)
