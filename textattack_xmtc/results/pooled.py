"""Shares of many small groups that are alike, and which of them are high: a beta-binomial model, false discovery rate.

A label with two samples says little of itself. Labels of one bin of frequency are alike: the share of each is taken to
be drawn from a beta distribution of its bin, which all samples of the bin tell about (Gelman et al., Bayesian Data
Analysis, chapter 5).
"""

from __future__ import annotations

import numpy as np
from scipy.special import bdtrc, betainc, betaln, logsumexp

from textattack_xmtc.results.statistics import Estimate

_POINTS = 40  # of the grid, in each direction
_HALVINGS = 20  # of the interval that holds a quantile: an error of 1e-6
_NEGLIGIBLE = 1e-6  # the posterior weight of a point of the grid that is left out


def pooled(successes: np.ndarray, n: np.ndarray, weight: float = 1.0) -> list[Estimate]:
    """The share of each of some groups, by its own samples and by those of all groups.

    Successes are binomial, shares Beta(m c, (1 - m) c) with c of at least 1. The mean m and twice the weight
    1 / (1 + c) that a single sample of its own has beside the others have Jeffreys' prior of a share, Beta(1/2, 1/2),
    and are integrated over a grid, so that the intervals know how little few groups tell of the distribution.

    Args:
        successes: of each group, shape `(groups,)`.
        n: samples of each group, shape `(groups,)`.
        weight: what a sample counts in the distribution of all groups, in (0, 1]: below 1 where samples of several
            groups share a text.

    Returns:
        The posterior mean of each share, with its equal-tailed 95% interval; at 0 and n it reaches to the end.

    Example:
        >>> lone, many = pooled(np.array([1, 18]), np.array([1, 20]))
        >>> 0.7 < lone.value < 0.9, lone.low < many.low
        (True, True)
    """
    pairs, place, times = np.unique(
        np.stack([successes, n], axis=1).astype(np.float64), axis=0, return_inverse=True, return_counts=True
    )
    a, b, chance = _distributions(pairs, times * weight)
    own_a, own_b = a + pairs[:, :1], b + (pairs[:, 1] - pairs[:, 0])[:, None]
    means = (own_a / (own_a + own_b)) @ chance
    low, high = (_quantile(own_a, own_b, chance, level) for level in (0.025, 0.975))
    # As Wilson's: at 0 and n the interval touches its end.
    low[pairs[:, 0] == 0], high[pairs[:, 0] == pairs[:, 1]] = 0.0, 1.0
    return [Estimate(float(means[one]), float(low[one]), float(high[one]), int(pairs[one, 1])) for one in place.ravel()]


def _distributions(pairs: np.ndarray, times: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Beta distributions, as `a`, `b` and posterior probability, shape `(points,)`; negligible ones are left out."""
    quantiles = np.sin(np.pi / 2 * (np.arange(_POINTS) + 0.5) / _POINTS) ** 2  # of Beta(1/2, 1/2)
    mean, spread = (grid.ravel() for grid in np.meshgrid(quantiles, quantiles / 2))
    concentration = 1 / spread - 1
    a, b = mean * concentration, (1 - mean) * concentration
    lost = pairs[:, 1] - pairs[:, 0]
    fit = betaln(a[:, None] + pairs[:, 0], b[:, None] + lost) - betaln(a, b)[:, None]
    log = fit @ times
    chance = np.exp(log - logsumexp(log))
    kept = chance > _NEGLIGIBLE
    return a[kept], b[kept], chance[kept] / chance[kept].sum()


def _quantile(a: np.ndarray, b: np.ndarray, chance: np.ndarray, level: float) -> np.ndarray:
    """A quantile of mixtures of beta distributions; `a` and `b` have the shape `(mixtures, points)`."""
    low, high = np.zeros(len(a)), np.ones(len(a))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        below = betainc(a, b, middle[:, None]) @ chance < level
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2


def above_chances(successes: np.ndarray, n: np.ndarray, share: float) -> np.ndarray:
    """Of each group, the p-value of the hypothesis that its share is at most `share`, corrected for their number.

    The exact one-sided binomial test, and Benjamini and Hochberg's correction (1995): where groups of at most 0.05 are
    called high, at most 5% of these calls are expected to be wrong. Texts that several groups share make the tests
    positively dependent, under which that holds (Benjamini and Yekutieli, 2001).

    Args:
        n: samples of each group, 1 or more, shape `(groups,)`.
        share: what is not high yet.

    Example:
        >>> above_chances(np.array([10, 1]), np.array([10, 1]), 0.5).round(4).tolist()
        [0.002, 0.5]
    """
    from scipy.stats import false_discovery_control

    if not len(n):
        return np.zeros(0)
    chances = np.where(successes > 0, bdtrc(successes - 1.0, n, share), 1.0)
    return np.asarray(false_discovery_control(np.clip(chances, 0.0, 1.0)))
