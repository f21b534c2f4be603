"""The bound against every exchange of votes there is, on small ballots."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, product

import numpy as np
import pytest

from textattack_xmtc.certificates.bound import certified_words


def survives(votes: list[list[int]], label: int, k: int, changes: int, labels: int) -> bool:
    """Whether the label is among the k best, ties lost, after any change of so many segments: all are tried."""
    size = max(map(len, votes))
    ballots = [list(ballot) for ballot in combinations(range(labels), size)]
    for places in combinations(range(len(votes)), changes):
        for new in product(ballots, repeat=changes):
            changed = [list(segment) for segment in votes]
            for place, ballot in zip(places, new, strict=True):
                changed[place] = ballot
            counts = Counter(vote for segment in changed for vote in segment)
            level = sum(counts[other] >= counts[label] for other in range(labels) if other != label)
            if level >= k:
                return False
    return True


@pytest.mark.parametrize("seed", range(60))
def test_a_certified_label_survives_every_change(seed: int) -> None:
    rng = np.random.default_rng(seed)
    segments, size, labels, k = int(rng.integers(2, 5)), int(rng.integers(1, 3)), 5, int(rng.integers(1, 4))
    popular = rng.dirichlet(np.full(labels, 0.4)) * 0.95 + 0.01
    votes = [rng.choice(labels, size, replace=False, p=popular / popular.sum()).tolist() for _ in range(segments)]
    for label in range(labels):
        words = certified_words(votes, label, k)
        assert 0 <= words <= segments
        for changes in range(1 if words else 0, min(words, 3) + 1):
            assert not words or survives(votes, label, k, changes, labels)


def test_the_bound_is_not_empty() -> None:
    """Of ballots on which brute force finds nothing, most are certified."""
    safe = certified = 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        popular = rng.dirichlet(np.full(5, 0.4)) * 0.95 + 0.01
        votes = [rng.choice(5, 1, p=popular / popular.sum()).tolist() for _ in range(4)]
        if survives(votes, votes[0][0], 2, 1, 5):
            safe += 1
            certified += certified_words(votes, votes[0][0], 2) >= 1
    assert safe > 30
    assert certified > 0.8 * safe


@pytest.mark.parametrize(
    ("votes", "k", "words"),
    [
        ([[0], [0], [0], [0], [0]], 1, 2),  # three changed votes can all be for one other label
        ([[0], [0], [0], [0], [0]], 5, 4),  # five others need a vote each, and more than four segments
        ([[0], [1], [2]], 3, 0),  # one vote is taken away by one word
        ([[1], [2], [3]], 3, 0),  # no vote at all
        ([[0]], 1, 0),
        ([], 1, 0),
    ],
)
def test_by_hand(votes: list[list[int]], k: int, words: int) -> None:
    assert certified_words(votes, 0, k) == words


def test_more_shown_labels_and_more_votes_never_certify_less() -> None:
    rng = np.random.default_rng(3)
    for _ in range(100):
        votes = [rng.choice(6, 2, replace=False).tolist() for _ in range(5)]
        by_k = [certified_words(votes, 0, k) for k in range(1, 6)]
        assert by_k == sorted(by_k)
