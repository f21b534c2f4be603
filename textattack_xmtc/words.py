"""Words in a text: where they stand, so that one can be exchanged by cutting the string once; budgets and draws."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from textattack_xmtc.errors import InputError

Span = tuple[int, int]
"""Start and end of a word in its text, in characters; the end is exclusive."""


def word_spans(text: str, words: Sequence[str]) -> list[Span]:
    """Find where each of `words` stands in `text`, searching from left to right.

    Args:
        words: its words in order, as `AttackedText.words` gives them.

    Raises:
        ValueError: a word does not occur after the word before it.

    Example:
        >>> word_spans("To be, to-be.", ["To", "be", "to-be"])
        [(0, 2), (3, 5), (7, 12)]
    """
    spans = []
    end = 0
    for word in words:
        start = text.index(word, end)
        end = start + len(word)
        spans.append((start, end))
    return spans


def replaced(text: str, span: Span, word: str) -> str:
    """`text` with the characters of `span` exchanged for `word`.

    Example:
        >>> replaced("a small test", (2, 7), "[MASK]")
        'a [MASK] test'
    """
    return text[: span[0]] + word + text[span[1] :]


def seeded(seed: int, text: str) -> np.random.Generator:
    """Draws that depend on a seed and a text alone; `hash()` would differ between processes.

    Example:
        >>> bool(seeded(0, "a text").integers(1000) == seeded(0, "a text").integers(1000))
        True
    """
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return np.random.default_rng([seed, int.from_bytes(digest)])


def change_budget(max_change_rate: float, words: int) -> int:
    """How many of `words` words may be changed: `floor(max_change_rate * words)` (theta of section 3.2).

    The rate counts as the decimal number it is written as: a tenth of 30 words is 3, where the binary
    product of 0.29 and 100 falls just short of 29.

    Raises:
        InputError: the rate is not in (0, 1].

    Example:
        >>> change_budget(0.1, 30), change_budget(0.29, 100), change_budget(0.1, 9)
        (3, 29, 0)
    """
    if not 0 < max_change_rate <= 1:
        raise InputError(
            f"max_change_rate={max_change_rate} is not a share of the words", "choose one above 0 and up to 1"
        )
    return int(Fraction(str(max_change_rate)) * words)
