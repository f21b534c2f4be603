"""Any Python function from texts to dense scores as a victim, and so any wrapper that TextAttack has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Unpack

from textattack_xmtc.label_names import LabelNames
from textattack_xmtc.scores import ScoreKind
from textattack_xmtc.wrappers.base import VictimOptions, XMTCModelWrapper


class FunctionWrapper(XMTCModelWrapper):
    """A function `texts -> scores of all labels` as a victim.

    Args:
        function: takes a list of n texts, gives an array or tensor of shape `(n, labels)`.
        scores: what these are: "probability", "logit" or any other "score".
        label_names: label names by index, or None.
        options: `name`, `mask` and `batch_size`, as `VictimOptions` says.

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
        **options: Unpack[VictimOptions],
    ) -> None:
        options["name"] = options.get("name") or getattr(function, "__name__", type(function).__name__)
        model = getattr(function, "model", function)
        super().__init__(model, score_kind=scores, label_names=label_names, **options)
        self.function = function

    def _dense(self, texts: Sequence[str]) -> Any:
        return self.function(list(texts))
