"""Any function from texts to scores, one row a text and one column a label."""

from textattack_xmtc.models.wrappers import FunctionWrapper

words = {"plotting": ("axes", "figure", "color"), "statistics": ("mean", "variance", "sample")}
model = FunctionWrapper(
    lambda texts: [[sum(text.count(word) for word in own) for own in words.values()] for text in texts],
    "score",
    list(words),
)
