"""The studies of validity: differences of differences, and the pairs of known answer."""

from __future__ import annotations

from collections import Counter

import pytest
from textattack.shared import AttackedText

from benchmarks.studies.sense_filters import read_pairs, rows
from benchmarks.studies.validity import conditions, difference_of_differences
from tests.toolkit.wordnet import needs_wordnet


def test_the_difference_of_differences_is_tail_less_head_and_evidence_less_random() -> None:
    tail, head = list(range(10)), list(range(10, 20))
    frozen = {**dict.fromkeys(tail, True), **{i: i < 13 for i in head}}  # 10 and 3 of 10
    first = {**dict.fromkeys(tail, True), **{i: i < 18 for i in head}}  # 10 and 8
    second = {**dict.fromkeys(tail, True), **{i: i < 16 for i in head}}  # 10 and 6
    value, low, high = difference_of_differences(frozen, [first, second], tail, head)
    assert value == pytest.approx((1.0 - 0.3) - (1.0 - 0.7))
    assert low < value < high
    assert difference_of_differences(first, [first], tail, head) == (0, 0, 0)


def test_samples_that_one_condition_lacks_are_left_out() -> None:
    frozen = {0: True, 1: False, 2: False}
    random = {0: True, 2: True}
    value, _, _ = difference_of_differences(frozen, [random], [0, 1], [2])
    assert value == 1


def test_conditions_have_their_own_folders() -> None:
    cells = conditions([0.1, 0.2], 2)
    assert cells["random-0.1-1"] == {"preserve": "random:0.1", "preserve_seed": 1}
    assert len(cells) == 2 * 5 + 3


def test_pairs_are_what_they_say() -> None:
    pairs = read_pairs()
    assert len(pairs) >= 200
    assert min(Counter(pair["corpus"] for pair in pairs).values()) >= 100
    for pair in pairs:
        words = AttackedText(pair["window"]).words
        assert len(words) <= 15
        assert words[pair["index"]] == pair["word"] != pair["new"]


@needs_wordnet
def test_the_default_filter_trades_better_than_both_baselines() -> None:
    shares = {name: [int(cell.split("%")[0]) for cell in cells] for name, *cells in rows(read_pairs(), [])}
    default = shares["context, agreement 0.5"]
    for baseline in ("first sense", "all senses"):
        assert default[1] < shares[baseline][1] / 1.5  # accepts of the invalid
        assert default[2] > shares[baseline][2]  # valid among the accepted
    assert default[0] > 45
