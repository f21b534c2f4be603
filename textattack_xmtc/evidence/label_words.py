"""The words that speak for a label in its training texts, found for the labels that are asked about alone."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from functools import cached_property

import numpy as np

from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.evidence.label_texts import LabelTexts
from textattack_xmtc.targets import Label

_WORD = re.compile(r"\b\w+\b")
_MOST_WORDS = 2_000


class TrainingWords:
    """Words of a label by their summed TF-IDF over the label's training texts (the representation of Eq. 4.5).

    As `label_clusters.tfidf`: logarithmic counts of lower-cased words, smoothed idf, rows of length 1. Nothing is
    computed for labels that nobody asks about: a label costs its own texts, at most 1,000 of them. Document
    frequencies are counted once, at the first question, on at most 100,000 texts.

    Args:
        corpus: with a split "train".

    Raises:
        DataError: it has none.

    Example:
        >>> from textattack_xmtc.datasets.corpus import Document
        >>> rows = [Document("1", "an egg", ["eggs"]), Document("2", "an egg salad, an apple", ["salads"])]
        >>> words = TrainingWords(Corpus.from_documents("food", {"train": rows}))
        >>> words.of("salads"), words.of("soups")
        (('an', 'apple', 'salad', 'egg'), ())
    """

    name = "training texts"

    def __init__(self, corpus: Corpus) -> None:
        self._texts = LabelTexts(corpus)

    def of(self, label: Label) -> tuple[str, ...]:
        """The label's words, the heaviest first, ties by the alphabet; at most 2,000, none for an unknown label."""
        index = self._texts.labels.index(label)
        if index is None:
            return ()
        weights: Counter[str] = Counter()
        for text in self._texts.of(index):
            weights.update(self._row(text))
        return tuple(sorted(weights, key=lambda word: (-weights[word], word))[:_MOST_WORDS])

    def _row(self, text: str) -> dict[str, float]:
        frequencies, counted = self._frequencies
        row = {
            word: (1 + np.log(count)) * (np.log((1 + counted) / (1 + frequencies[word])) + 1)
            for word, count in Counter(_words(text)).items()
        }
        length = float(np.sqrt(sum(weight**2 for weight in row.values())))
        return {word: float(weight) / length for word, weight in row.items()}

    @cached_property
    def _frequencies(self) -> tuple[Counter[str], int]:
        """In how many of the counted texts each word stands, and how many were counted."""
        found: Counter[str] = Counter()
        number = 0
        for text in self._texts.sampled():
            found.update(set(_words(text)))
            number += 1
        return found, number


def _words(text: str) -> Iterable[str]:
    return _WORD.findall(text.lower())
