"""What a sentence encoder is, and the two operations on its vectors: encode with checks, and cosines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from textattack_xmtc.errors import InputError

Vectors = npt.NDArray[np.float64]


class Encoder(Protocol):
    """Turns whole texts into vectors whose cosine says how alike the texts are.

    Attributes:
        name: which encoder it is, model included; loading that name gives the same encoder again.
    """

    name: str

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Encode `texts`; shape `(len(texts), d)`, all values finite."""
        ...


def encoded(encoder: Encoder, texts: Sequence[str]) -> Vectors:
    """Encode texts and check the answer; shape `(len(texts), d)`.

    Raises:
        InputError: the encoder answers with a wrong shape or with values that are not finite.
    """
    vectors = np.asarray(encoder.encode(texts), dtype=np.float64)
    if vectors.ndim != 2 or len(vectors) != len(texts):
        raise InputError(
            f"the encoder {encoder.name!r} answered {len(texts)} texts with shape {vectors.shape}",
            "an encoder gives one vector a text: (n, d)",
        )
    if not np.isfinite(vectors).all():
        raise InputError(f"the encoder {encoder.name!r} answered with NaN or infinite values", "use another encoder")
    return vectors


def cosines(vector: Vectors, others: Vectors) -> Vectors:
    """The cosine of one vector, shape `(d,)`, with each of `(n, d)`; 0 where a vector is all zeros (an empty text).

    Example:
        >>> cosines(np.array([1.0, 0.0]), np.array([[2.0, 0.0], [0.0, 1.0], [0.0, 0.0]])).tolist()
        [1.0, 0.0, 0.0]
    """
    lengths = np.linalg.norm(others, axis=1) * np.linalg.norm(vector)
    products = others @ vector
    ratios = np.divide(products, lengths, out=np.zeros_like(products), where=lengths > 0)
    clipped: Vectors = np.clip(ratios, -1.0, 1.0)
    return clipped
