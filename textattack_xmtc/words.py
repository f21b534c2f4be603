"""Where the words of a text stand, so that one can be exchanged by cutting the string once."""

from __future__ import annotations

from collections.abc import Sequence

Span = tuple[int, int]
"""Start and end of a word in its text, in characters; the end is exclusive."""


def word_spans(text: str, words: Sequence[str]) -> list[Span]:
    """Find where each of `words` stands in `text`, searching from left to right.

    Args:
        text: the whole text.
        words: its words in order, as `AttackedText.words` gives them.

    Returns:
        One span a word, in order.

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
