"""Another model as a judge: a label fits a text where it is among the model's k best.

The model must have been right on the original text, or it has no opinion.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from textattack_xmtc.judges.judge import Case

TopK = Callable[[Sequence[str], int], npt.NDArray[np.int64]]
"""The k best labels of texts, as the campaign counts labels: shape `(texts, k)`, -1 where there are fewer."""


class ModelJudge:
    """A model that says which labels fit.

    Args:
        k: how many count, as in the campaign.
        lineage: what it descends from (`judges.independence`).
        training_data: the fingerprint of the corpus that it learnt from.

    Example:
        >>> judge = ModelJudge("first", lambda texts, k: np.array([[len(text)] for text in texts]), 1)
        >>> cases = [Case(0, "adversarial", text, 3) for text in ("abc", "ab", "abc")]
        >>> judge.accepts(cases, ["xyz", "xyz", "x"])
        [True, False, None]
    """

    def __init__(
        self,
        name: str,
        top_k: TopK,
        k: int,
        lineage: frozenset[str] = frozenset(),
        training_data: str | None = None,
    ) -> None:
        self.name, self.lineage, self.training_data = name, lineage, training_data
        self._top_k, self._k = top_k, k

    def accepts(self, cases: Sequence[Case], originals: Sequence[str]) -> list[bool | None]:
        """Whether each case's label is among the k best; None where it is not on the original text."""
        texts = list(dict.fromkeys([*originals, *(case.text for case in cases)]))
        best = dict(zip(texts, map(set, self._top_k(texts, self._k).tolist()), strict=True)) if texts else {}
        return [
            case.label in best[case.text] if case.label in best[original] else None
            for case, original in zip(cases, originals, strict=True)
        ]
