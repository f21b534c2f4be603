"""Which loss a model is trained on, as commands and plans say it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from textattack_xmtc.metrics import PROPENSITY_CONSTANTS
from textattack_xmtc.models.label_weights import LossKind, Mode, Reweighting, label_weights
from textattack_xmtc.options import option

if TYPE_CHECKING:
    from textattack_xmtc.models.losses import ReweightedLoss

_GROUP = "loss (Eq. 4.6)"


@dataclass(frozen=True)
class LossSettings:
    """Which loss a model is trained on; what `label_weights` and `ReweightedLoss` take."""

    reweight: Reweighting = option("none", "which factors multiply the positive part", group=_GROUP)
    kind: LossKind = option("bce", "the loss that is reweighted", flags=("--loss",), group=_GROUP)
    constants: str | tuple[float, float] = option(
        "other",
        "the data set's family, for A and B of the propensities",
        flags=("--family",),
        choices=tuple(PROPENSITY_CONSTANTS),
        group=_GROUP,
    )
    beta: float = 0.9
    mode: Mode = option(
        "paper",
        "W as the paper prints it, or scaled to sum to the number of labels, as its code does",
        flags=("--weights",),
        group=_GROUP,
    )

    def for_labels(self, label_counts: np.ndarray, n_train: int) -> ReweightedLoss:
        """The loss for labels (or groups of labels) with these numbers of training texts.

        Raises:
            InputError: as `label_weights` and `ReweightedLoss` say.

        Example:
            >>> LossSettings("cb").for_labels(np.array([1, 2]), 10).positive_weights
            tensor([1.0000, 0.5263])
        """
        from textattack_xmtc.models.losses import ReweightedLoss

        weights = None
        if self.reweight != "none":
            weights = label_weights(self.reweight, label_counts, n_train, self.constants, self.beta, self.mode)
        return ReweightedLoss(weights, self.kind)


@dataclass(frozen=True)
class CountedLoss:
    """A loss, and what its weights depend on: the training texts of each label, shape `(labels,)`, of `n_train`."""

    settings: LossSettings
    label_counts: np.ndarray
    n_train: int

    def of_labels(self) -> ReweightedLoss:
        """The loss for all labels."""
        return self.settings.for_labels(self.label_counts, self.n_train)
