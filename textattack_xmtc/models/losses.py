"""Losses over labels whose positive parts are reweighted, so that rare labels are learnt (the paper's Eq. 4.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from textattack_xmtc.errors import InputError
from textattack_xmtc.metrics import PROPENSITY_CONSTANTS, propensities
from textattack_xmtc.options import option

Reweighting = Literal["none", "pw", "cb", "pw-cb"]
"""Which factors multiply the positive part: none, W (PW), C (CB), or both (PW-cb)."""

LossKind = Literal["bce", "squared-hinge"]
"""Binary cross-entropy on logits, or the squared hinge on scores with margin 1."""

Mode = Literal["paper", "adv-xmtc"]
"""The weights as the paper prints them, or as its published code computes them."""

Reduction = Literal["mean", "sum", "none"]

_GROUP = "loss (Eq. 4.6)"


def label_weights(
    kind: Reweighting,
    label_counts: np.ndarray,
    n_train: int,
    constants: str | tuple[float, float] = "other",
    beta: float = 0.9,
    mode: Mode = "paper",
) -> np.ndarray:
    """The weight of each label's positive part: 1, W, C or C W of Eq. 4.6.

    `W = 2/p - 1` makes up for missing labels, with the propensity p of Jain et al. (2016); `C = (1 - beta) /
    (1 - beta^n)` rebalances, with the label's number n of training texts (Cui et al. 2019). A label without training
    text has C = 1, as one with a single text has. In mode "adv-xmtc" W is scaled so that it sums to the number of
    labels.

    Args:
        kind: which factors.
        label_counts: n, the number of training texts of each label, shape `(labels,)`.
        n_train: the number of training texts.
        constants: A and B of the propensity model, or a family in `metrics.PROPENSITY_CONSTANTS`.
        beta: of C, in [0, 1).
        mode: as printed or as published.

    Returns:
        Weights (float64), shape `(labels,)`.

    Raises:
        InputError: an unknown kind, family or mode, beta out of range, or counts that `propensities` refuses.

    Example:
        >>> label_weights("cb", np.array([0, 1, 2, 1000]), 1000).round(3).tolist()
        [1.0, 1.0, 0.526, 0.1]
    """
    _check_choice("reweighting", kind, get_args(Reweighting))
    _check_choice("mode", mode, get_args(Mode))
    if not 0 <= beta < 1:
        raise InputError(f"beta={beta} is not in [0, 1)", "choose 0.9, as the paper does")
    counts = np.asarray(label_counts, dtype=np.float64)
    weights = np.ones(len(counts))
    if kind in ("pw", "pw-cb"):
        weights = 2 / propensities(counts, n_train, *_constants(constants)) - 1
        if mode == "adv-xmtc":
            weights *= len(weights) / weights.sum()
    if kind in ("cb", "pw-cb"):
        weights = weights * (1 - beta) / (1 - beta ** np.maximum(counts, 1))
    return weights


@dataclass(frozen=True)
class LossSettings:
    """Which loss a model is trained on; what `label_weights` and `ReweightedLoss` take.

    Attributes:
        reweight: which factors multiply the positive part.
        kind: the loss that is reweighted.
        constants: A and B of the propensity model, or the data set's family in `metrics.PROPENSITY_CONSTANTS`.
        beta: of C.
        mode: as printed or as published.
    """

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
        weights = None
        if self.reweight != "none":
            weights = label_weights(self.reweight, label_counts, n_train, self.constants, self.beta, self.mode)
        return ReweightedLoss(weights, self.kind)


class ReweightedLoss(nn.Module):
    """Eq. 4.6 over full label rows, or over the columns that a model has computed.

    For label j with weight w, score z and target y: `w y l+(z) + (1 - y) l-(z)`, where for "bce" z is a logit,
    `l+ = log(1 + exp(-z))` and `l- = log(1 + exp(z))`, and for "squared-hinge" `l+ = max(0, 1 - z)^2` and
    `l- = max(0, 1 + z)^2`. Scores in less than float32 are read as float32.

    Args:
        positive_weights: the weight of each label's positive part, shape `(labels,)`, as `label_weights` gives it;
            None for 1 everywhere.
        kind: the loss that is reweighted.
        reduction: "mean", the sum over columns averaged over texts; "sum", over both; or "none".

    Raises:
        InputError: an unknown kind or reduction; weights that are not a vector of finite numbers of at least 0.

    Example:
        >>> loss = ReweightedLoss(np.array([3.0, 1.0]), "squared-hinge")
        >>> loss(torch.tensor([[0.5, -0.5]]), torch.tensor([[1.0, 0.0]]))
        tensor(1.)
    """

    positive_weights: torch.Tensor | None

    def __init__(
        self,
        positive_weights: np.ndarray | torch.Tensor | None = None,
        kind: LossKind = "bce",
        reduction: Reduction = "mean",
    ) -> None:
        super().__init__()
        _check_choice("loss", kind, get_args(LossKind))
        _check_choice("reduction", reduction, get_args(Reduction))
        weights = None if positive_weights is None else torch.as_tensor(positive_weights, dtype=torch.float32)
        if weights is not None and (weights.dim() != 1 or not torch.isfinite(weights).all() or (weights < 0).any()):
            raise InputError(
                f"the weights have shape {tuple(weights.shape)} or are not all finite and at least 0",
                "give one weight a label, as label_weights does",
            )
        # Not part of the state: weights follow from the data, and a model folder has no use for them.
        self.register_buffer("positive_weights", weights, persistent=False)
        self.kind = kind
        self.reduction = reduction

    def forward(
        self,
        scores: torch.Tensor,
        targets: torch.Tensor,
        labels: torch.Tensor | None = None,
        importance: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """The loss of a batch.

        Args:
            scores: logits (or margins, for the squared hinge), shape `(texts, columns)`.
            targets: 1 where the label is true, else 0, of the same shape.
            labels: which label each column is, shape `(columns,)`, or `(texts, columns)` where every text has
                candidates of its own; -1 for a column that is no label (the root of a cluster, padding), whose
                weight is 1. None where the columns are all labels in order.
            importance: what both parts of a column are multiplied with (for drawn labels; 0 for padding), of a
                shape that broadcasts to that of `scores`.

        Returns:
            A number, or with reduction "none" the losses, shape `(texts, columns)`; float32, or float64 for float64.

        Raises:
            InputError: shapes that do not fit.
        """
        if scores.dim() != 2 or scores.shape != targets.shape:
            raise InputError(
                f"scores have shape {tuple(scores.shape)} and targets {tuple(targets.shape)}",
                "give both as (texts, columns)",
            )
        scores = scores if scores.dtype == torch.float64 else scores.float()
        targets = targets.to(scores.dtype)
        weights = self._weights_of_columns(scores, labels)
        if self.kind == "bce":
            losses = binary_cross_entropy_with_logits(
                scores, targets, weight=importance, pos_weight=weights, reduction="none"
            )
        else:
            positive = targets * torch.relu(1 - scores).square()
            losses = (positive if weights is None else weights * positive) + (1 - targets) * (
                torch.relu(1 + scores).square()
            )
            losses = losses if importance is None else losses * importance
        if self.reduction == "none":
            return losses
        return losses.sum() / (len(losses) if self.reduction == "mean" else 1)

    def _weights_of_columns(self, scores: torch.Tensor, labels: torch.Tensor | None) -> torch.Tensor | None:
        columns = scores.shape[1]
        if labels is not None and tuple(labels.shape) not in ((columns,), tuple(scores.shape)):
            raise InputError(
                f"labels have shape {tuple(labels.shape)} with scores of shape {tuple(scores.shape)}",
                "give labels as (columns,) or (texts, columns)",
            )
        if self.positive_weights is None:
            return None
        weights = self.positive_weights.to(scores.dtype)
        if labels is None:
            if len(weights) != columns:
                raise InputError(
                    f"scores have {columns} columns, and there are weights for {len(weights)} labels",
                    "say with labels=... which label each column is",
                )
            return weights
        if len(labels) and int(labels.max()) >= len(weights):
            raise InputError(f"label {int(labels.max())} of {len(weights)}", "give indices of the weighted labels")
        return torch.where(labels < 0, 1.0, weights[labels.clamp(min=0)])


def _constants(given: str | tuple[float, float]) -> tuple[float, float]:
    if not isinstance(given, str):
        return given
    _check_choice("propensity family", given, tuple(PROPENSITY_CONSTANTS))
    return PROPENSITY_CONSTANTS[given]


def _check_choice(what: str, given: str, known: tuple[str, ...]) -> None:
    if given not in known:
        raise InputError(f"there is no {what} {given!r}", f"choose one of {', '.join(known)}")
