"""What is added to TextAttack's word swaps."""

from textattack_xmtc.transformations.label_word_sources import LabelWords, NameWords
from textattack_xmtc.transformations.named import word_swap_named
from textattack_xmtc.transformations.word_swap_label_aware import WordSwapLabelAware, WordSwapLearning
from textattack_xmtc.transformations.word_swap_masked_lm import CANDIDATE_ORDER, XMTCWordSwapMaskedLM
from textattack_xmtc.transformations.word_swap_noise import WordSwapNoise
from textattack_xmtc.transformations.word_swap_same_sense import WordSwapSameSense

__all__ = [
    "CANDIDATE_ORDER",
    "LabelWords",
    "NameWords",
    "WordSwapLabelAware",
    "WordSwapLearning",
    "WordSwapNoise",
    "WordSwapSameSense",
    "XMTCWordSwapMaskedLM",
    "word_swap_named",
]
