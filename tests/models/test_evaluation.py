"""What a model is measured by, against plain counting."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import pytest
import torch

from textattack_xmtc.datasets.corpus import Corpus, Document
from textattack_xmtc.errors import DataError, InputError
from textattack_xmtc.metrics import label_matrix, propensities
from textattack_xmtc.models.attention_xml.architecture import AttentionXMLConfig
from textattack_xmtc.models.attention_xml.flat import AttentionXML, AttentionXMLNetwork
from textattack_xmtc.models.attention_xml.vocabulary import Vocabulary
from textattack_xmtc.models.evaluation import evaluate, measures, measures_by_frequency, validation
from textattack_xmtc.scores import NOTHING, ScoreKind

LABELS = 40


def case(texts: int = 200) -> tuple[np.ndarray, list[list[int]], np.ndarray]:
    """Five predicted labels a text, true labels (some texts without), and training counts."""
    random = np.random.default_rng(0)
    predicted = np.array([random.permutation(LABELS)[:5] for _ in range(texts)])
    true = [sorted(random.choice(LABELS, random.integers(0, 6), replace=False).tolist()) for _ in range(texts)]
    return predicted, true, random.integers(0, 120, LABELS)


def test_measures_of_ranges_are_those_of_texts_with_labels_of_the_range() -> None:
    predicted, true, counts = case()
    ranges = measures_by_frequency(predicted, label_matrix(true, LABELS), counts, propensities(counts, 500))
    assert sum(part.labels for part in ranges) == LABELS
    for part in ranges:
        of_range = {j for j in range(LABELS) if part.lowest <= counts[j] <= (part.highest or 10**9)}
        shares = [
            len(of_range & set(labels) & set(best[:3])) / len(of_range & set(labels))
            for best, labels in zip(predicted.tolist(), true, strict=True)
            if of_range & set(labels)
        ]
        assert part.texts == len(shares)
        assert part.labels == len(of_range)
        assert part.measures["recall@3"] == pytest.approx(np.mean(shares))
    for k in (1, 3, 5):
        whole = measures(predicted, label_matrix(true, LABELS))[f"P@{k}"]
        assert sum(part.measures[f"P@{k}"] for part in ranges) == pytest.approx(whole), "the parts add up"


@pytest.fixture(scope="module")
def model() -> AttentionXML:
    torch.manual_seed(0)
    vocabulary = Vocabulary.of_texts(["egg salad tea water"])
    sizes = AttentionXMLConfig(embedding_size=4, hidden_size=3, linear_sizes=(2,))
    return AttentionXML(AttentionXMLNetwork(len(vocabulary), 4, sizes), vocabulary, ["a", "b", "c", "d"], device="cpu")


def corpus(names: list[str], splits: tuple[str, ...] = ("train", "test")) -> Corpus:
    rows = [Document(str(n), f"egg {'tea' * (n % 3)}", [names[n % len(names)]]) for n in range(12)]
    return Corpus.from_documents("toy", dict.fromkeys(splits, rows), names)


def test_labels_are_matched_by_name(model: AttentionXML) -> None:
    straight, turned = evaluate(model, corpus(["a", "b", "c", "d"])), evaluate(model, corpus(["d", "c", "b", "a"]))
    best = model.top_k(corpus(["a"]).split("test")["text"], 4)[0]
    true = [n % 4 for n in range(12)]
    hits = [np.mean([label in row[:k] for row, label in zip(best, true, strict=True)]) for k in (1, 3)]
    assert [straight.overall["recall@1"], straight.overall["recall@3"]] == pytest.approx(hits)
    hits = [np.mean([3 - label in row[:k] for row, label in zip(best, true, strict=True)]) for k in (1, 3)]
    assert [turned.overall["recall@1"], turned.overall["recall@3"]] == pytest.approx(hits)
    assert "PSP@3" in straight.overall and not straight.notes


def test_labels_that_the_model_does_not_know_are_never_predicted(model: AttentionXML) -> None:
    actual = evaluate(model, corpus(["a", "new"]))
    assert actual.notes == ["1 labels of the corpus are unknown to the model and count as never predicted"]
    assert actual.overall["recall@1"] <= 0.5
    with pytest.raises(
        InputError, match="none of the 2 labels of 'toy', such as 'x', 'y', is one of the victim's 4, such as 'a'"
    ):
        evaluate(model, corpus(["x", "y"]))


def test_without_a_training_split_frequencies_are_not_made_up(model: AttentionXML) -> None:
    actual = evaluate(model, corpus(["a", "b"], ("test",)))
    assert not actual.by_frequency and "PSP@1" not in actual.overall and "no training split" in actual.notes[0]
    with pytest.raises(DataError, match="no split 'validation'"):
        evaluate(model, corpus(["a"]), "validation")
    with pytest.raises(InputError, match="no texts to measure on"):
        evaluate(model, Corpus.from_documents("none", {"train": [], "test": []}, ["a"]))


def test_a_model_with_fewer_than_five_labels_is_watched_by_what_it_has(model: AttentionXML) -> None:
    actual = validation(model, corpus(["a", "b", "c", "d"]).split("test"))
    assert set(actual) == {"P@1", "P@3", "nDCG@5"} and 0 < actual["nDCG@5"] <= 1


def test_a_model_that_shows_fewer_labels_than_are_asked_for_is_measured() -> None:
    class ShowsOne:
        label_names: ClassVar = list("abcdef")

        def top_k(
            self, texts: Sequence[str], k: int, kind: ScoreKind, batch_size: int
        ) -> tuple[np.ndarray, np.ndarray]:
            best = np.full((len(texts), k), NOTHING)
            best[:, 0] = 0
            return best, np.zeros(best.shape)

    actual = evaluate(ShowsOne(), corpus(list("abcdef"))).overall
    assert actual["P@1"] == pytest.approx(1 / 6) and actual["P@5"] == pytest.approx(1 / 30)
    assert actual["recall@5"] == actual["recall@1"] and actual["PSP@5"] == pytest.approx(actual["PSP@1"])
