"""The goals of section 3, as TextAttack's goal functions: positive-targeted, negative-targeted and untargeted."""

from textattack_xmtc.goal_functions.result import TopKGoalFunctionResult
from textattack_xmtc.goal_functions.targeted import NegativeTargeted, NonTargeted, PositiveTargeted, Untargeted
from textattack_xmtc.goal_functions.top_k import TopKGoalFunction

__all__ = [
    "NegativeTargeted",
    "NonTargeted",
    "PositiveTargeted",
    "TopKGoalFunction",
    "TopKGoalFunctionResult",
    "Untargeted",
]
