"""Evidence by the training texts of a label: how much more often a word occurs in them than elsewhere."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.errors import InputError
from textattack_xmtc.evidence.label_texts import LabelTexts
from textattack_xmtc.evidence.protocol import WordEvidence, is_content, stem
from textattack_xmtc.targets import Label

PRIOR_TEXTS = 10
"""The prior weighs as much as so many texts of the background's kind: one text of a label hardly moves it."""

_BACKED = 1.96  # of the normal distribution, two-sided 5%
_BACKED_TEXTS = 2  # in a single text of a label, every word is its own
_KEPT_LABELS = 512
_WORD = re.compile(r"\b\w+\b")


class TrainingTextEvidence:
    """Log-odds of a word with an informative Dirichlet prior, as z-scores (Monroe et al. 2008, section 3.5).

    Texts count, not occurrences: y is the number of the label's texts that hold a word's stem, b that of all texts, n
    and N the sums of y and b over stems. With a prior a = A b / N, where A is `PRIOR_TEXTS` mean texts, the log-odds
    ratio is d = log((y + a) / (n + A - y - a)) - log(b / (N - b)), its variance 1 / (y + a) + 1 / b. A word weighs
    max(0, d / sqrt(variance)). It is backed from 1.96 on, if at least two texts of the label hold it.

    A label costs its own texts, at most 1,000 of them, once; all texts, at most 100,000, are counted at the first
    question.

    Args:
        corpus: with a split "train".
        prior_texts: how many texts the prior weighs.

    Raises:
        DataError: the corpus has no training texts.
        InputError: the prior is not above 0.

    Example:
        >>> from textattack_xmtc.datasets.corpus import Document
        >>> rows = [Document(str(i), f"{w} soup", [w]) for i, w in enumerate(["egg", "egg", "pea", "pea", "leek"])]
        >>> source = TrainingTextEvidence(Corpus.from_documents("soups", {"train": rows}))
        >>> source.weigh("pea soup", ["pea", "soup"], "pea").weights.round(1).tolist(), source.texts_of("pea")
        ([0.4, 0.0], 2)
    """

    name = "training texts"

    def __init__(self, corpus: Corpus, prior_texts: float = PRIOR_TEXTS) -> None:
        if not prior_texts > 0:
            raise InputError(f"invalid prior_texts={prior_texts}", "choose a number of texts above 0, such as 10")
        self._texts = LabelTexts(corpus)
        self.prior_texts = prior_texts
        self._kept: dict[int, dict[str, tuple[float, bool]]] = {}

    def weigh(self, text: str, words: Sequence[str], label: Label) -> WordEvidence | None:
        """The weight of each word; None for a label without training texts."""
        index = self._texts.labels.index(label)
        if index is None or not self._texts.number(index):
            return None
        known = self._weights(index)
        nothing = (0.0, False)
        rows = [max((known.get(part, nothing) for part in stems_of_text(word)), default=nothing) for word in words]
        return WordEvidence(
            np.array([weight for weight, _ in rows]), np.array([backed for _, backed in rows], dtype=bool)
        )

    def texts_of(self, label: Label) -> int:
        """How many training texts speak here for a label: at most 1,000, 0 for an unknown label."""
        index = self._texts.labels.index(label)
        return 0 if index is None else self._texts.number(index)

    def prepare(self) -> None:
        """Count the background now instead of at the first question."""
        _ = self._background

    def _weights(self, index: int) -> dict[str, tuple[float, bool]]:
        if index not in self._kept:
            if len(self._kept) == _KEPT_LABELS:
                self._kept.pop(next(iter(self._kept)))
            self._kept[index] = self._weights_of(index)
        return self._kept[index]

    def _weights_of(self, index: int) -> dict[str, tuple[float, bool]]:
        counts: Counter[str] = Counter()
        for text in self._texts.of(index):
            counts.update(stems_of_text(text))
        background, texts = self._background
        total = background.total()
        stems = [word for word in counts if background[word]]
        y = np.array([counts[word] for word in stems], dtype=np.float64)
        b = np.array([background[word] for word in stems], dtype=np.float64)
        prior = self.prior_texts * total / max(texts, 1)
        a = prior * b / max(total, 1)
        with np.errstate(divide="ignore", invalid="ignore"):  # a word that is all of a corpus has infinite odds
            odds = np.log((y + a) / (counts.total() + prior - y - a)) - np.log(b / (total - b))
        z = np.maximum(np.nan_to_num(odds, posinf=0.0, neginf=0.0) / np.sqrt(1 / (y + a) + 1 / b), 0)
        backed = (z >= _BACKED) & (y >= _BACKED_TEXTS)
        return dict(zip(stems, zip(z.tolist(), backed.tolist(), strict=True), strict=True))

    @cached_property
    def _background(self) -> tuple[Counter[str], int]:
        return self._texts.frequencies(stems_of_text)


def stems_of_text(text: str) -> set[str]:
    """The stems of a text's content words, each once; "state-of-the-art" holds several.

    Example:
        >>> sorted(stems_of_text("The robots, the robot and the arms"))
        ['arm', 'robot']
    """
    return {stem(word) for word in set(_WORD.findall(text.lower())) if is_content(word)}
