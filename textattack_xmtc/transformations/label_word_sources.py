"""Where the words of a label come from, by what an attacker knows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Protocol

import numpy as np

from textattack_xmtc.resources.function_words import ENGLISH
from textattack_xmtc.targets import Label
from textattack_xmtc.transformations.word_swap_masked_lm import XMTCWordSwapMaskedLM

_MOST_WORDS = 2_000
_PART = re.compile(r"[^\W\d_]+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


class LabelWords(Protocol):
    """A source of words for labels."""

    name: str

    def of(self, label: Label) -> Sequence[str]:
        """Lower-cased words that speak for a label, best first; none where this source knows nothing of it."""
        ...


class NameWords:
    """Words of a label by its name alone: those of the name, then those nearest to it among the masked LM's words.

    Near is the cosine of the masked LM's input embeddings, less their mean; the name stands for the mean of its words,
    each of which stands for the mean of its pieces. No texts and no further model are needed.
    """

    name = "label names"

    def __init__(self, masked_lm: XMTCWordSwapMaskedLM) -> None:
        self._masked_lm = masked_lm

    def of(self, label: Label) -> tuple[str, ...]:
        """The words of the label's name, then their neighbours; none for a label that is a number."""
        words_of_name = name_words(str(label))
        if not words_of_name:
            return ()
        directions = [vector for word in words_of_name if (vector := self._words.of(word)) is not None]
        if not directions:
            return words_of_name
        near = self._words.vectors @ unit(np.mean(directions, axis=0))
        nearest = self._words.words[np.argsort(-near, kind="stable")[:_MOST_WORDS]].tolist()
        return tuple(dict.fromkeys([*words_of_name, *nearest]))

    @cached_property
    def _words(self) -> WordVectors:
        return WordVectors(self._masked_lm)


class WordVectors:
    """Words of a masked LM as directions: its input embeddings, less their mean, of length 1.

    Attributes:
        words: its whole words in lower case; shape `(words,)`.
        vectors: float32, shape `(words, size)`.
    """

    def __init__(self, masked_lm: XMTCWordSwapMaskedLM) -> None:
        self._tokenizer = masked_lm.tokenizer
        self._embeddings = masked_lm.embeddings
        ids = np.flatnonzero(masked_lm.vocabulary.whole_at_start)
        self._mean = self._embeddings[ids].mean(axis=0)
        self.words = np.array([str(word).lower() for word in masked_lm.vocabulary.words[ids]], dtype=object)
        self.vectors = unit(self._embeddings[ids] - self._mean)

    def of(self, word: str) -> np.ndarray | None:
        """The direction of any word, the mean of its pieces; None where the masked LM knows none of them."""
        # Byte-level vocabularies mark words by the space before them.
        pieces: list[int] = self._tokenizer(f" {word}", add_special_tokens=False)["input_ids"]
        known = [piece for piece in pieces if piece != self._tokenizer.unk_token_id]
        return unit(self._embeddings[known].mean(axis=0) - self._mean) if known else None


def name_words(name: str) -> tuple[str, ...]:
    """The words of a label's name in lower case, identifiers cut at their seams; no function words, no numbers.

    Example:
        >>> name_words("History of the Novel"), name_words("includeDir_2"), name_words("17")
        (('history', 'novel'), ('include', 'dir'), ())
    """
    parts = [part.lower() for run in _PART.findall(name) for part in _CAMEL.split(run)]
    return tuple(part for part in dict.fromkeys(parts) if part not in ENGLISH and len(part) > 1)


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors scaled to length 1; zeros stay."""
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    unit: np.ndarray = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return unit
