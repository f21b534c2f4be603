"""Words ranked by masking several at once: most matter to no label, and need not be asked about singly."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence

from textattack.shared import AttackedText

from textattack_xmtc.errors import InputError
from textattack_xmtc.search_methods.masked_delta import MaskedDelta
from textattack_xmtc.search_options import CandidateOrder
from textattack_xmtc.words import word_spans

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
