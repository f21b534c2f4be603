"""Searches that use what a goal knows of its targets."""

from textattack_xmtc.search_methods.masked_delta import MaskedDelta
from textattack_xmtc.search_methods.rankings import FirstCandidate, MaskedBlocks, RandomOrder, search_named

__all__ = ["FirstCandidate", "MaskedBlocks", "MaskedDelta", "RandomOrder", "search_named"]
