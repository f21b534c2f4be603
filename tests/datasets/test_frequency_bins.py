"""Bins over label frequency: against a second, plain reading of section 4.1, and what must hold of any."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textattack_xmtc.datasets.frequency_bins import frequency_bins
from textattack_xmtc.errors import InputError

labels = st.lists(st.tuples(st.integers(0, 12), st.booleans()), max_size=60)


def plain_bins(counts: list[int], usable: list[bool], least: int) -> list[int]:
    """Walk up the frequencies with a list of labels in hand."""
    closed: list[list[int]] = []
    hand: list[int] = []
    for frequency in sorted(set(counts)):
        hand += [label for label, count in enumerate(counts) if count == frequency and usable[label]]
        if len(hand) >= least:
            closed.append(hand)
            hand = []
    if hand and closed:
        closed[-1] = closed[-1] + hand
    elif hand:
        closed.append(hand)
    bins = [-1] * len(counts)
    for number, members in enumerate(closed):
        for label in members:
            bins[label] = number
    return bins


@given(labels, st.integers(1, 20))
def test_bins_are_those_of_a_plain_walk(rows: list[tuple[int, bool]], least: int) -> None:
    counts, usable = [row[0] for row in rows], [row[1] for row in rows]
    bins = frequency_bins(np.array(counts, dtype=np.int64), np.array(usable, dtype=bool), least)
    assert bins.tolist() == plain_bins(counts, usable, least)
    sizes = np.bincount(bins[bins >= 0])
    assert (sizes >= least).all() or len(sizes) <= 1
    for lower, higher in zip(range(len(sizes) - 1), range(1, len(sizes)), strict=True):
        assert np.array(counts)[bins == lower].max() < np.array(counts)[bins == higher].min()


def test_labels_without_training_text_are_the_rarest() -> None:
    bins = frequency_bins(np.array([0, 3, 0, 5]), np.array([True] * 4), 2)
    assert bins.tolist() == [0, 1, 0, 1]


def test_what_cannot_be() -> None:
    with pytest.raises(InputError, match="invalid labels_per_bin=0: must be at least 1; choose 1 or more"):
        frequency_bins(np.array([1]), np.array([True]), 0)
    with pytest.raises(InputError, match="2 label frequencies and 1 labels"):
        frequency_bins(np.array([1, 2]), np.array([True]), 1)


def test_a_smaller_rest_is_a_bin_of_its_own_where_it_does_not_join() -> None:
    """As the published script has it: two labels a bin, five labels of five frequencies."""
    counts, usable = np.array([1, 2, 3, 4, 5]), np.full(5, True)
    assert frequency_bins(counts, usable, 2).tolist() == [0, 0, 1, 1, 1]
    assert frequency_bins(counts, usable, 2, rest_joins=False).tolist() == [0, 0, 1, 1, 2]
    assert frequency_bins(counts, usable, 9, rest_joins=False).tolist() == [0, 0, 0, 0, 0]
