"""The power of encoders: the area under the curve against a plain count of pairs."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.studies.encoder_power import area, interval


def test_the_area_is_the_share_of_pairs_in_the_right_order() -> None:
    rng = np.random.default_rng(0)
    cosines = np.round(rng.random(40), 1)  # with ties
    valid = rng.random(40) < 0.4
    pairs = [(one, other) for one in cosines[valid] for other in cosines[~valid]]
    plain = np.mean([1.0 if one > other else 0.5 if one == other else 0.0 for one, other in pairs])
    assert area(cosines, valid) == pytest.approx(plain)


def test_the_interval_holds_the_area_and_chance_where_there_is_no_order() -> None:
    rng = np.random.default_rng(1)
    cosines, valid = rng.random(200), rng.random(200) < 0.5
    low, high = interval(cosines, valid)
    assert low < area(cosines, valid) < high
    assert low < 0.5 < high
