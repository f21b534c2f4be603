"""The training texts of single labels, and a sample of all: what sources of label words count."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.errors import DataError
from textattack_xmtc.targets import LabelSpace

COUNTED_TEXTS = 100_000
LABEL_TEXTS = 1_000


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

    def sampled(self) -> Iterator[str]:
        """All texts, at most 100,000."""
        return self._texts(spread(np.arange(len(self._corpus.split("train"))), COUNTED_TEXTS))

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
