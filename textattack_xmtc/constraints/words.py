"""Which words may be changed, and how many."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textattack.constraints import Constraint
from textattack.constraints.pre_transformation import StopwordModification
from textattack.shared import AttackedText

from textattack_xmtc.resources.function_words import ENGLISH
from textattack_xmtc.words import change_budget


class MaxChangeRate(Constraint):
    """At most floor(theta n) of the n words of the original text may be changed.

    TextAttack's `MaxWordsPerturbed` rounds up: 8 words allow it one change at 10%, 101 words 11. Here they allow 0
    and 10. For transformations that insert or delete words the changes are counted as a word-level edit distance.

    Args:
        max_change_rate: theta, in (0, 1].

    Raises:
        InputError: `max_change_rate` is outside (0, 1].
    """

    def __init__(self, max_change_rate: float = 0.1) -> None:
        super().__init__(compare_against_original=True)
        change_budget(max_change_rate, 0)  # refuses an invalid rate
        self.max_change_rate = max_change_rate

    def extra_repr_keys(self) -> list[str]:
        """What TextAttack prints about this constraint."""
        return ["max_change_rate", *super().extra_repr_keys()]

    def _check_constraint_many(
        self, transformed_texts: Sequence[AttackedText], reference_text: AttackedText
    ) -> list[AttackedText]:
        budget = change_budget(self.max_change_rate, len(reference_text.words))
        return [text for text in transformed_texts if _changed_words(reference_text, text) <= budget]

    def _check_constraint(self, transformed_text: AttackedText, reference_text: AttackedText) -> bool:
        return bool(self._check_constraint_many([transformed_text], reference_text))


def _changed_words(original: AttackedText, changed: AttackedText) -> int:
    if len(original.words) == len(changed.words):
        return len(changed.all_words_diff(original))
    return int(changed.words_diff_num(original))


class FunctionWordModification(StopwordModification):
    """Stop words are left alone, whatever their case: "The" at the start of a sentence is one, too.

    Args:
        stopwords: the words, in any case; by default those of NLTK for `language`.
        language: the NLTK list to use where `stopwords` is not given.
    """

    stopwords: set[str]

    def __init__(self, stopwords: Iterable[str] | None = None, language: str = "english") -> None:
        super().__init__(stopwords, language)
        self.stopwords = {word.lower() for word in self.stopwords}
        source = "given" if stopwords is not None else "of textattack-xmtc" if self.stopwords == ENGLISH else "of NLTK"
        self.word_list = f"{len(self.stopwords)} words {source}"

    def extra_repr_keys(self) -> list[str]:
        """What TextAttack prints about this constraint: which list of stop words is used."""
        return ["word_list", *super().extra_repr_keys()]

    def _get_modifiable_indices(self, current_text: AttackedText) -> set[int]:
        return {i for i, word in enumerate(current_text.words) if word.lower() not in self.stopwords}
