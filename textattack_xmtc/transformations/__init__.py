"""What is added to TextAttack's word swaps."""

from textattack_xmtc.transformations.word_swap_masked_lm import CANDIDATE_ORDER, XMTCWordSwapMaskedLM

__all__ = ["CANDIDATE_ORDER", "XMTCWordSwapMaskedLM"]
