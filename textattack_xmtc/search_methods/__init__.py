"""Searches that use what a goal knows of its targets."""

from textattack_xmtc.search_methods.first_candidate import FirstCandidate
from textattack_xmtc.search_methods.masked_blocks import MaskedBlocks
from textattack_xmtc.search_methods.masked_delta import MaskedDelta
from textattack_xmtc.search_methods.named import search_named
from textattack_xmtc.search_methods.random_order import RandomOrder

__all__ = ["FirstCandidate", "MaskedBlocks", "MaskedDelta", "RandomOrder", "search_named"]
