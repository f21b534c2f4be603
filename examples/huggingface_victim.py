"""Attack a Hugging Face classifier: a name of the hub, or a folder.

    python examples/huggingface_victim.py my-org/my-tagger "A text to attack, of at least ten words."
    python examples/huggingface_victim.py

Without a name it makes a classifier that nobody trained: random outputs on the body of the demo's masked language
model. That shows how the parts fit together, offline, and nothing else. The first run trains the demo (a few minutes).
"""

import sys

from textattack.shared import AttackedText
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from textattack_xmtc import XMTCPositive
from textattack_xmtc.models.demo import demo_folder
from textattack_xmtc.wrappers import HuggingFaceWrapper

TEXTS = [
    "Compute the variance of the given sample along an axis and return an array of the same shape as the input.",
    "Draw a vertical line across the axes at the given position, in the color and style that the keywords name.",
    "Read a table from a file into a data frame; missing values are replaced by the value that is given.",
]


def untrained(masked_lm):
    """20 labels of random meaning, so that something runs without a network."""
    model = AutoModelForSequenceClassification.from_pretrained(
        masked_lm, num_labels=20, problem_type="multi_label_classification"
    )
    return HuggingFaceWrapper(
        model,
        AutoTokenizer.from_pretrained(masked_lm),
        scores="logit",
        label_names=[f"topic {number}" for number in range(20)],
    )


def main(name=None, *texts):
    if name is None:
        print("no model was named: taking one with random outputs, which shows the parts at work and nothing else\n")
        masked_lm = demo_folder() / "masked_lm"
        victim = untrained(masked_lm)
    else:
        masked_lm = "bert-base-uncased"
        # Probabilities are the model's sigmoid. "logit" ranks words as well where the sigmoid is 1.0 for all of them.
        victim = HuggingFaceWrapper.from_pretrained(name, scores="logit")

    attack = XMTCPositive.build(victim, k=3, max_change_rate=0.1, masked_lm=masked_lm)
    for text in texts or TEXTS:
        # Without true labels, what the model says of the text counts as true.
        truth = attack.goal_function.get_output(AttackedText(text))
        result = attack.attack(text, truth)
        print(result.__str__(color_method="ansi"), "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
