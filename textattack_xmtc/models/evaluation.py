"""How good a model is on texts with labels: overall, and on the labels of each training frequency."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import datasets
import numpy as np
from scipy import sparse

from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.errors import InputError
from textattack_xmtc.metrics import (
    PROPENSITY_CONSTANTS,
    label_matrix,
    ndcg_at_k,
    only_labels,
    precision_at_k,
    propensities,
    psp_at_k,
    recall_at_k,
)
from textattack_xmtc.scores import ScoreKind
from textattack_xmtc.targets import LabelSpace, match_labels

AT = (1, 3, 5)
"""The k of all measures here."""

FREQUENCY_EDGES = (0, 1, 2, 4, 6, 11, 31, 101, 301, 1001)
"""Where the ranges of training frequency begin by which a model is measured; the last has no end."""


class RanksLabels(Protocol):
    """What is measured: a model that names its labels and gives the k best of a text."""

    label_names: Sequence[str]

    def top_k(self, texts: Sequence[str], k: int, kind: ScoreKind, batch_size: int) -> tuple[np.ndarray, np.ndarray]:
        """The k best labels (int64) and their scores; fewer columns, or -1, where fewer are shown."""
        ...


@dataclass(frozen=True)
class RangeMeasures:
    """A model on the labels of one range of training frequency.

    Attributes:
        lowest: the fewest training texts of a label of this range.
        highest: the most; None for no limit.
        texts: how many texts have one of them as a true label.
        measures: by name: `recall@k` of these labels, nDCG@k and PSP@k with only them as true labels, each over these
            texts, and `P@k`: what they add to P@k of all labels, over all texts.
    """

    lowest: int
    highest: int | None
    labels: int
    texts: int
    measures: dict[str, float]


@dataclass(frozen=True)
class Evaluation:
    """A model on the texts of one split.

    Attributes:
        overall: P@k, nDCG@k, recall@k and PSP@k by name, on all labels.
        by_frequency: the same by ranges of training frequency, the rarest first; empty without a training split.
        notes: what could not be measured, and why.
    """

    texts: int
    overall: dict[str, float]
    by_frequency: list[RangeMeasures]
    notes: list[str]

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON holds it."""
        return asdict(self)


def evaluate(
    model: RanksLabels, corpus: Corpus, split: str = "test", family: str = "other", batch_size: int = 64
) -> Evaluation:
    """Measure a model on a split of a corpus, whose labels are matched to the model's by name.

    Args:
        corpus: its training split, where it has one, tells the frequencies and propensities of the labels.
        split: whose texts.
        family: of the data set, in `metrics.PROPENSITY_CONSTANTS`.

    Raises:
        InputError: the split has no text, or no label of the corpus is one of the model's.
        DataError: there is no such split.
    """
    rows = corpus.split(split)
    best = best_labels(model, rows["text"], batch_size)
    truth = truth_of(model.label_names, corpus, split, family)
    overall = measures(best, truth.labels, truth.propensity)
    if "train" not in corpus.splits:
        notes = [*truth.notes, "no training split: no propensities, and no measures by label frequency"]
        return Evaluation(len(rows), overall, [], notes)
    by_frequency = measures_by_frequency(best, truth.labels, truth.counts, truth.propensity)
    return Evaluation(len(rows), overall, by_frequency, truth.notes)


@dataclass(frozen=True)
class Truth:
    """The true labels of a split as a model counts labels; behind its own come those that only the corpus knows.

    Attributes:
        labels: true labels, shape `(texts, labels)`.
        counts: training texts of each label, shape `(labels,)`; 0 without a training split.
        propensity: of each label; None where it is not defined.
        notes: how labels were matched.
    """

    labels: sparse.csr_matrix
    counts: np.ndarray
    propensity: np.ndarray | None
    notes: list[str]


def truth_of(label_names: Sequence[str], corpus: Corpus, split: str, family: str = "other") -> Truth:
    """The true labels of a split for a model with these labels, matched by name. Raises as `evaluate`."""
    truth = corpus.label_matrix(split)
    notes = []
    position = {name: number for number, name in enumerate(label_names)}
    labels_of_model, note = match_labels(corpus.label_names, LabelSpace(label_names), repr(corpus.name))
    notes += [note] * bool(note)
    index_of = np.array([position.get(name, -1) for name in labels_of_model])
    # Labels that only one of the two knows get numbers behind the model's: they are true or predicted, never both.
    unknown = index_of < 0
    if unknown.any():
        index_of[unknown] = len(position) + np.arange(unknown.sum())
        notes.append(f"{unknown.sum()} labels of the corpus are unknown to the model and count as never predicted")
    labels = len(position) + int(unknown.sum())
    truth = sparse.csr_matrix((truth.data, index_of[truth.indices], truth.indptr), shape=(truth.shape[0], labels))
    counts, propensity = np.zeros(labels, dtype=np.int64), None
    if "train" in corpus.splits:
        counts[index_of] = corpus.label_counts
        texts = len(corpus.split("train"))
        propensity = propensities(counts, texts, *PROPENSITY_CONSTANTS[family]) if texts >= 3 else None
    return Truth(truth, counts, propensity, notes)


def best_labels(model: RanksLabels, texts: Iterable[str], batch_size: int = 64) -> np.ndarray:
    """The five best labels of each text (int64), or as many as there are: shape `(texts, 5)`.

    Raises:
        InputError: there is no text.
    """
    listed = list(texts)
    if not listed:
        raise InputError("the split has no texts to measure on", "give a split with texts")
    return model.top_k(listed, min(AT[-1], len(model.label_names)), "logit", batch_size)[0]


def validation(model: RanksLabels, rows: datasets.Dataset) -> dict[str, float]:
    """What a training watches: P@1, P@3, P@5, and nDCG@5 (of fewer labels, where the model has no five)."""
    best = best_labels(model, rows["text"])
    return watched_measures(best, label_matrix(rows["labels"], len(model.label_names)))


def watched_measures(best: np.ndarray, truth: sparse.csr_matrix) -> dict[str, float]:
    """As `validation`, of the five best labels of each text, or of as many as there are."""
    precisions = {f"P@{k}": precision_at_k(best, truth, k) for k in AT if k <= best.shape[1]}
    return {**precisions, "nDCG@5": float(np.nan_to_num(ndcg_at_k(best, truth, best.shape[1])))}


def measures(top_k: np.ndarray, truth: sparse.csr_matrix, propensity: np.ndarray | None = None) -> dict[str, float]:
    """P@k, recall@k, nDCG@k and PSP@k at 1, 3 and 5, by name.

    Args:
        top_k: label indices, best first, shape `(texts, K)`; values of k above K are left out.
        truth: true labels, shape `(texts, labels)`.
        propensity: of each label; None for no PSP@k.

    Example:
        >>> measures(np.array([[0], [1]]), label_matrix([[0], [0]], 2))
        {'P@1': 0.5, 'recall@1': 0.5, 'nDCG@1': 0.5}
    """
    within = [k for k in AT if k <= top_k.shape[1]]
    values = {f"P@{k}": precision_at_k(top_k, truth, k) for k in within}
    values |= {f"recall@{k}": recall_at_k(top_k, truth, k) for k in within}
    values |= {f"nDCG@{k}": ndcg_at_k(top_k, truth, k) for k in within}
    if propensity is not None:
        values |= {f"PSP@{k}": psp_at_k(top_k, truth, propensity, k) for k in within}
    return values


def measures_by_frequency(
    top_k: np.ndarray,
    truth: sparse.csr_matrix,
    label_counts: np.ndarray,
    propensity: np.ndarray | None = None,
) -> list[RangeMeasures]:
    """The same for the labels of each range of training frequency that has labels, the rarest first.

    `label_counts`, shape `(labels,)`, has the number of training texts of each label.

    Example:
        >>> ranges = measures_by_frequency(np.array([[0], [1]]), label_matrix([[0], [1]], 2), np.array([9, 1]))
        >>> [(part.lowest, part.highest, part.measures["recall@1"]) for part in ranges]
        [(1, 1, 1.0), (6, 10, 1.0)]
    """
    ranges = []
    for number, lowest in enumerate(FREQUENCY_EDGES):
        highest = FREQUENCY_EDGES[number + 1] - 1 if number + 1 < len(FREQUENCY_EDGES) else None
        inside = (label_counts >= lowest) & (label_counts <= (np.inf if highest is None else highest))
        if not inside.any():
            continue
        of_range = only_labels(truth, inside)
        texts = int((np.diff(of_range.indptr) > 0).sum())
        ranges.append(RangeMeasures(lowest, highest, int(inside.sum()), texts, measures(top_k, of_range, propensity)))
    return ranges
