"""The attacks of the paper, ready to use."""

from textattack_xmtc.attack_recipes.label_preserving import XMTCNegativeLabelPreserving, XMTCPositiveLabelPreserving
from textattack_xmtc.attack_recipes.recipe import XMTCRecipe
from textattack_xmtc.attack_recipes.recipes import (
    XMTCNegative,
    XMTCNegativeLabelAware,
    XMTCPositive,
    XMTCPositiveFrugal,
    XMTCUntargeted,
)

__all__ = [
    "XMTCNegative",
    "XMTCNegativeLabelAware",
    "XMTCNegativeLabelPreserving",
    "XMTCPositive",
    "XMTCPositiveFrugal",
    "XMTCPositiveLabelPreserving",
    "XMTCRecipe",
    "XMTCUntargeted",
]
