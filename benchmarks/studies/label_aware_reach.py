"""Which wrong labels a model predicts at all: on texts of their own, and on nothing but their words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.evidence.label_texts import TrainingWords
from textattack_xmtc.results.records import Sample

TEXTS = 20
WORDS = 30


def reach(corpus: Corpus, words: TrainingWords, victim: Any, samples: Sequence[Sample], k: int) -> list[dict[str, Any]]:
    """Ask the model about texts that speak for each sample's target as much as any does.

    Args:
        corpus: with whole splits.
        words: of its labels.
        victim: the model, as a campaign loads it.
        samples: what is attacked.
        k: how many labels count as predicted.

    Returns:
        For each sample, of at most 20 training and test texts of its target, evenly spaced, on how many the target is
        among the k best, and of how many; and whether it is on the 30 best words of its training texts alone.
    """
    found = []
    for sample in samples:
        target = int(victim.from_corpus[sample.target])
        row: dict[str, Any] = {"sample": sample.number, "bin": sample.bin}
        for split in ("train", "test"):
            texts = texts_of(corpus, split, sample.target)
            row[split] = [int(hits(victim, texts, target, k).sum()), len(texts)]
        best = " ".join(words.of(corpus.label_names[sample.target])[:WORDS])
        found.append(row | {"words": bool(best and hits(victim, [best], target, k).any())})
    return found


def reached(row: dict[str, Any]) -> bool:
    """Whether any of these texts has the target among the k best."""
    return bool(row["train"][0] or row["test"][0] or row["words"])


def texts_of(corpus: Corpus, split: str, label: int) -> list[str]:
    """At most 20 texts of a label, evenly spaced."""
    rows = corpus.label_matrix(split).tocsc()[:, label].indices
    if len(rows) > TEXTS:
        rows = rows[np.linspace(0, len(rows) - 1, TEXTS).astype(np.int64)]
    return list(corpus.split(split).select(rows)["text"])


def hits(victim: Any, texts: list[str], label: int, k: int) -> np.ndarray:
    """Whether a label is among the k best of each text; shape `(texts,)`."""
    labels, _ = victim.model.top_k(texts, k)
    found: np.ndarray = (labels == label).any(axis=1)
    return found
