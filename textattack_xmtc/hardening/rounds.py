"""The texts of a round: clean ones, and beside them those that are to be attacked, or are masked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
from nltk.corpus import stopwords
from textattack.shared.utils import has_letter, words_from_text

from textattack_xmtc.errors import InputError
from textattack_xmtc.hardening.gradient_attack import LEAST, LogitGoal
from textattack_xmtc.hardening.options import HardeningOptions
from textattack_xmtc.hardening.tail_sampler import TailSampler, Target, logit_goals, targets_for
from textattack_xmtc.models.torch_scorer import TorchScorer
from textattack_xmtc.words import replaced, word_spans

LabelledText = tuple[str, list[int]]
_Value = TypeVar("_Value")
_TRIES = 3  # how many times a round's draws may all be texts that cannot be changed


class RoundCallback(Protocol):
    """What trains on a round's texts."""

    def __call__(
        self, texts: Sequence[str], labels: Sequence[Sequence[int]], goals: Sequence[LogitGoal | None]
    ) -> None:
        """Texts, their true labels, and the goal of the attack on each in the step that trains on it, or None."""


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
        size: int,
        on_round: RoundCallback,
    ) -> None:
        self._model, self._texts, self._labels, self._options = model, texts, labels, options
        self._size, self._on_round = size, on_round
        self._sampler = TailSampler(labels, counts)
        self._stop_words = frozenset(stopwords.words("english"))
        self.state: dict[str, Any] = {"texts": [], "labels": [], "aims": []}
        """Texts, labels and goals (`aims`) of the round."""

    def prepare(self, number: int) -> None:
        """Make the texts of a round (from 1), from the model as it is now."""
        augment = self._options.augment
        rng = np.random.default_rng([self._options.seed, 1, number])
        number_changed = round(self._size * self._options.share)
        targets = self._targets(number_changed, rng) if augment == "gradient" else []
        masked = self._masked_texts(number_changed, rng) if augment == "random-masking" else []
        clean_rows = _repeated(range(len(self._texts)), self._size - len(targets) - len(masked), rng)
        attacked = [self._labelled(target.text) for target in targets]
        pairs = [*map(self._labelled, clean_rows), *masked, *attacked]
        goals = logit_goals(self._model, self._texts, self._labels, targets)
        texts, labels = [text for text, _ in pairs], [labels for _, labels in pairs]
        self.resume({"texts": texts, "labels": labels, "aims": [None] * (len(pairs) - len(goals)) + goals})

    def resume(self, state: dict[str, Any]) -> None:
        """Continue with the texts that a checkpoint holds."""
        self.state.update({name: state[name] for name in self.state})  # the same dictionary: checkpoints hold it
        self._on_round(state["texts"], state["labels"], state["aims"])

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

    def _masked_texts(self, wanted: int, rng: np.random.Generator) -> list[LabelledText]:
        """So many texts with random words masked and their true labels, again and again where there are fewer."""
        for _ in range(_TRIES):
            rows = self._sampler.draw(wanted, rng)[0].tolist()
            masked = [(self._masked(self._texts[row], rng), self._labelled(row)[1]) for row in rows]
            changed = [pair for row, pair in zip(rows, masked, strict=True) if pair[0] != self._texts[row]]
            if changed:
                return _repeated(changed, wanted, rng)
        raise InputError(
            f"there is nothing to mask: no word of {_TRIES * wanted:,} texts drawn could be changed",
            "give texts with words that the model reads and that are not stop words",
        )

    def _masked(self, text: str, rng: np.random.Generator) -> str:
        """The text with some of the words masked that an attack may change: those read that are not stop words."""
        words = words_from_text(text)
        end = self._model.characters_read(text)
        spans = [
            span
            for word, span in zip(words, word_spans(text, words), strict=True)
            if has_letter(word) and word.lower() not in self._stop_words and span[1] <= end
        ]
        number = int(np.ceil(len(spans) * self._options.exchanged * rng.uniform(LEAST, 1)))
        for place in sorted(rng.permutation(len(spans))[:number].tolist(), reverse=True):
            text = replaced(text, spans[place], self._model.mask_word)
        return text


def _repeated(values: Sequence[_Value], number: int, rng: np.random.Generator) -> list[_Value]:
    """So many of the values in any order, none twice more often than another."""
    if not number:
        return []
    order = np.concatenate([rng.permutation(len(values)) for _ in range(-(-number // len(values)))])
    return [values[place] for place in order[:number].tolist()]
