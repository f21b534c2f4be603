"""The goals of section 3: positive-targeted, negative-targeted and non-targeted, over the k best labels."""

from textattack_xmtc.goal_functions.result import TopKGoalFunctionResult
from textattack_xmtc.goal_functions.targeted import NegativeTargeted, NonTargeted, PositiveTargeted
from textattack_xmtc.goal_functions.top_k import TopKGoalFunction

__all__ = ["NegativeTargeted", "NonTargeted", "PositiveTargeted", "TopKGoalFunction", "TopKGoalFunctionResult"]
