"""The contract of a victim: scores of just the labels that are asked for, the k best, and ranks.

An attack on one label of 10^5 needs three numbers a text, so a victim is never asked for all labels where it can
answer for few. A victim that only knows dense rows fills in `_dense`; one that knows better overrides `_score`,
`_top_k` and `_rank` too. The public methods check what goes in and what comes out.
"""

from __future__ import annotations

import copy
import reprlib
from abc import abstractmethod
from collections.abc import Callable, Sequence
from operator import index
from pathlib import Path
from typing import Any, Self, TypedDict, Unpack

import numpy as np
from textattack.models.wrappers import ModelWrapper

from textattack_xmtc.errors import InputError, VictimError
from textattack_xmtc.goal import DecisionRule
from textattack_xmtc.label_names import LabelNames, check_label_names
from textattack_xmtc.scores import (
    SCORE_KINDS,
    ScoreKind,
    check_count,
    check_k,
    check_score_kind,
    ranks_of_rows,
    top_k_of_rows,
)
from textattack_xmtc.targets import LabelSpace
from textattack_xmtc.thresholds import Threshold, read_threshold

BEYOND = 0
"""The rank of a label of which a victim only knows that it is beyond what it shows."""

_SHOWN_CHARACTERS = 60


class VictimOptions(TypedDict, total=False):
    """What every victim takes, by keyword.

    Attributes:
        name: what the victim is, for people; by default what the model is called.
        mask: the word that hides another one from this victim; by default the tokenizer's own, else "[MASK]".
        batch_size: how many texts go into one call of the model.
    """

    name: str | None
    mask: str | None
    batch_size: int


class XMTCModelWrapper(ModelWrapper):
    """A victim that answers with the scores that are asked for.

    Args:
        model: what does the work.
        score_kind: what its scores are. Nothing is guessed from values.
        score_kinds: what its scores can be; `score_kind` alone where it is None.
        label_names: label names by index, in any form that `check_label_names` takes, or None.
        num_labels: number of labels, where there are no names; None if only an answer will tell.
        options: `VictimOptions`.

    Attributes:
        model: what does the work; TextAttack moves it between devices.
        labels: names and number of its labels.
        masked_lm_folder: a masked language model that is kept with this victim, or None.
        threshold: the least score with which it shows a label, where it has one: one number, or one for each label.
            Goals take it where they are given none.
        shown: how many labels it shows at most; None where it can show all.

    Raises:
        InputError: an unknown kind of score, or one that the victim cannot give; label names that are none.
    """

    masked_lm_folder: Path | None = None
    threshold: float | Sequence[float] | None = None
    shown: int | None = None

    def __init__(
        self,
        model: Any,
        *,
        score_kind: ScoreKind,
        score_kinds: Sequence[ScoreKind] | None = None,
        label_names: LabelNames | None = None,
        num_labels: int | None = None,
        **options: Unpack[VictimOptions],
    ) -> None:
        self.model = model
        self.name = str(options.get("name") or getattr(model, "__name__", type(model).__name__))
        self.score_kind = check_score_kind(score_kind, score_kinds or SCORE_KINDS, self.name)
        self.score_kinds: tuple[ScoreKind, ...] = tuple(score_kinds or (score_kind,))
        self.labels = LabelSpace(None if label_names is None else check_label_names(label_names), num_labels)
        self.mask = options.get("mask") or "[MASK]"
        self.batch_size = check_count("batch_size", options.get("batch_size", 32))

    # What an attack asks -------------------------------------------------------------------------------------------

    def score(self, texts: Sequence[str], labels: Sequence[int]) -> np.ndarray:
        """Scores of just `labels`.

        Args:
            texts: n texts.
            labels: m label indices.

        Returns:
            float32, shape `(n, m)`.

        Raises:
            InputError: a label index out of range, or something that is not a text.
            VictimError: an answer of the wrong shape, not finite, or outside [0, 1] for probabilities.
        """
        _check_texts(texts)
        wanted = self._check_labels(labels)
        if not texts or not wanted:
            return np.zeros((len(texts), len(wanted)), dtype=np.float32)
        return self._checked(self._score(texts, wanted), texts, len(wanted))

    def top_k(self, texts: Sequence[str], k: int) -> tuple[np.ndarray, np.ndarray]:
        """The k best labels of each text and their scores; ties are broken by the lower label index.

        Returns:
            Label indices (int64) and scores (float32), each of shape `(n, k)`, best first. Where a victim shows fewer
            than k, `NOTHING` stands for the rest.

        Raises:
            InputError: k is not between 1 and the number of labels (that the victim shows).
            VictimError: as for `score`.
        """
        _check_texts(texts)
        self.check_k(k)
        if not texts:
            return np.zeros((0, k), dtype=np.int64), np.zeros((0, k), dtype=np.float32)
        labels, scores = self._top_k(texts, k)
        return labels, self._checked(scores, texts, k)

    def rank(self, texts: Sequence[str], labels: Sequence[int]) -> np.ndarray:
        """Where `labels` stand among all labels, 1 for the best, `BEYOND` where only a victim's best are shown.

        Asked for the first and the final text of an attack only: it may cost a dense row.

        Returns:
            int64, shape `(n, m)`.

        Raises:
            InputError, VictimError: as for `score`.
        """
        _check_texts(texts)
        wanted = self._check_labels(labels)
        if not texts or not wanted:
            return np.zeros((len(texts), len(wanted)), dtype=np.int64)
        return self._rank(texts, wanted)

    def __call__(self, text_input_list: Sequence[str], **kwargs: Any) -> np.ndarray:
        """Scores of all labels, shape `(n, number of labels)`, for what only knows TextAttack's own contract."""
        _check_texts(text_input_list)
        if not text_input_list:
            return np.zeros((0, self.labels.size or 0), dtype=np.float32)
        return self._in_batches(text_input_list, self._checked_dense)

    def characters_read(self, text: str) -> int:
        """How many leading characters of `text` this victim reads before it cuts it off."""
        return len(text)

    def with_score_kind(self, kind: ScoreKind) -> Self:
        """This victim with scores of another kind.

        Raises:
            InputError: the victim cannot give such scores.
        """
        if check_score_kind(kind, self.score_kinds, self.name) == self.score_kind:
            return self
        if self.threshold is not None:
            raise InputError(
                f"the threshold of {self.name} is of kind {self.score_kind!r}, and scores of kind {kind!r} are wanted",
                "leave the scores as they are, or make the victim without a threshold",
            )
        other = copy.copy(self)
        other.score_kind = kind
        return other

    def __repr__(self) -> str:
        labels = "labels unknown" if self.labels.size is None else f"{self.labels.size:,} labels"
        return f"{type(self).__name__}({reprlib.repr(self.name)}, {labels}, {self.score_kind})"

    def check_k(self, k: int) -> None:
        """Raise InputError where there are not k labels to be best (as far as the number of labels is known)."""
        check_k(k, self.labels.size)

    def decision_rule(self, k: int | None, threshold: Threshold | None = None) -> DecisionRule:
        """Which labels count as shown: the k best (where there is a k), at least the threshold (where there is one).

        Args:
            k: how many labels are shown at most; None where only the threshold decides.
            threshold: as `read_threshold` takes it; the victim's own where it is None.

        Raises:
            InputError: k does not fit the victim, the threshold not its scores, or there is neither.
        """
        if k is not None:
            self.check_k(k)
        given = self.threshold if threshold is None else read_threshold(threshold, self.labels)
        rule = DecisionRule(k, given)
        rule.check(self.score_kind, self.labels.size)
        return rule

    # What a victim fills in ----------------------------------------------------------------------------------------

    @abstractmethod
    def _dense(self, texts: Sequence[str]) -> Any:
        """Scores of all labels for one batch of texts, shape `(len(texts), number of labels)`."""

    def _score(self, texts: Sequence[str], labels: list[int]) -> np.ndarray:
        def columns(batch: Sequence[str]) -> np.ndarray:
            dense = self._checked_dense(batch)
            return dense[:, self._check_labels(labels)]  # again: only now may their number be known

        return self._in_batches(texts, columns)

    def _top_k(self, texts: Sequence[str], k: int) -> tuple[np.ndarray, np.ndarray]:
        def both(batch: Sequence[str]) -> np.ndarray:
            dense = self._checked_dense(batch)
            self.check_k(k)
            labels, scores = top_k_of_rows(dense, k)
            return np.concatenate([labels.astype(np.float64), scores], axis=1)

        joined = self._in_batches(texts, both)
        return joined[:, :k].astype(np.int64), joined[:, k:].astype(np.float32)

    def _rank(self, texts: Sequence[str], labels: list[int]) -> np.ndarray:
        def ranks(batch: Sequence[str]) -> np.ndarray:
            dense = self._checked_dense(batch)
            return ranks_of_rows(dense, self._check_labels(labels))

        return self._in_batches(texts, ranks)

    # Shared work ---------------------------------------------------------------------------------------------------

    def _in_batches(self, texts: Sequence[str], answer: Callable[[Sequence[str]], np.ndarray]) -> np.ndarray:
        """`answer` of batches of texts of similar length, put back into the order of `texts`."""
        order = sorted(range(len(texts)), key=lambda position: len(texts[position]))
        parts = [
            answer([texts[position] for position in order[start : start + self.batch_size]])
            for start in range(0, len(order), self.batch_size)
        ]
        joined = np.concatenate(parts)
        result = np.empty_like(joined)
        result[order] = joined
        return result

    def _checked_dense(self, texts: Sequence[str]) -> np.ndarray:
        dense = self._as_array(self._dense(texts))
        if dense.ndim == 2 and self.labels.size is None:
            self.labels.size = dense.shape[1]
        return self._checked(dense, texts, self.labels.size)

    def _as_array(self, scores: Any) -> np.ndarray:
        """Whatever a model answers with, as float32."""
        try:
            if isinstance(scores, (list, tuple)):
                scores = [_plain(row) for row in scores]
            table = np.asarray(_plain(scores))
            if table.dtype.kind == "O":  # such as whole numbers beyond 64 bits
                table = np.array([float(number) for number in table.ravel()]).reshape(table.shape)
            if table.dtype.kind not in "fiub":
                raise TypeError(f"its entries are {table.dtype}")
            with np.errstate(over="ignore"):  # what is too large for float32 becomes infinite and is refused
                return table.astype(np.float32, copy=False)
        except (TypeError, ValueError, OverflowError) as error:
            raise VictimError(
                f"{self.name} answered with a {type(scores).__name__} that is no table of numbers ({error})",
                "return an array, a tensor or a list with one row a text and one column a label",
            ) from error

    def _checked(self, scores: np.ndarray, texts: Sequence[str], columns: int | None) -> np.ndarray:
        if scores.ndim != 2 or scores.shape != (len(texts), columns) or not columns:
            raise VictimError(
                f"{self.name} answered with scores of shape {scores.shape}, "
                f"expected ({len(texts)} texts, {columns or 'any number of'} labels)",
                "return one row a text and one column a label",
            )
        finite = np.isfinite(scores)
        if not finite.all():
            row, column = np.argwhere(~finite)[0]
            raise VictimError(
                f"{self.name} answered with a score that is not finite ({scores[row, column]}) "
                f"for the text {self._quoted(texts[row])}",
                "a score must be a finite number: check the model for overflow and its input for empty texts",
            )
        if self.score_kind == "probability" and (scores.min() < 0 or scores.max() > 1):
            raise VictimError(
                f"{self.name} declares probabilities and answered with {scores.min():.4g} to {scores.max():.4g}",
                "declare the scores as 'logit' or 'score', or apply a sigmoid",
            )
        return scores

    def _quoted(self, value: Any) -> str:
        """The beginning of a value, for a message."""
        return repr(value if not isinstance(value, str) else value[:_SHOWN_CHARACTERS])[: _SHOWN_CHARACTERS + 2]

    def _check_labels(self, labels: Sequence[int]) -> list[int]:
        return [self.labels.require([index(label)])[0] for label in labels]

    def _tokenize(self, inputs: Sequence[str]) -> list[list[str]]:
        return [text.split() for text in inputs]


def _check_texts(texts: Sequence[str]) -> None:
    if isinstance(texts, str):
        raise InputError("a victim is asked with a list of texts, got one string", "put it into a list")
    for position, text in enumerate(texts):
        if not isinstance(text, str):
            raise InputError(
                f"text {position} is a {type(text).__name__}, expected a string",
                "join the columns of an input into one text",
            )


def _plain(scores: Any) -> Any:
    """A tensor of any device, or a sparse matrix, as an array; anything else as it is."""
    if hasattr(scores, "toarray"):
        return scores.toarray()
    return scores.detach().float().cpu().numpy() if hasattr(scores, "detach") else scores
