"""The beta-binomial model against draws from its prior and simulation; the correction for many tests, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from textattack_xmtc.results.pooled import above_chances, pooled


def plain(successes: list[int], n: list[int], group: int, weight: float) -> tuple[float, float, float]:
    """Mean and quantiles of one group's share: draws from the prior, weighed by how well they explain all groups."""
    rng = np.random.default_rng(0)
    mean, own = rng.beta(0.5, 0.5, 20_000), rng.beta(0.5, 0.5, 20_000) / 2
    a, b = mean * (1 / own - 1), (1 - mean) * (1 / own - 1)
    log = np.zeros(len(a))
    for wins, size in zip(successes, n, strict=True):
        log += weight * stats.betabinom.logpmf(wins, size, a, b)
    chosen = rng.choice(len(a), 20_000, p=np.exp(log - log.max()) / np.exp(log - log.max()).sum())
    shares = rng.beta(a[chosen] + successes[group], b[chosen] + n[group] - successes[group])
    low, high = np.quantile(shares, [0.025, 0.975])
    ends = 0.0 if successes[group] == 0 else float(low), 1.0 if successes[group] == n[group] else float(high)
    return float(shares.mean()), *ends


@pytest.mark.parametrize("weight", [1.0, 0.5])
@pytest.mark.parametrize(
    ("successes", "n"), [([1, 2, 0, 4, 3], [1, 2, 2, 5, 3]), ([9, 1, 0], [9, 1, 1]), ([0, 1], [3, 1])]
)
def test_the_model_against_draws_from_its_prior(successes: list[int], n: list[int], weight: float) -> None:
    estimates = pooled(np.array(successes), np.array(n), weight)
    for group, estimate in enumerate(estimates):
        expected = plain(successes, n, group, weight)
        assert (estimate.value, estimate.low, estimate.high) == pytest.approx(expected, abs=0.03)
        assert estimate.n == n[group] and estimate.low <= estimate.value <= estimate.high


def test_the_order_of_groups_does_not_matter() -> None:
    successes, n = np.array([1, 0, 3, 1]), np.array([1, 2, 3, 1])
    order = np.array([2, 0, 3, 1])
    moved = pooled(successes[order], n[order])
    assert [pooled(successes, n)[place] for place in order] == moved
    assert moved[1] == moved[2], "equal groups have equal estimates"


def test_shared_texts_make_intervals_wider() -> None:
    successes, n = np.full(30, 2), np.full(30, 2)
    apart, together = pooled(successes, n)[0], pooled(successes, n, weight=0.2)[0]
    assert together.high - together.low > apart.high - apart.low


@pytest.mark.parametrize(("mean", "concentration", "groups"), [(0.8, 3, 40), (0.9, 10, 60), (0.5, 1, 60)])
def test_intervals_hold_the_truth_as_often_as_they_say(mean: float, concentration: float, groups: int) -> None:
    rng, held = np.random.default_rng(0), []
    for _ in range(20):
        shares = rng.beta(mean * concentration, (1 - mean) * concentration, groups)
        n = rng.choice([1, 2, 3, 5], groups)
        estimates = pooled(rng.binomial(n, shares), n)
        held += [one.low <= share <= one.high for one, share in zip(estimates, shares, strict=True)]
    assert np.mean(held) >= 0.93


def test_pvalues_are_exact_and_corrected() -> None:
    successes, n = np.array([5, 0, 7, 9]), np.array([5, 6, 9, 10])
    single = [stats.binomtest(int(s), int(size), 0.5, "greater").pvalue for s, size in zip(successes, n, strict=True)]
    order = np.argsort(single)
    expected = np.empty(4)
    least = 1.0
    for place in range(3, -1, -1):  # Benjamini and Hochberg, step up
        least = min(least, single[order[place]] * 4 / (place + 1))
        expected[order[place]] = least
    assert above_chances(successes, n, 0.5) == pytest.approx(expected)
    assert above_chances(np.array([]), np.array([]), 0.5).tolist() == []
