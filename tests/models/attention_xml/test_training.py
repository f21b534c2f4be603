"""Training learns what there is to learn, the same way each time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.toolkit.interrupted_training import Killed, KilledAfter
from textattack_xmtc.datasets.corpus import Corpus, Document
from textattack_xmtc.errors import InputError
from textattack_xmtc.models.architecture import architecture
from textattack_xmtc.models.attention_xml import training
from textattack_xmtc.models.attention_xml.architecture import AttentionXMLConfig, AttentionXMLPlan, AttentionXMLSettings
from textattack_xmtc.models.attention_xml.flat import AttentionXML
from textattack_xmtc.models.batches import shuffled_by_length
from textattack_xmtc.models.evaluation import validation
from textattack_xmtc.models.loss_settings import CountedLoss, LossSettings
from textattack_xmtc.models.losses import ReweightedLoss
from textattack_xmtc.models.training.checkpoint import Checkpoint

SIZES = AttentionXMLConfig(embedding_size=16, hidden_size=16, linear_sizes=(16,), hidden_dropout=0.1)
LABELS = 30


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    """Texts of ten words, of which two tell one label and two tell another."""
    random = np.random.default_rng(0)
    rows = []
    for number in range(480):
        labels = random.choice(LABELS, 2, replace=False)
        words = [f"{part}{label}" for label in labels for part in ("about", "with")]
        words += random.choice(["a", "the", "of", "with", "some", "then"], 6).tolist()
        rows.append(Document(str(number), " ".join(random.permutation(words)), [f"label {label}" for label in labels]))
    return Corpus.from_documents("kitchen", {"train": rows[:400], "test": rows[400:]})


def _train(corpus: Corpus, **changes: object) -> tuple[AttentionXML, list[dict[str, float]]]:
    settings = AttentionXMLSettings(**{"epochs": 8, "batch_size": 8, "learning_rate": 0.01, **changes})
    return _trained(corpus, settings, validate_on=corpus.split("test"))


def _trained(
    corpus: Corpus, settings: AttentionXMLSettings, loss: LossSettings | None = None, **options: Any
) -> tuple[AttentionXML, list[dict[str, float]]]:
    plan = AttentionXMLPlan("attention-xml", settings, loss or LossSettings(), network=SIZES)
    model, log = architecture("attention-xml").train(corpus, plan, device="cpu", **options)
    assert isinstance(model, AttentionXML)
    return model, log


def _without_seconds(log: list[dict[str, float]]) -> list[dict[str, float]]:
    return [{key: value for key, value in entry.items() if key != "seconds"} for entry in log]


@pytest.mark.parametrize("changes", [{}, {"label_sample": 6}, {"word_dropout": 0.1}, {"dtype": "bfloat16"}])
def test_the_loss_falls_and_unseen_texts_get_their_labels(corpus: Corpus, changes: dict[str, object]) -> None:
    model, log = _train(corpus, **changes)
    assert [entry["number"] for entry in log] == list(range(1, 9))
    assert set(log[0]) == {"number", "loss", "P@1", "P@3", "P@5", "nDCG@5", "seconds"}
    assert log[-1]["loss"] < 0.5 * log[0]["loss"]
    assert log[-1]["P@1"] > 0.8, "two of thirty labels are right: guessing gives 0.07"
    best = max(log, key=lambda entry: entry["nDCG@5"])
    assert validation(model, corpus.split("test"))["P@1"] == best["P@1"], "what is returned is the best epoch"


def test_the_same_seed_gives_the_same_weights_and_another_gives_others(corpus: Corpus) -> None:
    torch.manual_seed(1)
    first, log = _train(corpus, epochs=2, label_sample=6, word_dropout=0.1)
    torch.manual_seed(2)
    second, same_log = _train(corpus, epochs=2, label_sample=6, word_dropout=0.1)
    other, _ = _train(corpus, epochs=2, label_sample=6, word_dropout=0.1, seed=1)
    assert _without_seconds(log) == _without_seconds(same_log)
    for (name, weight), again, different in zip(
        first.network.named_parameters(), second.network.parameters(), other.network.parameters(), strict=True
    ):
        assert torch.equal(weight, again), name
        assert not torch.equal(weight, different), name


@pytest.mark.parametrize("loss", [LossSettings("pw"), LossSettings("cb"), LossSettings("pw-cb", "squared-hinge")])
def test_other_losses_learn_as_well_with_all_labels_and_with_drawn_ones(corpus: Corpus, loss: LossSettings) -> None:
    for label_sample in (None, 6):
        settings = AttentionXMLSettings(8, 8, learning_rate=0.01, label_sample=label_sample)
        test = corpus.split("test")
        model, _ = _trained(corpus, settings, loss)
        assert validation(model, test)["P@1"] > 0.8


class Weighted(LossSettings):
    """A loss with these weights, whatever the frequencies of the labels."""

    def __init__(self, weights: np.ndarray) -> None:
        super().__init__()
        object.__setattr__(self, "weights", weights)

    def for_labels(self, label_counts: np.ndarray, n_train: int) -> ReweightedLoss:
        return ReweightedLoss(self.weights)  # type: ignore[attr-defined]


def test_the_weight_of_a_label_goes_where_the_label_is(corpus: Corpus) -> None:
    """One step on one batch, drawn labels or all: the same loss as the equation's, label by label."""
    model, _ = _train(corpus, epochs=1)
    weights = np.random.default_rng(0).uniform(0.5, 3, LABELS)
    texts, true = corpus.split("train")["text"][:4], [np.array(row) for row in corpus.split("train")["labels"][:4]]
    encoded = model.encode(texts)
    model.network.eval()
    logits = model.dense(texts, "logit").astype(np.float64)
    targets = np.zeros((4, LABELS))
    for row, of_text in zip(targets, true, strict=True):
        row[of_text] = 1
    losses = targets * weights * np.logaddexp(0, -logits) + (1 - targets) * np.logaddexp(0, logits)
    loss = CountedLoss(Weighted(weights), corpus.label_counts, 400)
    text_loss = training.FlatLoss(model, AttentionXMLSettings(), loss)
    text_loss.prepare(encoded, true)
    actual = text_loss(range(4), encoded, np.random.default_rng(0))
    assert actual.item() == pytest.approx(losses.sum() / 4, rel=1e-5)
    labels, importance = training._drawn_labels(true, LABELS, 5, np.random.default_rng(1))
    sampling = AttentionXMLSettings(label_sample=5)
    sampled = training.FlatLoss(model, sampling, loss)
    sampled.prepare(encoded, true)
    actual = sampled(range(4), encoded, np.random.default_rng(1))
    assert actual.item() == pytest.approx((losses[:, labels] * importance).sum() / 4, rel=1e-5)


@pytest.mark.parametrize("writes", [1, 50, 74, 151])
def test_a_training_taken_up_again_ends_as_an_uninterrupted_one(corpus: Corpus, tmp_path: Path, writes: int) -> None:
    """Fifty steps and the end of the epoch make 51 checkpoints an epoch."""
    settings = AttentionXMLSettings(3, 8, learning_rate=0.01, label_sample=6, word_dropout=0.1, average_from=2)
    options = {"validate_on": corpus.split("test")}
    whole, log = _trained(corpus, settings, **options)
    file = tmp_path / "checkpoint.pt"
    with pytest.raises(Killed):
        killed = KilledAfter(file, writes=writes)
        _trained(corpus, settings, checkpoint=killed, **options)
    torch.manual_seed(writes)
    resumed, its_log = _trained(corpus, settings, checkpoint=Checkpoint(file, {}), **options)
    assert _without_seconds(its_log) == _without_seconds(log)
    for (name, weight), again in zip(whole.network.named_parameters(), resumed.network.parameters(), strict=True):
        assert torch.equal(weight, again), name


def test_training_leaves_the_callers_random_numbers_alone(corpus: Corpus) -> None:
    torch.manual_seed(3)
    expected = torch.rand(3)
    torch.manual_seed(3)
    _train(corpus, epochs=1)
    assert torch.equal(torch.rand(3), expected)


def test_drawn_labels_hold_those_of_the_batch_and_stand_for_all() -> None:
    true = [np.array([3, 90]), np.array([3, 41])]
    random = np.random.default_rng(0)
    expected = np.zeros(100)
    draws = 3000
    for _ in range(draws):
        labels, weights = training._drawn_labels(true, 100, 20, random)
        assert len(labels) == len(set(labels)) == 23
        assert (np.diff(labels) > 0).all()
        assert weights.sum() == pytest.approx(100)
        expected[labels] += weights
    assert (expected[[3, 41, 90]] == draws).all(), "labels of the batch always count once"
    np.testing.assert_allclose(expected / draws, 1, atol=0.2)
    labels, weights = training._drawn_labels(true, 100, 98, random)
    assert labels.tolist() == list(range(100))
    assert (weights == 1).all()


def test_batches_hold_every_text_once_and_near_equal_lengths() -> None:
    lengths = np.random.default_rng(1).integers(1, 100, 1000).tolist()
    batches = shuffled_by_length(lengths, 10, np.random.default_rng(0))
    assert sorted(position for batch in batches for position in batch) == list(range(1000))
    spread = np.mean([np.ptp([lengths[position] for position in batch]) for batch in batches])
    assert spread < 10, "random batches of ten would spread over about eighty"
    assert batches != shuffled_by_length(lengths, 10, np.random.default_rng(1))


def test_a_corpus_without_training_texts_is_refused() -> None:
    corpus = Corpus.from_documents("nothing", {"train": [], "test": [Document("1", "tea", ["tea"])]})
    with pytest.raises(InputError, match="'nothing' has no training texts"):
        _train(corpus)
