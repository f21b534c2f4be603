"""The training texts of single labels, and the words that speak for a label in them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property

import numpy as np

from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.errors import DataError
from textattack_xmtc.targets import Label, LabelSpace

COUNTED_TEXTS = 100_000
LABEL_TEXTS = 1_000

_WORD = re.compile(r"\b\w+\b")
_MOST_WORDS = 2_000


class LabelTexts:
    """Training texts by label; evenly spaced ones where there are many.

    Args:
        corpus: with a split "train".

    Raises:
        DataError: it has none.
    """

    def __init__(self, corpus: Corpus) -> None:
        if "train" not in corpus.splits:
            raise DataError(
                f"corpus {corpus.name!r} has no training texts to take the words of labels from",
                "give data with a `train` file, or take the words from label-names",
            )
        self._corpus = corpus
        self.labels = LabelSpace(corpus.label_names)

    def of(self, index: int) -> Iterator[str]:
        """The texts of a label, at most 1,000."""
        return self._texts(self._rows_of(index))

    def number(self, index: int) -> int:
        """How many texts `of` gives."""
        return len(self._rows_of(index))

    def frequencies(self, words_of: Callable[[str], Iterable[str]]) -> tuple[Counter[str], int]:
        """In how many texts each word stands, and how many were counted: at most 100,000."""
        counts: Counter[str] = Counter()
        rows = spread(np.arange(len(self._corpus.split("train"))), COUNTED_TEXTS)
        for text in self._texts(rows):
            counts.update(set(words_of(text)))
        return counts, len(rows)

    def _texts(self, rows: np.ndarray) -> Iterator[str]:
        texts = self._corpus.split("train").select_columns(["text"])
        for batch in texts.select(rows).iter(1_000):
            yield from batch["text"]

    @cached_property
    def _by_label(self) -> tuple[np.ndarray, np.ndarray]:
        """The training texts of all labels in one row, and where those of each begin."""
        columns = self._corpus.label_matrix("train").tocsc()
        return columns.indices, columns.indptr

    def _rows_of(self, index: int) -> np.ndarray:
        rows, starts = self._by_label
        return spread(rows[starts[index] : starts[index + 1]], LABEL_TEXTS)


def spread(rows: np.ndarray, most: int) -> np.ndarray:
    """At most so many of `rows`, evenly spaced."""
    return rows if len(rows) <= most else rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]


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
        return self._texts.frequencies(_words)


def _words(text: str) -> Iterable[str]:
    return _WORD.findall(text.lower())
