"""How well ranked labels fit the true ones: P@k, nDCG@k, recall@k, and their propensity-scored sibling PSP@k.

Pure functions over two shapes. `top_k` holds label indices, best first, shape `(texts, K)` with `K >= k`; -1 stands
for "the victim had no further label to give". `truth` is a CSR matrix of shape `(texts, labels)` whose stored,
non-zero entries are the true labels; `label_matrix` makes one from lists. Every value is a share in [0, 1], except
PSP@k when it is not normalised.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from scipy import sparse

from textattack_xmtc.errors import InputError

PROPENSITY_CONSTANTS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {"wikipedia": (0.5, 0.4), "amazon": (0.6, 2.6), "other": (0.55, 1.5)}
)
"""A and B of the propensity model by dataset family (Jain et al. 2016).

The XMC repository uses "wikipedia" for WikiLSHTC-325K and Wikipedia-500K, "amazon" for Amazon-670K and Amazon-3M,
and "other" for everything else, AmazonCat-13K and Wikipedia-31K included.
"""


def label_matrix(rows: Iterable[Sequence[int]], n_labels: int) -> sparse.csr_matrix:
    """Lists of label indices as a CSR matrix, shape `(texts, n_labels)`.

    Raises:
        InputError: an index is not in `range(n_labels)`.

    Example:
        >>> label_matrix([[2, 0], []], 3).toarray().tolist()
        [[1.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    """
    starts, listed = array("q", [0]), array("q")
    for row in rows:  # one at a time, so that a million need no lists
        listed.extend(row)
        starts.append(len(listed))
    indices = np.array(listed, dtype=np.int64)
    if len(indices) and not 0 <= indices.min() <= indices.max() < n_labels:
        raise InputError(
            f"label indices run from {indices.min()} to {indices.max()}, outside 0 to {n_labels - 1}",
            "give indices into the label list, or the right number of labels",
        )
    ones = np.ones(len(indices), dtype=np.float32)
    return _as_set(sparse.csr_matrix((ones, indices, starts), shape=(len(starts) - 1, n_labels)))


def only_labels(truth: sparse.csr_matrix, labels: np.ndarray) -> sparse.csr_matrix:
    """`truth` with the true labels outside `labels` removed: the way to look at tail labels or one frequency bin.

    P@k of disjoint sets of labels that cover all of them adds up to P@k of all labels; `recall_at_k` of a set of
    labels is the mean over the texts that have one of them.

    Args:
        truth: true labels, shape `(texts, labels)`.
        labels: which labels to keep: indices, or a boolean mask of shape `(labels,)`.

    Example:
        >>> only_labels(label_matrix([[0, 2], [1]], 3), np.array([2])).toarray().tolist()
        [[0.0, 0.0, 1.0], [0.0, 0.0, 0.0]]
    """
    keep = np.zeros(truth.shape[1], dtype=np.float32)
    keep[labels] = 1
    return _as_set(truth @ sparse.diags(keep, format="csr"))


def precision_at_k(top_k: np.ndarray, truth: sparse.csr_matrix, k: int) -> float:
    """P@k: the share of true labels among the k best, averaged over texts (a text without true labels counts 0).

    Raises:
        InputError: shapes that do not fit, k out of range, a label given twice or out of range for one text.

    Example:
        >>> precision_at_k(np.array([[0, 1], [2, 0]]), label_matrix([[0, 1], [0]], 3), 2)
        0.75
    """
    return float(hits_at_k(top_k, truth, k)[0].mean())


def recall_at_k(top_k: np.ndarray, truth: sparse.csr_matrix, k: int) -> float:
    """The share of a text's true labels among the k best, averaged over the texts that have true labels.

    NaN where no text has any. Raises as `precision_at_k`.

    Example:
        >>> recall_at_k(np.array([[0, 1], [2, 0]]), label_matrix([[0, 1, 2], []], 3), 1)
        0.3333333333333333
    """
    hits, sizes = _hits_of_labelled_texts(top_k, truth, k)
    return float((hits.sum(axis=1) / sizes).mean()) if len(sizes) else float("nan")


def ndcg_at_k(top_k: np.ndarray, truth: sparse.csr_matrix, k: int) -> float:
    """nDCG@k with binary relevance: gain 1 / log2(rank + 1), over that of the best ranking of as many true labels.

    Averaged over the texts that have true labels; NaN where no text has any. Raises as `precision_at_k`.

    Example:
        >>> round(ndcg_at_k(np.array([[2, 0]]), label_matrix([[0]], 3), 2), 4)
        0.6309
    """
    hits, sizes = _hits_of_labelled_texts(top_k, truth, k)
    gains = 1 / np.log2(np.arange(2, k + 2))
    best = np.cumsum(gains)[np.minimum(sizes, k) - 1]
    return float((hits @ gains / best).mean()) if len(sizes) else float("nan")


def psp_at_k(
    top_k: np.ndarray, truth: sparse.csr_matrix, propensity: np.ndarray, k: int, *, normalised: bool = True
) -> float:
    """Propensity-scored P@k (Jain et al. 2016): a hit counts 1 / propensity of its label.

    Normalised as in the XMC repository, the sum over all texts is divided by the sum that the best possible
    predictions would reach. Unnormalised, it is the mean over texts of the sum over hits, divided by k, and may
    exceed 1.

    Args:
        top_k: label indices, best first, shape `(texts, K)`, K >= k.
        truth: true labels, shape `(texts, labels)`.
        propensity: propensity of each label, above 0, shape `(labels,)`; see `propensities`.
        k: how many of the best labels count.
        normalised: whether to divide by the best possible value. NaN then where no text has a true label.

    Raises:
        InputError: as `precision_at_k`; a propensity that is missing, not finite or not above 0.

    Example:
        >>> truth, rare_first = label_matrix([[0, 1]], 2), np.array([0.1, 1.0])
        >>> round(psp_at_k(np.array([[1, 0]]), truth, rare_first, 1), 3)
        0.1
    """
    propensity = np.asarray(propensity, dtype=np.float64)
    if propensity.shape != (truth.shape[1],) or not np.isfinite(propensity).all() or not (propensity > 0).all():
        raise InputError(
            f"propensities of shape {propensity.shape} for {truth.shape[1]} labels, or not all finite and above 0",
            "give one number in (0, 1] a label, as `propensities` does",
        )
    hits, true = hits_at_k(top_k, truth, k)
    gains = hits * (1 / propensity)[np.maximum(np.asarray(top_k)[:, :k], 0)]
    if not normalised:
        return float(gains.sum() / (len(hits) * k))
    best = float(best_gains(true, 1 / propensity, k).sum())
    return float(gains.sum() / best) if best else float("nan")


def propensities(label_counts: np.ndarray, n_train: int, a: float = 0.55, b: float = 1.5) -> np.ndarray:
    """How likely a true label is to have been annotated, by its training frequency (Jain et al. 2016).

    `p = 1 / (1 + C (n + B)^-A)` with `C = (log N - 1)(B + 1)^A`; a label without training texts gets the lowest p.

    Args:
        label_counts: n, the number of training texts of each label, shape `(labels,)`.
        n_train: N, the number of training texts, at least 3 (below, C is negative and p above 1).
        a: A of `PROPENSITY_CONSTANTS`.
        b: B of `PROPENSITY_CONSTANTS`.

    Returns:
        p of each label (float64), in (0, 1], shape `(labels,)`.

    Raises:
        InputError: fewer than 3 training texts, a negative count or one above N.

    Example:
        >>> propensities(np.array([1, 1000]), 1000).round(3).tolist()
        [0.145, 0.821]
    """
    counts = np.asarray(label_counts, dtype=np.float64)
    if n_train < 3:
        raise InputError(f"propensities are not defined for {n_train} training texts", "train on at least 3 texts")
    if len(counts) and not 0 <= counts.min() <= counts.max() <= n_train:
        raise InputError(
            f"label counts run from {counts.min():g} to {counts.max():g}, with {n_train} training texts",
            "count the training texts of each label, in the split that n_train counts",
        )
    c = (np.log(n_train) - 1) * (b + 1) ** a
    return np.asarray(1 / (1 + c * (counts + b) ** -a))


def _as_set(truth: sparse.csr_matrix) -> sparse.csr_matrix:
    """A copy with sorted rows, each true label once, and nothing stored for the others."""
    true = sparse.csr_matrix(truth, copy=True)
    true.sum_duplicates()
    true.eliminate_zeros()
    true.data[:] = 1
    return true


def hits_at_k(top_k: np.ndarray, truth: sparse.csr_matrix, k: int) -> tuple[np.ndarray, sparse.csr_matrix]:
    """Whether the j-th best label of text i is true, shape `(texts, k)`, and the true labels, each once.

    Raises:
        InputError: as `precision_at_k`.

    Example:
        >>> hits_at_k(np.array([[0, 1], [2, 0]]), label_matrix([[0], [0]], 3), 2)[0].tolist()
        [[True, False], [False, True]]
    """
    top_k = np.asarray(top_k)
    true = _as_set(truth)
    n_texts, n_labels = true.shape
    if top_k.ndim != 2 or len(top_k) != n_texts or not np.issubdtype(top_k.dtype, np.integer):
        raise InputError(
            f"top_k has shape {top_k.shape} and type {top_k.dtype}, for {n_texts} texts",
            "give integer label indices of shape (texts, k)",
        )
    if n_texts == 0:
        raise InputError("there is no text to measure", "give at least one text")
    if not 1 <= k <= top_k.shape[1]:
        raise InputError(f"k={k} with {top_k.shape[1]} labels a text in top_k", "choose k within what was predicted")
    best = top_k[:, :k].astype(np.int64)
    if best.min() < -1 or best.max() >= n_labels:
        raise InputError(
            f"predicted labels run from {best.min()} to {best.max()}, outside 0 to {n_labels - 1}",
            "predict labels of the same label space; -1 stands for no label",
        )
    ordered = np.sort(best, axis=1)
    if ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)).any():
        raise InputError("a label stands twice in the top k of one text", "give each label once a text")
    if not true.nnz:
        return np.zeros(best.shape, dtype=bool), true
    values = true[np.repeat(np.arange(n_texts), k), np.maximum(best, 0).ravel()]
    return (np.asarray(values).reshape(best.shape) > 0) & (best >= 0), true


def _hits_of_labelled_texts(top_k: np.ndarray, truth: sparse.csr_matrix, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows of `hits_at_k` of texts that have true labels, and how many labels each of them has."""
    hits, true = hits_at_k(top_k, truth, k)
    sizes = np.diff(true.indptr)
    return hits[sizes > 0], sizes[sizes > 0]


def best_gains(true: sparse.csr_matrix, gain: np.ndarray, k: int) -> np.ndarray:
    """The sum of the k largest gains among each text's true labels, shape `(texts,)`.

    Args:
        true: true labels, each once, shape `(texts, labels)`.
        gain: of each label, shape `(labels,)`.
        k: how many count.

    Example:
        >>> best_gains(label_matrix([[0, 1, 2], []], 3), np.array([4.0, 1.0, 2.0]), 2).tolist()
        [6.0, 0.0]
    """
    gains = gain[true.indices]
    rows = np.repeat(np.arange(true.shape[0]), np.diff(true.indptr))
    order = np.lexsort((-gains, rows))
    place_in_row = np.arange(len(rows)) - true.indptr[rows]
    return np.bincount(rows[order], gains[order] * (place_in_row < k), minlength=true.shape[0])
