"""Which tokens of a masked language model can stand as a word of their own."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from textattack.shared.utils import check_if_punctuations, words_from_text

from textattack_xmtc.errors import InputError

_MARKS = {"wordpiece": "##", "byte-level": "Ġ", "sentencepiece": "▁"}
_MARKED_SHARE = 0.01  # a vocabulary with fewer marked tokens than this does not mark words


@dataclass(frozen=True)
class CandidateWords:
    """The vocabulary of a masked language model, looked at once.

    Attributes:
        words: the word that each token stands for; shape `(vocabulary,)`.
        listed: tokens that TextAttack's word swap lists: one word, not punctuation.
        whole: of these, whole words with a letter that are not stop words.
        whole_at_start: the same for the first word of a text, where byte-level vocabularies have no mark.
        mark: how the vocabulary marks words: "wordpiece", "byte-level" or "sentencepiece".
    """

    words: np.ndarray
    listed: np.ndarray
    whole: np.ndarray
    whole_at_start: np.ndarray
    mark: str


def candidate_words(tokenizer: Any, stop_words: Collection[str]) -> CandidateWords:
    """Look at every token of `tokenizer` once.

    Args:
        tokenizer: a tokenizer of transformers.
        stop_words: lower-cased words that are never candidates.

    Raises:
        InputError: the vocabulary does not tell whole words from pieces.
    """
    tokens = tokenizer.convert_ids_to_tokens(range(len(tokenizer)))
    mark = _mark_of(tokens)
    special = set(tokenizer.all_special_tokens)
    sign = _MARKS[mark]

    words = np.empty(len(tokens), dtype=object)
    listed, whole, whole_at_start = (np.zeros(len(tokens), dtype=bool) for _ in range(3))
    for position, token in enumerate(tokens):
        if token is None:  # a hole in the vocabulary
            words[position] = ""
            continue
        word = token.replace(sign, "") if mark != "sentencepiece" else token.lstrip(sign)
        words[position] = word
        listed[position] = len(words_from_text(word)) == 1 and not check_if_punctuations(word)
        if not listed[position] or token in special or word.lower() in stop_words:
            continue
        # Byte-level vocabularies spell other letters than ASCII in bytes, which are not words.
        plain = words_from_text(word) == [word] and (mark != "byte-level" or word.isascii())
        complete = token.startswith(sign) != (mark == "wordpiece")
        acceptable = plain and re.search("[a-zA-Z]", word) is not None
        whole[position] = acceptable and complete
        whole_at_start[position] = acceptable and (complete or mark == "byte-level")
    return CandidateWords(words, listed, whole, whole_at_start, mark)


def _mark_of(tokens: list[str | None]) -> str:
    counts = {
        mark: sum(token is not None and token.startswith(sign) for token in tokens) for mark, sign in _MARKS.items()
    }
    mark = max(counts, key=lambda name: counts[name])
    # A vocabulary of whole words only is a WordPiece vocabulary that never had to cut one.
    if counts[mark] < _MARKED_SHARE * len(tokens):
        if any(token is not None and len(token) > 3 and token.isalpha() for token in tokens):
            return "wordpiece"
        raise InputError(
            "the vocabulary of this masked language model does not mark where words begin",
            "use one of the BERT, RoBERTa, DeBERTa, ELECTRA, ALBERT, XLM-R or ModernBERT families",
        )
    return mark
