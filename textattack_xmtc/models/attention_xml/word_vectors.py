"""Word vectors of a corpus in seconds: a truncated SVD of how words occur together (Levy and Goldberg, 2014)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import svds


def word_vectors(
    texts: Sequence[Sequence[int]], words: int, size: int, window: int = 5, ignore: Sequence[int] = (), seed: int = 0
) -> np.ndarray:
    """Vectors for the words of some texts: the left singular vectors of their positive pointwise mutual information.

    Co-occurrences at distance d count 1/d; contexts are smoothed with the exponent 0.75; singular values are taken to
    the power 0.5. Rows have a root mean square of 1 on average; words that never occur get zeros.

    Args:
        texts: word numbers.
        words: size of the vocabulary.
        size: width of the vectors, below `words`.
        window: largest distance that counts.
        ignore: word numbers that count for nothing (padding, unknown).
        seed: of the start vector of the iteration.

    Returns:
        Vectors of shape `(words, size)`, float32.

    Example:
        >>> vectors = word_vectors([[0, 1, 2], [0, 3, 2], [4, 5, 6]], words=7, size=2)
        >>> bool(vectors[1] @ vectors[3] > vectors[1] @ vectors[5])
        True
    """
    mutual = _positive_mutual_information(_cooccurrences(texts, words, window, ignore))
    start = np.random.default_rng(seed).standard_normal(words)
    left, values, _ = svds(mutual, k=size, v0=start)
    vectors = left * np.sqrt(values)
    scale = np.sqrt((vectors**2).sum(axis=1).mean() / size)
    return np.asarray(vectors / max(scale, 1e-12), dtype=np.float32)


def _cooccurrences(texts: Sequence[Sequence[int]], words: int, window: int, ignore: Sequence[int]) -> sp.csr_matrix:
    # One long row of words with `window` gaps between texts: each distance is then a single shifted comparison.
    gap = [-1] * window
    row = np.array([word for text in texts for word in (*text, *gap)], dtype=np.int64)
    row[np.isin(row, list(ignore))] = -1
    total = sp.csr_matrix((words, words), dtype=np.float32)
    for distance in range(1, window + 1):
        left, right = row[:-distance], row[distance:]
        both = (left >= 0) & (right >= 0)
        weights = np.full(int(both.sum()), 1.0 / distance, dtype=np.float32)
        total = total + sp.csr_matrix((weights, (left[both], right[both])), shape=(words, words))
    return (total + total.T).tocsr()


def _positive_mutual_information(counts: sp.csr_matrix) -> sp.csr_matrix:
    pairs = counts.tocoo()
    word = np.asarray(counts.sum(axis=1)).ravel()
    context = word**0.75
    expected = word[pairs.row] * (context[pairs.col] / max(context.sum(), 1e-12))
    values = np.maximum(np.log(pairs.data / expected), 0.0)
    mutual = sp.csr_matrix((values, (pairs.row, pairs.col)), shape=counts.shape)
    mutual.eliminate_zeros()
    return mutual
