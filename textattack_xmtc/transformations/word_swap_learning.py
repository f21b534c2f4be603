"""Words that raise the targets, learnt from the victim's own answers while one text is attacked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Protocol

import numpy as np
import torch
from textattack.shared import AttackedText
from textattack.transformations import WordSwap

from textattack_xmtc.errors import InputError
from textattack_xmtc.transformations.label_words import WordVectors
from textattack_xmtc.transformations.word_swap_label_aware import PLAUSIBLE
from textattack_xmtc.transformations.word_swap_masked_lm import XMTCWordSwapMaskedLM

_RIDGE = 1.0


class Answering(Protocol):
    """What the word swap asks of a goal; `TopKGoalFunction` has it.

    Attributes:
        initial_attacked_text: the text of the current example.
    """

    initial_attacked_text: AttackedText

    def answered(self, texts: Sequence[str]) -> np.ndarray:
        """How near texts are to the goal that were asked about in this example; NaN for others."""
        ...


class WordSwapLearning(WordSwap):
    """Exchange a word for one that should bring the text nearer to the goal, by what the victim has answered so far.

    Nothing is known of the labels. From the words that were tried in this example, a linear model of their directions
    (`WordVectors`) learns which way the goal lies: ridge regression on the gains of the words of each place, scaled to
    mean 0 and deviation 1. Of the masked LM's `plausible` best words at a place, half of the candidates are those that
    the model holds for the best, and half are spread evenly over the masked LM's list, other ones at every place. At
    first, all are spread.

    What is learnt is forgotten with the example, so that the order of the examples is no matter.

    Args:
        masked_lm: the word swap with the masked LM.
        goal: what answers.
        max_candidates: words tried for a place; by default as many as `masked_lm` keeps.
        plausible: how far down the masked LM's list a candidate may stand.

    Raises:
        InputError: a number that must be positive and is not.
    """

    def __init__(
        self,
        masked_lm: XMTCWordSwapMaskedLM,
        goal: Answering,
        max_candidates: int | None = None,
        plausible: int = PLAUSIBLE,
    ) -> None:
        super().__init__()
        self.masked_lm, self.goal = masked_lm, goal
        self.max_candidates = masked_lm.max_candidates if max_candidates is None else max_candidates
        self.plausible = plausible
        if self.max_candidates < 1 or plausible < 1:
            raise InputError(
                f"max_candidates={self.max_candidates} and plausible={plausible} must be positive", "choose 1 or more"
            )
        self._example: AttackedText | None = None

    def _get_transformations(self, current_text: AttackedText, indices_to_modify: Iterable[int]) -> list[AttackedText]:
        self._learn()

        def pick(logits: torch.Tensor, word: str, at_start: bool) -> list[str]:
            return self._chosen(self.masked_lm.plausible(logits, word, at_start, self.plausible))

        found = self.masked_lm.exchanged(current_text, indices_to_modify, pick)
        self._waiting = (current_text.text, [(text.text, _new_word(text)) for text in found])
        return found

    def _learn(self) -> None:
        """Take in the answers to what was proposed last."""
        size = self._vectors.vectors.shape[1]
        if self.goal.initial_attacked_text is not self._example:
            self._example = self.goal.initial_attacked_text
            self._waiting: tuple[str, list[tuple[str, str]]] = ("", [])
            self._squares, self._products = _RIDGE * np.eye(size), np.zeros(size)
            self._tried, self._places = 0, 0
        _, proposed = self._waiting
        answers = self.goal.answered([text for text, _ in proposed])
        told = [(word, near) for (_, word), near in zip(proposed, answers, strict=True) if not np.isnan(near)]
        if len(told) < 2:
            return
        gains = np.array([near for _, near in told])
        spread = gains.std()
        if spread == 0:
            return
        rows = self._vectors.vectors[[self._place[word.lower()] for word, _ in told]].astype(np.float64)
        self._squares += rows.T @ rows
        self._products += rows.T @ ((gains - gains.mean()) / spread)
        self._tried += len(told)

    def _chosen(self, near: list[str]) -> list[str]:
        self._places += 1
        best: list[str] = []
        if self._tried and near:
            model = np.linalg.solve(self._squares, self._products)
            rows = self._vectors.vectors[[self._place[word.lower()] for word in near]]
            order = np.argsort(-(rows @ model), kind="stable")
            best = [near[position] for position in order[: self.max_candidates // 2]]
        wanted = self.max_candidates - len(best)
        step = max(1, len(near) // max(1, wanted))
        spread = near[(self._places - 1) % step :: step]
        return list(dict.fromkeys([*best, *spread]))[: self.max_candidates]

    @cached_property
    def _vectors(self) -> WordVectors:
        return WordVectors(self.masked_lm)

    @cached_property
    def _place(self) -> dict[str, int]:
        return {word: place for place, word in reversed(list(enumerate(self._vectors.words.tolist())))}

    def extra_repr_keys(self) -> list[str]:  # noqa: D102
        return ["max_candidates", "plausible"]


def _new_word(text: AttackedText) -> str:
    (index,) = text.attack_attrs["newly_modified_indices"]
    word: str = text.words[index]
    return word
