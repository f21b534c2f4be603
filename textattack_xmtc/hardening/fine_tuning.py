"""A trained model that is trained further: the texts of a round and the common training loop around them."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from textattack_xmtc.hardening.gradient_attack import GradientAttack, LogitGoal
from textattack_xmtc.hardening.options import HardeningOptions
from textattack_xmtc.hardening.rounds import RoundTexts
from textattack_xmtc.hardening.schedule import Clock, Schedule
from textattack_xmtc.models.architecture import architecture
from textattack_xmtc.models.loss_settings import CountedLoss, LossSettings
from textattack_xmtc.models.torch_scorer import TorchScorer
from textattack_xmtc.models.training.loop import Training, linear_to_a_tenth
from textattack_xmtc.models.training.settings import LoopSettings
from textattack_xmtc.scores import NOTHING

WATCHED = 20
"""How many of a clean text's best labels are held to the scores that they had before (`hold`)."""

WARM_UP = 0.05
"""Share of the steps in which the rates rise: Adam knows nothing of the model yet."""


class FineTuning:
    """A trained model, the texts of the round that it is trained on, and the common loop around them.

    A round is an epoch of the loop. The weights of the second half of the rounds are averaged, as training from scratch
    averages those of its last epochs: that is what is measured and kept.

    Args:
        model: what is trained, in place.
        settings: what it was trained with (see `settings_of`); batch size, clipping, word dropout and rates count.
        loss: what is trained on.
        options: rate, seed, the share of words that a gradient attack exchanges, and how much holds scores.
        schedule: how long.

    Raises:
        InputError: the model cannot be trained.
    """

    def __init__(
        self,
        model: TorchScorer,
        settings: LoopSettings,
        loss: CountedLoss,
        options: HardeningOptions,
        schedule: Schedule,
    ) -> None:
        self.model, self._settings, self._exchanged = model, settings, options.exchanged
        self.lengths: list[int] = [1] * (schedule.round_steps * settings.batch_size)
        self._encoded: list[list[int]] = []
        self._goals: list[LogitGoal | None] = []
        self._protected: list[Sequence[int]] = []
        self._hold, self._before = options.hold, copy.deepcopy(model) if options.hold else model
        average_from = schedule.rounds // 2 + 1 if schedule.rounds > 1 else None
        loop = LoopSettings(
            schedule.rounds,
            settings.batch_size,
            settings.clip,
            settings.word_dropout,
            average_from,
            dtype=settings.dtype,
            seed=options.seed,
        )
        kind = architecture(model.architecture)
        self._text_loss = kind.text_loss(model, settings, loss)
        self.training = Training(
            model.network,
            [(parameters, options.rate * full) for parameters, full in kind.parameter_groups(model, settings)],
            _rate_share,
            self.lengths,
            self.loss,
            loop,
            f"hardening {model.name}",
            watched=None,
        )

    def take(self, new: RoundTexts) -> None:
        """Train on these texts from now on: as many as there were before.

        A text with a goal is attacked with gradients of the network as it is in the step that trains on it.
        """
        assert len(new.texts) == len(self.lengths)
        self._encoded = self.model.encode(new.texts)
        self._goals, self._protected = list(new.goals), list(new.protected)
        self._attack = GradientAttack(self.model, np.concatenate(self._encoded), self._exchanged)
        self.lengths[:] = [len(text) for text in self._encoded]
        self._text_loss.prepare(self._encoded, new.labels)

    def loss(self, positions: list[int], rng: np.random.Generator) -> torch.Tensor:
        """The loss of the texts at these positions.

        Of it, `hold` is the cross-entropy between the scores of the attacked texts and those that the model gave the
        clean ones before the hardening, summed over the labels that were among the best of a text of the batch. (That a
        model is to answer to an attacked text as to the clean one: Zhang et al. 2019, "TRADES".)
        """
        attacked = self._attacked(positions, rng)
        loss = self._text_loss(positions, attacked, rng)
        if not self._hold:
            return loss
        clean = [self._encoded[position] for position in positions]
        best, _ = self._before.top_k_encoded(clean, min(WATCHED, len(self.model.label_names)), "logit")
        labels = torch.from_numpy(np.unique(best[best != NOTHING])).to(self.model.device)
        with torch.no_grad():
            expected = self._before.differentiable(clean, labels).float().sigmoid()
        scores = self.model.differentiable(attacked, labels).float()
        held = binary_cross_entropy_with_logits(scores, expected, reduction="none").sum(dim=1).mean()
        return (1 - self._hold) * loss + self._hold * held

    def _attacked(self, positions: list[int], rng: np.random.Generator) -> list[list[int]]:
        """The texts at these positions, those with a goal attacked."""
        encoded = [self._encoded[position] for position in positions]
        goals = {row: goal for row, place in enumerate(positions) if (goal := self._goals[place]) is not None}
        protected = [self._protected[positions[row]] for row in goals]
        new = self._attack.attacked([encoded[row] for row in goals], list(goals.values()), rng, protected)
        for row, text in zip(goals, new, strict=True):
            encoded[row] = text
        return encoded

    def seconds_a_step(self, steps: int = 6) -> float:
        """How long a step takes on the texts at hand, but for what Adam adds; changes nothing."""
        rng = np.random.default_rng(0)
        size = self._settings.batch_size
        with torch.random.fork_rng():
            clock = Clock()
            for _ in range(steps):
                self.model.network.train()
                positions = rng.choice(len(self.lengths), min(size, len(self.lengths)), replace=False).tolist()
                self.loss(positions, rng).backward()  # type: ignore[no-untyped-call]
            taken = clock.seconds
        self.model.network.zero_grad()
        self.model.network.eval()
        return taken / steps


def settings_of(model: TorchScorer, training: Mapping[str, Any] | None) -> LoopSettings:
    """The settings in a model's `training.json`; those of its architecture's small plan where none are stored."""
    default = architecture(model.architecture).small_plan(LossSettings()).settings
    stored = ((training or {}).get("plan") or {}).get("settings") or {}
    names = {one.name for one in fields(default)}
    if not names <= set(stored):
        return default
    return type(default)(**{name: stored[name] for name in names})


def _rate_share(step: int, steps: int) -> float:
    """Rising over the warm-up, times the fall to a tenth."""
    rising = max(1, round(steps * WARM_UP))
    return min(1.0, (step + 1) / rising) * linear_to_a_tenth(step, steps)
