"""Any Python function from texts to dense scores as a victim, and so any wrapper that TextAttack has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from textattack_xmtc.label_names import LabelNames
from textattack_xmtc.scores import ScoreKind
from textattack_xmtc.wrappers.base import XMTCModelWrapper


class FunctionWrapper(XMTCModelWrapper):
    """A function `texts -> scores of all labels` as a victim.

    Args:
        function: takes a list of n texts, gives an array or tensor of shape `(n, labels)`.
        scores: what these are: "probability", "logit" or any other "score".
        label_names: label names by index, or None.
        name: what the victim is, for people.
        mask: the word that hides another one from this victim.
        batch_size: how many texts go into one call of the function.

    Example:
        >>> import numpy as np
        >>> victim = FunctionWrapper(
        ...     lambda texts: np.array([[text.count(letter) for letter in "abc"] for text in texts]),
        ...     scores="score",
        ...     label_names=["a", "b", "c"],
        ... )
        >>> victim.score(["a cab", "bee"], [1]).tolist()
        [[1.0], [1.0]]
    """

    def __init__(
        self,
        function: Callable[[list[str]], Any],
        scores: ScoreKind,
        label_names: LabelNames | None = None,
        name: str | None = None,
        mask: str = "[MASK]",
        batch_size: int = 32,
    ) -> None:
        super().__init__(
            getattr(function, "model", function),
            name=name or str(getattr(function, "__name__", type(function).__name__)),
            score_kind=scores,
            label_names=label_names,
            mask=mask,
            batch_size=batch_size,
        )
        self.function = function

    def _dense(self, texts: Sequence[str]) -> Any:
        return self.function(list(texts))
