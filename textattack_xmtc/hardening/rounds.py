"""The texts of a round: clean ones, and beside them those that are to be attacked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np

from textattack_xmtc.errors import InputError
from textattack_xmtc.hardening.gradient_attack import LogitGoal
from textattack_xmtc.hardening.options import HardeningOptions
from textattack_xmtc.hardening.protected_tokens import ProtectedTokens
from textattack_xmtc.hardening.tail_sampler import TailSampler, Target, logit_goals, targets_for
from textattack_xmtc.models.torch_scorer import TorchScorer

LabelledText = tuple[str, list[int]]
_Value = TypeVar("_Value")


class RoundTexts(NamedTuple):
    """Texts, their true labels, the goal of the attack on each in the step that trains on it, or None, and the token
    numbers that this attack leaves alone.
    """

    texts: Sequence[str]
    labels: Sequence[Sequence[int]]
    goals: Sequence[LogitGoal | None]
    protected: Sequence[Sequence[int]]


class Rounds:
    """Makes the texts of each round (`size` of them) for `on_round`, and keeps what a checkpoint needs of them.

    `labels` are the true labels of the training texts by the model's indices, `counts` the training texts of each
    label.
    """

    def __init__(
        self,
        model: TorchScorer,
        texts: Sequence[str],
        labels: Sequence[Sequence[int]],
        counts: np.ndarray,
        options: HardeningOptions,
        protected: ProtectedTokens,
        size: int,
        on_round: Callable[[RoundTexts], None],
    ) -> None:
        self._model, self._texts, self._labels, self._options = model, texts, labels, options
        self._protected, self._size, self._on_round = protected, size, on_round
        self._sampler = TailSampler(labels, counts)
        self.state: dict[str, Any] = {"texts": [], "labels": [], "aims": [], "protected": []}
        """Texts, labels, goals (`aims`) and protected tokens of the round."""

    def prepare(self, number: int) -> None:
        """Make the texts of a round (from 1), from the model as it is now."""
        rng = np.random.default_rng([self._options.seed, 1, number])
        attacked = round(self._size * self._options.share)
        targets = self._targets(attacked, rng) if attacked else []
        clean_rows = _repeated(range(len(self._texts)), self._size - len(targets), rng)
        pairs = [self._labelled(row) for row in [*clean_rows, *(target.text for target in targets)]]
        goals = logit_goals(self._model, self._texts, self._labels, targets)
        texts, labels = [text for text, _ in pairs], [labels for _, labels in pairs]
        aims: list[LogitGoal | None] = [None] * len(clean_rows)
        protected: list[list[int]] = [[] for _ in clean_rows]
        protected += [self._protected.of(self._texts[target.text], target) for target in targets]
        self.resume({"texts": texts, "labels": labels, "aims": aims + goals, "protected": protected})

    def resume(self, state: dict[str, Any]) -> None:
        """Continue with the texts that a checkpoint holds."""
        state = {"protected": [[] for _ in state["texts"]], **state}  # version 0.1.0 protected nothing
        self.state.update({name: state[name] for name in self.state})  # the same dictionary: checkpoints hold it
        self._on_round(RoundTexts(state["texts"], state["labels"], state["aims"], state["protected"]))

    def _labelled(self, row: int) -> LabelledText:
        return self._texts[row], list(map(int, self._labels[row]))

    def _targets(self, wanted: int, rng: np.random.Generator) -> list[Target]:
        """So many texts and labels to attack, again and again where there are fewer."""
        drawn = self._sampler.draw(wanted, rng)
        options = self._options
        targets = targets_for(self._model, self._texts, self._labels, drawn, options.goal, options.k, rng)
        if not targets:
            raise InputError(
                f"there is nothing to attack: of {len(drawn[0]):,} texts drawn, none has a label for the goal "
                f"{options.goal} with k={options.k} of {len(self._model.label_names):,} labels",
                "choose another --goal or a smaller --k",
            )
        return _repeated(targets, wanted, rng)


def _repeated(values: Sequence[_Value], number: int, rng: np.random.Generator) -> list[_Value]:
    """So many of the values in any order, none twice more often than another."""
    if not number:
        return []
    order = np.concatenate([rng.permutation(len(values)) for _ in range(-(-number // len(values)))])
    return [values[place] for place in order[:number].tolist()]
