"""Evidence by an independent model: what its score of a label loses when a word is masked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from textattack_xmtc.evidence.protocol import WordEvidence, is_content
from textattack_xmtc.targets import Label
from textattack_xmtc.words import replaced, word_spans
from textattack_xmtc.wrappers import XMTCModelWrapper


class ModelEvidence:
    """Occlusion on another model than the victim: the loss of the label's score, at least 0.

    It costs as much as Algorithm 1's ranking: a text a content word.

    Args:
        model: any victim wrapper; not the victim under attack, nor one that learnt from it.
    """

    def __init__(self, model: XMTCModelWrapper) -> None:
        self.name = f"model ({model.name})"
        self._model = model

    def weigh(self, text: str, words: Sequence[str], label: Label) -> WordEvidence | None:
        """The loss of each content word; backed where it is above 0. None for a label that the model does not know.

        Raises:
            VictimError: the model's answer is not usable.
        """
        index = self._model.labels.index(label)
        if index is None:
            return None
        spans = word_spans(text, words)
        content = [position for position, word in enumerate(words) if is_content(word)]
        weights = np.zeros(len(words))
        masked = [replaced(text, spans[position], self._model.mask) for position in content]
        scores = np.asarray(self._model.score([text, *masked], [index]), dtype=np.float64)[:, 0]
        weights[content] = np.maximum(scores[0] - scores[1:], 0)
        return WordEvidence(weights, weights > 0)
