"""The texts of a round: clean ones and, in their midst, those that were attacked in this round and the last ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from textattack_xmtc.errors import InputError
from textattack_xmtc.hardening.attacking import QuickAttack
from textattack_xmtc.hardening.drawing import TailDraws, targets_for
from textattack_xmtc.hardening.options import HardeningOptions
from textattack_xmtc.models.torch_scorer import TorchScorer
from textattack_xmtc.words import replaced

_TRIES = 3  # how many times a round's draws may all be texts that cannot be changed


class Rounds:
    """Makes the texts of each round, and keeps what a checkpoint needs of them.

    Args:
        model: the victim, as it is trained.
        texts: the training texts.
        labels: their true labels, as the model counts.
        counts: training texts of each label.
        options: what was chosen.
        size: texts of a round.
        attack: what makes the attacked ones; it is asked where words stand for random masking as well.
        taken: told of the texts of a new round: put them where the training reads them.
    """

    def __init__(
        self,
        model: TorchScorer,
        texts: Sequence[str],
        labels: Sequence[Sequence[int]],
        counts: np.ndarray,
        options: HardeningOptions,
        size: int,
        attack: QuickAttack,
        taken: Callable[[list[str], list[list[int]]], None],
    ) -> None:
        self._model, self._texts, self._labels, self._options = model, texts, labels, options
        self._size, self._attack, self._taken = size, attack, taken
        self._draws = TailDraws(labels, counts)
        self.state: dict[str, Any] = {"texts": [], "labels": [], "pool": []}
        """The texts and labels of the round, and the attacked texts of the last rounds, as pairs with their labels."""

    def prepare(self, number: int) -> None:
        """Make the texts of a round (from 1), from the model as it is now."""
        options = self._options
        random = np.random.default_rng([options.seed, 1, number])
        changed: list[tuple[str, list[int]]] = []
        if options.augment != "none":
            wanted = max(1, round(self._size * options.share * options.fresh))
            pool = [*self.state["pool"], self.changed(wanted, random)]
            self.state["pool"] = pool[-options.rounds_kept :]
            kept = [pair for own in self.state["pool"] for pair in own]
            room = round(self._size * options.share)
            order = np.concatenate([random.permutation(len(kept)) for _ in range(-(-room // len(kept)))])
            changed = [kept[place] for place in order[:room].tolist()]
        pairs = [*self.clean(self._size - len(changed), random), *changed]
        self.state["texts"], self.state["labels"] = [text for text, _ in pairs], [own for _, own in pairs]
        self._taken(self.state["texts"], self.state["labels"])

    def clean(self, wanted: int, random: np.random.Generator) -> list[tuple[str, list[int]]]:
        """So many training texts with their labels; none twice before all were drawn."""
        texts = len(self._texts)
        rows = np.concatenate([random.permutation(texts) for _ in range(-(-wanted // texts))] or [np.zeros(0, int)])
        return [(self._texts[row], list(map(int, self._labels[row]))) for row in rows[:wanted].tolist()]

    def resume(self, state: dict[str, Any]) -> None:
        """Go on with the texts that a checkpoint holds."""
        self.state.update(state)
        self._taken(self.state["texts"], self.state["labels"])

    def changed(self, wanted: int, random: np.random.Generator) -> list[tuple[str, list[int]]]:
        """Attacked or masked texts with their true labels, at most so many, at least one.

        Raises:
            InputError: none of the texts drawn has a word that may be changed.
        """
        for _ in range(_TRIES):
            drawn = self._draws.draw(wanted, random)
            if self._options.augment == "random-masking":
                pairs = [(row, self._masked(self._texts[row], random)) for row in drawn[0].tolist()]
            else:
                options = self._options
                targets = targets_for(self._model, self._texts, self._labels, drawn, options.goal, options.k, random)
                found = self._attack.attacked(self._texts, targets)
                pairs = [(target.text, text) for target, text in zip(targets, found, strict=True)]
            made = [(text, list(map(int, self._labels[row]))) for row, text in pairs if text != self._texts[row]]
            if made:
                return made
        raise InputError(
            "there is nothing to attack: no word of the texts drawn could be changed",
            "give texts with words that the model reads and that are no stop words, and a masked LM of their language",
        )

    def _masked(self, text: str, random: np.random.Generator) -> str:
        spans = self._attack.changeable(text)
        chosen = random.permutation(len(spans))[: self._options.changes]
        for place in sorted(chosen.tolist(), reverse=True):
            text = replaced(text, spans[place], self._model.mask_word)
        return text
