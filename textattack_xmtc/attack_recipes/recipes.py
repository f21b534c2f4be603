"""The recipes: parts and citation, no logic.

The attacks are those of "Adversarial Examples for Extreme Multilabel Text Classification" (section 3): words
ranked by masking them (Eq. 3.1 to 3.3), exchanged for what a masked language model proposes (Eq. 3.4), until the
targets have left or entered the k best labels.
"""

from textattack_xmtc.attack_recipes.recipe import XMTCRecipe
from textattack_xmtc.goal_functions import NegativeTargeted, PositiveTargeted, Untargeted


class XMTCPositive(XMTCRecipe):
    """Push a true label out of the k best (Algorithm 1): `textattack attack --recipe xmtc-positive`."""

    goal = PositiveTargeted


class XMTCNegative(XMTCRecipe):
    """Pull a wrong label into the k best (Eq. 3.3): `textattack attack --recipe xmtc-negative`."""

    goal = NegativeTargeted


class XMTCUntargeted(XMTCRecipe):
    """Push any true label out of the k best (Eq. 3.1): `textattack attack --recipe xmtc-untargeted`."""

    goal = Untargeted


class XMTCPositiveFrugal(XMTCPositive):
    """`xmtc-positive` for about a third of its queries (benchmarks/studies/fewer_queries.md); not Algorithm 1.

    Words are ranked by masked blocks, and a word's candidates asked about in chunks while they get better. There is no
    such recipe for the negative goal: few candidates carry a wrong label, and leaving a word early misses them.
    """

    ranking = "masked-blocks"
    candidate_order = "while-better"


class XMTCNegativeLabelAware(XMTCNegative):
    """`xmtc-negative` with words that speak for the target (docs/label-aware.md); not Algorithm 1.

    Candidates are words of the label's training texts (`data=`), or near its name, where the masked LM finds them
    plausible; they are asked about in chunks, up to the first that reaches the goal. Words are ranked by what their
    first candidate brings, and texts compared by how far the target is behind the k-th best label.
    """

    ranking = "first-candidate"
    objective = "margin"
    candidate_source = "label-texts"
    candidate_order = "until-goal"
