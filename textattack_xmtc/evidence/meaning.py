"""Evidence by meaning: what a word's window loses in closeness to a label when the word is taken out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.encoders.encoder import Encoder, cosines, encoded
from textattack_xmtc.encoders.store import kept_vectors
from textattack_xmtc.evidence.label_texts import LabelTexts
from textattack_xmtc.evidence.names import is_number
from textattack_xmtc.evidence.protocol import WordEvidence, is_content
from textattack_xmtc.targets import Label
from textattack_xmtc.words import word_spans

WINDOW = 15

Anchor = Callable[[Label], npt.NDArray[np.float64] | None]
"""The vector of a label; None where there is none."""


class MeaningEvidence:
    """The cosine of a word's window with a label's vector, less that of the window without the word; at least 0.

    A multilingual encoder may find evidence for names in another language than the texts. It costs two windows of 15
    words a content word.

    Args:
        encoder: any sentence encoder; not the victim's, nor its relative.
        anchor: the vectors of labels, `name_anchor` or `centre_anchor`.

    Raises:
        InputError: the encoder's answers are not vectors.
    """

    def __init__(self, encoder: Encoder, anchor: Anchor, name: str = "meaning") -> None:
        self.name = f"{name} ({encoder.name})"
        self._encoder, self._anchor = encoder, anchor

    def weigh(self, text: str, words: Sequence[str], label: Label) -> WordEvidence | None:
        """The loss of each content word, 0 for function words; backed where it is above 0. None without a vector."""
        anchor = self._anchor(label)
        if anchor is None:
            return None
        spans = word_spans(text, words)
        weights = np.zeros(len(words))
        content = [position for position, word in enumerate(words) if is_content(word)]
        windows = []
        for position in content:
            first, last = max(0, position - WINDOW // 2), min(len(words), position + WINDOW // 2 + 1) - 1
            start, end = spans[first][0], spans[last][1]
            windows += [text[start:end], text[start : spans[position][0]] + text[spans[position][1] : end]]
        if windows:
            close = cosines(anchor, encoded(self._encoder, windows))
            weights[content] = np.maximum(close[0::2] - close[1::2], 0)
        return WordEvidence(weights, weights > 0)


def name_anchor(encoder: Encoder, names: LabelNames | None = None) -> Anchor:
    """Labels by their names; a name that is a number has no vector."""
    known = names or LabelNames()
    kept: dict[Label, npt.NDArray[np.float64] | None] = {}

    def anchor(label: Label) -> npt.NDArray[np.float64] | None:
        if label not in kept:
            name = known.called(label)
            kept[label] = None if not name or is_number(name) else encoded(encoder, [name])[0]
        return kept[label]

    return anchor


def centre_anchor(encoder: Encoder, corpus: Corpus, folder: Path) -> Anchor:
    """Labels by the mean vector of their training texts, at most 1,000 of them; vectors are kept in `folder`.

    Args:
        corpus: with a split "train".
        folder: an interrupted computation resumes there, and a finished one is not repeated.
    """
    texts = LabelTexts(corpus)

    def anchor(label: Label) -> npt.NDArray[np.float64] | None:
        index = texts.labels.index(label)
        texts_of_label = [] if index is None else list(texts.of(index))
        if not texts_of_label:
            return None
        centre: npt.NDArray[np.float64] = kept_vectors(encoder, texts_of_label, folder).mean(axis=0, dtype=np.float64)
        return centre

    return anchor
