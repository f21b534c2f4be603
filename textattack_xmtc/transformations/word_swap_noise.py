"""Noise as candidates: what typing, scanning and other spellings make of a word."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from textattack.shared import AttackedText
from textattack.transformations import WordSwap

from textattack_xmtc.errors import InputError
from textattack_xmtc.search_options import NoiseKind, require_choice
from textattack_xmtc.transformations.noise import NOISE
from textattack_xmtc.transformations.substitution import WORDS_CHANGED, Substitution
from textattack_xmtc.transformations.word_swap_masked_lm import CANDIDATE_ORDER
from textattack_xmtc.words import seeded, word_spans


class WordSwapNoise(WordSwap):
    """Exchange a word for what noise makes of it (`noise.NOISE`).

    Words keep the positions of the original text, whatever noise does: a word that is split is one word with a space in
    it; of two that are joined, the first is both and the second is "", and both count as changed.

    Args:
        kind: of noise.
        max_candidates: at most so many a word; drawn where there are more.
        seed: of that draw, which depends on the word beside it.

    Raises:
        InputError: an unknown kind, or no candidates.
        MissingExtraError: kind "spelling" without WordNet.

    Example:
        >>> [text.text for text in WordSwapNoise("hyphens")(AttackedText("a robot"))]
        ['a ro-bot', 'a rob-ot']
    """

    def __init__(self, kind: NoiseKind = "typos", max_candidates: int = 48, seed: int = 0) -> None:
        super().__init__()
        require_choice("kind", kind, NoiseKind)
        if max_candidates < 1:
            raise InputError(f"invalid max_candidates={max_candidates}", "must be at least 1")
        self.kind, self.max_candidates, self.seed = kind, max_candidates, seed
        self.noise = NOISE[kind]
        self.noise.variants("colour", ["colour"], [(0, 6)], 0)  # what is missing is missed here, not in an attack

    def __call__(
        self, current_text: AttackedText, pre_transformation_constraints: Any = (), *args: Any, **options: Any
    ) -> Any:
        """As the parent; of two words that are joined, constraints have to let both change."""
        allowed = super().__call__(current_text, pre_transformation_constraints, return_indices=True)
        candidates = super().__call__(current_text, pre_transformation_constraints, *args, **options)
        if options.get("return_indices") or not self.noise.joins:
            return candidates
        return [text for text in candidates if text.attack_attrs["newly_modified_indices"] <= allowed]

    def _get_transformations(self, current_text: AttackedText, indices_to_modify: Iterable[int]) -> list[AttackedText]:
        if len(current_text.column_labels) > 1:
            raise InputError("noise is made for texts of one column", "join the columns of the data set into one text")
        text, words = current_text.text, current_text.words
        spans = word_spans(text, words)
        transformed = []
        for index in sorted(indices_to_modify):
            variants = self.noise.variants(text, words, spans, index)
            if len(variants) > self.max_candidates:
                chosen = seeded(self.seed, words[index]).permutation(len(variants))[: self.max_candidates]
                variants = tuple(variants[place] for place in chosen)
            for order, variant in enumerate(variants):
                span = self.noise.span(spans, index)
                candidate = Substitution(current_text, index, span, variant, absorbed=int(self.noise.joins))
                candidate.attack_attrs[CANDIDATE_ORDER] = order
                candidate.attack_attrs[WORDS_CHANGED] = 1 + self.noise.joins
                transformed.append(candidate)
        return transformed

    def extra_repr_keys(self) -> list[str]:  # noqa: D102
        return ["kind", "max_candidates", "seed"]
