"""Losses over labels whose positive parts are reweighted, so that rare labels are learnt (the paper's Eq. 4.6)."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import torch
from torch import nn
from torch.nn.functional import binary_cross_entropy_with_logits

from textattack_xmtc.errors import InputError
from textattack_xmtc.models.label_weights import LossKind, check_choice

Reduction = Literal["mean", "sum", "none"]


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
        check_choice("loss", kind, get_args(LossKind))
        check_choice("reduction", reduction, get_args(Reduction))
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
                candidates of its own; -1 for a column that is not a label (the root of a cluster, padding), whose
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
