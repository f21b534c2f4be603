"""Any function from texts to scores, one row a text and one column a label."""

from textattack_xmtc.wrappers import FunctionWrapper

words = {"plotting": ("axes", "figure", "color"), "statistics": ("mean", "variance", "sample")}


def score(texts):
    return [[sum(text.count(word) for word in own) for own in words.values()] for text in texts]


model = FunctionWrapper(score, "score", list(words))
