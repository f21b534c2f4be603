"""Searches that use what a goal knows of its targets."""

from textattack_xmtc.search_methods.masked_delta import MaskedDelta

__all__ = ["MaskedDelta"]
