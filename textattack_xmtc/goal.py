"""What an attack wants: the three goals of section 3, and when a victim shows a label.

This is the one home of both. Goal functions, campaigns, transfers, hardening and reports ask here.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from textattack_xmtc.errors import InputError
from textattack_xmtc.scores import NOTHING, ScoreKind, TopK

GoalName = Literal["positive", "negative", "untargeted"]
POSITIVE: Final = "positive"
NEGATIVE: Final = "negative"
UNTARGETED: Final = "untargeted"


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal: which labels it works on, and when it is reached.

    Attributes:
        minimize: whether the scores of Gamma are to fall; otherwise they are to rise.
        true_targets: whether a target has to be a true label of its text; otherwise it has to be a wrong one.
        every: whether every label at stake has to move; otherwise one is enough.
        description: what is reached, in a sentence without a subject; `{shown}` stands for what the victim shows.
    """

    name: GoalName
    title: str
    minimize: bool
    true_targets: bool
    every: bool
    description: str

    def at_stake(
        self, shown: Collection[int], true_labels: Collection[int], targets: Iterable[int] = ()
    ) -> frozenset[int]:
        """The labels that have to leave, or to enter, what the victim shows; none where the goal has no work.

        Args:
            shown: the labels that the victim shows for the original text.
            true_labels: the true labels of the text.
            targets: the targets of the example (A1 or A-1); the untargeted goal has none and ignores them.

        Example:
            >>> sorted(GOALS["positive"].at_stake([4, 2, 7], [2, 9], targets=[2, 9]))
            [2]
            >>> sorted(GOALS["untargeted"].at_stake([4, 2, 7], [2, 7, 9]))
            [2, 7]
        """
        if self.name == UNTARGETED:
            return frozenset(true_labels) & frozenset(shown)
        return frozenset(label for label in targets if (label in shown) == self.minimize)

    def right_before(self, shown: Collection[int], target: int) -> bool:
        """Whether a model gets a pair of a text and a target right: a true target is shown, a wrong one is not."""
        return (target in shown) == self.true_targets

    def scored(self, shown: Collection[int], at_stake: Collection[int]) -> tuple[int, ...]:
        """Gamma: the labels whose scores say how near a text is (Eq. 3.1 to 3.4), ascending.

        For the untargeted goal these are all labels that are shown for the original text, wrong ones included.
        """
        return tuple(sorted(shown if self.name == UNTARGETED and at_stake else at_stake))

    def reached(self, shown: Collection[int], at_stake: Collection[int]) -> bool:
        """Whether a text for which the victim shows these labels reaches the goal.

        Args:
            shown: the labels that the victim shows for the changed text.
            at_stake: from `at_stake`, for the original text.

        Returns:
            Always False where nothing is at stake.

        Example:
            >>> GOALS["positive"].reached([4, 7], {2}), GOALS["negative"].reached([4, 7], {2, 7})
            (True, False)
            >>> GOALS["untargeted"].reached([4, 7], {2, 7})
            True
        """
        moved = [(label in shown) != self.minimize for label in at_stake]
        return bool(moved) and (all(moved) if self.every else any(moved))

    def describe(self, shown: str) -> str:
        """What is reached, as a sentence.

        Example:
            >>> GOALS["negative"].describe("the top 5")
            'The goal is reached when every target is in the top 5.'
        """
        return f"The goal is reached when {self.description.format(shown=shown)}."


GOALS: Mapping[str, Goal] = {
    goal.name: goal
    for goal in (
        Goal(POSITIVE, "positive-targeted", True, True, True, "no target is in {shown} any more"),
        Goal(NEGATIVE, "negative-targeted", False, False, True, "every target is in {shown}"),
        Goal(UNTARGETED, "untargeted", True, True, False, "a true label that was in {shown} has left it"),
    )
}
"""The goals by name."""

_ALIASES: Mapping[str, str] = {
    "non-targeted": UNTARGETED,
    "nontargeted": UNTARGETED,
    **{goal.title: name for name, goal in GOALS.items()},
}


def goal_named(name: str) -> Goal:
    """The goal with this name; capitals, "_" for "-", an "xmtc-" before it and older names are accepted.

    Raises:
        InputError: there is no such goal.

    Example:
        >>> goal_named("non-targeted").name, goal_named("xmtc-positive-targeted").name
        ('untargeted', 'positive')
    """
    plain = str(name).strip().lower().replace("_", "-").removeprefix("xmtc-")
    plain = _ALIASES.get(plain, plain)
    if plain in GOALS:
        return GOALS[plain]
    near = difflib.get_close_matches(plain, [*GOALS, *_ALIASES], n=1)
    hint = f"did you mean {_ALIASES.get(near[0], near[0])!r}? " if near else ""
    raise InputError(f"unknown goal {name!r}", f"{hint}choose {', '.join(GOALS)}")


@dataclass(frozen=True, eq=False)
class DecisionRule:
    """Which labels a victim shows: those among its k best whose score is at least the threshold.

    Attributes:
        k: how many labels are shown at most; None where only the threshold decides.
        threshold: the least score of a label that is shown (the same score counts): one number for all labels, or one
            for each label; None where only k decides, as in the paper.

    Raises:
        InputError: neither k nor a threshold, an invalid k, or a threshold that is not a finite number.

    Example:
        >>> DecisionRule(k=3, threshold=0.5).shown([4, 2, 7], [0.9, 0.5, 0.1])
        TopK(labels=(4, 2), scores=(0.9, 0.5))
    """

    k: int | None = 5
    threshold: float | Sequence[float] | None = None

    def __post_init__(self) -> None:
        if self.k is None and self.threshold is None:
            raise InputError("neither k nor a threshold says which labels are shown", "give k, a threshold, or both")
        if self.k is not None and (isinstance(self.k, bool) or not isinstance(self.k, (int, np.integer)) or self.k < 1):
            raise InputError(f"invalid k={self.k!r}", "k must be a whole number of at least 1")
        if self.threshold is None:
            return
        try:
            values = np.asarray(self.threshold, dtype=np.float64)
        except (TypeError, ValueError):
            values = np.array([math.nan])
        if values.ndim > 1 or not values.size or not np.isfinite(values).all() or isinstance(self.threshold, bool):
            raise InputError(
                f"invalid threshold={_short(self.threshold)}",
                "give a finite number, or one finite number for each label",
            )

    def check_losable(self, labels: int | None) -> None:
        """Refuse a rule by which no label of so many (None: not known) can ever be lost.

        Raises:
            InputError: k is their number, and there is no threshold.
        """
        if self.threshold is None and labels is not None and self.k == labels:
            raise InputError(f"k={self.k} shows all labels of this victim: none can be lost", "choose a smaller k")

    @property
    def least(self) -> float | None:
        """The smallest threshold of any label; None where there is none."""
        return None if self.threshold is None else float(np.min(np.asarray(self.threshold, dtype=np.float64)))

    def check(self, kind: ScoreKind, labels: int | None) -> None:
        """Check the thresholds against a victim.

        Args:
            kind: of its scores.
            labels: how many labels it has, or None where that is not known.

        Raises:
            InputError: a threshold that no probability can be compared with, or not one threshold for each label.
        """
        if self.threshold is None:
            return
        values = np.atleast_1d(np.asarray(self.threshold, dtype=np.float64))
        if kind == "probability" and not ((values > 0) & (values <= 1)).all():
            raise InputError(
                f"invalid threshold={_short(self.threshold)}: the victim's scores are probabilities",
                "a threshold must be above 0 and at most 1; for logits, choose score_space='logit'",
            )
        if np.ndim(self.threshold) and labels is not None and len(values) != labels:
            raise InputError(
                f"{len(values):,} thresholds were given, and the victim has {labels:,} labels",
                "give one threshold for each label, in the order of the victim's labels",
            )

    def shown(self, labels: Sequence[int] | np.ndarray, scores: Sequence[float] | np.ndarray) -> TopK:
        """Of a victim's best labels, best first, those that it shows.

        Args:
            labels: label indices; `NOTHING` where the victim has no further label.
            scores: their scores, not increasing.
        """
        labels, scores = np.asarray(labels), np.asarray(scores)
        kept = self.are_shown(labels, scores)
        return TopK.of_row(labels[kept], scores[kept])

    def are_shown(self, labels: np.ndarray, scores: np.ndarray) -> np.ndarray:
        """Whether each of a victim's best labels is shown; arguments as in `shown`, with any leading dimensions.

        Example:
            >>> DecisionRule(k=2, threshold=0.5).are_shown(np.array([[4, 2, 7]]), np.array([[0.9, 0.4, 0.1]])).tolist()
            [[True, False, False]]
        """
        kept = np.asarray(labels != NOTHING)
        if self.k is not None:
            kept[..., self.k :] = False
        if self.threshold is not None:
            # In the precision of the scores: a float32 score of 0.7 is at least 0.7.
            least = np.asarray(self.threshold, dtype=scores.dtype if scores.dtype.kind == "f" else np.float64)
            kept &= scores >= (least[np.where(kept, labels, 0)] if least.ndim else least)
        return kept

    def thresholds(self, labels: Iterable[int]) -> list[float] | None:
        """The threshold of each of `labels`; None where there is no threshold."""
        if self.threshold is None:
            return None
        values = np.asarray(self.threshold, dtype=np.float64)
        return [float(values[label] if values.ndim else values) for label in labels]

    def __str__(self) -> str:
        labels = "labels" if self.k is None else f"top {self.k}"
        return labels if self.threshold is None else f"{labels} with a score of at least {_short(self.threshold)}"


def _short(threshold: object) -> str:
    text = "its own threshold" if np.ndim(threshold) else str(threshold)  # type: ignore[arg-type]
    return text if len(text) <= 40 else f"{text[:37]}..."
