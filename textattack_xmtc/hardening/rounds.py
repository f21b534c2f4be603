"""The texts of a round: clean ones, and beside them those that are to be attacked, or were in the last rounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import numpy as np

from textattack_xmtc.errors import InputError
from textattack_xmtc.hardening.attack import QuickAttack, Target
from textattack_xmtc.hardening.gradient_attack import LEAST, LogitGoal
from textattack_xmtc.hardening.options import HardeningOptions
from textattack_xmtc.hardening.tail_sampler import TailSampler, logit_goals, targets_for
from textattack_xmtc.models.torch_scorer import TorchScorer
from textattack_xmtc.words import replaced


class RoundCallback(Protocol):
    """What trains on a round's texts."""

    def __call__(
        self, texts: Sequence[str], labels: Sequence[Sequence[int]], goals: Sequence[LogitGoal | None]
    ) -> None:
        """Texts, their true labels, and the goal of the attack on each in the step that trains on it, or None."""


_Value = TypeVar("_Value")
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
        on_round: is given the texts of a new round.
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
        on_round: RoundCallback,
    ) -> None:
        self._model, self._texts, self._labels, self._options = model, texts, labels, options
        self._size, self._attack, self._on_round = size, attack, on_round
        self._draws = TailSampler(labels, counts)
        self.state: dict[str, Any] = {"texts": [], "labels": [], "aims": [], "pool": []}
        """Texts, labels and goals (`aims`) of the round; of the last rounds, attacked texts with their labels."""

    def prepare(self, number: int) -> None:
        """Make the texts of a round (from 1), from the model as it is now."""
        options, state = self._options, self.state
        rng = np.random.default_rng([options.seed, 1, number])
        room = round(self._size * options.share)
        targets: list[Target] = []
        changed: list[tuple[str, list[int]]] = []
        if options.augment == "gradient":
            targets = self._targets(room, rng)
        elif options.augment != "none":
            pool = [*state["pool"], self.changed(max(1, round(room * options.fresh)), rng)]
            state["pool"] = pool[-options.rounds_kept :]
            changed = _repeated([pair for own in state["pool"] for pair in own], room, rng)
        clean = self.clean(self._size - len(changed) - len(targets), rng)
        own = [(self._texts[target.text], list(map(int, self._labels[target.text]))) for target in targets]
        pairs = [*clean, *changed, *own]
        state["texts"], state["labels"] = [text for text, _ in pairs], [labels for _, labels in pairs]
        state["aims"] = [None] * (len(pairs) - len(own)) + logit_goals(self._model, self._texts, self._labels, targets)
        self._on_round(state["texts"], state["labels"], state["aims"])

    def clean(self, wanted: int, rng: np.random.Generator) -> list[tuple[str, list[int]]]:
        """So many training texts with their labels; none twice before all were drawn."""
        rows = _repeated(range(len(self._texts)), wanted, rng) if wanted else []
        return [(self._texts[row], list(map(int, self._labels[row]))) for row in rows]

    def resume(self, state: dict[str, Any]) -> None:
        """Go on with the texts that a checkpoint holds."""
        self.state.update(state)
        self._on_round(state["texts"], state["labels"], state["aims"])

    def _targets(self, wanted: int, rng: np.random.Generator) -> list[Target]:
        """So many texts and labels to attack, again and again where there are fewer.

        Raises:
            InputError: no text drawn has a label to attack.
        """
        drawn = self._draws.draw(wanted, rng)
        options = self._options
        found = targets_for(self._model, self._texts, self._labels, drawn, options.goal, options.k, rng)
        if not found:
            raise InputError(
                f"there is nothing to attack: of {len(drawn[0]):,} texts drawn, none has a label for the goal "
                f"{options.goal} with k={options.k} of {len(self._model.label_names):,} labels",
                "choose another --goal or a smaller --k",
            )
        return _repeated(found, wanted, rng)

    def changed(self, wanted: int, rng: np.random.Generator) -> list[tuple[str, list[int]]]:
        """Attacked or masked texts with their true labels, at most so many, at least one.

        Raises:
            InputError: none of the texts drawn has a word that may be changed.
        """
        for _ in range(_TRIES):
            drawn = self._draws.draw(wanted, rng)
            if self._options.augment == "random-masking":
                pairs = [(row, self._masked(self._texts[row], rng)) for row in drawn[0].tolist()]
            else:
                options = self._options
                targets = targets_for(self._model, self._texts, self._labels, drawn, options.goal, options.k, rng)
                found = self._attack.attacked(self._texts, targets)
                pairs = [(target.text, text) for target, text in zip(targets, found, strict=True)]
            made = [(text, list(map(int, self._labels[row]))) for row, text in pairs if text != self._texts[row]]
            if made:
                return made
        raise InputError(
            f"there is nothing to attack: no word of {_TRIES * wanted:,} texts drawn could be changed",
            "give texts with words that the model reads and that are no stop words, and a masked LM of their language",
        )

    def _masked(self, text: str, rng: np.random.Generator) -> str:
        spans = self._attack.changeable(text)
        number = int(np.ceil(len(spans) * self._options.exchanged * rng.uniform(LEAST, 1)))
        chosen = rng.permutation(len(spans))[:number]
        for place in sorted(chosen.tolist(), reverse=True):
            text = replaced(text, spans[place], self._model.mask_word)
        return text


def _repeated(values: Sequence[_Value], number: int, rng: np.random.Generator) -> list[_Value]:
    """So many of the values in any order, none twice more often than another."""
    order = np.concatenate([rng.permutation(len(values)) for _ in range(-(-number // len(values)))])
    return [values[place] for place in order[:number].tolist()]
