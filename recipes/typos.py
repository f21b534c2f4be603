"""xmtc-untargeted with slips of the keyboard in place of a masked language model.

Goal and search are the recipe's (Algorithm 1 for untargeted attacks); a word is exchanged for itself with two letters
swapped, one left out, or one replaced by its neighbour on the keyboard. Words of fewer than 5 letters are left alone.
No masked language model is loaded.

    textattack attack --attack-from-file recipes/typos.py --model xmtc-demo --num-examples 10
"""

from textattack import Attack
from textattack.constraints.pre_transformation import MinWordLength, RepeatModification, StopwordModification
from textattack.transformations import (
    CompositeTransformation,
    WordSwapNeighboringCharacterSwap,
    WordSwapQWERTY,
    WordSwapRandomCharacterDeletion,
)

from textattack_xmtc.goal_functions import Untargeted
from textattack_xmtc.search_methods import MaskedDelta


def attack(model_wrapper):
    # All slips of a kind are tried, not one at random, so that the same text gives the same result.
    kinds = (WordSwapNeighboringCharacterSwap, WordSwapRandomCharacterDeletion, WordSwapQWERTY)
    slips = CompositeTransformation([kind(random_one=False, skip_first_char=True) for kind in kinds])
    constraints = [RepeatModification(), StopwordModification(), MinWordLength(5)]
    return Attack(Untargeted(model_wrapper, k=5), constraints, slips, MaskedDelta(max_change_rate=0.1))
