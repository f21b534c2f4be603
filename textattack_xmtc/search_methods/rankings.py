"""Searches that rank words otherwise than Algorithm 1, and all searches by name."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence

import numpy as np
from textattack.shared import AttackedText

from textattack_xmtc.errors import InputError
from textattack_xmtc.search_methods.masked_delta import MaskedDelta
from textattack_xmtc.search_options import CandidateOrder, Ranking, ranking_named
from textattack_xmtc.words import seeded, word_spans

_TOGETHER = 16  # places whose candidates are made at once; all but the first of each are dropped


class FirstCandidate(MaskedDelta):
    """The search of `MaskedDelta` with words ranked by exchanging each for its first candidate.

    A mask tells what a text loses with a word. Where a label is to be raised by words of its own, it matters what the
    text wins with one of them there: every word that may be changed is exchanged once, in the original text, for the
    first of its candidates, and words are tried in the order of how much nearer to the goal that brings the text; ties
    by position. Words without a candidate are not tried. It costs at most as many queries as masking every word.

    Raises:
        InputError: as `MaskedDelta`.
    """

    def _order(self, original: AttackedText, score: float) -> Iterator[int]:
        indices = self._changeable(original, word_spans(original.text, original.words))
        places: list[int] = []
        gains: list[float] = []
        for start in range(0, len(indices), _TOGETHER):
            firsts = self._firsts(original, indices[start : start + _TOGETHER])
            nearness = self.goal_function.objective_values([text.text for text in firsts.values()])
            # Fewer answers than places where queries ran out.
            for place, near in zip(firsts, nearness, strict=False):
                places.append(place)
                gains.append(float(near) - score)
        yield from (places[position] for position in np.argsort(-np.array(gains), kind="stable"))

    def _firsts(self, original: AttackedText, indices: list[int]) -> dict[int, AttackedText]:
        """The first candidate at each place that has one, by place."""
        firsts: dict[int, AttackedText] = {}
        for text in self._candidates(original, original, indices):
            place = min(text.attack_attrs["newly_modified_indices"])
            firsts.setdefault(place, text)
        return dict(sorted(firsts.items()))


BLOCK = 4


class MaskedBlocks(MaskedDelta):
    """The search of `MaskedDelta` with words ranked by masked blocks, which are split only when they come first.

    The words that may be changed, in the order of the text, are cut into blocks of `block`. Each block is masked
    in the original text; its importance is how much nearer to the goal that brings the text (Eq. 3.1 to 3.3, for
    several words at once). The most important block is taken; ties by position. If it is a single word, that word is
    tried; otherwise its two halves (the first one larger where it is odd) are masked and put back. So words are
    attacked while others are not ranked yet, and an attack that ends early never ranks them.

    A text of n such words costs n / block queries, and about 2 log2(block) more for each word tried, where masked-delta
    costs n. What is lost: two words of a block may hide each other.

    Args:
        max_change_rate: theta, share of the words that may be changed.
        block: how many words are masked together at first.
        candidate_order: as in `MaskedDelta`.

    Raises:
        InputError: as `MaskedDelta`; a block of no words.
    """

    def __init__(
        self, max_change_rate: float = 0.1, block: int = BLOCK, candidate_order: CandidateOrder = "all"
    ) -> None:
        super().__init__(max_change_rate, candidate_order)
        if block < 1:
            raise InputError(f"invalid block={block}", "must be at least 1 word")
        self.block = block

    def _order(self, original: AttackedText, score: float) -> Iterator[int]:
        spans = word_spans(original.text, original.words)
        waiting: list[tuple[float, int, Sequence[int]]] = []

        def rank(blocks: Sequence[Sequence[int]]) -> None:
            nearness = self._masked(original.text, [[spans[index] for index in block] for block in blocks])
            # Fewer answers than blocks where queries ran out.
            for block, near in zip(blocks, nearness, strict=False):
                # No two blocks share a first word: that breaks ties by position, and nothing beyond is compared.
                heapq.heappush(waiting, (score - float(near), block[0], block))

        indices = self._changeable(original, spans)
        rank([indices[start : start + self.block] for start in range(0, len(indices), self.block)])
        while waiting:
            _, first, block = heapq.heappop(waiting)
            if len(block) == 1:
                yield first
            else:
                half = (len(block) + 1) // 2
                rank([block[:half], block[half:]])

    def extra_repr_keys(self) -> list[str]:  # noqa: D102
        return [*super().extra_repr_keys(), "block"]


class RandomOrder(MaskedDelta):
    """The search of `MaskedDelta` with words in random order: the baseline that shows what the ranking is worth.

    Candidates are chosen and words limited as there; no query is spent on masked texts. The order of a text's words
    depends on the seed and the text only, so that the same text is attacked alike wherever it stands in a data set.

    Args:
        max_change_rate: theta, share of the words that may be changed.
        seed: another one gives other orders.
        candidate_order: as in `MaskedDelta`.

    Raises:
        InputError: as `MaskedDelta`.
    """

    def __init__(self, max_change_rate: float = 0.1, seed: int = 0, candidate_order: CandidateOrder = "all") -> None:
        super().__init__(max_change_rate, candidate_order)
        self.seed = seed

    def _order(self, original: AttackedText, score: float) -> Iterator[int]:
        indices = self._changeable(original, word_spans(original.text, original.words))
        yield from (indices[position] for position in seeded(self.seed, original.text).permutation(len(indices)))

    def extra_repr_keys(self) -> list[str]:  # noqa: D102
        return [*super().extra_repr_keys(), "seed"]


def search_named(
    ranking: Ranking, candidate_order: CandidateOrder = "all", max_change_rate: float = 0.1, seed: int = 0
) -> MaskedDelta:
    """The search with this ranking and this order of candidates.

    Args:
        ranking: "masked-delta" (Algorithm 1), "masked-blocks", "first-candidate" or "random".
        candidate_order: "all" (Algorithm 1), "until-goal" or "while-better".
        max_change_rate: theta, share of the words that may be changed.
        seed: of the ranking "random".

    Raises:
        InputError: a name that there is not, a rate outside (0, 1].

    Example:
        >>> search_named("masked-blocks", "while-better").candidate_order
        'while-better'
    """
    ranking = ranking_named(ranking)
    if ranking == "random":
        return RandomOrder(max_change_rate, seed, candidate_order)
    if ranking == "masked-blocks":
        return MaskedBlocks(max_change_rate, candidate_order=candidate_order)
    if ranking == "first-candidate":
        return FirstCandidate(max_change_rate, candidate_order)
    return MaskedDelta(max_change_rate, candidate_order)
