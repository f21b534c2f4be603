"""What `examples/victims/libmultilabel_model.py` runs under the interpreter that has LibMultiLabel: decision values."""

from libmultilabel import linear


class Tagger:
    """A pipeline that `linear.save_pipeline` saved; trees of LibMultiLabel give values as well."""

    floor = -1e6  # below all decision values: the score of a label that is not shown

    def __init__(self, pipeline):
        self.preprocessor, self.model = linear.load_pipeline(pipeline)
        self.label_names = [str(label) for label in self.preprocessor.label_mapping]

    def score(self, texts, labels):
        """Scores of these labels, one row a text."""
        return self.model.predict_values(self.preprocessor.vectorizer.transform(texts))[:, labels]

    def best(self, texts, m):
        """The m best labels of each text."""
        rows = self.score(texts, range(len(self.label_names)))
        return [[(label, row[label]) for label in (-row).argsort(kind="stable")[:m].tolist()] for row in rows]


def load(pipeline):
    """What `ProcessWrapper` calls."""
    return Tagger(pipeline)
