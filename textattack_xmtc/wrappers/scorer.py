"""This package's own models as victims: AttentionXML and whatever else answers for few labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from textattack_xmtc.models.scorer import LabelScorer
from textattack_xmtc.scores import ScoreKind
from textattack_xmtc.wrappers.base import XMTCModelWrapper


class ScorerWrapper(XMTCModelWrapper):
    """A model of this package as a victim; `score` costs what the wanted labels cost.

    Args:
        model: a trained model (`textattack_xmtc.models.load_model`).
        scores: what its scores are to be; the model's own first choice where it is None.
        batch_size: how many texts go into one call of the model.
    """

    model: LabelScorer

    def __init__(self, model: LabelScorer, scores: ScoreKind | None = None, batch_size: int = 32) -> None:
        super().__init__(
            model,
            name=model.name,
            score_kind=scores or model.score_kinds[0],
            score_kinds=model.score_kinds,
            label_names=model.label_names,
            mask=model.mask_word,
            batch_size=batch_size,
        )
        self.masked_lm_folder = model.masked_lm_folder

    @classmethod
    def from_folder(cls, folder: str | Path, **options: Any) -> ScorerWrapper:
        """Load a model that this package saved.

        Raises:
            ModelFolderError: the folder is missing, incomplete or does not fit its configuration.
        """
        from textattack_xmtc.models.folder import load_model

        return cls(load_model(Path(folder)), **options)

    def characters_read(self, text: str) -> int:  # noqa: D102
        return self.model.characters_read(text)

    def _dense(self, texts: Sequence[str]) -> np.ndarray:
        return self.model.predicted(texts, self.score_kind, self.batch_size)

    def _score(self, texts: Sequence[str], labels: list[int]) -> np.ndarray:
        return self.model.score(texts, labels, self.score_kind, self.batch_size)

    def _top_k(self, texts: Sequence[str], k: int) -> tuple[np.ndarray, np.ndarray]:
        return self.model.top_k(texts, k, self.score_kind, self.batch_size)

    def _rank(self, texts: Sequence[str], labels: list[int]) -> np.ndarray:
        return self.model.rank(texts, labels, self.score_kind, self.batch_size)
