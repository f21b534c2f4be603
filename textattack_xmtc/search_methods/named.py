"""Searches by the names that recipes and campaigns give them."""

from __future__ import annotations

from textattack_xmtc.search_methods.first_candidate import FirstCandidate
from textattack_xmtc.search_methods.masked_blocks import MaskedBlocks
from textattack_xmtc.search_methods.masked_delta import MaskedDelta
from textattack_xmtc.search_methods.random_order import RandomOrder
from textattack_xmtc.search_options import CandidateOrder, Ranking, ranking_named


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
