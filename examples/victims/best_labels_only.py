"""Any function that shows only the best labels of each text: here those whose names stand in it."""

from textattack_xmtc.wrappers import ShortlistWrapper

names = ["mean", "variance", "axes", "figure", "file"]


def best(texts):
    return [[(name, 0.5) for name in names if name in text.split()][:2] for text in texts]


model = ShortlistWrapper(best, "probability", names, shown=2)
