"""This package's own models as victims: AttentionXML and whatever else answers for few labels."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from textattack_xmtc.errors import InputError
from textattack_xmtc.models.torch_scorer import TorchScorer
from textattack_xmtc.scores import ScoreKind
from textattack_xmtc.wrappers.base import VictimOptions, XMTCModelWrapper


class ScorerWrapper(XMTCModelWrapper):
    """A model of this package as a victim; `score` costs what the wanted labels cost.

    Args:
        model: a trained model (`textattack_xmtc.models.load_model`).
        scores: what its scores are to be; the model's own first choice where it is None.
        batch_size: how many texts go into one call of the model.
    """

    model: TorchScorer

    def __init__(self, model: TorchScorer, scores: ScoreKind | None = None, batch_size: int = 32) -> None:
        options: VictimOptions = {"name": model.name, "mask": model.mask_word, "batch_size": batch_size}
        kinds = model.score_kinds
        super().__init__(
            model, score_kind=scores or kinds[0], score_kinds=kinds, label_names=model.label_names, **options
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


def check_label_number(victim: XMTCModelWrapper, expected: int, name: str) -> None:
    """Refuse a victim without label names that cannot count labels as the corpus does; `name` is for the message.

    Raises:
        InputError: it has not as many labels as are expected.
    """
    if victim.labels.size is None:
        victim.score(["text"], [0])  # only an answer tells how many labels there are
    if victim.labels.size != expected:
        raise InputError(
            f"{name} has {victim.labels.size or 'an unknown number of'} labels without names, and the corpus has "
            f"{expected:,}: their order cannot be the same",
            "give the wrapper label_names",
        )


class VictimScorer:
    """A victim as `models.evaluation` asks a model: by its k best labels, with their names.

    Args:
        label_names: the names of its labels where it has none of its own, by index: those of the corpus.

    Raises:
        InputError: the victim has no label names, and another number of labels.
    """

    def __init__(self, victim: XMTCModelWrapper, label_names: Sequence[str]) -> None:
        if victim.labels.names is None:
            check_label_number(victim, len(label_names), victim.name)
        self.name, self._victim = victim.name, victim
        self.label_names: Sequence[str] = victim.labels.names or label_names

    def top_k(self, texts: Sequence[str], k: int, kind: ScoreKind, batch_size: int) -> tuple[np.ndarray, np.ndarray]:
        """The k best labels and their scores, as `XMTCModelWrapper.top_k`; fewer where the victim shows fewer.

        Scores are of the kind asked for where the victim has it, else of its own.
        """
        victim = copy.copy(self._victim)
        victim.threshold = None  # the k best count, whatever their scores
        victim = victim.with_score_kind(kind) if kind in victim.score_kinds else victim
        victim.batch_size = batch_size
        shown = getattr(victim, "shown", None)
        return victim.top_k(texts, k if shown is None else min(k, shown))
