"""The tables of `benchmarks.studies.victims`, on best labels that are written down."""

from __future__ import annotations

import numpy as np

from benchmarks.studies.victims_tables import tables
from textattack_xmtc.datasets.corpus import Corpus, Document


def test_means_over_seeds_and_paired_differences() -> None:
    train = [Document(str(number), "a text", ["a"] if number < 7 else ["b"]) for number in range(8)]
    test = [Document("8", "a text", ["a"]), Document("9", "another", ["b"])]
    corpus = Corpus.from_documents("small", {"train": train, "test": test})
    right, wrong = [[0, 1, -1, -1, -1], [1, 0, -1, -1, -1]], [[1, 0, -1, -1, -1], [0, -1, -1, -1, -1]]
    cells = {
        (model, seed): {"best": np.array(best), "seconds": np.array(120.0)}
        for model, seed, best in (("memory", 0, right), ("memory", 1, wrong), ("nearest", 0, wrong))
    }
    made = tables({"small": (corpus, cells)})
    head, rows = made["victims"]
    nearest, memory = (dict(zip(head, row, strict=True)) for row in rows)
    assert (memory["seeds"], memory["P@1 by seed"], memory["minutes"]) == ("2", "1.000, 0.000", "2")
    assert memory["P@1"] == "0.500 (0.500 to 0.500)"
    assert nearest["P@5"] == "0.100 (0.000 to 0.200)"  # -1, no label, is never right
    assert nearest["tail recall@5"] == "0.000 (0.000 to 0.000)"  # of "b" alone, with one training text
    head, rows = made["victims-differences"]
    (difference,) = (dict(zip(head, row, strict=True)) for row in rows)
    assert difference["seeds"] == "1"  # of the only seed that both have
    assert difference["P@1"] == "+1.000 (+1.000 to +1.000)"
    assert difference["tail recall@5"] == "+1.000 (+1.000 to +1.000)"
