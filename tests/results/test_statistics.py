"""Intervals and paired tests, against published values, plain sums and simulations."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import binomtest

from textattack_xmtc.errors import InputError
from textattack_xmtc.results.statistics import (
    BOOTSTRAP_TEXTS,
    Z,
    bootstrap_over_texts,
    clustered_wilson,
    difference_of,
    mcnemar,
    paired_difference,
    share_of,
    wilson,
)


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    # Newcombe (1998), "Two-sided confidence intervals for the single proportion", Table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_has_the_published_values(successes: int, n: int, low: float, high: float) -> None:
    rate = wilson(successes, n)
    assert (rate.value, rate.n) == (successes / n, n)
    assert (rate.low, rate.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@pytest.mark.parametrize(("successes", "n"), [(1, 7), (30, 60), (199, 200), (3, 3), (0, 1)])
def test_the_ends_of_wilson_are_where_the_score_test_is_just_not_significant(successes: int, n: int) -> None:
    rate = wilson(successes, n)
    for end in (rate.low, rate.high):
        if 0 < end < 1:
            assert abs(rate.value - end) / math.sqrt(end * (1 - end) / n) == pytest.approx(Z)
    assert 0 <= rate.low <= rate.value <= rate.high <= 1


def test_no_sample_gives_no_number_and_nonsense_is_refused() -> None:
    assert math.isnan(wilson(0, 0).value) and wilson(0, 0).n == 0
    with pytest.raises(InputError, match="3 successes in 2 samples"):
        wilson(3, 2)


@pytest.mark.parametrize(("successes", "n"), [(0, 1), (0, 20), (1, 7), (30, 60), (199, 200), (3, 3), (812, 1000)])
def test_wilson_is_that_of_scipy_and_statsmodels(successes: int, n: int) -> None:
    rate = wilson(successes, n)
    interval = binomtest(successes, n).proportion_ci(method="wilson")
    assert (rate.low, rate.high) == pytest.approx((interval.low, interval.high), abs=1e-12)
    proportion = pytest.importorskip("statsmodels.stats.proportion", reason="statsmodels is an oracle of tests")
    assert (rate.low, rate.high) == pytest.approx(proportion.proportion_confint(successes, n, method="wilson"))


@pytest.mark.parametrize("counts", [(1, 0), (3, 3), (1, 7), (12, 2), (40, 61)])
def test_mcnemar_is_that_of_statsmodels(counts: tuple[int, int]) -> None:
    tables = pytest.importorskip("statsmodels.stats.contingency_tables", reason="statsmodels is an oracle of tests")
    expected = tables.mcnemar([[5, counts[0]], [counts[1], 9]], exact=True).pvalue
    assert mcnemar(*counts) == pytest.approx(expected)


@pytest.mark.parametrize("counts", [(0, 0), (1, 0), (3, 3), (1, 7), (12, 2), (40, 61), (900, 1000)])
def test_mcnemar_is_the_binomial_test(counts: tuple[int, int]) -> None:
    expected = binomtest(counts[0], sum(counts), 0.5).pvalue if sum(counts) else 1.0
    assert mcnemar(*counts) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [
        ((36, 12, 2, 0), 0.0569, 0.3404),  # Newcombe (1998), on paired data, Table II, method 10
        ((14, 5, 0, 22), 0.011, 0.226),  # Altman et al. (2000), "Statistics with confidence", Table 6.2
        ((1, 1, 7, 12), -0.507, -0.026),  # Fagerland et al. (2014): airways before and after a transplantation
    ],
)
def test_the_paired_difference_has_the_published_values(
    counts: tuple[int, int, int, int], low: float, high: float
) -> None:
    difference = paired_difference(*counts)
    assert difference.value == pytest.approx((counts[1] - counts[2]) / sum(counts))
    assert (difference.low, difference.high) == (pytest.approx(low, abs=6e-4), pytest.approx(high, abs=6e-4))


def test_exchanging_the_models_turns_the_difference_around() -> None:
    one, other = paired_difference(20, 9, 3, 18), paired_difference(20, 3, 9, 18)
    assert (one.value, one.low, one.high) == pytest.approx((-other.value, -other.high, -other.low))


@pytest.mark.parametrize("counts", [(5, 0, 0, 0), (0, 0, 0, 5), (0, 5, 0, 0), (0, 0, 5, 0), (1, 0, 0, 0)])
def test_the_paired_difference_stays_in_range_where_a_margin_is_empty(counts: tuple[int, int, int, int]) -> None:
    difference = paired_difference(*counts)
    assert -1 <= difference.low <= difference.value <= difference.high <= 1
    assert difference.low < difference.high
    assert math.isnan(paired_difference(0, 0, 0, 0).value)


def test_the_paired_difference_covers_the_truth_as_often_as_it_says() -> None:
    random = np.random.default_rng(5)
    shares = np.array([0.4, 0.25, 0.1, 0.25])
    tables = random.multinomial(60, shares, size=2000)
    hits = [one.low <= 0.15 <= one.high for one in (paired_difference(*map(int, table)) for table in tables)]
    assert 0.935 <= np.mean(hits) <= 0.975


def test_samples_of_their_own_texts_get_wilson_and_shared_texts_a_bootstrap() -> None:
    random = np.random.default_rng(1)
    outcomes = random.random(90) < 0.6
    assert share_of(outcomes, random.permutation(90)) == wilson(int(outcomes.sum()), 90)
    # Three copies of 30 samples tell no more than the 30.
    thrice, texts = np.repeat(outcomes[:30], 3), np.repeat(np.arange(30), 3)
    clustered, once = share_of(thrice, texts), wilson(int(outcomes[:30].sum()), 30)
    assert (clustered.value, clustered.n) == (once.value, 90)
    assert (clustered.low, clustered.high) == (pytest.approx(once.low, abs=0.04), pytest.approx(once.high, abs=0.04))
    naive = wilson(int(thrice.sum()), 90)
    assert clustered.high - clustered.low > 1.4 * (naive.high - naive.low)


def test_the_bootstrap_is_that_of_a_plain_loop_and_the_same_each_time() -> None:
    random = np.random.default_rng(2)
    values, texts = random.random(40), np.sort(random.integers(0, 15, 40))
    low, high = bootstrap_over_texts(values, texts)
    assert (low, high) == bootstrap_over_texts(values, texts)
    groups = [values[texts == text] for text in np.unique(texts)]
    means = [
        np.concatenate([groups[number] for number in random.integers(0, len(groups), len(groups))]).mean()
        for _ in range(4000)
    ]
    assert (low, high) == pytest.approx(tuple(np.quantile(means, [0.025, 0.975])), abs=0.02)


@pytest.mark.parametrize("most", [1, 3])
def test_many_texts_need_no_bootstrap_for_the_same_interval(most: int) -> None:
    rng = np.random.default_rng(0)
    texts = np.repeat(np.arange(BOOTSTRAP_TEXTS + 1), rng.integers(1, most + 1, BOOTSTRAP_TEXTS + 1))
    if most > 1:
        hard = rng.random(BOOTSTRAP_TEXTS + 1)
        fooled = rng.random(len(texts)) < hard[texts]  # alike within a text
        rate, low, high = share_of(fooled, texts), *bootstrap_over_texts(fooled.astype(float), texts, draws=400)
        assert (rate.low, rate.high) == pytest.approx((low, high), abs=0.002)
        apart = wilson(int(fooled.sum()), len(fooled))
        assert rate.high - rate.low > 1.1 * (apart.high - apart.low)
        return
    fooled = rng.random(len(texts)) < 0.3
    alone = wilson(int(fooled.sum()), len(fooled))
    assert (
        clustered_wilson(fooled, texts).low == pytest.approx(alone.low, abs=1e-4) and share_of(fooled, texts) == alone
    )


def test_texts_that_are_all_alike_inside_leave_no_less_than_wilson() -> None:
    halves = clustered_wilson(np.array([True, False] * 9), np.repeat(np.arange(9), 2))
    assert halves == wilson(9, 18)


@pytest.mark.parametrize("outcome", [True, False])
def test_shared_texts_that_all_agree_keep_the_width_of_as_many_texts(outcome: bool) -> None:
    rate = share_of(np.full(12, outcome), np.repeat(np.arange(4), 3))
    once = wilson(4 * outcome, 4)
    assert (rate.value, rate.low, rate.high, rate.n) == (once.value, once.low, once.high, 12)


def test_a_difference_has_a_p_value_only_where_samples_are_independent() -> None:
    random = np.random.default_rng(3)
    first, second = random.random(80) < 0.7, random.random(80) < 0.4
    counts = [int(np.sum(part)) for part in (first & second, first & ~second, ~first & second, ~first & ~second)]
    assert difference_of(first, second, np.arange(80)) == (
        paired_difference(*counts),
        mcnemar(counts[1], counts[2]),
    )
    difference, p = difference_of(first, second, np.arange(80) // 2)
    assert p is None and difference.low < difference.value < difference.high
    same, p = difference_of(first, first, np.arange(80) // 2)
    assert (same.value, p) == (0.0, None) and same.low < 0 < same.high
