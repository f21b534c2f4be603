"""Training a label tree: it learns, repeats itself, starts a level from the one above, and counts candidates only."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy import sparse

from tests.toolkit.interrupted_training import Killed, KilledAfter
from tests.toolkit.plain_tree import LABELS, TEXTS, make_model, plain_node, plain_probabilities
from textattack_xmtc.datasets.corpus import Corpus, Document
from textattack_xmtc.errors import InputError
from textattack_xmtc.models.architecture import architecture
from textattack_xmtc.models.attention_xml.architecture import (
    AttentionXMLConfig,
    AttentionXMLPlan,
    AttentionXMLSettings,
    TreeSettings,
)
from textattack_xmtc.models.attention_xml.tree import AttentionXMLTreeNetwork
from textattack_xmtc.models.attention_xml.tree_training import (
    LevelTraining,
    build_label_tree,
    training_groups,
    true_nodes,
)
from textattack_xmtc.models.attention_xml.vocabulary import PAD_ID
from textattack_xmtc.models.batches import padded
from textattack_xmtc.models.loss_settings import LossSettings
from textattack_xmtc.models.losses import ReweightedLoss
from textattack_xmtc.models.training.checkpoint import Checkpoint

TOPICS = 24


@pytest.fixture(scope="module")
def model() -> Any:
    return make_model()


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    """Each label has three words of its own; a text has two labels, a word of each, and words that mean nothing."""
    random = np.random.default_rng(0)

    def documents(number: Any) -> Iterator[Any]:
        for position in range(number):
            labels = random.choice(TOPICS, 2, replace=False)
            words = [f"w{label}{'abc'[random.integers(3)]}" for label in labels for _ in range(2)]
            words += [f"noise{random.integers(10)}" for _ in range(4)]
            yield Document(str(position), " ".join(random.permutation(words)), [f"l{label}" for label in labels])

    return Corpus.from_documents("toy", {"train": documents(900), "test": documents(100)})


CONFIG = AttentionXMLConfig(
    embedding_size=16, hidden_size=16, linear_sizes=(16,), embedding_dropout=0, hidden_dropout=0
)
SHAPE = TreeSettings(max_leaf=3, first_groups=2, branching=4, beam=3)


def train(corpus: Any, epochs: int = 4, **options: Any) -> Any:
    settings = AttentionXMLSettings(epochs=epochs, batch_size=32, learning_rate=1e-2, seed=3)
    return trained(corpus, settings, **options)


def trained(corpus: Any, settings: Any, shape: Any = SHAPE, loss: Any = LossSettings(), **options: Any) -> Any:  # noqa: B008
    plan = AttentionXMLPlan("attention-xml-tree", settings, loss, network=CONFIG, tree=shape)
    return architecture("attention-xml-tree").train(corpus, plan, device="cpu", **options)


def test_training_learns(corpus: Corpus) -> None:
    model, log = train(corpus, validate_on=corpus.splits["test"])
    assert model.network.tree.sizes == (2, 8, TOPICS)
    assert [entry["level"] for entry in log] == [0] * 4 + [1] * 4 + [2] * 4
    assert "P@1" not in log[7] and not model.network.training
    assert log[-1]["P@1"] > 0.8  # chance: 2 / 24
    assert log[-1]["loss"] < log[8]["loss"]


def test_the_same_seed_gives_the_same_weights(corpus: Corpus) -> None:
    torch.manual_seed(1)
    one, one_log = train(corpus, epochs=1)
    torch.manual_seed(2)
    other, other_log = train(corpus, epochs=1)
    assert [entry["loss"] for entry in one_log] == [entry["loss"] for entry in other_log]
    for key, value in one.network.state_dict().items():
        assert torch.equal(value, other.network.state_dict()[key]), key


@pytest.mark.parametrize("writes", [7, 29, 30, 45, 61])
def test_a_training_taken_up_again_ends_as_an_uninterrupted_one(corpus: Corpus, tmp_path: Path, writes: int) -> None:
    """29 steps and the end of the epoch make 30 checkpoints a level."""
    options = {"epochs": 1, "validate_on": corpus.splits["test"]}
    whole, log = train(corpus, **options)
    with pytest.raises(Killed):
        train(corpus, checkpoint=KilledAfter(tmp_path / "state", writes=writes), **options)
    torch.manual_seed(writes)
    resumed, its_log = train(corpus, checkpoint=Checkpoint(tmp_path / "state", {}), **options)
    assert [entry["loss"] for entry in log] == [entry["loss"] for entry in its_log]
    for key, value in whole.network.state_dict().items():
        assert torch.equal(value, resumed.network.state_dict()[key]), key


def inputs_of(encoded: list[list[int]]) -> tuple[Callable[..., tuple[torch.Tensor, torch.Tensor]], list[int]]:
    """What a level reads of texts, and their lengths."""

    def inputs(positions: Sequence[int], training: bool = False) -> tuple[torch.Tensor, torch.Tensor]:
        return padded([encoded[position] for position in positions], PAD_ID)

    return inputs, [len(text) for text in encoded]


def test_a_level_starts_from_the_one_above_and_leaves_it_alone(corpus: Corpus) -> None:
    settings = AttentionXMLSettings(epochs=1, learning_rate=0.0, seed=3)
    model, _ = trained(corpus, settings)
    levels = [model.network.network(level) for level in range(3)]
    for key, value in levels[0].state_dict().items():
        if key != "attention":
            assert torch.equal(value, levels[2].state_dict()[key])
    before = {key: value.clone() for key, value in model.network.state_dict().items()}
    encoded, true = (
        model.encode(corpus.splits["train"]["text"][:40]),
        true_nodes(model.network.tree, corpus.label_matrix("train")[:40]),
    )
    inputs, lengths = inputs_of(encoded)
    groups = training_groups(model.network, inputs, lengths, true[0], 2, 0)
    levels = LevelTraining(model.network, inputs, lengths, AttentionXMLSettings(epochs=1), 2, LossSettings())
    levels.of_level(1, true[1], groups).run()
    changed = {key for key, value in model.network.state_dict().items() if not torch.equal(value, before[key])}
    assert changed and all(key.startswith("levels.1.") for key in changed)


def test_training_groups_are_the_true_ones_first_and_then_the_best(model: Any) -> None:
    tree = model.network.tree
    labels = np.zeros((len(TEXTS), LABELS), dtype=np.int64)
    labels[0, [4, 11]], labels[1, range(LABELS)] = 1, 1
    true = true_nodes(tree, sparse.csr_matrix(labels))
    actual = training_groups(model.network, *inputs_of(model.encode(TEXTS)), true[1], 5, 1, batch_size=2)
    true_groups = sorted({int(tree.parents[1][label]) for label in (4, 11)})
    assert actual.shape == (len(TEXTS), 5)
    assert actual[0, : len(true_groups)].tolist() == true_groups
    assert set(actual[1]) <= set(range(9)) and len(set(actual[1])) == 5
    dense = plain_probabilities(model, TEXTS[0])[1]
    rest = [group for group in sorted(range(9), key=lambda group: -dense[group]) if group not in true_groups]
    assert actual[0, len(true_groups) :].tolist() == rest[: 5 - len(true_groups)]


class Threefold(LossSettings):
    def for_labels(self, label_counts: Any, n_train: Any) -> ReweightedLoss:
        return ReweightedLoss(np.full(len(label_counts), 3.0))


def test_candidates_that_are_no_nodes_do_not_count(model: Any) -> None:
    """The loss of a level by hand: over the children of a text's groups, and nothing else."""
    network, tree = model.network, model.network.tree
    groups = np.array([[2, -1], [0, 3]], dtype=np.int32)
    labels = np.zeros((2, LABELS), dtype=np.int64)
    children = [child for child in range(LABELS) if tree.parents[1][child] == 2]
    labels[0, [children[0], (children[0] + 1) % LABELS]] = 1  # one may lie outside the groups: it is not learnt
    encoded, true = model.encode(TEXTS[:2]), sparse.csr_matrix(labels)
    copy = AttentionXMLTreeNetwork(
        len(model.vocabulary),
        tree,
        AttentionXMLConfig(**{**network.config.__dict__, "embedding_dropout": 0, "hidden_dropout": 0}),
    )
    copy.load_state_dict(network.state_dict())
    settings = AttentionXMLSettings(epochs=1, batch_size=2, learning_rate=0.0)
    levels = LevelTraining(copy, *inputs_of(encoded), settings, 2, Threefold())
    (epoch,) = levels.of_level(2, true, groups).run()
    expected = 0.0
    for row in range(2):
        words = torch.tensor([encoded[row]])
        with torch.no_grad():
            hidden = list(network.network(2).encode(words, torch.tensor([words.shape[1]]))[0].double())
        for label in range(LABELS):
            if tree.parents[1][label] in groups[row]:
                logit = plain_node(network.network(2), hidden, label)
                expected += 3 * math.log1p(math.exp(-logit)) if labels[row, label] else math.log1p(math.exp(logit))
    assert epoch["loss"] == pytest.approx(expected / 2, rel=1e-5)


def test_reweighting_raises_the_scores_of_true_labels(corpus: Corpus) -> None:
    plain, _ = train(corpus, epochs=1)
    reweighted, _ = train(corpus, epochs=1, loss=LossSettings("pw"))
    texts = corpus.splits["test"]["text"]
    assert reweighted.dense(texts).mean() > plain.dense(texts).mean()


def test_true_groups(model: Any) -> None:
    labels = sparse.random(12, LABELS, density=0.1, random_state=0, format="csr")
    labels.data[:] = 1
    tree = model.network.tree
    actual = true_nodes(tree, labels)
    path = tree.path(range(LABELS))
    for level in range(3):
        expected = np.zeros((12, tree.sizes[level]))
        for text, label in zip(*labels.nonzero(), strict=True):
            expected[text, path[level][label]] = 1
        assert (actual[level].toarray() == expected).all()


def test_texts_without_labels_and_labels_without_texts() -> None:
    documents = [Document(str(number), f"egg tea{number}", ["a", "b"][: number % 3]) for number in range(12)]
    corpus = Corpus.from_documents("few", {"train": documents}, label_names=list("abcdefg"))
    shape = TreeSettings(max_leaf=2, first_groups=2, branching=2, beam=1)
    model, log = trained(corpus, AttentionXMLSettings(1, 5), shape)
    assert all(np.isfinite(entry["loss"]) for entry in log)
    assert model.network.tree.sizes[-1] == 7
    empty = Corpus.from_documents("none", {"train": []}, label_names=["a"])
    with pytest.raises(InputError, match="no training texts"):
        trained(empty, AttentionXMLSettings())


def test_the_tree_of_a_corpus(corpus: Corpus) -> None:
    labels = corpus.label_matrix("train")
    tree = build_label_tree(list(corpus.splits["train"]["text"]), labels, SHAPE)
    assert tree.sizes == (2, 8, TOPICS)
    assert np.bincount(tree.parents[1]).tolist() == [3] * 8
