"""What a judge's answers are worth: its operating point on controls, and rates corrected by it.

A control is a text whose answer is known: it fits (meaning-preserving changes) or it does not (all evidence removed).
With the sensitivity Se (share of fitting controls that the judge accepts) and the specificity Sp (share of the others
that it rejects), a judge that accepts a share p of some texts has found (p + Sp - 1) / (Se + Sp - 1) of them valid:
Rogan and Gladen, 1978, "Estimating prevalence from the results of a screening test".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
import numpy.typing as npt

from textattack_xmtc.errors import InputError
from textattack_xmtc.results.statistics import Estimate, share_of, wilson

LEAST_YOUDEN = 0.5
"""A judge whose sensitivity + specificity - 1 is lower judges nothing (Youden, 1950)."""

SENSITIVITY_LOSS = 0.1
"""The bound supposes that the judge recognises so much fewer adversarial texts that fit than controls that fit."""

DRAWS = 4000
"""Draws of the bootstrap."""

Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class OperatingPoint:
    """How a judge answers on controls.

    Attributes:
        sensitivity: share of the fitting controls that it accepts.
        specificity: share of the other controls that it rejects.
    """

    sensitivity: Estimate
    specificity: Estimate

    @classmethod
    def of(cls, fitting: Sequence[bool], unfitting: Sequence[bool]) -> OperatingPoint:
        """The operating point of a judge.

        Args:
            fitting: whether the judge accepts each control that fits.
            unfitting: whether it accepts each control that does not fit.
        """
        return cls(
            wilson(int(sum(fitting)), len(fitting)),
            wilson(len(unfitting) - int(sum(unfitting)), len(unfitting)),
        )

    @property
    def youden(self) -> float:
        """Sensitivity + specificity - 1: 0 for a judge that guesses, 1 for one that is always right."""
        return self.sensitivity.value + self.specificity.value - 1

    @property
    def usable(self) -> bool:
        """Whether the judge tells fitting controls from others; a judge without controls does not."""
        return self.youden >= LEAST_YOUDEN


@dataclass(frozen=True)
class ValidRate:
    """How many of the attacked texts fall although the label still fits, by one judge.

    Attributes:
        uncorrected: successes that the judge accepts, over all attacked texts; interval by text.
        corrected: the same by Rogan and Gladen's correction, clipped to [0, successes over attacked]; interval by a
            bootstrap over texts and controls.
        bound: the corrected value where the judge's sensitivity on adversarial texts is lower by `SENSITIVITY_LOSS`.
    """

    uncorrected: Estimate
    corrected: Estimate
    bound: float


def rogan_gladen(accepted: float, sensitivity: float, specificity: float) -> float:
    """The share that is valid where a judge accepts the share `accepted`, clipped to [0, 1]; NaN without information.

    Example:
        >>> round(rogan_gladen(0.62, 0.9, 0.8), 3)
        0.6
        >>> rogan_gladen(0.95, 0.9, 0.8)
        1.0
    """
    youden = sensitivity + specificity - 1
    return float(np.clip((accepted + specificity - 1) / youden, 0.0, 1.0)) if youden > 0 else nan


def valid_rate(
    successes: Booleans,
    accepted: Booleans,
    texts: npt.NDArray[np.int64],
    fitting: Sequence[bool],
    unfitting: Sequence[bool],
    seed: int = 0,
) -> ValidRate:
    """How many of the attacked texts fall although the label still fits.

    Args:
        successes: whether the attack on each sample succeeded, shape `(samples,)`.
        accepted: whether the judge accepts the changed text, shape `(samples,)`; only read where the attack succeeded.
        fitting: whether the judge accepts each control that fits.
        unfitting: whether it accepts each control that does not fit.

    Raises:
        InputError: the judge is not usable, or a kind of control is missing.

    Example:
        >>> success, accept = np.array([True, True, True, False]), np.array([True, True, False, False])
        >>> rate = valid_rate(success, accept, np.arange(4), [True] * 9 + [False], [False] * 10)
        >>> rate.uncorrected.value, round(rate.corrected.value, 3)
        (0.5, 0.556)
    """
    point = OperatingPoint.of(fitting, unfitting)
    if not point.usable:
        raise InputError(
            f"a judge with sensitivity {point.sensitivity.value:.2f} and specificity {point.specificity.value:.2f} on "
            f"{len(fitting)} and {len(unfitting)} controls judges nothing",
            f"use a judge whose sum of the two is at least {1 + LEAST_YOUDEN}, on controls of both kinds",
        )
    valid = successes & accepted
    uncorrected = share_of(valid, texts)
    if not len(successes) or not successes.any():
        return ValidRate(uncorrected, uncorrected, uncorrected.value)
    share, of_successes = float(successes.mean()), float(accepted[successes].mean())
    sensitivity, specificity = point.sensitivity.value, point.specificity.value
    value = share * rogan_gladen(of_successes, sensitivity, specificity)
    low, high = _interval(successes, valid, texts, fitting, unfitting, seed)
    worse = rogan_gladen(of_successes, sensitivity - SENSITIVITY_LOSS, specificity)
    return ValidRate(uncorrected, Estimate(value, low, high, len(successes)), share * worse)


def _interval(
    successes: Booleans,
    valid: Booleans,
    texts: npt.NDArray[np.int64],
    fitting: Sequence[bool],
    unfitting: Sequence[bool],
    seed: int,
) -> tuple[float, float]:
    """The 95% percentile interval where texts and controls are drawn again."""
    rng = np.random.default_rng(seed)
    _, text = np.unique(texts, return_inverse=True)
    samples, fallen, kept = (np.bincount(text, column) for column in (np.ones(len(text)), successes, valid))
    times = rng.multinomial(len(samples), np.full(len(samples), 1 / len(samples)), size=DRAWS)
    drawn, drawn_fallen = times @ samples, times @ fallen
    accepted = np.divide(times @ kept, drawn_fallen, out=np.zeros(DRAWS), where=drawn_fallen > 0)
    sensitivity = rng.binomial(len(fitting), np.mean(fitting), DRAWS) / len(fitting)
    specificity = 1 - rng.binomial(len(unfitting), np.mean(unfitting), DRAWS) / len(unfitting)
    youden = sensitivity + specificity - 1
    # A draw of controls on which the judge guesses says nothing: it counts as both ends.
    informed = youden > 0
    shares = np.where(
        informed, (accepted + specificity - 1) / np.where(informed, youden, 1.0), rng.integers(0, 2, DRAWS)
    )
    low, high = np.quantile(np.clip(shares, 0.0, 1.0) * drawn_fallen / drawn, [0.025, 0.975])
    return float(low), float(high)
