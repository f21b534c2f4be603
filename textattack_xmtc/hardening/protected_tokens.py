"""Which tokens of a text an attack leaves alone: those of the words that speak for its target."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

import numpy as np
from textattack.shared.utils import words_from_text

from textattack_xmtc.evidence.protection import protect
from textattack_xmtc.evidence.protocol import Evidence
from textattack_xmtc.hardening.tail_sampler import Target
from textattack_xmtc.models.torch_scorer import TorchScorer

LABEL_TEXTS = 20
"""Training texts of a wrong label whose words are looked at."""


class ProtectedTokens:
    """Token numbers that an attack on a text neither exchanges nor puts in.

    Where a true label is to go down, they are the tokens of the protected words of the text (`evidence.protection`).
    Where a wrong label is to come up, they are the tokens of the words that speak for it in its training texts. A token
    counts wherever it occurs, so parts that several words share are protected in all of them.

    Args:
        model: what makes tokens of words.
        texts: training texts, in which words that speak for a wrong label are looked for.
        share: of the content words of a text that is protected.
        seed: of the draws where evidence gives no order.
    """

    def __init__(
        self,
        model: TorchScorer,
        evidence: Evidence,
        texts: Sequence[str],
        labels: Sequence[Sequence[int]],
        share: float,
        seed: int,
    ) -> None:
        self._model, self._texts, self._labels = model, texts, labels
        self._evidence, self._share, self._seed = evidence, share, seed
        self._of_text: dict[tuple[str, int], list[int]] = {}
        self._of_label: dict[int, list[int]] = {}

    def of(self, text: str, target: Target) -> list[int]:
        """The token numbers for a text and the target of the attack on it, in order."""
        if not self._share:
            return []
        if target.raise_it:
            if target.label not in self._of_label:
                self._of_label[target.label] = self._tokens(self._words_for(target.label))
            return self._of_label[target.label]
        if (text, target.label) not in self._of_text:
            words, name = words_from_text(text), self._model.label_names[target.label]
            evidence = self._evidence.weigh(text, words, name)
            positions = protect(text, words, [name], self._share, evidence, self._seed).positions
            self._of_text[text, target.label] = self._tokens({words[position] for position in positions})
        return self._of_text[text, target.label]

    def _words_for(self, label: int) -> set[str]:
        """The words that speak for a label in its training texts, by the test of the evidence."""
        speaking: set[str] = set()
        rows = islice((row for row, true in enumerate(self._labels) if label in true), LABEL_TEXTS)
        for text in (self._texts[row] for row in rows):
            words = words_from_text(text)
            evidence = self._evidence.weigh(text, words, self._model.label_names[label])
            if evidence is not None:
                speaking.update(words[place] for place in np.flatnonzero(evidence.backed))
        return speaking

    def _tokens(self, words: set[str]) -> list[int]:
        return sorted({token for tokens in self._model.encode(sorted(words)) for token in tokens})
