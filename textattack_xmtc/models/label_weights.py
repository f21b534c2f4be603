"""The weight of each label in a loss: propensities and class balance (the paper's Eq. 4.6)."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np

from textattack_xmtc.errors import InputError
from textattack_xmtc.metrics import PROPENSITY_CONSTANTS, propensities

Reweighting = Literal["none", "pw", "cb", "pw-cb"]
"""Which factors multiply the positive part: none, W (PW), C (CB), or both (PW-cb)."""

LossKind = Literal["bce", "squared-hinge"]
"""Binary cross-entropy on logits, or the squared hinge on scores with margin 1."""

Mode = Literal["paper", "adv-xmtc"]
"""The weights as the paper prints them, or as its published code computes them."""


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
    check_choice("reweighting", kind, get_args(Reweighting))
    check_choice("mode", mode, get_args(Mode))
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


def check_choice(what: str, given: str, known: tuple[str, ...]) -> None:
    """See that a choice is a known one.

    Raises:
        InputError: it is not.
    """
    if given not in known:
        raise InputError(f"unknown {what} {given!r}", f"choose one of {', '.join(known)}")


def _constants(given: str | tuple[float, float]) -> tuple[float, float]:
    if not isinstance(given, str):
        return given
    check_choice("propensity family", given, tuple(PROPENSITY_CONSTANTS))
    return PROPENSITY_CONSTANTS[given]
