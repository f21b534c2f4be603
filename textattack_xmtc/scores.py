"""What is kept of a victim's answer for one text: the scores that were asked for, never a dense row."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from numbers import Integral
from typing import Literal, Self, cast, get_args

import numpy as np

from textattack_xmtc.errors import InputError

ScoreKind = Literal["probability", "logit", "score"]
"""What a victim's scores are: probabilities in [0, 1], logits, or any other real number (margins, inner products)."""

ComputeType = Literal["float32", "bfloat16"]
"""What the layers of a network compute in that know neither labels nor a vocabulary; what scores these is float32."""

SCORE_KINDS: tuple[ScoreKind, ...] = get_args(ScoreKind)
_ALSO_CALLED = {
    "probs": "probability",
    "proba": "probability",
    "prob": "probability",
    "predict_proba": "probability",
    "sigmoid": "probability",
    "softmax": "probability",
    "log_odds": "logit",
    "raw": "logit",
    "margin": "score",
    "margins": "score",
    "decision_function": "score",
    "similarity": "score",
}

NOTHING = -1
"""Stands among a victim's best labels where it shows fewer of them than were asked for."""


def check_score_kind(scores: object, kinds: Sequence[ScoreKind] = SCORE_KINDS, victim: str = "") -> ScoreKind:
    """What a victim's scores are, once it is clear that this is a kind of score, and one that the victim can give.

    Args:
        kinds: those that the victim can give.
        victim: its name, for the message.

    Raises:
        InputError: not one of `kinds`.

    Example:
        >>> check_score_kind("logits")
        Traceback (most recent call last):
            ...
        textattack_xmtc.errors.InputError: unknown scores='logits'; choose probability, logit or score: did you mean \
'logit'?
    """
    if isinstance(scores, str) and scores in kinds:
        return cast(ScoreKind, scores)
    *most, last = kinds
    allowed = f"choose {', '.join(most)} or {last}" if most else f"it gives {last}"
    if isinstance(scores, str) and scores in SCORE_KINDS:
        raise InputError(f"{victim or 'this victim'} cannot give scores={scores!r}", allowed)
    near = suggestion(str(scores), kinds, _ALSO_CALLED)
    raise InputError(f"unknown scores={scores!r}", allowed + near)


def suggestion(word: str, known: Iterable[str], aliases: Mapping[str, str] | None = None) -> str:
    """ ": did you mean 'logit'?", or nothing where no known word is near.

    Example:
        >>> suggestion("Logit ", ["probability", "logit"]), suggestion("banana", ["probability", "logit"])
        (": did you mean 'logit'?", '')
    """
    names, also = list(known), dict(aliases or {})
    lower = word.strip().lower()
    near = difflib.get_close_matches(lower, [*names, *also], n=1)
    name = also.get(near[0], near[0]) if near else None
    return f": did you mean {name!r}?" if name in names else ""


def check_count(option: str, value: object) -> int:
    """A whole number from 1 upwards.

    Raises:
        InputError: anything else.

    Example:
        >>> check_count("shown", 0)
        Traceback (most recent call last):
            ...
        textattack_xmtc.errors.InputError: invalid shown=0: must be a whole number, at least 1
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or value < 1:
        raise InputError(f"invalid {option}={value!r}: must be a whole number, at least 1")
    return int(value)


def check_k(k: object, labels: int | None, victim: str = "this victim", shown: int | None = None) -> None:
    """Raise InputError where a victim does not have (or show) k labels, as far as their number is known.

    Example:
        >>> check_k(50, 12)
        Traceback (most recent call last):
            ...
        textattack_xmtc.errors.InputError: k=50 is more than the 12 labels of this victim; choose k between 1 and 12
    """
    k = check_count("k", k)
    if labels is not None and k > labels:
        raise InputError(f"k={k} is more than the {labels:,} labels of {victim}", f"choose k between 1 and {labels}")
    if shown is not None and k > shown:
        raise InputError(
            f"k={k} is more than the {shown} labels that {victim} shows",
            f"choose k between 1 and {shown}, or have it show more",
        )


@dataclass(frozen=True, slots=True)
class TopK:
    """The k best labels of one text, best first; ties are broken by the lower label index.

    Attributes:
        labels: label indices, length k; fewer where a victim shows fewer.
        scores: their scores, of the same length, not increasing.
    """

    labels: tuple[int, ...]
    scores: tuple[float, ...]

    @classmethod
    def of_row(cls, labels: Iterable[int], scores: Iterable[float]) -> Self:
        """From a row of what `top_k` of a victim answers, without what it does not show.

        Example:
            >>> TopK.of_row([4, NOTHING], [0.9, 0.0])
            TopK(labels=(4,), scores=(0.9,))
        """
        shown = [(int(label), float(score)) for label, score in zip(labels, scores, strict=True) if label != NOTHING]
        return cls(tuple(label for label, _ in shown), tuple(score for _, score in shown))

    def __contains__(self, label: object) -> bool:
        return label in self.labels

    def rank(self, label: int) -> int | None:
        """The rank of `label`, 1 for the best, or None where it is beyond the k best.

        Example:
            >>> TopK((4, 2), (0.9, 0.5)).rank(2), TopK((4, 2), (0.9, 0.5)).rank(7)
            (2, None)
        """
        return self.labels.index(label) + 1 if label in self.labels else None


@dataclass(slots=True)
class LabelScores:
    """A victim's answer for one text, extended on demand.

    Attributes:
        scores: score of each label that was asked for.
        top: the k best labels, where they were asked for.
        ranks: rank of each label that was asked for, 1 for the best; None where the victim only
            knows that the label is beyond what it shows.
    """

    scores: dict[int, float] = field(default_factory=dict)
    top: TopK | None = None
    ranks: dict[int, int | None] = field(default_factory=dict)

    def missing(self, labels: Iterable[int]) -> list[int]:
        """Those of `labels` whose scores are not held yet.

        Example:
            >>> LabelScores({3: 0.5}).missing([3, 8])
            [8]
        """
        return [label for label in labels if label not in self.scores]

    def total(self, labels: Iterable[int]) -> float:
        """Sum of the scores of `labels` (the sums of Eq. 3.1 to 3.4).

        Raises:
            KeyError: a label was never asked for. What one target learnt never answers for another.
        """
        return float(sum(self.scores[label] for label in labels))

    def add(self, scores: Mapping[int, float]) -> None:
        """Add the scores of further labels of the same text."""
        self.scores.update(scores)


def top_k_of_rows(dense: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The k best labels of each row and their scores; ties are broken by the lower label index.

    Args:
        dense: scores, shape `(texts, labels)`.
        k: how many, at most the number of labels.

    Returns:
        Label indices (int64) and scores, both of shape `(texts, k)`, best first.

    Example:
        >>> top_k_of_rows(np.array([[0.1, 0.7, 0.7, 0.3]]), 3)[0].tolist()
        [[1, 2, 3]]
    """
    # A partition is cheap but breaks ties anyhow: it only finds the k-th best score, and every
    # label that reaches it is then sorted, score first and index second.
    kth = np.partition(dense, -k, axis=1)[:, -k]
    labels = np.empty((len(dense), k), dtype=np.int64)
    for row, threshold in enumerate(kth):
        reached = np.flatnonzero(dense[row] >= threshold)
        labels[row] = reached[np.lexsort((reached, -dense[row, reached]))[:k]]
    return labels, np.take_along_axis(dense, labels, axis=1)


def ranks_of_rows(dense: np.ndarray, labels: Iterable[int]) -> np.ndarray:
    """The rank of each of `labels` in each row, 1 for the best; ties are broken by the lower label index.

    Args:
        dense: scores, shape `(texts, labels)`.
        labels: m label indices.

    Returns:
        Ranks (int64), shape `(texts, m)`.

    Example:
        >>> ranks_of_rows(np.array([[0.1, 0.7, 0.7, 0.3]]), [2, 0]).tolist()
        [[2, 4]]
    """
    wanted = list(labels)
    ranks = np.empty((len(dense), len(wanted)), dtype=np.int64)
    for column, label in enumerate(wanted):
        scores = dense[:, label : label + 1]
        ranks[:, column] = 1 + (dense > scores).sum(axis=1) + (dense[:, :label] == scores).sum(axis=1)
    return ranks
