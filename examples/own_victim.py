"""Attack any function that scores texts: here a tagger that counts keywords.

    python examples/own_victim.py

The words that replace others come from the demo's masked language model, which the first run trains (a few minutes).
With a network, leave `masked_lm` out: then it is bert-base-uncased.
"""

import re

import numpy as np
from textattack.attack_results import SuccessfulAttackResult

from textattack_xmtc import XMTCNegative, XMTCPositive
from textattack_xmtc.models.demo import demo_folder
from textattack_xmtc.targets import GroundTruth
from textattack_xmtc.wrappers import FunctionWrapper

KEYWORDS = {
    "statistics": {"mean": 2.0, "variance": 3.0, "sample": 1.0, "distribution": 1.5},
    "linear algebra": {"matrix": 3.0, "vector": 1.5, "inverse": 2.0},
    "plotting": {"figure": 2.0, "axes": 2.0, "color": 1.5, "line": 0.5},
    "files": {"file": 2.0, "path": 2.0, "read": 1.0, "write": 1.0},
    "arrays": {"array": 1.5, "shape": 1.0, "values": 0.75, "return": 0.5},
}
EXAMPLES = [
    ("Compute the variance of every sample and return the values as an array of the given shape.", "statistics"),
    ("Draw the values of an array as one line in the axes, in the given color and shape.", "plotting"),
    ("Read the whole array from the file at this path and return its values and its shape.", "files"),
    ("Return the inverse of a square matrix, or raise an error where the matrix is singular.", "linear algebra"),
]


def keyword_scores(texts):
    """One row a text, one column a label: what a victim has to answer."""
    rows = []
    for text in texts:
        words = re.findall("[a-z]+", text.lower())
        rows.append([sum(weights.get(word, 0.0) for word in words) for weights in KEYWORDS.values()])
    return np.array(rows)


def main():
    # The five lines that matter.
    victim = FunctionWrapper(keyword_scores, scores="score", label_names=list(KEYWORDS))
    masked_lm = demo_folder() / "masked_lm"
    removing = XMTCPositive.build(victim, k=1, max_change_rate=0.15, masked_lm=masked_lm, encoder="embedded")
    for text, label in EXAMPLES:
        print(removing.attack(text, GroundTruth((label,)).encode()).__str__(color_method="ansi"), "\n")

    # The other direction: a label that is not true is to become the best. No target is named, so one is drawn.
    adding = XMTCNegative.build(victim, k=1, max_change_rate=0.15, masked_lm=masked_lm, encoder="embedded")
    results = [adding.attack(text, GroundTruth((label,)).encode()) for text, label in EXAMPLES]
    entered = sum(isinstance(result, SuccessfulAttackResult) for result in results)
    print(f"a wrong label became the best in {entered} of {len(results)} texts")


if __name__ == "__main__":
    main()
