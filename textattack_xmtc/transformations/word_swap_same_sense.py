"""Words of the same sense as candidates: alone, or at protected words beside another source everywhere else."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from textattack.shared import AttackedText
from textattack.transformations import WordSwap

from textattack_xmtc.search_options import SenseFilter
from textattack_xmtc.transformations.same_sense import SameSense
from textattack_xmtc.transformations.substitution import substitute
from textattack_xmtc.transformations.word_swap_masked_lm import CANDIDATE_ORDER
from textattack_xmtc.words import word_spans


class WordSwapSameSense(WordSwap):
    """Exchange a word for one that says the same in its context (`SameSense`).

    The sense is that of the original text, also where earlier steps have changed the words around.

    Args:
        senses: which senses of a word count: "context", "first" or "all".
        sense: what finds the words, in place of `senses`.
        max_candidates: at most so many a word, those that agree most first.

    Raises:
        InputError: an unknown filter.
        MissingExtraError: WordNet or the tagger is missing; the message has the command.

    Example:
        ::

            WordSwapSameSense()(AttackedText("Ubiquitous computing"))  # "Omnipresent computing", ...
    """

    def __init__(
        self, senses: SenseFilter = "context", sense: SameSense | None = None, max_candidates: int = 48
    ) -> None:
        super().__init__()
        self.sense = sense or SameSense(senses)
        self.max_candidates = max_candidates

    def _get_transformations(self, current_text: AttackedText, indices_to_modify: Iterable[int]) -> list[AttackedText]:
        original = original_of(current_text)
        if len(original.words) != len(current_text.words):  # words were inserted or joined: positions do not compare
            original = current_text
        spans = word_spans(current_text.text, current_text.words)
        transformed = []
        for index in sorted(indices_to_modify):
            for order, word in enumerate(self.sense.words(original, index)[: self.max_candidates]):
                candidate = substitute(current_text, index, spans[index], word)
                candidate.attack_attrs[CANDIDATE_ORDER] = order
                transformed.append(candidate)
        return transformed

    def extra_repr_keys(self) -> list[str]:  # noqa: D102
        return ["sense", "max_candidates"]


class WordSwapBySource(WordSwap):
    """Words of the same sense at some positions of the original text, another source's words at all others.

    Args:
        same_sense: the source for protected positions.
        elsewhere: the source for the others.
        protected: the protected positions of the text under attack, by its original text.
    """

    def __init__(
        self,
        same_sense: WordSwapSameSense,
        elsewhere: WordSwap,
        protected: Callable[[AttackedText], Collection[int]],
    ) -> None:
        super().__init__()
        self.same_sense, self.elsewhere, self._protected = same_sense, elsewhere, protected

    def _get_transformations(self, current_text: AttackedText, indices_to_modify: Iterable[int]) -> list[AttackedText]:
        protected = self._protected(original_of(current_text))
        indices = set(indices_to_modify)
        inside, outside = indices & set(protected), indices - set(protected)
        same = self.same_sense._get_transformations(current_text, inside) if inside else []
        return same + (list(self.elsewhere._get_transformations(current_text, outside)) if outside else [])

    def extra_repr_keys(self) -> list[str]:  # noqa: D102
        return ["same_sense", "elsewhere"]


def original_of(text: AttackedText) -> AttackedText:
    """The text that an attack began with."""
    while (previous := text.attack_attrs.get("previous_attacked_text")) is not None:
        text = previous
    return text
