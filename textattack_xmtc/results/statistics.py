"""Shares with their 95% intervals, and the paired comparison of two models: numpy and scipy.special."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan, sqrt

import numpy as np
from scipy.special import bdtr, betaincinv

from textattack_xmtc.errors import InputError

Z = 1.959963984540054
"""The 97.5% point of the normal distribution: all intervals here are 95% intervals."""

BOOTSTRAP_DRAWS = 2000
"""How often the texts are drawn again for an interval of samples that share texts."""

BOOTSTRAP_TEXTS = 5000
"""With more texts their variance gives the interval: both agree then, and drawing again takes hours."""

_CELLS_AT_ONCE = 2**22  # draws times texts: bounds the memory of a bootstrap


@dataclass(frozen=True, slots=True)
class Estimate:
    """A share, or a difference of two shares, with its 95% interval; NaN where there is no sample.

    Attributes:
        n: number of samples.
        measured: False where records lack what is counted: then value and interval are NaN, whatever n is.
    """

    value: float
    low: float
    high: float
    n: int
    measured: bool = True


NO_SAMPLE = Estimate(nan, nan, nan, 0)
"""The estimate without a sample."""


def wilson(successes: int, n: int) -> Estimate:
    """The share `successes / n` with Wilson's score interval (Wilson, 1927).

    Raises:
        InputError: `successes` is not between 0 and `n`.

    Example:
        >>> rate = wilson(81, 263)
        >>> [round(number, 4) for number in (rate.value, rate.low, rate.high)]
        [0.308, 0.2553, 0.3662]
    """
    if not 0 <= successes <= n:
        raise InputError(f"{successes} successes in {n} samples", "count successes among the samples")
    if n == 0:
        return NO_SAMPLE
    low, high = _wilson_ends(successes / n, n)
    # At 0 and n the interval touches its end; rounding must not carry it beyond.
    return Estimate(successes / n, 0.0 if successes == 0 else low, 1.0 if successes == n else high, n)


def _wilson_ends(share: float, n: float) -> tuple[float, float]:
    centre = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z * sqrt(share * (1 - share) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n)
    return centre - half, centre + half


def share_of(successes: np.ndarray, texts: np.ndarray) -> Estimate:
    """The share of successes; its interval is Wilson's, or a bootstrap over texts where samples share a text.

    Where all samples agree, drawing again shows no spread: the interval is then Wilson's for as many samples as there
    are texts. With more than `BOOTSTRAP_TEXTS` texts, `clustered_wilson` says the same at once.

    Args:
        successes: whether each sample was a success, shape `(samples,)`.
        texts: a number for the text of each sample, shape `(samples,)`.

    Example:
        >>> share_of(np.array([True, False, True, True]), np.array([0, 1, 2, 3])) == wilson(3, 4)
        True
        >>> share_of(np.array([True, False, True, True]), np.array([0, 1, 2, 2])) == wilson(3, 4)
        False
    """
    n, n_texts = len(successes), len(np.unique(texts))
    total = int(np.sum(successes))
    if n == n_texts:
        return wilson(total, n)
    if total in (0, n):
        ends = wilson(n_texts if total else 0, n_texts)
        return Estimate(ends.value, ends.low, ends.high, n)
    if n_texts > BOOTSTRAP_TEXTS:
        return clustered_wilson(successes, texts)
    low, high = bootstrap_over_texts(np.asarray(successes, dtype=np.float64), texts)
    return Estimate(total / n, low, high, n)


def clustered_wilson(successes: np.ndarray, texts: np.ndarray) -> Estimate:
    """The share of successes with Wilson's interval for as many samples as would leave its variance over whole texts.

    The variance is that of a ratio of sums over clusters (Cochran, Sampling Techniques, section 6.4); the samples are
    never taken for more than they are.

    Args:
        successes: whether each sample was a success, shape `(samples,)`; not all alike.
        texts: a number for the text of each sample, shape `(samples,)`.

    Example:
        >>> one = clustered_wilson(np.array([True, True, False, False, True, True]), np.array([0, 0, 1, 1, 2, 2]))
        >>> one.n, one.low < wilson(4, 6).low
        (6, True)
    """
    share = float(np.mean(successes))
    low, high = _wilson_ends(share, _independent_samples(successes, texts))
    return Estimate(share, low, high, len(successes))


def _independent_samples(successes: np.ndarray, texts: np.ndarray) -> float:
    """As many independent samples as would have the variance that these have over whole texts, and no more than these.

    Where all samples agree, drawing texts shows no spread: as many as there are texts.
    """
    _, text = np.unique(texts, return_inverse=True)
    sums, sizes = np.bincount(text, np.asarray(successes, dtype=np.float64)), np.bincount(text)
    n, share = len(successes), float(np.mean(successes))
    spread = share * (1 - share)
    if len(sizes) == n or not spread or len(sizes) == 1:
        return len(sizes)
    variance = len(sizes) / (len(sizes) - 1) * float(((sums - share * sizes) ** 2).sum()) / n**2
    return n if variance * n <= spread else spread / variance


def exact_share(successes: np.ndarray, texts: np.ndarray) -> Estimate:
    """The share of successes with the exact interval of Clopper and Pearson (1934), for verdicts.

    Arguments are as for `share_of`. Each end is wrong at most one time in forty, however few samples there are, which
    Wilson's is not. Where samples share texts, it is that of as many independent ones (Korn and Graubard, 1998).

    Example:
        >>> rate = exact_share(np.array([False, False]), np.arange(2))
        >>> rate.low, round(rate.high, 3)
        (0.0, 0.842)
    """
    if not len(successes):
        return NO_SAMPLE
    share = float(np.mean(successes))
    return Estimate(share, *_exact_ends(share, _independent_samples(successes, texts)), len(successes))


def _exact_ends(share: float, n: float) -> tuple[float, float]:
    hits, misses = share * n, (1 - share) * n
    low = float(betaincinv(hits, misses + 1, 0.025)) if share > 0 else 0.0
    return low, float(betaincinv(hits + 1, misses, 0.975)) if share < 1 else 1.0


def mean_share(value: float, error: float, n: int) -> Estimate:
    """The mean of shares of texts (P@k) with the exact interval for as many samples as have this standard error.

    Args:
        value: the mean, in [0, 1].
        error: its standard error; 0 where all texts agree, and then each counts as one sample.
        n: texts.

    Example:
        >>> [round(mean_share(*row).low, 4) for row in ((1.0, 0.0, 40), (0.5, 0.02, 600))]
        [0.9119, 0.4601]
    """
    return Estimate(value, *_exact_ends(value, value * (1 - value) / error**2 if error else n), n) if n else NO_SAMPLE


def bootstrap_over_texts(
    values: np.ndarray, texts: np.ndarray, draws: int = BOOTSTRAP_DRAWS, seed: int = 0
) -> tuple[float, float]:
    """The 95% percentile interval of the mean of `values` when whole texts are drawn again, with all their samples.

    Args:
        values: one number a sample, shape `(samples,)`, at least one.
        draws: how often as many texts are drawn as there are.

    Example:
        >>> bootstrap_over_texts(np.array([0.0, 1.0]), np.array([7, 7]))
        (0.5, 0.5)
    """
    _, text = np.unique(texts, return_inverse=True)
    (mean,) = bootstrap_ratios(np.bincount(text, values)[:, None], np.bincount(text)[:, None], draws, seed)
    return mean.low, mean.high


def bootstrap_ratios(
    numerators: np.ndarray, denominators: np.ndarray, draws: int = BOOTSTRAP_DRAWS, seed: int = 0
) -> list[Estimate]:
    """Ratios of two sums over texts, with the 95% percentile intervals when texts are drawn again.

    Args:
        numerators: what each text adds, shape `(texts, ratios)`; at least one text.
        denominators: the same shape. A draw without any is left out; NaN where none has any.
        draws: how often as many texts are drawn as there are.

    Example:
        >>> hits, sizes = np.array([[1.0], [1.0]]), np.array([[2.0], [2.0]])
        >>> bootstrap_ratios(hits, sizes)
        [Estimate(value=0.5, low=0.5, high=0.5, n=2, measured=True)]
    """
    texts = len(numerators)
    rng = np.random.default_rng(seed)
    even = np.full(texts, 1 / texts)
    drawn = []
    at_once = max(1, _CELLS_AT_ONCE // texts)
    with np.errstate(invalid="ignore"):  # 0 / 0 is NaN
        for start in range(0, draws, at_once):
            times = rng.multinomial(texts, even, size=min(at_once, draws - start))
            drawn.append((times @ numerators) / (times @ denominators))
        values = numerators.sum(axis=0) / denominators.sum(axis=0)
    # A draw may be without any: it says nothing.
    kept = [column[~np.isnan(column)] for column in np.concatenate(drawn).T]
    ends = [np.quantile(column, [0.025, 0.975]) if len(column) else (nan, nan) for column in kept]
    return [
        Estimate(float(value), float(low), float(high), texts) for value, (low, high) in zip(values, ends, strict=True)
    ]


def mcnemar(only_first: int, only_second: int) -> float:
    """The exact two-sided p-value of McNemar's test: are the samples on which two models differ split evenly?

    Args:
        only_first: samples with a success on the first model only.
        only_second: samples with a success on the second model only.

    Returns:
        The probability of a split at least as uneven, under a fair coin; 1 where the two never differ.

    Example:
        >>> mcnemar(1, 7)
        0.0703125
    """
    differing = only_first + only_second
    return float(min(1.0, 2 * bdtr(min(only_first, only_second), differing, 0.5))) if differing else 1.0


def paired_difference(both: int, only_first: int, only_second: int, neither: int) -> Estimate:
    """The first model's share of successes less the second's, on the same samples.

    The interval is Newcombe's (1998, "Improved confidence intervals for the difference between binomial proportions
    based on paired data", method 10): Wilson's limits of both shares, joined with regard to their correlation.

    Args:
        both: samples with a success on both models.

    Example:
        >>> difference = paired_difference(36, 12, 2, 0)
        >>> [round(number, 4) for number in (difference.value, difference.low, difference.high)]
        [0.2, 0.0569, 0.3404]
    """
    n = both + only_first + only_second + neither
    if n == 0:
        return NO_SAMPLE
    first, second = wilson(both + only_first, n), wilson(both + only_second, n)
    covariance = float(both * neither - only_first * only_second)
    if covariance > 0:
        covariance = max(covariance - n / 2, 0.0)  # the continuity correction of the paper
    margins = (both + only_first) * (only_second + neither) * (both + only_second) * (only_first + neither)
    correlation = covariance / sqrt(margins) if margins else 0.0

    def joined(one: float, other: float) -> float:
        return sqrt(max(one * one - 2 * correlation * one * other + other * other, 0.0))

    difference = (only_first - only_second) / n
    low = difference - joined(first.value - first.low, second.high - second.value)
    high = difference + joined(first.high - first.value, second.value - second.low)
    return Estimate(difference, low, high, n)


def difference_of(first: np.ndarray, second: np.ndarray, texts: np.ndarray) -> tuple[Estimate, float | None]:
    """How much more often the first model was fooled than the second, and McNemar's p-value.

    Where samples share a text, the interval is a bootstrap over texts and there is no p-value: the test supposes that
    samples are independent.

    Args:
        first: whether each sample was a success on the first model, shape `(samples,)`.
        second: the same samples on the second model, shape `(samples,)`.

    Example:
        >>> first, second = np.array([True, True, False]), np.array([False, True, False])
        >>> difference, p = difference_of(first, second, np.arange(3))
        >>> round(difference.value, 3), p
        (0.333, 1.0)
    """
    first, second = np.asarray(first, dtype=bool), np.asarray(second, dtype=bool)
    counts = [int(np.sum(part)) for part in (first & second, first & ~second, ~first & second, ~first & ~second)]
    difference = paired_difference(*counts)
    if len(np.unique(texts)) == len(first):
        return difference, mcnemar(counts[1], counts[2])
    values = first.astype(np.float64) - second
    if np.ptp(values) > 0:  # without spread, drawing again shows none, and Newcombe's interval stays
        difference = Estimate(difference.value, *bootstrap_over_texts(values, texts), difference.n)
    return difference, None
