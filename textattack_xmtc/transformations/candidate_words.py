"""Which tokens of a masked language model can stand as a word of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
from textattack.shared.utils import check_if_punctuations, has_letter, words_from_text

from textattack_xmtc.errors import InputError

_MARKS = {"wordpiece": "##", "byte-level": "Ġ", "sentencepiece": "▁"}
_MARKED_SHARE = 0.01  # a vocabulary with fewer marked tokens than this does not mark words


@dataclass(frozen=True)
class CandidateWords:
    """The vocabulary of a masked language model, looked at once.

    Attributes:
        listed: tokens that TextAttack's word swap lists: one word, not punctuation.
        whole: whole words with a letter that are not stop words.
        whole_at_start: the same for the first word of a text, which byte-level vocabularies do not mark.
        forms: how many of these tokens stand for a word, whatever its case, by the lower-cased word.
        twins: how many of these tokens at most stand for the same word.
        mark: how the vocabulary marks words: "wordpiece", "byte-level" or "sentencepiece".
    """

    words: np.ndarray
    listed: np.ndarray
    whole: np.ndarray
    whole_at_start: np.ndarray
    forms: Counter[str]
    twins: int
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
    vocabulary, special = set(tokens), set(tokenizer.all_special_tokens)
    mark = _mark_of(tokenizer, tokens)
    sign = _MARKS[mark]

    words = np.full(len(tokens), "", dtype=object)
    listed, whole, whole_at_start = (np.zeros(len(tokens), dtype=bool) for _ in range(3))
    for position, token in enumerate(tokens):
        if token is None:  # a hole in the vocabulary
            continue
        marked = token.startswith(sign)
        word = words[position] = token.lstrip(sign) if mark == "sentencepiece" else token.replace(sign, "")
        # TextAttack judges a whole word of a byte-level vocabulary with its mark, which it takes for a letter.
        judged = token if marked and mark == "byte-level" else word
        listed[position] = len(words_from_text(judged)) == 1 and not check_if_punctuations(judged)
        if not has_letter(word) or words_from_text(word) != [word]:
            continue
        # Byte-level vocabularies spell other letters than ASCII in bytes, which are not words.
        if token in special or word.lower() in stop_words or (mark == "byte-level" and not word.isascii()):
            continue
        whole[position] = marked != (mark == "wordpiece")
        # What never comes with a mark is a piece of a word at the start of a text as well.
        whole_at_start[position] = whole[position] or (mark == "byte-level" and sign + token in vocabulary)
    wholes = words[whole_at_start].tolist()
    return CandidateWords(
        words,
        listed,
        whole,
        whole_at_start,
        forms=Counter(word.lower() for word in wholes),
        twins=max(Counter(wholes).values(), default=1),
        mark=mark,
    )


def _mark_of(tokenizer: Any, tokens: list[str | None]) -> str:
    counts = {
        mark: sum(token is not None and token.startswith(sign) for token in tokens) for mark, sign in _MARKS.items()
    }
    mark = max(counts, key=lambda name: counts[name])
    if counts[mark] >= _MARKED_SHARE * len(tokens):
        return mark
    # A vocabulary of whole words is a WordPiece vocabulary that never has to cut one.
    longest = max((token for token in tokens if token is not None and token.isalpha()), key=len, default="")
    pieces = tokenizer.tokenize(2 * longest)
    if longest and all(piece.startswith(_MARKS["wordpiece"]) for piece in pieces[1:]):
        return "wordpiece"
    raise InputError(
        "the vocabulary of this masked language model does not mark where words begin",
        "use one of the BERT, RoBERTa, DeBERTa, ELECTRA, ALBERT, XLM-R or ModernBERT families",
    )
