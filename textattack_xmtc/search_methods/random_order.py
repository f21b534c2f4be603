"""Algorithm 1 without its ranking: what is left of the attack when words are tried in an order that knows nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np
from textattack.shared import AttackedText

from textattack_xmtc.search_methods.masked_delta import MaskedDelta
from textattack_xmtc.search_options import CandidateOrder
from textattack_xmtc.words import word_spans


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
        # hash() differs between runs; a digest of the text does not.
        digest = hashlib.blake2b(original.text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        rng = np.random.default_rng([self.seed, int.from_bytes(digest)])
        yield from (indices[position] for position in rng.permutation(len(indices)))

    def extra_repr_keys(self) -> list[str]:  # noqa: D102
        return [*super().extra_repr_keys(), "seed"]
