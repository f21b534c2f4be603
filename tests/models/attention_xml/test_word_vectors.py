"""Word vectors from co-occurrences, against counts written out."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from textattack_xmtc.models.attention_xml import word_vectors as module
from textattack_xmtc.models.attention_xml.word_vectors import word_vectors

TEXTS = [[0, 1, 2, 1, 3], [4], [2, 5, 0], [], [3, 3, 1, 9]]


def test_co_occurrences_count_by_distance_within_a_text() -> None:
    expected = np.zeros((10, 10))
    for text in TEXTS:
        for left in range(len(text)):
            for right in range(len(text)):
                if 0 < abs(left - right) <= 3 and 9 not in (text[left], text[right]):
                    expected[text[left], text[right]] += 1 / abs(left - right)
    counts = module._cooccurrences(TEXTS, words=10, window=3, ignore=[9])
    np.testing.assert_allclose(counts.toarray(), expected, atol=1e-6)


def test_mutual_information_is_that_of_its_definition() -> None:
    counts = module._cooccurrences(TEXTS, words=10, window=3, ignore=[9])
    dense = counts.toarray().astype(np.float64)
    context = dense.sum(axis=0) ** 0.75
    expected = np.zeros((10, 10))
    for i, j in zip(*dense.nonzero(), strict=True):
        expected[i, j] = max(np.log(dense[i, j] / (dense[i].sum() * context[j] / context.sum())), 0)
    np.testing.assert_allclose(module._positive_mutual_information(counts).toarray(), expected, atol=1e-5)


def test_words_in_the_same_company_are_near_and_unseen_words_are_nothing() -> None:
    random = np.random.default_rng(0)
    texts = [random.permutation([topic, topic + 1, topic + 2, topic + 3]).tolist() for topic in (0, 4, 8) * 30]
    vectors = word_vectors(texts, words=14, size=3)
    assert vectors.shape == (14, 3)
    assert vectors.dtype == np.float32
    assert not vectors[12:].any()
    norms = np.linalg.norm(vectors[:12], axis=1, keepdims=True)
    near = (vectors[:12] / norms) @ (vectors[:12] / norms).T
    for start, end in pairwise([0, 4, 8, 12]):
        assert near[start:end, start:end].min() > 0.8
        assert np.delete(near[start:end], slice(start, end), axis=1).max() < 0.2


def test_the_same_seed_gives_the_same_vectors() -> None:
    np.testing.assert_array_equal(word_vectors(TEXTS, 10, 3), word_vectors(TEXTS, 10, 3))


@pytest.mark.parametrize("texts", [[[0, 1, 2, 3]] * 3])
def test_vectors_have_unit_entries_on_average(texts: list[list[int]]) -> None:
    vectors = word_vectors(texts, 6, 2)
    assert (vectors**2).sum(axis=1).mean() / 2 == pytest.approx(1, rel=1e-4)
