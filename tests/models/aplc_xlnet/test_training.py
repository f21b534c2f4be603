"""Training APLC-XLNet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.toolkit.interrupted_training import Killed, KilledAfter
from textattack_xmtc.datasets.corpus import Corpus, Document
from textattack_xmtc.errors import InputError
from textattack_xmtc.models.aplc_xlnet.architecture import APLCXLNetSettings
from textattack_xmtc.models.aplc_xlnet.scorer import APLCXLNet, build_small
from textattack_xmtc.models.aplc_xlnet.training import rate_share, train_aplc_xlnet
from textattack_xmtc.models.loss_settings import LossSettings
from textattack_xmtc.models.losses import ReweightedLoss
from textattack_xmtc.models.training.checkpoint import Checkpoint

FILLERS = ["how", "to", "the", "with", "and", "some"]


def toy_corpus(texts: int = 120, labels: int = 12) -> Corpus:
    """Each label has a word of its own, which stands among fillers; low labels are frequent."""
    random = np.random.default_rng(0)
    share = 1 / np.arange(1, labels + 1)
    rows = []
    for position in range(texts):
        chosen = random.choice(labels, 2, replace=False, p=share / share.sum())
        words = [*random.choice(FILLERS, 4), *(f"topic{label}" for label in chosen)]
        rows.append(Document(str(position), " ".join(random.permutation(words)), [f"label{label}" for label in chosen]))
    return Corpus.from_documents("toy", {"train": rows[20:], "test": rows[:20]}, [f"label{j}" for j in range(labels)])


CORPUS = toy_corpus()
TEXTS = list(CORPUS.split("train")["text"])
POSITIVES = list(CORPUS.split("train")["labels"])
FAST = APLCXLNetSettings(
    epochs=30, batch_size=10, encoder_rate=5e-3, summary_rate=5e-3, cluster_rate=3e-2, word_dropout=0.05
)


def fresh(hidden_size: int = 32) -> APLCXLNet:
    sizes = {"hidden_size": hidden_size, "layers": 1, "cutoffs": (4, 8), "vocabulary_size": 200}
    return build_small(TEXTS, CORPUS.label_names, POSITIVES, **sizes, device="cpu")


def weights(model: APLCXLNet) -> dict[str, torch.Tensor]:
    return {key: value.clone() for key, value in model.network.state_dict().items()}


@pytest.mark.parametrize("kind", ["bce", "squared-hinge"])
def test_it_learns_words_that_stand_for_labels(kind: str) -> None:
    model = fresh()
    log = train_aplc_xlnet(model, CORPUS, FAST, LossSettings(kind=kind), CORPUS.split("test"))
    assert [entry["number"] for entry in log] == list(range(1, 31))
    assert log[-1]["loss"] < 0.5 * log[0]["loss"]
    # The word vectors differ in their last bits from process to process, and training makes more of that.
    assert log[-1]["P@1"] >= 0.8
    assert not model.network.training


@pytest.mark.slow
def test_mixed_precision_learns_as_well() -> None:
    model = fresh()
    settings = APLCXLNetSettings(**{**vars(FAST), "dtype": "bfloat16"})
    log = train_aplc_xlnet(model, CORPUS, settings, validate_on=CORPUS.split("test"))
    # The word vectors differ in their last bits from process to process, and training makes more of that.
    assert log[-1]["P@1"] >= 0.8
    assert {value.dtype for value in model.network.state_dict().values()} == {torch.float32}


def test_weights_raise_what_a_rare_label_is_given() -> None:
    """Trained with a weight on the rare labels' positive parts, they score higher on average.

    Of three trainings together: the score after a short one is a matter of chance (1.3 to 3.2 times the unweighted).
    """
    rare = np.arange(12) >= 8
    scores = {1.0: 0.0, 50.0: 0.0}

    class OnRare(LossSettings):
        def for_labels(self, label_counts: Any, n_train: Any) -> ReweightedLoss:
            return ReweightedLoss(np.where(rare, self.beta, 1.0))

    for weight in scores:
        for seed in range(3):
            model = fresh()
            settings = APLCXLNetSettings(**{**vars(FAST), "epochs": 6, "seed": seed})
            train_aplc_xlnet(model, CORPUS, settings, OnRare(beta=weight))
            scores[weight] += model.dense(TEXTS)[:, rare].mean()
    assert scores[50.0] > 1.3 * scores[1.0]


def test_the_same_seed_gives_the_same_weights() -> None:
    settings = APLCXLNetSettings(epochs=1, batch_size=25, word_dropout=0.1, seed=4)
    first, second = fresh(8), fresh(8)
    torch.manual_seed(1)
    train_aplc_xlnet(first, CORPUS, settings)
    torch.manual_seed(2)
    train_aplc_xlnet(second, CORPUS, settings)
    assert all(torch.equal(value, weights(second)[key]) for key, value in weights(first).items())


@pytest.mark.parametrize("writes", [2, 5, 7])
def test_a_training_taken_up_again_ends_as_an_uninterrupted_one(tmp_path: Path, writes: int) -> None:
    """Four steps and the end of the epoch make five checkpoints an epoch."""
    settings = APLCXLNetSettings(epochs=3, batch_size=25, word_dropout=0.1)
    whole = fresh(8)
    train_aplc_xlnet(whole, CORPUS, settings)
    with pytest.raises(Killed):
        train_aplc_xlnet(fresh(8), CORPUS, settings, checkpoint=KilledAfter(tmp_path / "state", writes=writes))
    torch.manual_seed(writes)
    resumed = fresh(8)
    log = train_aplc_xlnet(resumed, CORPUS, settings, checkpoint=Checkpoint(tmp_path / "state", {}))
    assert [entry["number"] for entry in log] == [1, 2, 3]
    assert all(torch.equal(value, weights(resumed)[key]) for key, value in weights(whole).items())


def test_each_part_has_its_learning_rate() -> None:
    """Adam's first step moves a weight by its learning rate, whatever the gradient."""
    model = fresh(8)
    before = weights(model)
    settings = APLCXLNetSettings(1, 200, encoder_rate=1e-3, summary_rate=1e-2, cluster_rate=1e-1, warm_up=1e-9)
    train_aplc_xlnet(model, CORPUS, settings)
    after = weights(model)
    for part, rate in (("transformer.", 1e-3), ("sequence_summary.", 1e-2), ("label_clusters.", 1e-1)):
        moved = max((after[key] - before[key]).abs().max().item() for key in before if key.startswith(part))
        assert moved == pytest.approx(rate, rel=0.01)


def test_texts_without_labels_are_learnt_from_too() -> None:
    rows = [Document(str(number), text, []) for number, text in enumerate(["how to", "the"])]
    corpus = Corpus.from_documents("bare", {"train": rows}, CORPUS.label_names)
    model = build_small(["how to", "the"], CORPUS.label_names, hidden_size=8, layers=1, device="cpu")
    assert train_aplc_xlnet(model, corpus, APLCXLNetSettings(epochs=1))[0]["loss"] > 0


def test_rates_rise_and_fall() -> None:
    shares = [rate_share(step, 100, 0.1) for step in range(101)]
    assert np.argmax(shares) in (9, 10) and max(shares) == 1 and shares[-1] == 0
    assert shares[4] == 0.5 and shares[55] == 0.5


def test_what_cannot_be_trained_is_refused() -> None:
    other = build_small(TEXTS, ["a", "b"], hidden_size=8, layers=1)
    with pytest.raises(InputError, match="2 labels are not the 12"):
        train_aplc_xlnet(other, CORPUS, FAST)
    half = fresh(8)
    half = APLCXLNet(half.network, half.subwords, half.label_names, device="cpu", dtype="bfloat16")
    with pytest.raises(InputError, match="bfloat16 cannot be trained"):
        train_aplc_xlnet(half, CORPUS, FAST)
    empty = Corpus.from_documents("empty", {"train": []}, CORPUS.label_names)
    with pytest.raises(InputError, match="no training texts"):
        train_aplc_xlnet(fresh(8), empty, FAST)
