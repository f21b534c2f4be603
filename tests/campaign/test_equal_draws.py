"""Equal draws: as many as a maximum flow allows, no text too often, and plain random draws where bins share nothing."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_flow

from textattack_xmtc.campaign.equal_draws import equal_draws


def most_by_flow(bins: list[np.ndarray], per_text: int) -> int:
    """The largest number that every bin can give: source -> bin -> pair -> text -> sink, searched upwards."""
    pairs = [(number, int(text)) for number, texts in enumerate(bins) for text in texts]
    n_texts = 1 + max((text for _, text in pairs), default=-1)
    first_pair, first_text = 1 + len(bins), 1 + len(bins) + len(pairs)
    sink = first_text + n_texts
    for wanted in range(1, 1000):
        edges = [(0, 1 + number, wanted) for number in range(len(bins))]
        for place, (number, text) in enumerate(pairs):
            edges += [(1 + number, first_pair + place, 1), (first_pair + place, first_text + text, 1)]
        edges += [(first_text + text, sink, per_text) for text in range(n_texts)]
        rows, columns, capacity = (np.array(column, dtype=np.int32) for column in zip(*edges, strict=True))
        graph = csr_matrix((capacity, (rows, columns)), shape=(sink + 1, sink + 1))
        if maximum_flow(graph, 0, sink).flow_value < wanted * len(bins):
            return wanted - 1
    raise AssertionError


def test_the_most_that_all_bins_can_give_is_drawn() -> None:
    random = np.random.default_rng(0)
    seen = set()
    for seed in range(150):
        n_texts, per_text = int(random.integers(1, 25)), int(random.integers(1, 3))
        bins = [random.integers(0, n_texts, random.integers(1, 30)) for _ in range(random.integers(1, 6))]
        most = most_by_flow(bins, per_text)
        for wanted in {1000, max(most, 1), max(most - 1, 1)}:
            drawn = equal_draws(bins, wanted, per_text, np.random.default_rng(seed))
            assert [len(positions) for positions in drawn] == [min(most, wanted)] * len(bins)
            used = np.concatenate([texts[positions] for texts, positions in zip(bins, drawn, strict=True)])
            assert not len(used) or np.bincount(used).max() <= per_text
            assert all(len(set(positions.tolist())) == len(positions) for positions in drawn)
        seen.add(most)
    assert len(seen) > 6


def test_the_rare_bin_is_not_starved() -> None:
    """Its two texts are all in the large bin as well: a careless draw takes them there."""
    for seed in range(50):
        rare, common = equal_draws([np.array([0, 1]), np.arange(1000)], 2, 1, np.random.default_rng(seed))
        assert sorted(rare.tolist()) == [0, 1] and not set(common.tolist()) & {0, 1}


def test_every_pair_is_drawn_equally_often_where_there_is_room() -> None:
    counts = np.zeros(20)
    for seed in range(2000):
        counts[equal_draws([np.arange(20)], 5, 1, np.random.default_rng(seed))[0]] += 1
    # 500 times each, on average; the standard deviation is 19.
    assert counts.sum() == 10_000 and abs(counts - 500).max() < 90, counts


def test_the_same_chance_draws_the_same() -> None:
    bins = [np.arange(9) % 7, np.arange(50) % 11]
    first, again, other = (equal_draws(bins, 4, 1, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert [positions.tolist() for positions in first] == [positions.tolist() for positions in again]
    assert [positions.tolist() for positions in first] != [positions.tolist() for positions in other]


@pytest.mark.parametrize("bins", [[], [np.array([], dtype=np.int64), np.array([1])]])
def test_a_bin_without_a_pair(bins: list[np.ndarray]) -> None:
    if bins:
        assert [len(positions) for positions in equal_draws(bins, 3, 1, np.random.default_rng(0))] == [0, 0]
    else:
        assert equal_draws([np.array([5])], 3, 1, np.random.default_rng(0))[0].tolist() == [0]
