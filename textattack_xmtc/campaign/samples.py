"""Which texts are attacked on which label: pairs that the reference model gets right, drawn equally from bins (4.1)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import datasets
import numpy as np
from scipy import sparse

from textattack_xmtc.campaign.equal_draws import equal_draws
from textattack_xmtc.campaign.plan import Plan
from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.datasets.frequency_bins import frequency_bins
from textattack_xmtc.datasets.label_clusters import clusters_of_at_least, label_vectors, tfidf
from textattack_xmtc.errors import InputError
from textattack_xmtc.goal import GOALS
from textattack_xmtc.results.records import Bin, Sample
from textattack_xmtc.scores import NOTHING

SMALLEST_CLUSTER = 3
"""Labels that a cluster has at least (section 4.2.2)."""

_SHOWN_CLUSTERS = 20
_DRAWS, _ORDER, _TARGETS = range(3)  # what randomness is for: no two uses share a stream


@dataclass(frozen=True)
class Drawn:
    """What a campaign works on.

    Attributes:
        samples: the samples in the order of attack; samples of one text stand together.
        bins: the bins that they are from, the rarest first.
        clusters: labels of some clusters that targets were drawn from (negative goal).
        notes: what came out otherwise than asked for, in sentences.
    """

    samples: list[Sample]
    bins: list[Bin]
    clusters: list[list[int]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


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


def draw_samples(corpus: Corpus, top: np.ndarray, plan: Plan, known: np.ndarray) -> Drawn:
    """Draw the samples of a campaign from the test split, seeded by the plan.

    Positive and untargeted goal: pairs of a text and a true label that is among the k best. Negative goal: pairs of a
    text and a label that is not true, not among the k best, has training texts and, with clusters, shares one with a
    true label of the text (Eq. 4.5).

    Args:
        corpus: with splits "train" and "test".
        top: the reference model's k best labels of each test text, `NOTHING` where it shows fewer, shape `(texts, k)`.
        plan: what was chosen.
        known: whether the reference model knows a label, shape `(labels,)`.

    Raises:
        InputError: there is no pair to draw.
    """
    counts = corpus.label_counts
    truth = corpus.label_matrix("test")
    notes, clusters = [], None
    if GOALS[plan.goal].true_targets:
        pairs = right_pairs(truth, top)
    else:
        allowed = known & (counts > 0)
        if unseen := int((counts == 0).sum()):
            notes.append(f"{unseen:,} labels have no training text: they are in no cluster and no target")
        if plan.cluster:
            clusters = training_clusters(corpus, plan.seed)
            pairs = clustered_pairs(truth, top, clusters, allowed)
        else:
            pairs = any_pairs(truth, top, counts, allowed, plan)
    if not len(pairs.rows):
        raise InputError(
            f"no text of {corpus.name} has a label that a {plan.goal} attack with k={plan.k} could work on",
            "check that the reference model was trained on this corpus, or choose another k",
        )
    bins = frequency_bins(counts, pairs.available > 0, plan.labels_per_bin)
    texts = text_numbers(corpus.split("test"))
    drawn, wanted = _draw(pairs, bins, texts, plan)
    if len(drawn[0]) < wanted:
        notes.append(
            f"{_bins(len(drawn))} cannot give {wanted:,} samples each: "
            f"{len(drawn[0]):,} are drawn from each, the most that all can give"
        )
    unseen_right = int(((counts == 0) & (bins == 0)).sum())
    if unseen_right and GOALS[plan.goal].true_targets:
        notes.append(f"{unseen_right:,} labels without a training text are right somewhere: they are in the rarest bin")
    samples = _numbered(corpus, pairs, drawn, texts, plan)
    shown = [] if clusters is None else _clusters_of(samples, clusters)
    return Drawn(samples, _bin_facts(bins, counts, pairs, drawn), shown, notes)


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


def any_pairs(truth: sparse.csr_matrix, top: np.ndarray, counts: np.ndarray, allowed: np.ndarray, plan: Plan) -> Pairs:
    """Pairs of a text and a wrong label, wherever it stands: for some texts, one random label of each bin.

    All pairs would be texts times labels; those of many more texts than are drawn in the end serve as well.
    """
    taken = _taken(truth, top)
    texts = truth.shape[0]
    available = np.where(allowed, texts - np.bincount(taken.indices, minlength=len(counts)), 0)
    bins = frequency_bins(counts, available > 0, plan.labels_per_bin)
    members = [np.flatnonzero(bins == number) for number in range(bins.max() + 1)]
    random = np.random.default_rng([plan.seed, _TARGETS])
    rows = random.permutation(texts)[: 4 * len(members) * _wanted(plan, len(members))]
    labels = np.full((len(members), len(rows)), -1, dtype=np.int64)
    for number, inside in enumerate(members):
        labels[number] = random.choice(inside, len(rows))
        for place in np.flatnonzero(np.asarray(taken[rows, labels[number]]).ravel()):
            own = taken.indices[taken.indptr[rows[place]] : taken.indptr[rows[place] + 1]]
            left = np.setdiff1d(inside, own)
            labels[number, place] = random.choice(left) if len(left) else -1
    found = labels >= 0
    return Pairs(np.broadcast_to(rows, labels.shape)[found], labels[found], available)


def text_numbers(rows: datasets.Dataset) -> np.ndarray:
    """A number for each text of a split, the same for equal texts (int64, from 0)."""
    digests = [
        hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        for batch in rows.select_columns(["text"]).iter(10_000)
        for text in batch["text"]
    ]
    return np.unique(np.array(digests, dtype="S16"), return_inverse=True)[1].astype(np.int64)


def _wanted(plan: Plan, bins: int) -> int:
    return plan.samples_per_bin if plan.total is None else max(1, round(plan.total / bins))


def _draw(pairs: Pairs, bins: np.ndarray, texts: np.ndarray, plan: Plan) -> tuple[list[np.ndarray], int]:
    """The positions of the drawn pairs of each bin, and how many were wanted."""
    own = bins[pairs.labels]
    inside = [np.flatnonzero(own == number) for number in range(bins.max() + 1)]
    wanted = _wanted(plan, len(inside))
    numbers = [texts[pairs.rows[positions]] for positions in inside]
    random = np.random.default_rng([plan.seed, _DRAWS])
    drawn = equal_draws(numbers, wanted, plan.pairs_per_text, random)
    return [positions[chosen] for positions, chosen in zip(inside, drawn, strict=True)], wanted


def _numbered(corpus: Corpus, pairs: Pairs, drawn: Sequence[np.ndarray], texts: np.ndarray, plan: Plan) -> list[Sample]:
    """The samples, texts in random order, so that a campaign that is cut short has some of every bin."""
    found = [(position, number) for number, positions in enumerate(drawn) for position in positions.tolist()]
    distinct = sorted({int(texts[pairs.rows[position]]) for position, _ in found})
    random = np.random.default_rng([plan.seed, _ORDER])
    turn = dict(zip(distinct, random.permutation(len(distinct)).tolist(), strict=True))
    found.sort(key=lambda pair: (turn[int(texts[pairs.rows[pair[0]]])], pair[1], pair[0]))
    rows = corpus.split("test").select([int(pairs.rows[position]) for position, _ in found])
    return [
        Sample(place, str(row["id"]), row["text"], tuple(row["labels"]), int(pairs.labels[position]), number)
        for place, ((position, number), row) in enumerate(zip(found, rows, strict=True))
    ]


def _bin_facts(bins: np.ndarray, counts: np.ndarray, pairs: Pairs, drawn: Sequence[np.ndarray]) -> list[Bin]:
    found = []
    for number, chosen in enumerate(drawn):
        labels = np.flatnonzero(bins == number)
        lowest, highest = int(counts[labels].min()), int(counts[labels].max())
        found.append(Bin(number, lowest, highest, len(labels), int(pairs.available[labels].sum()), len(chosen)))
    return found


def _clusters_of(samples: Sequence[Sample], clusters: np.ndarray) -> list[list[int]]:
    numbers = dict.fromkeys(int(clusters[sample.target]) for sample in samples)
    return [np.flatnonzero(clusters == number).tolist() for number in list(numbers)[:_SHOWN_CLUSTERS]]


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
    found = listed.tocoo()
    labels = found.col.astype(np.int64)
    return Pairs(found.row.astype(np.int64), labels, np.bincount(labels, minlength=listed.shape[1]))


def _bins(number: int) -> str:
    return "the one bin" if number == 1 else f"the {number} bins"
