"""Balanced clusters of labels: sizes, nesting, planted clusters, and 2-means against a plain loop."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy import sparse

from textattack_xmtc.datasets import label_clusters
from textattack_xmtc.datasets.label_clusters import (
    clusters_of_at_least,
    hierarchical_clusters,
    label_vectors,
    tfidf,
)
from textattack_xmtc.errors import DataError, InputError


def random_vectors(labels: Any, words: int = 40, seed: int = 0, empty: int = 0) -> Any:
    random = np.random.default_rng(seed)
    rows = sparse.random(labels, words, density=0.2, random_state=random, format="lil")
    for label in random.choice(labels, empty, replace=False):
        rows[label] = 0
    rows = rows.tocsr()
    return label_vectors(rows, sparse.identity(labels, format="csr"))


def planted_vectors(topics: Any, labels_per_topic: Any, seed: int = 0) -> tuple[Any, Any]:
    """Labels of a topic share words that no other topic has; the topics' labels are mixed."""
    random = np.random.default_rng(seed)
    topic = random.permutation(np.repeat(np.arange(topics), labels_per_topic))
    dense = np.zeros((len(topic), 10 * topics))
    for label, topic_of_label in enumerate(topic):
        dense[label, 10 * topic_of_label : 10 * topic_of_label + 10] = random.random(10) + 0.5
    return label_vectors(sparse.csr_matrix(dense), sparse.identity(len(topic), format="csr")), topic


def plain_two_means(vectors: Any, start: Any, tolerance: Any) -> Any:
    """Balanced 2-means of one cluster, from the definition."""
    centres = [vectors[start[0]], vectors[start[1]]]
    best = -np.inf
    while True:
        gaps = [float(vector @ centres[0]) - float(vector @ centres[1]) for vector in vectors]
        order = sorted(range(len(vectors)), key=lambda label: (-gaps[label], label))
        half = np.ones(len(vectors), dtype=int)
        half[order[: len(vectors) // 2]] = 0
        mean = np.mean([vector @ centres[side] for vector, side in zip(vectors, half, strict=True)])
        if mean <= best + tolerance:
            return half
        best = mean
        sums = [vectors[half == side].sum(axis=0) for side in (0, 1)]
        centres = [total / np.linalg.norm(total) for total in sums]


def test_two_means_of_many_clusters_at_once_is_plain_two_means_of_each() -> None:
    sizes = [7, 20, 2, 33]
    vectors = random_vectors(sum(sizes), seed=3)
    cluster = np.repeat(np.arange(len(sizes)), sizes)
    first = np.cumsum(sizes) - sizes
    start = np.zeros((len(cluster), 2), dtype=np.float32)
    start[first, 0] = start[first + 1, 1] = 1
    halves = label_clusters._balanced_two_means(vectors, cluster, start)
    for begin, size in zip(first, sizes, strict=True):
        dense = vectors[begin : begin + size].toarray().astype(np.float64)
        assert halves[begin : begin + size].tolist() == plain_two_means(dense, (0, 1), 1e-4).tolist()


def test_a_label_is_the_scaled_sum_of_its_documents() -> None:
    rows = sparse.csr_matrix(np.array([[1.0, 0, 2], [0, 3, 0], [5, 0, 0]]))
    labels = sparse.csr_matrix(np.array([[1, 1], [1, 0], [0, 0]]))
    expected = np.array([[1, 3, 2], [1, 0, 2]]) / np.sqrt([[14], [5]])
    assert label_vectors(rows, labels).toarray() == pytest.approx(expected)
    assert label_vectors(rows, labels).dtype == np.float32
    with pytest.raises(InputError, match="3 rows of texts and 2 rows of labels"):
        label_vectors(rows, labels[:2])


def test_tfidf_rows_have_length_one_and_rare_words_count_more() -> None:
    rows = tfidf(["The egg", "the tea", "the THE a", ""]).toarray()
    assert np.linalg.norm(rows, axis=1) == pytest.approx([1, 1, 1, 0])
    a, egg, tea, the = range(4)
    assert rows[0, egg] > rows[0, the] > 0 == rows[0, tea] == rows[0, a]
    with pytest.raises(DataError, match="labels cannot be clustered by their texts"):
        tfidf(["", "..."])


@pytest.mark.parametrize(("labels", "max_leaf"), [(1, 1), (2, 1), (7, 2), (100, 8), (129, 1), (64, 64)])
def test_clusters_are_halved_until_they_are_small(labels: int, max_leaf: int) -> None:
    depths = hierarchical_clusters(random_vectors(labels, empty=labels // 10), max_leaf)
    assert depths[0].tolist() == [0] * labels
    for coarse, fine in pairwise(depths):
        sizes = np.bincount(coarse)
        assert np.bincount(fine).min() >= 1  # numbers have no gaps
        for cluster, size in enumerate(sizes):
            halves = np.unique(fine[coarse == cluster], return_counts=True)[1].tolist()
            assert sorted(halves) == ([size // 2, size - size // 2] if size > max_leaf else [size])
        parent = [coarse[fine == cluster][0] for cluster in range(fine.max() + 1)]
        assert parent == sorted(parent)
    assert np.bincount(depths[-1]).max() <= max_leaf
    assert all(np.bincount(depth).max() > max_leaf for depth in depths[:-1])


def test_planted_clusters_are_found() -> None:
    pairs, two = planted_vectors(topics=2, labels_per_topic=9)
    halves = hierarchical_clusters(pairs, max_leaf=9)[-1]
    assert len(set(zip(halves.tolist(), two.tolist(), strict=True))) == 2
    # With more topics that have no word in common, a split into two equal halves has to cut some of them.
    vectors, topic = planted_vectors(topics=8, labels_per_topic=6)
    clusters = hierarchical_clusters(vectors, max_leaf=6)[-1]
    assert purity(clusters, topic) >= 0.6 > 1.5 * purity(np.random.default_rng(0).permutation(clusters), topic)


def purity(clusters: Any, topic: Any) -> Any:
    """The share of labels that are of the commonest topic of their cluster."""
    return sum(np.bincount(topic[clusters == number]).max() for number in np.unique(clusters)) / len(topic)


def test_the_seed_decides_and_chunks_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = random_vectors(150)
    first = hierarchical_clusters(vectors, 4, seed=1)
    for chunk in (1, 300):
        monkeypatch.setattr(label_clusters, "_CHUNK_ENTRIES", chunk)
        again = hierarchical_clusters(vectors, 4, seed=1)
        assert all((one == other).all() for one, other in zip(first, again, strict=True))
    other = hierarchical_clusters(vectors, 4, seed=2)
    assert (other[-1] != first[-1]).any()


@pytest.mark.parametrize(
    ("labels", "sizes"), [(2, [2]), (5, [5]), (6, [3, 3]), (11, [5, 3, 3]), (23, [5, 3, 3, 3, 3, 3, 3])]
)
def test_clusters_for_negative_targets_keep_three_labels(labels: int, sizes: list[int]) -> None:
    clusters = clusters_of_at_least(random_vectors(labels))
    assert np.bincount(clusters).tolist() == sizes


def test_labels_without_text_fill_the_halves() -> None:
    vectors, topic = planted_vectors(topics=2, labels_per_topic=5)
    silent = sparse.vstack([vectors, sparse.csr_matrix((4, vectors.shape[1]), dtype=np.float32)]).tocsr()
    halves = hierarchical_clusters(silent, max_leaf=7)[-1]
    assert np.bincount(halves).tolist() == [7, 7]
    assert len(set(zip(halves[:10].tolist(), topic.tolist(), strict=True))) == 2
    nothing = sparse.csr_matrix((9, 5), dtype=np.float32)
    assert np.bincount(hierarchical_clusters(nothing, max_leaf=3)[-1]).tolist() == [2, 2, 2, 3]


@pytest.mark.parametrize(("labels", "max_leaf"), [(0, 3), (4, 0)])
def test_what_cannot_be_clustered_is_refused(labels: int, max_leaf: int) -> None:
    with pytest.raises(InputError, match=f"{labels} labels cannot be in clusters of at most {max_leaf}"):
        hierarchical_clusters(sparse.csr_matrix((labels, 3)), max_leaf)
