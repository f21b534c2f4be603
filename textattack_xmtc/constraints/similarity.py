"""How similar two whole texts are to a sentence encoder: measured on the final text, or as a filter on candidates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from textattack.constraints import Constraint
from textattack.shared import AttackedText

from textattack_xmtc.constraints.encoders import load_encoder
from textattack_xmtc.encoders.encoder import Encoder, cosines, encoded
from textattack_xmtc.errors import InputError


class Similarity(NamedTuple):
    """Three ways to state how similar a final text is to the original; all are 1 for identical texts.

    Attributes:
        cosine: of the two encodings, in [-1, 1]. The paper's "> 0.8" is read as this one.
        angular: 1 - arccos(cosine) / pi, in [0, 1]; TextAttack's metric "angular".
        published: 1 - arccos(cosine) of the lower-cased texts, in [1 - pi, 1]; the published script's.
        encoder: the name of the encoder; numbers of different encoders do not compare.
    """

    cosine: float
    angular: float
    published: float
    encoder: str


def measure(encoder: Encoder, original: str, final: str) -> Similarity:
    """Measure the similarity of two whole texts.

    Args:
        encoder: from `load_encoder`, or anything with its two members.
        original: the text before the attack.
        final: the text after it.

    Raises:
        InputError: the encoder answers with a wrong shape or with values that are not finite.

    Example:
        >>> from textattack_xmtc.encoders.embedded import EmbeddedEncoder
        >>> measure(EmbeddedEncoder(), "the same text", "the same text")
        Similarity(cosine=1.0, angular=1.0, published=1.0, encoder='embedded')
    """
    texts = [original, final, original.lower(), final.lower()]
    distinct = list(dict.fromkeys(texts))
    vectors = dict(zip(distinct, encoded(encoder, distinct), strict=True))

    def cosine(one: str, other: str) -> float:
        return 1.0 if one == other else float(cosines(vectors[one], vectors[other][None])[0])

    as_written = cosine(original, final)
    lowered = cosine(original.lower(), final.lower())
    return Similarity(as_written, 1 - math.acos(as_written) / math.pi, 1 - math.acos(lowered), encoder.name)


class EncoderSimilarity(Constraint):
    """Keeps the candidates whose cosine with the original, whole texts both, is above a minimum.

    Unlike TextAttack's sentence encoder constraints it encodes the original once per attacked text, compares whole
    texts, and excludes the minimum itself.

    Args:
        encoder: a name for `load_encoder`, or an encoder.
        min_similarity: in [-1, 1]. 0.8 of one encoder is not 0.8 of another: see docs/encoders.md.

    Raises:
        InputError: `min_similarity` is outside [-1, 1], or the encoder is not known.
        MissingExtraError, ModelFolderError: as `load_encoder`.
    """

    def __init__(self, encoder: str | Encoder = "auto", min_similarity: float = 0.8) -> None:
        super().__init__(compare_against_original=True)
        if not -1 <= min_similarity <= 1:
            raise InputError(f"invalid min_similarity={min_similarity}", "a cosine must be between -1 and 1")
        self.min_similarity = min_similarity
        self.encoder = load_encoder(encoder) if isinstance(encoder, str) else encoder
        self._original: tuple[str, npt.NDArray[np.float64]] | None = None

    def clear_cache(self) -> None:
        """Forget the encoded original; TextAttack calls this before each attack."""
        self._original = None

    def extra_repr_keys(self) -> list[str]:
        """What TextAttack prints about this constraint."""
        return ["encoder", "min_similarity", *super().extra_repr_keys()]

    def _check_constraint_many(
        self, transformed_texts: Sequence[AttackedText], reference_text: AttackedText
    ) -> list[AttackedText]:
        if not transformed_texts:
            return []
        candidates = encoded(self.encoder, [candidate.text for candidate in transformed_texts])
        to_original = cosines(self._encoded_original(reference_text.text), candidates)
        for candidate, cosine in zip(transformed_texts, to_original, strict=True):
            candidate.attack_attrs["similarity_score"] = float(cosine)  # TextAttack's searches break ties by it
        return [c for c, cosine in zip(transformed_texts, to_original, strict=True) if cosine > self.min_similarity]

    def _check_constraint(self, transformed_text: AttackedText, reference_text: AttackedText) -> bool:
        return bool(self._check_constraint_many([transformed_text], reference_text))

    def _encoded_original(self, text: str) -> npt.NDArray[np.float64]:
        if self._original is None or self._original[0] != text:
            self._original = (text, encoded(self.encoder, [text])[0])
        return self._original[1]

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_original": None}
