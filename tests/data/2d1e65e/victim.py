"""A victim that counts words: a label is likely where both of its words are in the text."""

from textattack_xmtc.models.wrappers import FunctionWrapper

NAMES = [f"label {number}" for number in range(8)]


def probabilities(texts):
    rows = [[sum(f"{part}{'abcdefgh'[label]}" in text.split() for part in ("topic", "about")) for label in range(8)] for text in texts]
    return [[0.05 + 0.4 * count + 0.001 * label for label, count in enumerate(row)] for row in rows]


model = FunctionWrapper(probabilities, "probability", NAMES)
