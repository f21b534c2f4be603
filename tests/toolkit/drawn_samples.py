"""A corpus whose pairs of texts and labels are drawn: labels of falling frequency, and what a model finds best."""

from __future__ import annotations

import numpy as np

from textattack_xmtc.campaign.plan import Plan
from textattack_xmtc.datasets.corpus import Corpus, Document

N_LABELS, N_TEXTS, K = 40, 120, 3
# The texts have four words: at this rate one of them may be changed.
PLAN = Plan(("model",), "corpus", k=K, labels_per_bin=8, samples_per_bin=6, max_change_rate=0.25)


def word(label: int) -> str:
    return f"word{label // 4}"  # labels of one quadruple are about the same word


def made_corpus() -> Corpus:
    """Labels 0 to 36 by falling frequency; three labels occur in the test split only; two test texts are equal."""
    random = np.random.default_rng(0)
    splits: dict[str, list[Document]] = {"train": [], "test": []}
    weights = 1.0 / np.arange(1, N_LABELS - 2)
    for split, texts in (("train", 300), ("test", N_TEXTS)):
        share = weights / weights.sum() if split == "train" else np.full(N_LABELS - 3, 1 / (N_LABELS - 3))
        for number in range(texts):
            labels = random.choice(N_LABELS - 3, 2, replace=False, p=share).tolist()
            if split == "test" and number < 3:
                labels.append(N_LABELS - 3 + number)
            text = f"{' '.join(word(label) for label in labels)} number {number if number != 7 else 6}"
            if split == "test" and number == 7:
                labels, text = splits["test"][6].labels, splits["test"][6].text
            splits[split].append(Document(f"{split}{number}", text, [str(label) for label in labels]))
    return Corpus.from_documents("made", splits, [str(label) for label in range(N_LABELS)])


def best_labels(corpus: Corpus) -> np.ndarray:
    """One true label and two others, for most texts; nothing right for the rest."""
    random = np.random.default_rng(1)
    rows = []
    for labels in corpus.split("test")["labels"]:
        others = [label for label in random.permutation(N_LABELS).tolist() if label not in labels]
        rows.append([labels[random.integers(2)], *others[:2]] if random.random() < 0.9 else others[:3])
    return np.array(rows)


ALL = np.full(N_LABELS, True)


def truth_of(corpus: Corpus) -> list[set[int]]:
    return [set(labels) for labels in corpus.split("test")["labels"]]
