"""Corrected rates: by hand, by simulation with a judge whose errors are known, and what is refused."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest

from textattack_xmtc.errors import InputError
from textattack_xmtc.results.validity import OperatingPoint, rogan_gladen, valid_rate


def test_a_perfect_judge_needs_no_correction() -> None:
    successes = np.array([True] * 6 + [False] * 4)
    accepted = np.array([True] * 3 + [False] * 7)
    rate = valid_rate(successes, accepted, np.arange(10), [True] * 50, [False] * 50)
    assert rate.uncorrected.value == rate.corrected.value == pytest.approx(0.3)
    assert rate.corrected.low < 0.3 < rate.corrected.high and rate.corrected.n == 10


def test_the_correction_inverts_the_errors() -> None:
    for share in (0.0, 0.2, 0.5, 1.0):
        accepted = share * 0.85 + (1 - share) * (1 - 0.75)
        assert rogan_gladen(accepted, 0.85, 0.75) == pytest.approx(share)
    assert isnan(rogan_gladen(0.5, 0.5, 0.5))


def test_95_of_100_intervals_hold_the_truth() -> None:
    rng = np.random.default_rng(5)
    sensitivity, specificity, share, fall = 0.9, 0.7, 0.6, 0.8
    covered = 0
    for seed in range(200):
        successes = rng.random(200) < fall
        fits = rng.random(200) < share
        accepted = np.where(fits, rng.random(200) < sensitivity, rng.random(200) >= specificity)
        fitting, unfitting = rng.random(60) < sensitivity, rng.random(60) >= specificity
        if OperatingPoint.of(fitting.tolist(), unfitting.tolist()).usable:
            rate = valid_rate(successes, accepted, np.arange(200), fitting.tolist(), unfitting.tolist(), seed).corrected
            covered += rate.low <= share * fall <= rate.high
        else:
            covered += 1
    assert 181 <= covered <= 199


def test_texts_with_several_samples_are_drawn_together() -> None:
    rng = np.random.default_rng(0)
    of_text = rng.random(30) < 0.5
    accepted = np.repeat(of_text, 10)
    everything = np.ones(300, dtype=bool)
    controls = [True] * 80, [False] * 80
    together = valid_rate(everything, accepted, np.repeat(np.arange(30), 10), *controls).corrected
    apart = valid_rate(everything, accepted, np.arange(300), *controls).corrected
    assert together.high - together.low > 2 * (apart.high - apart.low)


def test_worse_sensitivity_means_more_valid_texts() -> None:
    successes = np.ones(100, dtype=bool)
    accepted = np.arange(100) < 60
    rate = valid_rate(successes, accepted, np.arange(100), [True] * 45 + [False] * 5, [False] * 45 + [True] * 5)
    assert rate.corrected.value == pytest.approx((0.6 + 0.9 - 1) / 0.8)
    assert rate.bound == pytest.approx((0.6 + 0.9 - 1) / 0.7)


@pytest.mark.parametrize(
    ("fitting", "unfitting"),
    [([True] * 10, [True] * 10), ([True] * 6 + [False] * 4, [False] * 8 + [True] * 2), ([], [False]), ([True], [])],
)
def test_a_judge_that_cannot_tell_judges_nothing(fitting: list[bool], unfitting: list[bool]) -> None:
    one = np.ones(1, dtype=bool)
    assert not OperatingPoint.of(fitting, unfitting).usable
    with pytest.raises(InputError, match=r"judges nothing; use a judge whose sum of the two is at least 1\.5"):
        valid_rate(one, one, np.arange(1), fitting, unfitting)


def test_without_a_success_nothing_is_valid() -> None:
    nothing = np.zeros(5, dtype=bool)
    rate = valid_rate(nothing, nothing, np.arange(5), [True] * 10, [False] * 10)
    assert rate.corrected.value == rate.bound == 0 and rate.corrected.high > 0
