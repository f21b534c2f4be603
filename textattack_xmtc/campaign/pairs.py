"""Texts and labels that could be attacked: pairs that a model gets right, near and far wrong labels, long enough."""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice

import datasets
import numpy as np
from scipy import sparse
from textattack.shared import AttackedText

from textattack_xmtc.campaign.plan import Plan
from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.datasets.frequency_bins import frequency_bins
from textattack_xmtc.datasets.label_clusters import clusters_of_at_least, label_vectors, tfidf
from textattack_xmtc.scores import NOTHING
from textattack_xmtc.words import change_budget

SMALLEST_CLUSTER = 3
"""Labels that a cluster has at least (section 4.2.2)."""

DRAWS, ORDER, TARGETS = range(3)
"""What randomness is for: no two uses share a stream."""

_PIECE = re.compile(r"\S*[^\W_]\S*")


@dataclass(frozen=True)
class Pairs:
    """Texts and labels that could be attacked.

    Attributes:
        rows: which texts of the test split, shape `(pairs,)`.
        labels: the label of each, shape `(pairs,)`.
        available: how many pairs there are of each label; more than are listed where only some were tried,
            shape `(labels,)`.
    """

    rows: np.ndarray
    labels: np.ndarray
    available: np.ndarray

    def only(self, attackable: np.ndarray) -> Pairs:
        """The pairs of some texts; `attackable` tells which, shape `(texts,)`."""
        chosen = attackable[self.rows]
        labels = self.labels[chosen]
        return Pairs(self.rows[chosen], labels, np.bincount(labels, minlength=len(self.available)))

    def bins(self, counts: np.ndarray, plan: Plan, attackable: np.ndarray) -> np.ndarray:
        """The bin of each label that has a pair, -1 for the others, shape `(labels,)`.

        Where a bin would have no text that can be attacked, only labels that have one count.
        """
        bins = bins_of(counts, self.available > 0, plan)
        only = self.only(attackable)
        if len(np.unique(bins[only.labels])) <= bins.max():
            bins = bins_of(counts, only.available > 0, plan)
        return bins


def attackable_texts(corpus: Corpus, plan: Plan) -> np.ndarray:
    """Whether each test text has enough words for a single change within the change rate, shape `(texts,)`.

    Mode paper: floor(rate * n) is 1 or more, n as TextAttack counts words. Mode adv-xmtc: one change of n words, split
    at spaces, is a smaller share than the rate (docs/adv-xmtc.md, row 8).
    """
    return np.array(
        [
            _allows_change(text, plan)
            for batch in corpus.split("test").select_columns(["text"]).iter(10_000)
            for text in batch["text"]
        ],
        dtype=bool,
    )


def _allows_change(text: str, plan: Plan) -> bool:
    if plan.mode == "adv-xmtc":
        words = text.count(" ") + 1
        return words > 1 and Fraction(1, words) < Fraction(str(plan.max_change_rate))
    needed = fewest_words(plan)
    # A cheap lower bound: a piece between spaces that has a letter or digit is at least one word.
    if sum(1 for _ in islice(_PIECE.finditer(text), needed)) >= needed:
        return True
    return bool(change_budget(plan.max_change_rate, AttackedText(text).num_words))


def fewest_words(plan: Plan) -> int:
    """Words that a text needs for a single change."""
    rate = Fraction(str(plan.max_change_rate))
    return math.floor(1 / rate) + 1 if plan.mode == "adv-xmtc" else math.ceil(1 / rate)


def bins_of(counts: np.ndarray, usable: np.ndarray, plan: Plan) -> np.ndarray:
    """The bin of each usable label, -1 for the others; in mode adv-xmtc, the last may be smaller (row 14)."""
    assert plan.labels_per_bin is not None
    return frequency_bins(counts, usable, plan.labels_per_bin, rest_joins=plan.mode == "paper")


def right_pairs(truth: sparse.csr_matrix, top: np.ndarray) -> Pairs:
    """Every pair of a text and a true label of it that is among its k best.

    Args:
        truth: the true labels, shape `(texts, labels)`.
        top: the k best labels, shape `(texts, k)`.

    Example:
        >>> pairs = right_pairs(sparse.csr_matrix([[1, 1, 0], [0, 0, 1]]), np.array([[1, 2], [0, 1]]))
        >>> pairs.rows.tolist(), pairs.labels.tolist(), pairs.available.tolist()
        ([0], [1], [0, 1, 0])
    """
    return _listed(truth.multiply(_matrix(top, truth.shape)))


def training_clusters(corpus: Corpus, seed: int) -> np.ndarray:
    """The cluster of each label, learnt on the training documents; -1 for labels without any."""
    seen = corpus.label_counts > 0
    vectors = label_vectors(tfidf(corpus.split("train")["text"]), corpus.label_matrix("train"))
    clusters = np.full(len(seen), -1, dtype=np.int64)
    clusters[seen] = clusters_of_at_least(vectors[np.flatnonzero(seen)], SMALLEST_CLUSTER, seed)
    return clusters


def clustered_pairs(truth: sparse.csr_matrix, top: np.ndarray, clusters: np.ndarray, allowed: np.ndarray) -> Pairs:
    """Every pair of a text and a label that is near it but wrong (Eq. 4.5 and its conditions).

    Args:
        truth: the true labels, shape `(texts, labels)`.
        top: the k best labels, shape `(texts, k)`.
        clusters: the cluster of each label, -1 for none, shape `(labels,)`.
        allowed: whether a label may be a target, shape `(labels,)`.

    Example:
        >>> truth, top = sparse.csr_matrix([[1, 0, 0, 0, 0]]), np.array([[1]])
        >>> clusters, allowed = np.array([0, 0, 0, 0, 1]), np.array([True, True, False, True, True])
        >>> clustered_pairs(truth, top, clusters, allowed).labels.tolist()
        [3]
    """
    member, target = _members(clusters, clusters >= 0), _members(clusters, allowed & (clusters >= 0))
    near = (truth @ member) @ target.T
    near.data[:] = 1
    return _listed(near - near.multiply(_taken(truth, top)))


def any_pairs(
    truth: sparse.csr_matrix,
    top: np.ndarray,
    counts: np.ndarray,
    allowed: np.ndarray,
    plan: Plan,
    attackable: np.ndarray,
) -> Pairs:
    """Pairs of a text and a wrong label, wherever it stands: for some texts, one random label of each bin.

    All pairs would be texts times labels; those of many more texts than are drawn in the end serve as well.
    """
    taken = _taken(truth, top)
    texts = truth.shape[0]
    available = np.where(allowed, texts - np.bincount(taken.indices, minlength=len(counts)), 0)
    bins = bins_of(counts, available > 0, plan)
    members = [np.flatnonzero(bins == number) for number in range(bins.max() + 1)]
    rng = np.random.default_rng([plan.seed, TARGETS])
    rows = rng.permutation(texts)
    rows = rows[attackable[rows]][: 4 * len(members) * wanted_samples(plan, len(members))]
    labels = np.full((len(members), len(rows)), -1, dtype=np.int64)
    for number, inside in enumerate(members):
        labels[number] = rng.choice(inside, len(rows))
        for place in np.flatnonzero(np.asarray(taken[rows, labels[number]]).ravel()):
            not_free = taken.indices[taken.indptr[rows[place]] : taken.indptr[rows[place] + 1]]
            free = np.setdiff1d(inside, not_free)
            labels[number, place] = rng.choice(free) if len(free) else -1
    chosen = labels >= 0
    return Pairs(np.broadcast_to(rows, labels.shape)[chosen], labels[chosen], available)


def text_numbers(rows: datasets.Dataset) -> np.ndarray:
    """A number for each text of a split, the same for equal texts (int64, from 0)."""
    digests = [
        hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        for batch in rows.select_columns(["text"]).iter(10_000)
        for text in batch["text"]
    ]
    return np.unique(np.array(digests, dtype="S16"), return_inverse=True)[1].astype(np.int64)


def wanted_samples(plan: Plan, bins: int) -> int:
    """Samples that are wanted of each of so many bins."""
    return plan.samples_per_bin if plan.total is None else max(1, round(plan.total / bins))


def _members(clusters: np.ndarray, chosen: np.ndarray) -> sparse.csr_matrix:
    """Which of the chosen labels are in which cluster, shape `(labels, clusters)`."""
    labels = np.flatnonzero(chosen)
    shape = (len(clusters), int(clusters.max()) + 1)
    return sparse.csr_matrix((np.ones(len(labels), dtype=np.int32), (labels, clusters[labels])), shape=shape)


def _matrix(top: np.ndarray, shape: tuple[int, int]) -> sparse.csr_matrix:
    rows, places = np.nonzero(top != NOTHING)
    return sparse.csr_matrix((np.ones(len(rows), dtype=np.int32), (rows, top[rows, places])), shape=shape)


def _taken(truth: sparse.csr_matrix, top: np.ndarray) -> sparse.csr_matrix:
    """What is true or among the k best, each once."""
    taken = sparse.csr_matrix(truth.astype(np.int32) + _matrix(top, truth.shape))
    taken.data[:] = 1
    return taken


def _listed(matrix: sparse.spmatrix) -> Pairs:
    listed = sparse.csr_matrix(matrix)
    listed.eliminate_zeros()
    listed.sort_indices()
    entries = listed.tocoo()
    labels = entries.col.astype(np.int64)
    return Pairs(entries.row.astype(np.int64), labels, np.bincount(labels, minlength=listed.shape[1]))
