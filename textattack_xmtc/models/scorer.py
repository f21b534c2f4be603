"""What this package's own models have in common: the questions that an attack asks of a victim.

`wrappers.base.XMTCModelWrapper` is the contract of all victims. `wrappers.scorer.ScorerWrapper` puts these models under
it, without their knowing TextAttack. What is asked is checked by the same functions in both: `scores.check_k`,
`scores.check_score_kind`, `targets.LabelSpace.require`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from textattack_xmtc.scores import ScoreKind


class LabelScorer(Protocol):
    """A trained model that answers with the scores that are asked for.

    Scores are of `score_kind`; float32 arrays of numpy. Ties are broken by the lower label index.
    A model may answer `score` without computing the other labels: that is what it is for.

    Attributes:
        name: what the model is, for people ("AttentionXML").
        label_names: the names of its labels, by index.
        mask_word: the word that hides another one from this model.
        score_kinds: what its scores can be; the first is the default.
        masked_lm_folder: a masked language model kept with this model, or None.
    """

    name: str
    label_names: Sequence[str]
    mask_word: str
    score_kinds: tuple[ScoreKind, ...]
    masked_lm_folder: Path | None

    def score(self, texts: Sequence[str], labels: Sequence[int], kind: ScoreKind, batch_size: int) -> np.ndarray:
        """Scores of just these labels, shape `(len(texts), len(labels))`."""
        ...

    def top_k(self, texts: Sequence[str], k: int, kind: ScoreKind, batch_size: int) -> tuple[np.ndarray, np.ndarray]:
        """The k best labels (int64) and their scores, each of shape `(len(texts), k)`, best first."""
        ...

    def rank(self, texts: Sequence[str], labels: Sequence[int], kind: ScoreKind, batch_size: int) -> np.ndarray:
        """Where these labels stand, 1 for the best, 0 beyond what the model looks at (int64, `(texts, labels)`)."""
        ...

    def dense(self, texts: Sequence[str], kind: ScoreKind, batch_size: int) -> np.ndarray:
        """Scores of all labels, shape `(len(texts), number of labels)`."""
        ...

    def predicted(self, texts: Sequence[str], kind: ScoreKind, batch_size: int) -> np.ndarray:
        """What the model predicts: as `dense`, with a floor for labels that `top_k` does not look at."""
        ...

    def characters_read(self, text: str) -> int:
        """How many leading characters of `text` the model reads before it cuts it off."""
        ...
