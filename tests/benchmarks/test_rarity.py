"""The study of rarity: which labels and texts are drawn, and what counts."""

from __future__ import annotations

from collections import Counter

import numpy as np

from benchmarks.studies.rarity import MANY, difference, draw_labels, thinned_texts


def test_two_halves_of_the_labels_with_many_texts() -> None:
    counts = np.random.default_rng(0).integers(0, 120, 300)
    thinned, left = draw_labels(counts, 0)
    both = np.concatenate([thinned, left])
    assert sorted(both) == np.flatnonzero((counts >= MANY[0]) & (counts <= MANY[1])).tolist()
    assert abs(len(thinned) - len(left)) <= 1
    assert draw_labels(counts, 1)[0].tolist() != thinned.tolist()


def test_thinned_labels_keep_a_handful_and_texts_without_them_all_stay() -> None:
    rng = np.random.default_rng(0)
    labels = [rng.choice(20, 3, replace=False).tolist() for _ in range(200)]
    thinned = np.array([2, 5, 11])
    stay = thinned_texts(labels, thinned, 4, 0)
    kept = Counter(label for text in stay for label in labels[text])
    assert all(0 < kept[label] <= 4 for label in thinned)
    assert {text for text, of_text in enumerate(labels) if not set(of_text) & set(thinned.tolist())} <= set(stay)
    assert stay != thinned_texts(labels, thinned, 4, 1)


def test_a_difference_without_spread_is_certain() -> None:
    assert difference(np.array([1.0, 1.0])) == "+100 (+100 to +100)"
    assert difference(np.array([1.0, -1.0] * 50)).startswith("+0 (-")
