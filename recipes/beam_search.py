"""xmtc-untargeted with TextAttack's beam search in place of Algorithm 1.

A beam tries every word with every candidate in each step and keeps the two best texts, so it finds changes that work
only together. It asks for some hundred texts a step, where Algorithm 1 asks for a few dozen: four candidates a word and
5% of the words keep that to seconds an example.

    textattack attack --attack-from-file recipes/beam_search.py --model xmtc-demo --num-examples 3
"""

from textattack import Attack
from textattack.constraints.pre_transformation import RepeatModification
from textattack.search_methods import BeamSearch

from textattack_xmtc.constraints import FunctionWordModification, MaxChangeRate
from textattack_xmtc.goal_functions import Untargeted
from textattack_xmtc.transformations import XMTCWordSwapMaskedLM
from textattack_xmtc.wrappers import as_victim


def attack(model_wrapper):
    victim = as_victim(model_wrapper)
    # The masked language model that is kept with the victim, where there is one.
    word_swap = XMTCWordSwapMaskedLM(victim.masked_lm_folder or "bert-base-uncased", max_candidates=4)
    constraints = [RepeatModification(), FunctionWordModification(), MaxChangeRate(0.05)]
    return Attack(Untargeted(victim, k=5), constraints, word_swap, BeamSearch(beam_width=2))
