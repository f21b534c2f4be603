"""Table 2's numbers, by hand and on real data."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from tests.toolkit.shared_folders import SHARED, needs_shared
from textattack_xmtc.datasets.corpus import Corpus, Document
from textattack_xmtc.datasets.load import load_corpus
from textattack_xmtc.datasets.statistics import corpus_statistics


def corpus_of(train: list[list[str]], test: list[list[str]], label_names: list[str] | None = None) -> Corpus:
    splits = {"train": train, "test": test}
    return Corpus.from_documents(
        "small",
        {split: [Document(str(i), "x", labels) for i, labels in enumerate(rows)] for split, rows in splits.items()},
        label_names,
    )


def test_by_hand() -> None:
    statistics = corpus_statistics(corpus_of([["a", "b"], ["a"], ["a"], []], [["c"]]), tail_at_most=1)
    assert (statistics.name, statistics.train, statistics.test, statistics.labels) == ("small", 4, 1, 3)
    assert statistics.texts_per_label == pytest.approx(4 / 3)
    assert statistics.labels_per_text == 1.0
    assert statistics.tail_share == pytest.approx(2 / 3)
    assert (statistics.tail_at_most, statistics.unseen_labels) == (1, 1)


@pytest.mark.parametrize(
    ("train", "labels", "per_label", "per_text"),
    [(1_186_239, 13_330, 448.5, 5.04), (14_146, 30_938, 8.5, 18.6)],
    ids=["AmazonCat-13K", "Wikipedia-31K"],
)
def test_table_2_divides_the_same_pairs_by_labels_and_by_texts(
    train: int, labels: int, per_label: float, per_text: float
) -> None:
    # The paper's own numbers agree with averages over all labels and over all training texts, both of training pairs.
    assert per_text * train / labels == pytest.approx(per_label, rel=0.005)


def test_a_corpus_without_training_texts_has_no_averages() -> None:
    statistics = corpus_statistics(Corpus.from_documents("test only", {"test": [Document("1", "x", [])]}))
    assert (statistics.train, statistics.test, statistics.labels) == (0, 1, 0)
    assert math.isnan(statistics.texts_per_label)
    assert math.isnan(statistics.labels_per_text)
    assert math.isnan(statistics.tail_share)


@pytest.mark.parametrize(
    ("name", "train", "test", "labels", "per_text", "tail"),
    [("tib-ci", 2_400, 600, 2_120, 2.6, 0.87), ("cooking", 12_404, 3_000, 736, 2.3, 0.20)],
)
@needs_shared("data/tib-ci/train.jsonl.xz")
def test_real_corpora_have_the_numbers_that_they_are_described_with(
    tmp_path: Path, name: str, train: int, test: int, labels: int, per_text: float, tail: float
) -> None:
    corpus = load_corpus(SHARED / "data" / name, cache=tmp_path)
    statistics = corpus_statistics(corpus)
    assert (statistics.train, statistics.test, statistics.labels) == (train, test, labels)
    assert statistics.labels_per_text == pytest.approx(per_text, abs=0.06)
    # Their description counts the texts of both splits, the statistics those of training.
    both = corpus.label_counts + np.asarray(corpus.label_matrix("test").sum(axis=0)).ravel()
    assert (both <= 5).mean() == pytest.approx(tail, abs=0.006)
    assert statistics.tail_share > tail
