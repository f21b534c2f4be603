"""Which texts are attacked on which label: those of rare labels more often."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textattack_xmtc.errors import InputError
from textattack_xmtc.goal import NEGATIVE
from textattack_xmtc.hardening.gradient_attack import LogitGoal
from textattack_xmtc.hardening.options import GoalChoice
from textattack_xmtc.models.torch_scorer import TorchScorer

RIVALS = 3
"""Labels that an attack pushes the other way than its target."""


@dataclass(frozen=True)
class Target:
    """A text of a list, and the label that an attack on it works on.

    Attributes:
        label: the label, by the model's index.
        raise_it: whether the label is to come up (a wrong one) or to go down (a true one).
    """

    text: int
    label: int
    raise_it: bool = False


def rarity(counts: np.ndarray) -> np.ndarray:
    """How much more often a label is drawn than its texts are: one over the root of its training texts.

    Example:
        >>> rarity(np.array([0, 1, 4, 100])).tolist()
        [1.0, 1.0, 0.5, 0.1]
    """
    weights: np.ndarray = np.maximum(counts, 1) ** -0.5
    return weights


class TailSampler:
    """Pairs of a training text and one of its true labels, the rare ones more often.

    Raises:
        InputError: no text has a label.
    """

    def __init__(self, labels: Sequence[Sequence[int]], counts: np.ndarray) -> None:
        self._texts = np.repeat(np.arange(len(labels)), [len(row) for row in labels])
        self._labels = np.array([label for row in labels for label in row], dtype=np.int64)
        if not len(self._labels):
            raise InputError("there is nothing to attack: no training text has a label", "give texts with labels")
        weights = rarity(counts)[self._labels]
        self._shares = weights / weights.sum()

    def draw(self, number: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """So many different pairs (fewer where there are no more): positions of texts, and labels."""
        chosen = rng.choice(len(self._texts), min(number, len(self._texts)), replace=False, p=self._shares)
        return self._texts[chosen], self._labels[chosen]


def targets_for(
    model: TorchScorer,
    texts: Sequence[str],
    labels: Sequence[Sequence[int]],
    drawn: tuple[np.ndarray, np.ndarray],
    goal: GoalChoice,
    k: int,
    rng: np.random.Generator,
) -> list[Target]:
    """The targets of drawn pairs: the true label, or a wrong label of the same text, or each for one half of them.

    A wrong label is drawn among those that the model puts nearest behind its k best.
    """
    rows, true = drawn[0].tolist(), drawn[1].tolist()
    targets: list[Target | None] = [Target(row, label) for row, label in zip(rows, true, strict=True)]
    wrong = {"both": range(1, len(rows), 2), NEGATIVE: range(len(rows))}.get(goal)
    if wrong:
        depth = min(3 * k, len(model.label_names))
        best, _ = model.top_k([texts[rows[place]] for place in wrong], depth, "logit")
        for place, ranked in zip(wrong, best, strict=True):
            behind = [int(label) for label in ranked[k:] if label not in set(labels[rows[place]])]
            targets[place] = Target(rows[place], int(rng.choice(behind)), raise_it=True) if behind else None
    return [target for target in targets if target is not None]


def logit_goals(
    model: TorchScorer, texts: Sequence[str], labels: Sequence[Sequence[int]], targets: Sequence[Target]
) -> list[LogitGoal]:
    """What attacks on targets are after: the target, and the mean of its `RIVALS` on the other side of the bar.

    A label leaves the k best as its logit falls and as others come up: the wrong labels that the model finds best now.
    For a wrong label that is to come up, they are the best true ones.
    """
    rows = sorted({target.text for target in targets})
    depth = min(len(model.label_names), RIVALS + max((len(labels[row]) for row in rows), default=0))
    best, _ = model.top_k([texts[row] for row in rows], depth, "logit")
    best_of = dict(zip(rows, best.tolist(), strict=True))
    goals = []
    for target in targets:
        true = set(labels[target.text])
        others = [label for label in best_of[target.text] if (label in true) == target.raise_it]
        rivals = [label for label in others if label != target.label][:RIVALS]
        sign = 1.0 if target.raise_it else -1.0
        goals.append(((target.label, sign), *((rival, -sign / len(rivals)) for rival in rivals)))
    return goals
