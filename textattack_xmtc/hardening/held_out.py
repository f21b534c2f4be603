"""What a hardening is measured by: clean P@1, and the success of attacks, on texts that are not trained on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from textattack_xmtc.goal import GOALS, NEGATIVE, POSITIVE
from textattack_xmtc.hardening.gradient_attack import GradientAttack
from textattack_xmtc.hardening.options import HardeningOptions
from textattack_xmtc.hardening.protected_tokens import ProtectedTokens
from textattack_xmtc.hardening.tail_sampler import TailSampler, Target, logit_goals, targets_for
from textattack_xmtc.models.torch_scorer import TorchScorer

SUCCESS = "gradient attack success"
TEXTS = 500
"""P@1 is measured on so many texts at most."""


class HeldOut:
    """Texts that are not trained on, and attacks on those of their labels that the model has among its k best.

    `model` is the victim before it is trained further; `counts` are the training texts of each label; `words` are the
    token numbers of the training texts, which attacks draw their words from; `protected` says what attacks leave alone.
    """

    def __init__(
        self,
        model: TorchScorer,
        texts: Sequence[str],
        labels: Sequence[Sequence[int]],
        counts: np.ndarray,
        options: HardeningOptions,
        words: np.ndarray,
        protected: ProtectedTokens,
    ) -> None:
        self._model, self._options = model, options
        self._texts, self._labels = list(texts)[:TEXTS], [sorted(row) for row in labels[:TEXTS]]
        self._attack = GradientAttack(model, words, options.exchanged)
        self.targets: list[Target] = []
        best, _ = model.top_k(self._texts, options.k, "logit")
        right = [sorted({*true} & {*row.tolist()}) for true, row in zip(self._labels, best, strict=True)]
        if any(right):
            rng = np.random.default_rng([options.seed, 0])
            drawn = TailSampler(right, counts).draw(options.held_out, rng)
            self.targets = targets_for(model, self._texts, self._labels, drawn, options.goal, options.k, rng)
        self._protected = [protected.of(self._texts[target.text], target) for target in self.targets]

    def measured(self) -> dict[str, float]:
        """P@1 of the model as it is now, and the share of the attacks that reach their goal.

        A label that the model has lost without an attack counts as a success of the attack.
        """
        measures = {}
        if self._texts:
            best, _ = self._model.top_k(self._texts, 1, "logit")
            right = [int(row[0]) in true for row, true in zip(best, self._labels, strict=True)]
            measures["P@1"] = float(np.mean(right))
        if self.targets:
            goals = logit_goals(self._model, self._texts, self._labels, self.targets)
            encoded = self._model.encode([self._texts[target.text] for target in self.targets])
            rng = np.random.default_rng([self._options.seed, 2])
            attacked = self._attack.attacked(encoded, goals, rng, self._protected)
            best, _ = self._model.top_k_encoded(attacked, self._options.k, "logit")
            reached = [
                GOALS[NEGATIVE if target.raise_it else POSITIVE].reached(row.tolist(), [target.label])
                for target, row in zip(self.targets, best, strict=True)
            ]
            measures[SUCCESS] = float(np.mean(reached))
        return measures
