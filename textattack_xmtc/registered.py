"""The names that are registered in TextAttack, and the classes behind them: one line a name."""

from __future__ import annotations

RECIPES = {
    "xmtc-positive": "textattack_xmtc.attack_recipes.XMTCPositive",
    "xmtc-negative": "textattack_xmtc.attack_recipes.XMTCNegative",
    "xmtc-untargeted": "textattack_xmtc.attack_recipes.XMTCUntargeted",
    "xmtc-negative-label-aware": "textattack_xmtc.attack_recipes.XMTCNegativeLabelAware",
    "xmtc-positive-label-preserving": "textattack_xmtc.attack_recipes.XMTCPositiveLabelPreserving",
    "xmtc-negative-label-preserving": "textattack_xmtc.attack_recipes.XMTCNegativeLabelPreserving",
    "xmtc-positive-frugal": "textattack_xmtc.attack_recipes.XMTCPositiveFrugal",
}
GOAL_FUNCTIONS = {
    "xmtc-positive-targeted": "textattack_xmtc.goal_functions.PositiveTargeted",
    "xmtc-negative-targeted": "textattack_xmtc.goal_functions.NegativeTargeted",
    "xmtc-untargeted": "textattack_xmtc.goal_functions.Untargeted",
}
SEARCH_METHODS = {
    "xmtc-first-candidate": "textattack_xmtc.search_methods.FirstCandidate",
    "xmtc-masked-delta": "textattack_xmtc.search_methods.MaskedDelta",
    "xmtc-masked-blocks": "textattack_xmtc.search_methods.MaskedBlocks",
    "xmtc-random-order": "textattack_xmtc.search_methods.RandomOrder",
}
TRANSFORMATIONS = {
    "xmtc-word-swap-masked-lm": "textattack_xmtc.transformations.XMTCWordSwapMaskedLM",
    "xmtc-word-swap-noise": "textattack_xmtc.transformations.WordSwapNoise",
    "xmtc-word-swap-same-sense": "textattack_xmtc.transformations.WordSwapSameSense",
}
CONSTRAINTS = {
    "xmtc-function-words": "textattack_xmtc.constraints.FunctionWordModification",
    "xmtc-label-evidence": "textattack_xmtc.constraints.LabelEvidence",
    "xmtc-max-change-rate": "textattack_xmtc.constraints.MaxChangeRate",
    "xmtc-same-sense": "textattack_xmtc.constraints.SameSenseExchange",
    "xmtc-similarity": "textattack_xmtc.constraints.EncoderSimilarity",
}
OLD_NAMES = {
    "first-candidate": "xmtc-first-candidate",
    "masked-delta": "xmtc-masked-delta",
    "masked-blocks": "xmtc-masked-blocks",
    "random-order": "xmtc-random-order",
    "xmtc-non-targeted": "xmtc-untargeted",
}
"""Names until version 0.1.0: still understood, unless TextAttack has taken them, and listed nowhere."""
