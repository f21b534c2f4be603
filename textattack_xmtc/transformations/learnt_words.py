"""What the victim has answered to words in one example, by word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from textattack.shared import AttackedText


class Answering(Protocol):
    """What is asked of a goal; `TopKGoalFunction` has it.

    Attributes:
        initial_attacked_text: the text of the current example.
    """

    initial_attacked_text: AttackedText

    def answered(self, texts: Sequence[str]) -> np.ndarray:
        """How near texts are to the goal that were asked about in this example; NaN for others."""
        ...


class LearntWords:
    """How much nearer to the goal each word has brought the text, as a share of the best word at the same place.

    Scores grow as the goal comes nearer, so gains of different places cannot be compared; shares can, as the best
    words of one place are tried at the next. What is learnt is forgotten with the example, so that the order of the
    examples does not matter.

    Args:
        goal: what answers.

    Attributes:
        gains: the last share of each lower-cased word, at most 1; below 0 where it led away from the goal. The mean,
            where it was tried at several places at once.
    """

    def __init__(self, goal: Answering) -> None:
        self._goal = goal
        self._example: AttackedText | None = None
        self.gains: dict[str, float] = {}
        self.places = 0
        self._waiting: tuple[str, list[AttackedText]] = ("", [])

    def learn(self) -> list[tuple[str, float]]:
        """Take in the answers to what was proposed last; what they were, by word."""
        if self._goal.initial_attacked_text is not self._example:
            self._example, self._waiting = self._goal.initial_attacked_text, ("", [])
            self.gains, self.places = {}, 0
        (current, texts), self._waiting = self._waiting, ("", [])
        start, *answers = self._goal.answered([current, *(text.text for text in texts)])
        told = [
            (new_word(text), float(near - start))
            for text, near in zip(texts, answers, strict=True)
            if not np.isnan(near - start)
        ]
        best = max((gain for _, gain in told), default=0.0)
        if best > 0:
            shares: dict[str, list[float]] = {}
            for word, gain in told:
                shares.setdefault(word, []).append(gain / best)
            self.gains.update({word: float(np.mean(values)) for word, values in shares.items()})
        return told

    def wait_for(self, current: AttackedText, texts: list[AttackedText]) -> None:
        """Remember what is proposed in place of words of the current text."""
        self._waiting = (current.text, texts)
        self.places += 1

    def best(self, number: int) -> list[str]:
        """So many of the words that brought the text nearer, the best first; ties in the order of their trial."""
        good = [word for word, gain in self.gains.items() if gain > 0]
        return sorted(good, key=lambda word: -self.gains[word])[:number]


def new_word(text: AttackedText) -> str:
    """The word that a candidate has put in, in lower case."""
    (index,) = text.attack_attrs["newly_modified_indices"]
    return str(text.words[index]).lower()
