"""What a hardening is watched by: clean P@1, and the quick attack's success, on texts that are not trained on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from textattack_xmtc.goal import GOALS, NEGATIVE, POSITIVE
from textattack_xmtc.hardening.attack import QuickAttack
from textattack_xmtc.hardening.options import HardeningOptions
from textattack_xmtc.hardening.tail_sampler import TailSampler, targets_for
from textattack_xmtc.models.torch_scorer import TorchScorer

SUCCESS = "attack success"
TEXTS = 500
"""P@1 is measured on so many texts at most."""


class HeldOut:
    """Texts that are not trained on, and attacks on those of their labels that the model has among its k best.

    Args:
        model: the victim, before it is trained on.
        texts: the texts.
        labels: their true labels.
        counts: training texts of each label.
        options: what was chosen.
        attack: the quick attack on this model.
    """

    def __init__(
        self,
        model: TorchScorer,
        texts: Sequence[str],
        labels: Sequence[Sequence[int]],
        counts: np.ndarray,
        options: HardeningOptions,
        attack: QuickAttack | None,
    ) -> None:
        self._model, self._attack, self._k = model, attack, options.k
        self._texts, self._labels = list(texts)[:TEXTS], [set(own) for own in labels[:TEXTS]]
        self.targets = []
        if attack is None:
            return
        best, _ = model.top_k(self._texts, options.k, "logit")
        right = [sorted(own & set(row.tolist())) for own, row in zip(self._labels, best, strict=True)]
        if any(right):
            rng = np.random.default_rng([options.seed, 0])
            drawn = TailSampler(right, counts).draw(options.held_out, rng)
            truth = [sorted(own) for own in self._labels]
            self.targets = targets_for(model, self._texts, truth, drawn, options.goal, options.k, rng)

    def measured(self) -> dict[str, float]:
        """P@1 of the model as it is now, and how many of the attacks leave it with its target where they want it.

        A label that the model has lost without an attack counts as a success of the attack.
        """
        found = {}
        if self._texts:
            best, _ = self._model.top_k(self._texts, 1, "logit")
            right = [int(row[0]) in own for row, own in zip(best, self._labels, strict=True)]
            found["P@1"] = float(np.mean(right))
        if self.targets and self._attack is not None:
            texts = self._attack.attacked(self._texts, self.targets)
            best, _ = self._model.top_k(texts, self._k, "logit")
            reached = [
                GOALS[NEGATIVE if target.raise_it else POSITIVE].reached(row.tolist(), [target.label])
                for target, row in zip(self.targets, best, strict=True)
            ]
            found[SUCCESS] = float(np.mean(reached))
        return found
