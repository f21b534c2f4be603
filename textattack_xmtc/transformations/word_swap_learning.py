"""Words that raise the targets, learnt from the victim's own answers while one text is attacked."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

import numpy as np
import torch
from textattack.shared import AttackedText
from textattack.transformations import WordSwap

from textattack_xmtc.errors import InputError
from textattack_xmtc.transformations.label_word_sources import WordVectors
from textattack_xmtc.transformations.word_swap_label_aware import PLAUSIBLE, Answering, LearntWords
from textattack_xmtc.transformations.word_swap_masked_lm import XMTCWordSwapMaskedLM

_RIDGE = 1.0


class WordSwapLearning(WordSwap):
    """Exchange a word for one that should bring the text nearer to the goal, by what the victim has answered so far.

    Nothing is known of the labels. From the words that were tried in this example, a linear model of their directions
    (`WordVectors`) learns which way the goal lies: ridge regression on the gains of `LearntWords`. Of the masked LM's
    `plausible` best words at a place, half of the candidates are those that the model holds for the best, and half are
    spread evenly over the masked LM's list, other ones at every place. At first, all are spread.

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
        self._learnt = LearntWords(goal)

    def _get_transformations(self, current_text: AttackedText, indices_to_modify: Iterable[int]) -> list[AttackedText]:
        self._learnt.learn()
        model = self._model()

        def pick(logits: torch.Tensor, word: str, at_start: bool) -> list[str]:
            near = self.masked_lm.plausible(logits, word, at_start, self.plausible)
            best: list[str] = []
            if model is not None and near:
                order = np.argsort(-(self._directions(near) @ model), kind="stable")
                best = [near[place] for place in order[: self.max_candidates // 2]]
            step = max(1, len(near) // (self.max_candidates - len(best)))
            return list(dict.fromkeys([*best, *near[self._learnt.places % step :: step]]))[: self.max_candidates]

        texts = self.masked_lm.exchanged(current_text, indices_to_modify, pick)
        self._learnt.wait_for(current_text, texts)
        return texts

    def _model(self) -> np.ndarray | None:
        """Which way the goal lies, as far as it is known; shape `(size,)`."""
        gains = self._learnt.gains
        if not gains:
            return None
        rows, values = self._directions(list(gains)), np.array(list(gains.values()))
        squares = rows.T @ rows + _RIDGE * np.eye(rows.shape[1])
        return np.asarray(np.linalg.solve(squares, rows.T @ (values - values.mean())))

    def _directions(self, words: list[str]) -> np.ndarray:
        return self._vectors.vectors[[self._places[word.lower()] for word in words]].astype(np.float64)

    @cached_property
    def _vectors(self) -> WordVectors:
        return WordVectors(self.masked_lm)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {word: place for place, word in reversed(list(enumerate(self._vectors.words.tolist())))}

    def extra_repr_keys(self) -> list[str]:  # noqa: D102
        return ["max_candidates", "plausible"]
