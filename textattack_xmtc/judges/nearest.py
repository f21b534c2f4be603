"""The nearest training texts as a judge: their labels, weighted by how near they are, and the k best of these."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.encoders.encoder import Encoder, encoded
from textattack_xmtc.encoders.store import kept_vectors

NEIGHBOURS = 20
"""So many training texts are asked."""

SHARPNESS = 10.0
"""A training text weighs e to the power of so many times its cosine."""

_AT_ONCE = 256


class NearestTexts:
    """The labels of the nearest training texts: a label's score is the sum of its texts' weights.

    Args:
        encoder: turns texts into vectors; not the victim's, nor a relative of it.
        corpus: with a split "train".
        folder: where the training texts' vectors are kept.
        neighbours: how many texts are asked.

    Raises:
        InputError: the encoder's answers are not vectors.
        XMTCError: vectors cannot be kept.
    """

    def __init__(self, encoder: Encoder, corpus: Corpus, folder: Path, neighbours: int = NEIGHBOURS) -> None:
        rows = corpus.split("train")
        self._encoder, self._labels = encoder, corpus.label_matrix("train")
        self._vectors = _unit(kept_vectors(encoder, list(rows["text"]), folder))
        self._neighbours = min(neighbours, len(rows))

    def top_k(self, texts: Sequence[str], k: int) -> npt.NDArray[np.int64]:
        """The k best labels of each text, best first; -1 where the neighbours have fewer. Ties: the lower index."""
        best = np.full((len(texts), k), -1, dtype=np.int64)
        for start in range(0, len(texts), _AT_ONCE):
            part = list(texts[start : start + _AT_ONCE])
            cosines = _unit(encoded(self._encoder, part).astype(np.float32)) @ self._vectors.T
            near = np.argpartition(-cosines, self._neighbours - 1, axis=1)[:, : self._neighbours]
            for row, columns in enumerate(near):
                weights = np.exp(SHARPNESS * cosines[row, columns])
                scores = np.asarray(weights @ self._labels[columns]).ravel()
                order = np.argsort(-scores, kind="stable")[:k]
                order = order[scores[order] > 0]
                best[start + row, : len(order)] = order
        return best


def _unit(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    units: npt.NDArray[np.float32] = vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
    return units
