"""The nearest training texts as a judge, against a plain loop over all of them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from textattack_xmtc.datasets.corpus import Corpus, Document
from textattack_xmtc.encoders.embedded import EmbeddedEncoder
from textattack_xmtc.judges.judge import Case
from textattack_xmtc.judges.model import ModelJudge
from textattack_xmtc.judges.nearest import NearestTexts
from textattack_xmtc.results.judgements import ADVERSARIAL

WORDS = ["green tea", "black tea", "boiled egg", "fried egg", "sourdough bread", "rye bread"]
SUBJECTS = [["tea"], ["tea", "black"], ["egg"], ["egg", "frying"], ["bread"], ["bread", "rye"]]


def corpus() -> Corpus:
    train = [Document(f"{n}-{m}", f"{text} number {m}", SUBJECTS[n]) for n, text in enumerate(WORDS) for m in range(4)]
    return Corpus.from_documents("kitchen", {"train": train, "test": [Document("t", "some tea", ["tea"])]})


def plainly(text: str, k: int, neighbours: int) -> list[int]:
    """The same by hand: every training text in turn."""
    data, encoder = corpus(), EmbeddedEncoder()
    (own,) = encoder.encode([text])
    cosines = []
    for row in data.split("train"):
        (vector,) = encoder.encode([row["text"]])
        cosines.append((float(own @ vector), row["labels"]))
    cosines.sort(key=lambda pair: -pair[0])
    scores: dict[int, float] = {}
    for cosine, labels in cosines[:neighbours]:
        for label in labels:
            scores[label] = scores.get(label, 0.0) + math.exp(10 * cosine)
    return sorted(scores, key=lambda label: (-scores[label], label))[:k]


@pytest.mark.parametrize("text", ["a cup of green tea", "egg on bread", "rye", "fried black bread number 3"])
def test_it_is_the_plain_loop(text: str, tmp_path: Path) -> None:
    nearest = NearestTexts(EmbeddedEncoder(), corpus(), tmp_path, neighbours=5)
    (best,) = nearest.top_k([text], 3)
    assert [label for label in best.tolist() if label >= 0] == plainly(text, 3, 5)


def test_fewer_labels_than_k_and_more_texts_than_one_batch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nearest = NearestTexts(EmbeddedEncoder(), corpus(), tmp_path, neighbours=1)
    texts = ["green tea number 1", "", "boiled egg number 2"] * 3
    together = nearest.top_k(texts, 6)
    assert together.shape == (9, 6) and (together[0, 1:] == -1).all()
    monkeypatch.setattr("textattack_xmtc.judges.nearest._AT_ONCE", 2)
    assert (nearest.top_k(texts, 6) == together).all()
    assert nearest.top_k([], 2).shape == (0, 2)


def test_as_a_judge(tmp_path: Path) -> None:
    data = corpus()
    judge = ModelJudge("nearest:embedded", NearestTexts(EmbeddedEncoder(), data, tmp_path).top_k, 1)
    names = list(data.label_names)
    cases = [
        Case(0, ADVERSARIAL, "green tea with number 9", names.index("tea")),
        Case(1, ADVERSARIAL, "boiled egg number 2", names.index("tea")),
        Case(2, ADVERSARIAL, "green tea number 3", names.index("egg")),
    ]
    originals = ["green tea number 1", "black tea number 1", "rye bread number 1"]
    assert judge.accepts(cases, originals) == [True, False, None]
    assert np.all([judge.accepts([], []) == []])
