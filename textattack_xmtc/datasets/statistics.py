"""What a corpus looks like: the numbers of the paper's Table 2, the curve of its Figure 1, and how long its tail is."""

from __future__ import annotations

from dataclasses import dataclass

from textattack_xmtc.datasets.corpus import Corpus

TAIL_AT_MOST = 5
"""A tail label has at most this many training texts, unless said otherwise."""


@dataclass(frozen=True)
class CorpusStatistics:
    """The size and shape of a corpus (Table 2).

    Attributes:
        labels: number of labels, with those that never occur in training.
        texts_per_label: APpL, the average number of training texts a label, over all labels.
        labels_per_text: ALpP, the average number of labels a training text, over all of them.
        tail_share: the share of labels with at most `tail_at_most` training texts, in [0, 1].
        tail_at_most: where the tail begins.
    """

    name: str
    train: int
    test: int
    labels: int
    texts_per_label: float
    labels_per_text: float
    tail_share: float
    tail_at_most: int
    unseen_labels: int


def corpus_statistics(corpus: Corpus, tail_at_most: int = TAIL_AT_MOST) -> CorpusStatistics:
    """Table 2 for one corpus; averages are NaN where there is nothing to average over.

    Example:
        >>> from textattack_xmtc.datasets.corpus import Document
        >>> documents = [Document("1", "how to boil an egg", ["eggs", "boiling"]), Document("2", "egg salad", ["eggs"])]
        >>> statistics = corpus_statistics(Corpus.from_documents("eggs", {"train": documents}))
        >>> statistics.labels, statistics.texts_per_label, statistics.labels_per_text
        (2, 1.5, 1.5)
    """
    counts = corpus.label_counts
    train = len(corpus.splits["train"]) if "train" in corpus.splits else 0
    pairs = int(counts.sum())
    return CorpusStatistics(
        name=corpus.name,
        train=train,
        test=len(corpus.splits["test"]) if "test" in corpus.splits else 0,
        labels=len(counts),
        texts_per_label=pairs / len(counts) if len(counts) else float("nan"),
        labels_per_text=pairs / train if train else float("nan"),
        tail_share=float((counts <= tail_at_most).mean()) if len(counts) else float("nan"),
        tail_at_most=tail_at_most,
        unseen_labels=int((counts == 0).sum()),
    )
