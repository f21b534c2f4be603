"""The demo victim, as it is really made: what it is said to be, it is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from textattack_xmtc.datasets.api_docs import load_api_docs
from textattack_xmtc.datasets.corpus import Corpus, Document
from textattack_xmtc.models import demo as module
from textattack_xmtc.models.demo import demo_folder, demo_part, prior_precision
from textattack_xmtc.models.evaluation import validation
from textattack_xmtc.models.folder import load_model
from textattack_xmtc.models.masked_lm import masked_accuracy

LONG = " ".join(["word"] * 20)


def _document(name: str, labels: list[str], text: str = LONG) -> Document:
    return Document(name, text, labels)


def test_the_part_keeps_scientific_packages_fitting_lengths_and_labels_with_two_texts() -> None:
    train = [
        _document("scipy.stats:a", ["scipy", "axis", "once"]),
        _document("numpy", ["numpy", "axis", "scipy"]),
        _document("torch.nn:a", ["torch", "axis", "once"]),
        _document("scipyx:a", ["scipy"]),
        _document("scipy:short", ["scipy"], "word " * 19),
        _document("scipy:long", ["scipy"], "word " * 121),
        _document("pandas:alone", ["pandas"]),
    ]
    test = [_document("pandas:a", ["axis", "never", "once"]), _document("sklearn:b", ["never"])]
    part = demo_part(Corpus.from_documents("api-docs", {"train": train, "test": test}))
    assert set(part.label_names) == {"axis", "scipy"}
    assert list(part.split("train")["id"]) == ["scipy.stats:a", "numpy"]
    assert list(part.split("test")["id"]) == ["pandas:a"]


def test_the_prior_predicts_the_labels_most_frequent_in_training() -> None:
    train = [_document(str(n), [f"l{m}" for m in range(n)]) for n in range(1, 8)]
    corpus = Corpus.from_documents("it", {"train": train, "test": [_document("x", ["l0", "l4"]), _document("y", [])]})
    assert prior_precision(corpus) == pytest.approx({"P@1": 1 / 2, "P@3": 1 / 6, "P@5": 1 / 5})


@pytest.mark.slow
def test_the_demo_is_made_once(demo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_build", lambda *_: pytest.fail("made again"))
    monkeypatch.setattr(module, "load_api_docs", lambda *_: pytest.fail("corpus read again"))
    assert demo_folder() == demo


@pytest.mark.slow
def test_the_demo_is_extreme_multilabel(demo: Path) -> None:
    part = demo_part(load_api_docs())
    assert 1_000 <= len(part.label_names) <= 4_000
    assert np.mean(part.label_counts <= 5) > 0.5
    assert load_model(demo).label_names == part.label_names


@pytest.mark.slow
def test_its_test_texts_are_unseen_and_long_enough_to_change(demo: Path) -> None:
    rows = [json.loads(line) for line in (demo / "test.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(rows) >= 300
    assert all(20 <= len(row["text"].split()) <= 120 for row in rows)
    assert {label for row in rows for label in row["labels"]} <= set(load_model(demo).label_names)
    trained_on = {text.lower() for text in load_api_docs().split("train")["text"]}
    assert not trained_on & {row["text"].lower() for row in rows}


@pytest.mark.slow
def test_the_victim_is_twice_as_good_as_the_most_frequent_labels(demo: Path) -> None:
    part = demo_part(load_api_docs())
    actual, prior = validation(load_model(demo, "cpu"), part.split("test")), prior_precision(part)
    assert actual["P@5"] >= 2 * prior["P@5"]
    assert actual["P@1"] > prior["P@1"]
    stored = json.loads((demo / "training.json").read_text())["test"]
    assert stored["P@5"] == pytest.approx(actual["P@5"], abs=0.002)
    assert stored["most_frequent_labels"] == pytest.approx(prior)


@pytest.mark.slow
def test_the_masked_lm_is_three_times_as_good_as_the_most_frequent_words(demo: Path) -> None:
    folder = load_model(demo).masked_lm_folder
    assert folder == demo / "masked_lm"
    test = [json.loads(line)["text"] for line in (demo / "test.jsonl").read_text(encoding="utf-8").splitlines()]
    actual = masked_accuracy(folder, load_api_docs().split("train")["text"], test)
    assert actual.words == 2000
    assert actual.top_10 >= 3 * actual.prior
