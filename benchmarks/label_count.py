"""Time of one label's score at 30,938 labels against 1,000, and of all labels': AttentionXML of the paper's sizes.

python -m benchmarks.label_count
"""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.rows import Row, alternate, at_most, machine, table
from textattack_xmtc.models.attention_xml import AttentionXML, AttentionXMLConfig, AttentionXMLNetwork
from textattack_xmtc.models.vocabulary import PAD, UNK, Vocabulary

FEW, MANY = 1_000, 30_938
VOCABULARY, TEXT_LENGTH, TEXTS = 5_000, 200, 8
REPEATS, DENSE_REPEATS = 40, 5


def rows() -> list[Row]:
    random = np.random.default_rng(1)
    texts = [" ".join(f"w{word}" for word in random.integers(VOCABULARY, size=TEXT_LENGTH)) for _ in range(TEXTS)]
    models = [model(labels) for labels in (FEW, MANY)]
    one = alternate([lambda m=m: m.score(texts, [FEW // 2], "probability", TEXTS) for m in models], REPEATS)
    dense = alternate([lambda m=m: m.dense(texts, "probability", TEXTS) for m in models], DENSE_REPEATS)
    found = [
        Row(f"{what}, {labels:,} labels, {TEXTS} texts of {TEXT_LENGTH} words", round(1000 * seconds, 1), "ms", n=n)
        for what, times, n in (("score of one label", one, REPEATS), ("scores of all labels", dense, DENSE_REPEATS))
        for labels, seconds in zip((FEW, MANY), times, strict=True)
    ]
    for row in found:
        row.machine = machine()
    name = f"AttentionXML's score of one label, {MANY:,} labels against {FEW:,}"
    return [at_most(name, one[1] / one[0], 1.5, "times", REPEATS), *found]


def model(labels: int) -> AttentionXML:
    """An untrained AttentionXML with word vectors of 300 and a hidden state of 256, as for Wikipedia-31K."""
    torch.manual_seed(1)
    vocabulary = Vocabulary([PAD, UNK, *(f"w{word}" for word in range(VOCABULARY))])
    network = AttentionXMLNetwork(len(vocabulary), labels, AttentionXMLConfig())
    return AttentionXML(network, vocabulary, [str(label) for label in range(labels)], device="cpu")


if __name__ == "__main__":
    print(table(rows()))
