"""Samples that no model chose, and differences between victims that get different samples right."""

from __future__ import annotations

from collections import Counter

import numpy as np

from benchmarks.studies.strength import drawn
from benchmarks.studies.strength_tables import Fallen, paired
from textattack_xmtc.datasets.corpus import Corpus, Document


def test_samples_are_drawn_in_turn_from_the_bins_and_no_text_twice() -> None:
    frequent = [Document(f"a{number}", "many", ["many", "some"] if number < 5 else ["many"]) for number in range(12)]
    train = [*frequent, Document("a12", "few", ["few"])]
    test = [Document(str(number), f"text {number % 20}", ["many", "some", "few"]) for number in range(24)]
    corpus = Corpus.from_documents("small", {"train": train, "test": test})
    samples = drawn(corpus, 12)
    assert Counter(sample["bin"] for sample in samples) == {0: 4, 1: 4, 2: 4}
    assert {(sample["bin"], corpus.label_names[sample["target"]]) for sample in samples} == {
        (0, "few"),
        (1, "some"),
        (2, "many"),
    }
    assert len({sample["text"] for sample in samples}) == 12
    assert len(drawn(corpus, 100)) == 20  # as many as there are texts
    assert samples == drawn(corpus, 12)


def test_victims_are_compared_on_what_both_get_right() -> None:
    first = Fallen(np.array([1, 2, 3, 5]), np.array([True, True, False, False]))
    second = Fallen(np.array([5, 3, 2, 9]), np.array([False, False, False, True]))
    difference = paired(first, second)
    assert (difference.n, difference.value) == (3, 1 / 3)
