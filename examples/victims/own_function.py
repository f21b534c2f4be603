"""Any function from texts to scores, one row a text and one column a label."""

from textattack_xmtc.models.wrappers import FunctionWrapper

words = {"plotting": ("axes", "figure", "color"), "statistics": ("mean", "variance", "sample")}
scores = lambda texts: [[sum(text.count(w) for w in row) for row in words.values()] for text in texts]  # noqa: E731
model = FunctionWrapper(scores, "score", list(words))
