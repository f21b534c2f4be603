"""Labels of similar texts in one cluster: a balanced binary hierarchy of clusters (Prabhu et al., 2018, "Parabel").

A label is represented by the sum of the TF-IDF rows of its training documents, scaled to length 1. A cluster is split
into equal halves by balanced 2-means, its halves again, and so on. A label tree takes its groups from some depths of
this hierarchy; the targets of negative attacks (the paper's Eq. 4.5) are chosen within its smallest clusters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from scipy import sparse

from textattack_xmtc.errors import DataError, InputError

_TOLERANCE = 1e-4  # 2-means ends when the mean cosine of a cluster's labels to their centres grows by less
_CHUNK_ENTRIES = 2**23  # matrix entries that are clustered at once: some hundred MB


def tfidf(texts: Iterable[str]) -> sparse.csr_matrix:
    """TF-IDF rows of some texts: logarithmic counts of lower-cased words, smoothed idf, rows of length 1.

    The 500,000 most frequent words count.

    Returns:
        Float32 CSR, shape `(n, words)`; a text without words has a row of zeros.

    Raises:
        DataError: no text has a word.

    Example:
        >>> tfidf(["an egg", "egg salad", ""]).shape
        (3, 3)
    """
    # Half a second to import, and needed nowhere else.
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(
        max_features=500_000, sublinear_tf=True, token_pattern=r"(?u)\b\w+\b", dtype=np.float32
    )
    try:
        return sparse.csr_matrix(vectorizer.fit_transform(texts))
    except ValueError as error:
        raise DataError(f"labels cannot be clustered by their texts ({error})", "give texts with words") from error


def label_vectors(rows: sparse.csr_matrix, labels: sparse.csr_matrix) -> sparse.csr_matrix:
    """The sum of the rows of each label's documents, scaled to length 1; zeros for a label without documents.

    Args:
        rows: one row a document, shape `(documents, words)`.
        labels: 1 where a document has a label, shape `(documents, labels)`.

    Returns:
        Float32 CSR, shape `(labels, words)`.

    Raises:
        InputError: the two have different numbers of documents.

    Example:
        >>> rows, labels = sparse.csr_matrix([[3.0, 0.0], [0.0, 4.0]]), sparse.csr_matrix([[1, 1, 0], [1, 0, 0]])
        >>> label_vectors(rows, labels).toarray().tolist()[1:]
        [[1.0, 0.0], [0.0, 0.0]]
    """
    if rows.shape[0] != labels.shape[0]:
        raise InputError(
            f"{rows.shape[0]} rows of texts and {labels.shape[0]} rows of labels", "give both for the same documents"
        )
    sums = sparse.csr_matrix(labels.T.astype(np.float32) @ rows.astype(np.float32))
    lengths = np.sqrt(np.asarray(sums.multiply(sums).sum(axis=1)).ravel())
    scale = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    sums.data *= np.repeat(scale, np.diff(sums.indptr)).astype(np.float32)
    return sums


def hierarchical_clusters(vectors: sparse.csr_matrix, max_leaf: int, seed: int = 0) -> list[np.ndarray]:
    """Split all labels into halves, and these again, until no cluster has more than `max_leaf` labels.

    The same vectors and seed give the same clusters. A label without training text (a row of zeros) is like nothing:
    it comes to where a half has room. With E entries in `vectors`, L labels and some ten rounds of 2-means a split, the
    time is O(E log E + L log L) a depth, of which there are `log2(L / max_leaf)`, and the memory beyond `vectors` is
    some hundred MB, or O(E) where one cluster has more entries than that.

    Args:
        vectors: one row a label, of length 1 or 0 (`label_vectors`), shape `(labels, words)`.
        max_leaf: most labels of a cluster of the last depth.
        seed: of the pair of labels that 2-means starts from in each cluster.

    Returns:
        For each depth, the first of which is the cluster of all labels: the cluster of each label, int32, shape
        `(labels,)`. Clusters are numbered from 0 without gaps; cluster i's halves come before those of i + 1. Sizes
        at one depth differ by at most 1, except where the last depth splits some clusters and not others.

    Raises:
        InputError: there are no labels, or `max_leaf` is below 1.

    Example:
        >>> vectors = sparse.csr_matrix([[1.0, 0.0], [0.0, 1.0], [0.8, 0.6], [0.6, 0.8]])
        >>> *_, halves = hierarchical_clusters(vectors, max_leaf=2)
        >>> bool(halves[0] == halves[2] != halves[1] == halves[3])
        True
    """
    if max_leaf < 1 or not vectors.shape[0]:
        raise InputError(f"{vectors.shape[0]} labels cannot be in clusters of at most {max_leaf}", "give more of both")
    vectors = sparse.csr_matrix(vectors, dtype=np.float32)
    clusters = np.zeros(vectors.shape[0], dtype=np.int32)
    depths = [clusters]
    while (large := np.bincount(clusters) > max_leaf).any():
        half = _halves(vectors, clusters, large, np.random.default_rng([seed, len(depths)]))
        _, numbers = np.unique(2 * clusters.astype(np.int64) + half, return_inverse=True)
        clusters = numbers.astype(np.int32)
        depths.append(clusters)
    return depths


def clusters_of_at_least(vectors: sparse.csr_matrix, smallest: int = 3, seed: int = 0) -> np.ndarray:
    """The smallest clusters that all have at least `smallest` labels: where targets of negative attacks come from.

    A cluster is split only if both halves keep so many labels; as they are equal, no cluster has `2 * smallest` or
    more in the end. (Fewer than `smallest` labels in all are one cluster.)

    Args:
        vectors: one row a label (`label_vectors`), shape `(labels, words)`.
        smallest: fewest labels of a cluster.
        seed: as for `hierarchical_clusters`.

    Returns:
        The cluster of each label, int32, shape `(labels,)`.

    Raises:
        InputError: as `hierarchical_clusters` says.

    Example:
        >>> np.bincount(clusters_of_at_least(sparse.identity(11, format="csr"))).tolist()
        [5, 3, 3]
    """
    return hierarchical_clusters(vectors, 2 * smallest - 1, seed)[-1]


def _halves(
    vectors: sparse.csr_matrix, clusters: np.ndarray, large: np.ndarray, random: np.random.Generator
) -> np.ndarray:
    """The half, 0 or 1, of each label of the large clusters; 0 for the labels of the others."""
    half = np.zeros(len(clusters), dtype=np.int64)
    order = np.argsort(clusters, kind="stable")
    order = order[large[clusters[order]]]
    _, starts, cluster = np.unique(clusters[order], return_index=True, return_inverse=True)
    entries = np.diff(vectors.indptr)[order]
    # 2-means starts from two labels a cluster, drawn from those that have text as long as there are any.
    drawn = np.lexsort((random.random(len(order)), entries == 0, cluster))
    start = np.zeros((len(order), 2), dtype=np.float32)
    start[drawn[starts], 0] = start[drawn[starts + 1], 1] = 1.0
    bounds = np.append(starts, len(order))
    for first, last in _chunks(np.add.reduceat(entries, starts)):
        part = slice(bounds[first], bounds[last])
        half[order[part]] = _balanced_two_means(vectors[order[part]], cluster[part] - first, start[part])
    return half


def _chunks(entries: np.ndarray) -> Iterator[tuple[int, int]]:
    """Ranges of clusters, each with as many matrix entries as are clustered at once, but at least one cluster."""
    total = np.cumsum(entries)
    first = 0
    while first < len(entries):
        done = total[first - 1] if first else 0
        last = max(first + 1, int(np.searchsorted(total, done + _CHUNK_ENTRIES, side="right")))
        yield first, last
        first = last


def _balanced_two_means(rows: sparse.csr_matrix, cluster: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Equal halves of many clusters at once, as similar within as alternating improvement makes them.

    Assigning the labels with the largest gap between their two cosines to the first half, and taking the mean
    directions of the halves as centres, each raise the sum of cosines; so does a round of both, until it ends.

    Args:
        rows: one row a label, cluster by cluster, shape `(n, words)`.
        cluster: the cluster of each row, from 0 and not decreasing.
        start: 1 for the row that is the first centre of its half, shape `(n, 2)`.
    """
    block = _block_diagonal(rows, cluster)
    sizes = np.bincount(cluster)
    first_half = np.arange(len(cluster)) - (np.cumsum(sizes) - sizes)[cluster] < (sizes // 2)[cluster]
    half = np.zeros(len(cluster), dtype=np.int64)
    members, mean_cosine, growing = start, np.full(len(sizes), -np.inf), np.full(len(sizes), True)
    while growing.any():
        products = block @ (block.T @ members)  # of each label with the sums of both halves, which are the centres
        # A sum's squared length is the sum of its members' products with it.
        squares = np.stack([np.bincount(cluster, column) for column in (products * members).T], axis=1)
        cosines = products / np.sqrt(np.maximum(squares, 1e-12)).astype(np.float32)[cluster]
        ranked = np.lexsort((cosines[:, 1] - cosines[:, 0], cluster))  # stable: equal gaps by label index
        halves = np.empty_like(half)
        halves[ranked] = np.where(first_half, 0, 1)
        half = np.where(growing[cluster], halves, half)
        reached = np.bincount(cluster, np.take_along_axis(cosines, half[:, None], axis=1)[:, 0]) / sizes
        growing &= reached > mean_cosine + _TOLERANCE
        mean_cosine = np.maximum(mean_cosine, reached)
        members = np.eye(2, dtype=np.float32)[half]
    return half


def _block_diagonal(rows: sparse.csr_matrix, cluster: np.ndarray) -> sparse.csr_matrix:
    """The same rows with columns of its own for each cluster: one product then serves thousands of small clusters."""
    clusters, words = int(cluster[-1]) + 1, rows.shape[1]
    columns = np.repeat(cluster, np.diff(rows.indptr)) * words + rows.indices
    width = clusters * words
    if width > rows.nnz:  # most words do not occur in most clusters, and the columns can be numbered anew
        used, columns = np.unique(columns, return_inverse=True)
        width = len(used)
    return sparse.csr_matrix((rows.data, columns, rows.indptr), shape=(rows.shape[0], width))
