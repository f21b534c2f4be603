"""The sentence encoder that needs no download and no training: hashed words and their character n-grams.

It compares spelling, not meaning: a synonym counts like any other new word, an inflection like a small change. It is
made for languages that put spaces between words.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from operator import mul

import numpy as np
import numpy.typing as npt

from textattack_xmtc.resources.function_words import ENGLISH

DIMENSIONS = 512
"""Length of an encoding; one blake2b digest holds exactly this many signs."""

_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")  # words keep an apostrophe within them, straight or typographic
_NGRAM_LENGTHS = (3, 4, 5)
_NGRAM_SHARE = 0.5
_FUNCTION_WORD_WEIGHT = 0.15
# Word vectors are whole numbers of about this length, so that sums of them are exact in any order: the encoding of a
# text is the same to the last bit on every machine. No entry can exceed 16 bits.
_LENGTH = 2**15
_CACHED_WORDS = 2**15


class EmbeddedEncoder:
    """Sums of fixed pseudo-random word vectors: deterministic on every machine, in every process.

    Every lower-cased word stands for itself and for its character n-grams (3 to 5 letters, word ends included), each
    hashed to a vector of random signs; both parts weigh the same. Function words count 0.15. An encoding is the sum
    over the words of the text, scaled to length 1. The order of the words does not matter. The vectors are feature
    hashing's (Weinberger et al. 2009) over fastText's subwords (Bojanowski et al. 2017), with nothing learnt.

    Example:
        >>> encoder = EmbeddedEncoder()
        >>> one, other = encoder.encode(["the graph of a function", "a function of the graphs"])
        >>> one.shape, bool(0.5 < one @ other < 1)
        ((512,), True)
    """

    name = "embedded"

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Encode whole texts.

        Args:
            texts: any strings. One without a letter or digit is read as its runs of other signs.

        Returns:
            Shape `(len(texts), 512)`; rows of length 1, or zeros for a text that is empty or all white space.
        """
        encodings = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for row, text in enumerate(texts):
            lowered = text.lower()
            words = _WORD.findall(lowered) or lowered.split()
            if words:
                encodings[row] = _unit(np.sum([_word_vector(word) for word in words], axis=0, dtype=np.int64))
        return encodings

    def __repr__(self) -> str:
        return self.name


@lru_cache(maxsize=_CACHED_WORDS)
def _word_vector(word: str) -> npt.NDArray[np.int16]:
    """The vector of a lower-cased word, in whole numbers."""
    whole = _signs("w" + word)
    marked = f"<{word}>"
    parts = np.zeros(DIMENSIONS, dtype=np.int64)
    for n in _NGRAM_LENGTHS:
        for start in range(len(marked) - n + 1):
            parts += _signs("n" + marked[start : start + n])
    vector = np.sqrt(1 - _NGRAM_SHARE) * _unit(whole) + np.sqrt(_NGRAM_SHARE) * _unit(parts)
    weight = _FUNCTION_WORD_WEIGHT if word.replace("\u2019", "'") in ENGLISH else 1.0
    rounded: npt.NDArray[np.int16] = np.rint(weight * _LENGTH * vector).astype(np.int16)
    return rounded


def _signs(feature: str) -> npt.NDArray[np.int64]:
    """512 signs, +1 or -1, fixed by the feature's text alone."""
    digest = blake2b(feature.encode("utf-8", "surrogatepass"), digest_size=DIMENSIONS // 8).digest()
    bits: npt.NDArray[np.int64] = np.unpackbits(np.frombuffer(digest, np.uint8)).astype(np.int64)
    return 2 * bits - 1


def _unit(vector: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    entries = vector.tolist()
    length = math.sqrt(sum(map(mul, entries, entries)))  # Python's integers: exact, however long the text
    unit: npt.NDArray[np.float64] = vector / max(length, 1.0)
    return unit
