"""Victims that show only their best labels: of any other label they say nothing but that it is not among these."""

from __future__ import annotations

import hashlib
import heapq
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Unpack

import numpy as np

from textattack_xmtc.errors import InputError, VictimError
from textattack_xmtc.goal import DecisionRule
from textattack_xmtc.label_names import LabelNames
from textattack_xmtc.scores import NOTHING, ScoreKind, check_count, check_k, check_score_kind
from textattack_xmtc.thresholds import Threshold
from textattack_xmtc.wrappers.base import BEYOND, VictimOptions, XMTCModelWrapper

Shown = dict[int, float]
"""Label indices and scores, best first."""

_KEPT_TEXTS = 4096  # an attack on a text of 300 words asks about some 2,000
_KEPT_SCORES = 2**20  # and about 100 MB, where they are many for each


class ShortlistWrapper(XMTCModelWrapper):
    """A function `texts -> the best labels of each, with their scores` as a victim.

    A label that is not shown has the score `floor` and the rank `BEYOND`: so a number that stands for "not shown" is
    told from one that the victim gave. What that costs an attack: as long as a target is not shown, no change of the
    text makes a difference, so a right label can be pushed off the list, but one from far below cannot be pulled up.

    Answers for the last few thousand texts are kept, so that a text of an attack is sent once, whatever is asked of it.

    Args:
        function: takes a list of n texts; answers with n lists, in the same order, of pairs `(label, score)` or of
            `{"label": label, "score": score}`, or with n mappings from label to score. A label is a name or an index.
            None in subclasses that answer in `_best`.
        scores: what the scores are: "probability", "logit" or any other "score".
        label_names: the names of all labels that it may show, by index; or None where labels are indices.
        num_labels: how many labels there are, where they have no names.
        shown: how many labels it shows of a text (m); all where it is None. Of a longer answer the best m count.
        floor: the score of a label that is not shown; no shown score may be lower. 0 for probabilities.
        options: `name`, `mask` and `batch_size`, as `VictimOptions` says.

    Raises:
        InputError: neither `label_names` nor `num_labels`; `shown` is no number of labels; no `floor` for scores that
            are not probabilities.

    Example:
        >>> victim = ShortlistWrapper(
        ...     lambda texts: [[("plotting", 0.75)] if "axes" in text else [] for text in texts],
        ...     scores="probability",
        ...     label_names=["arrays", "plotting"],
        ...     shown=1,
        ... )
        >>> victim.score(["two axes"], [0, 1]).tolist(), victim.rank(["two axes"], [0, 1]).tolist()
        ([[0.0, 0.75]], [[0, 1]])
        >>> victim.top_k(["nothing"], 1)[0].tolist()  # NOTHING
        [[-1]]
    """

    def __init__(
        self,
        function: Callable[[list[str]], Any] | None,
        scores: ScoreKind,
        label_names: LabelNames | None = None,
        *,
        num_labels: int | None = None,
        shown: int | None = None,
        floor: float | None = None,
        **options: Unpack[VictimOptions],
    ) -> None:
        if label_names is None and num_labels is None:
            raise InputError(
                "a victim that shows only its best labels cannot tell how many there are", "give label_names"
            )
        if shown is not None:
            check_count("shown", shown)
        check_score_kind(scores)
        if floor is None and scores != "probability":
            raise InputError(
                f"a label that is not shown needs a score, and 0 may not be below all scores of kind {scores!r}",
                "give floor, a number that no shown score is below",
            )
        super().__init__(function, score_kind=scores, label_names=label_names, num_labels=num_labels, **options)
        self.shown = shown
        self.floor = floor or 0.0
        self._kept: OrderedDict[bytes, Shown] = OrderedDict()
        self._kept_scores = 0

    def check_k(self, k: int) -> None:
        """Raise InputError where there are not k labels to be shown."""
        super().check_k(k)
        check_k(k, None, self.name, self.shown)

    def decision_rule(self, k: int | None, threshold: Threshold | None = None) -> DecisionRule:
        """See `XMTCModelWrapper`; a threshold that labels reach which are not shown is refused, too."""
        rule = super().decision_rule(k, threshold)
        if rule.least is not None and rule.least <= self.floor:
            raise InputError(
                f"invalid threshold={rule.least:g}: a label that {self.name} does not show has {self.floor:g}",
                "choose a threshold above that",
            )
        return rule

    # What a victim fills in ----------------------------------------------------------------------------------------

    def _best(self, texts: list[str]) -> Any:
        """The best labels of one batch of texts, in any of the forms that the class names."""
        return self.model(texts)

    # Shared work ---------------------------------------------------------------------------------------------------

    def _score(self, texts: Sequence[str], labels: list[int]) -> np.ndarray:
        rows = [[shown.get(label, self.floor) for label in labels] for shown in self._shown(texts)]
        return np.array(rows, dtype=np.float32)

    def _top_k(self, texts: Sequence[str], k: int) -> tuple[np.ndarray, np.ndarray]:
        labels = np.full((len(texts), k), NOTHING, dtype=np.int64)
        scores = np.full((len(texts), k), self.floor, dtype=np.float32)
        for row, shown in enumerate(self._shown(texts)):
            best = list(shown.items())[:k]
            labels[row, : len(best)] = [label for label, _ in best]
            scores[row, : len(best)] = [score for _, score in best]
        return labels, scores

    def _rank(self, texts: Sequence[str], labels: list[int]) -> np.ndarray:
        ranks_by_text = [{label: rank for rank, label in enumerate(shown, 1)} for shown in self._shown(texts)]
        return np.array([[ranks.get(label, BEYOND) for label in labels] for ranks in ranks_by_text], dtype=np.int64)

    def _dense(self, texts: Sequence[str]) -> np.ndarray:
        rows = np.full((len(texts), self.labels.size or 0), self.floor, dtype=np.float32)
        for row, shown in zip(rows, self._shown(texts), strict=True):
            row[list(shown)] = list(shown.values())
        return rows

    def _shown(self, texts: Sequence[str]) -> list[Shown]:
        keys = [hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest() for text in texts]
        answers_by_key = {key: self._kept[key] for key in keys if key in self._kept}
        new = {key: text for key, text in zip(keys, texts, strict=True) if key not in answers_by_key}
        waiting = list(new.items())
        for start in range(0, len(waiting), self.batch_size):
            batch = waiting[start : start + self.batch_size]
            answers = self._read([text for _, text in batch])
            for (key, _), shown in zip(batch, answers, strict=True):
                answers_by_key[key] = self._kept[key] = shown
                self._kept_scores += len(shown)
        while self._kept and (len(self._kept) > _KEPT_TEXTS or self._kept_scores > _KEPT_SCORES):
            self._kept_scores -= len(self._kept.popitem(last=False)[1])
        return [answers_by_key[key] for key in keys]

    def _read(self, texts: list[str]) -> list[Shown]:
        rows = self._best(texts)
        is_list = isinstance(rows, Sequence) and not isinstance(rows, (str, bytes))
        if not is_list or len(rows) != len(texts):
            what = f"{len(rows)} answers" if is_list else f"a {type(rows).__name__}"
            raise VictimError(
                f"{self.name} gave {what} for {len(texts)} texts", "return one list of labels and scores a text"
            )
        return [self._in_order(row, text) for row, text in zip(rows, texts, strict=True)]

    def _in_order(self, row: Any, text: str) -> Shown:
        try:
            entries = row.items() if isinstance(row, Mapping) else map(_pair, row)
            pairs = [(label, _number(score)) for label, score in entries]
        except (TypeError, ValueError, KeyError, OverflowError) as error:
            raise VictimError(
                f"{self.name} answered with {self._quoted(row)} for the text {text[:60]!r}, which is no list of "
                f"labels with scores ({type(error).__name__})",
                "return pairs (label, score), or {'label': ..., 'score': ...}; a score is a number",
            ) from None  # its message may hold what `_quoted` leaves out
        best: Shown = {}
        for label, score in pairs:
            known = self.labels.index(label)
            if known is None or known in best:
                raise VictimError(
                    f"{self.name} shows the label {self._quoted(label)} "
                    + ("twice" if known is not None else f"that is not one of its {self.labels.size:,}")
                    + f", for the text {text[:60]!r}",
                    "give every label that it may show in label_names, each once",
                )
            if not score >= self.floor or score == np.inf:
                raise VictimError(
                    f"{self.name} shows a score of {score:.4g}, and a label that is not shown has {self.floor:.4g}, "
                    f"for the text {text[:60]!r}",
                    "scores must be finite numbers; give a floor that none is below",
                )
            best[known] = score
        first = heapq.nsmallest(self.shown or len(best), best.items(), key=lambda pair: (-pair[1], pair[0]))
        return dict(first)


def _pair(entry: Any) -> tuple[Any, Any]:
    if isinstance(entry, Mapping):
        return entry["label"], entry["score"]
    if isinstance(entry, str):
        raise TypeError("a label without a score")
    label, score = entry
    return label, score


def _number(score: Any) -> float:
    """A score as float32 holds it; what only looks like a number is none."""
    if score is None or isinstance(score, (str, bytes, bool)):
        raise TypeError(f"a score that is a {type(score).__name__}")
    with np.errstate(over="ignore"):  # what is too large for float32 becomes infinite and is refused
        return float(np.float32(score))
