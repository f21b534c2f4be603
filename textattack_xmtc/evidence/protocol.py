"""How much each word of a text speaks for a label: what every source of evidence answers, and how answers combine."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from textattack_xmtc.resources.function_words import ENGLISH
from textattack_xmtc.targets import Label

_BASE = 4.0  # above twice the largest weight of a later source, so that earlier sources come first


class WordEvidence(NamedTuple):
    """The evidence of one label in one text.

    Attributes:
        weights: float64, shape `(n,)`; larger speaks more for the label, 0 where nothing speaks for it.
        backed: bool, shape `(n,)`; whether the weight is more than chance may give, by the source's own test.
    """

    weights: npt.NDArray[np.float64]
    backed: npt.NDArray[np.bool_]


class Evidence(Protocol):
    """A source of evidence. It never asks the victim under attack."""

    name: str

    def weigh(self, text: str, words: Sequence[str], label: Label) -> WordEvidence | None:
        """How much each word speaks for a label.

        Args:
            words: its n words in order, as `AttackedText.words` gives them.
            label: by name, or by index where labels have no names.

        Returns:
            A weight a word; None where this source knows nothing of the label.
        """
        ...


class CombinedEvidence:
    """Several sources: words that an earlier source speaks for come first, whatever later ones say.

    Args:
        sources: the strongest first.

    Example:
        >>> from textattack_xmtc.evidence.names import NameEvidence
        >>> CombinedEvidence([NameEvidence()]).weigh("two eggs", ["two", "eggs"], "eggs").backed.tolist()
        [False, True]
    """

    def __init__(self, sources: Sequence[Evidence]) -> None:
        self.sources = tuple(sources)
        self.name = "+".join(source.name for source in self.sources)

    def weigh(self, text: str, words: Sequence[str], label: Label) -> WordEvidence | None:
        """The weights of all sources that know the label, scaled to one order; None where none knows it."""
        total, backed, known = np.zeros(len(words)), np.zeros(len(words), dtype=bool), False
        for place, source in enumerate(reversed(self.sources)):
            evidence = source.weigh(text, words, label)
            if evidence is not None:
                known = True
                total += _BASE**place * ((evidence.weights > 0) + evidence.weights / (1 + evidence.weights))
                backed |= evidence.backed
        return WordEvidence(total, backed) if known else None


def evidence_for(source: Evidence, text: str, words: Sequence[str], labels: Sequence[Label]) -> WordEvidence | None:
    """The evidence for a set of labels: of each word, the largest over the labels; None where no label is known."""
    known = [evidence for label in labels if (evidence := source.weigh(text, words, label)) is not None]
    if not known:
        return None
    return WordEvidence(np.max([one.weights for one in known], axis=0), np.any([one.backed for one in known], axis=0))


def is_content(word: str) -> bool:
    """Whether a word is no function word.

    Example:
        >>> is_content("The"), is_content("theory")
        (False, True)
    """
    return word.lower().replace("\u2019", "'") not in ENGLISH


@lru_cache(maxsize=2**18)
def stem(word: str) -> str:
    """What a word and its inflections have in common (Snowball's English stemmer); lower-cased.

    Example:
        >>> stem("Networks"), stem("networking")
        ('network', 'network')
    """
    return str(_stemmer().stem(word.lower()))


@lru_cache(maxsize=1)
def _stemmer() -> Any:
    from nltk.stem.snowball import EnglishStemmer

    return EnglishStemmer()
