"""A text with one word exchanged, made by cutting the string instead of building it up again word by word."""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import Any

from textattack.shared import AttackedText
from textattack.shared.utils import words_from_text

from textattack_xmtc.words import Span, replaced

WORDS_CHANGED = "xmtc_words_changed"
"""Key of `attack_attrs`: how many words of the original a candidate changes, where it may be more than one."""

_RESEGMENTED = re.compile("[\u4e00-\u9fff]")
"""TextAttack cuts texts with these characters into words anew by their context."""


class Substitution(AttackedText):
    """`text` with the word at `index` exchanged for `word`: what `replace_word_at_index` gives, sooner.

    Args:
        index: which of its words.
        span: where that word stands.
        word: another word. Where TextAttack would split it otherwise, it still counts as the one word at `index`.
        absorbed: how many words after it are now part of it; they stay in the list of words, as "".
    """

    def __init__(self, text: AttackedText, index: int, span: Span, word: str, absorbed: int = 0) -> None:
        # The parent's constructor would split the new text into words, which is most of its cost.
        self._text_input = OrderedDict([(text.column_labels[0], replaced(text.text, span, word))])
        self._words = list(text.words)
        self._words[index : index + 1 + absorbed] = [word] + [""] * absorbed
        self._words_per_input = None
        self._pos_tags = None
        self._ner_tags = None
        previous, changed = text.attack_attrs, set(range(index, index + 1 + absorbed))
        self.attack_attrs: dict[str, Any] = {
            "newly_modified_indices": changed,
            "previous_attacked_text": text,
            "modified_indices": previous["modified_indices"] | changed,
            "original_index_map": previous["original_index_map"].copy(),
        }
        if "label_names" in previous:
            self.attack_attrs["label_names"] = previous["label_names"]


def substitute(text: AttackedText, index: int, span: Span, word: str) -> AttackedText:
    """`text.replace_word_at_index(index, word)`, by cutting the string where that gives the same.

    Example:
        >>> text = AttackedText("A small test.")
        >>> substitute(text, 1, (2, 7), "large").text
        'A large test.'
    """
    changes_one_word = word != text.words[index] and words_from_text(word) == [word]
    resegmented = _RESEGMENTED.search(word) or _RESEGMENTED.search(text.text)
    if changes_one_word and not resegmented and len(text.column_labels) == 1:
        return Substitution(text, index, span, word)
    return text.replace_word_at_index(index, word)
