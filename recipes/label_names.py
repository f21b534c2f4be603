"""xmtc-negative with words near the name of the wrong label, and with more of the masked LM's list to choose from.

The words of the label's name come first, then those nearest to it among the masked LM's own words, as far as they are
among its 5,000 most plausible ones at a place; no training text is needed. The recipe xmtc-negative-label-aware takes
2,000, and words of training texts where it is given data.

    textattack attack --attack-from-file recipes/label_names.py --model xmtc-demo --num-examples 5
"""

from textattack import Attack
from textattack.constraints.pre_transformation import RepeatModification

from textattack_xmtc.constraints import FunctionWordModification
from textattack_xmtc.goal_functions import NegativeTargeted
from textattack_xmtc.search_methods import MaskedDelta
from textattack_xmtc.transformations import NameWords, WordSwapLabelAware, XMTCWordSwapMaskedLM
from textattack_xmtc.wrappers import as_victim


def attack(model_wrapper):
    victim = as_victim(model_wrapper)
    goal = NegativeTargeted(victim, k=5)
    # The masked language model that is kept with the victim, where there is one.
    masked_lm = XMTCWordSwapMaskedLM(victim.masked_lm_folder or "bert-base-uncased")
    # The word swap asks the goal which labels are under attack.
    word_swap = WordSwapLabelAware(masked_lm, goal, [NameWords(masked_lm)], plausible=5_000)
    constraints = [RepeatModification(), FunctionWordModification()]
    return Attack(goal, constraints, word_swap, MaskedDelta(0.1, "until-goal"))
