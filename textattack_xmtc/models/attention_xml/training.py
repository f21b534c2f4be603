"""Training a flat AttentionXML: word vectors of its own texts, then the common loop."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import datasets
import numpy as np
import torch

from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.errors import InputError
from textattack_xmtc.models.attention_xml.flat import AttentionXML, AttentionXMLNetwork
from textattack_xmtc.models.attention_xml.plan import AttentionXMLConfig, AttentionXMLSettings
from textattack_xmtc.models.attention_xml.vocabulary import PAD_ID, UNK_ID, Vocabulary
from textattack_xmtc.models.attention_xml.word_vectors import word_vectors
from textattack_xmtc.models.batches import padded
from textattack_xmtc.models.evaluation import validation
from textattack_xmtc.models.loss_settings import LossSettings
from textattack_xmtc.models.losses import ReweightedLoss
from textattack_xmtc.models.training.checkpoint import Checkpoint, keeper
from textattack_xmtc.models.training.loop import Training, linear_to_a_tenth


def train_attention_xml(
    corpus: Corpus,
    config: AttentionXMLConfig,
    settings: AttentionXMLSettings,
    loss: LossSettings | None = None,
    validate_on: datasets.Dataset | None = None,
    vocabulary: Vocabulary | None = None,
    max_length: int = 500,
    device: torch.device | str | None = None,
    checkpoint: Checkpoint | None = None,
) -> tuple[AttentionXML, list[dict[str, Any]]]:
    """Train a flat AttentionXML on the training split of a corpus, from word vectors of its own texts.

    The same corpus, settings and seed give the same weights on a CPU with the same number of threads, whether or not
    the training was interrupted and taken up from its checkpoint.

    Args:
        corpus: with a split "train".
        config: the sizes of the network.
        settings: how to train.
        loss: what is trained on; plain binary cross-entropy by default.
        validate_on: texts that the model is measured on after each epoch; the best epoch's weights are kept.
        vocabulary: the words to know; by default the most frequent of the training texts.
        max_length: words that are read of a text.
        device: "cpu", "cuda", ...; by default the GPU where there is one.
        checkpoint: where the state of the training is kept; an unfinished one is resumed.

    Returns:
        The model and the log, one entry an epoch.

    Raises:
        InputError: the split "train" is empty, or the checkpoint is of another training.
    """
    rows = corpus.split("train")
    texts, labels = list(rows["text"]), list(rows["labels"])
    if not texts:
        raise InputError(f"corpus {corpus.name!r} has no training texts", "give some")
    vocabulary = vocabulary or Vocabulary.of_texts(texts)
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        network = AttentionXMLNetwork(len(vocabulary), len(corpus.label_names), config)
    model = AttentionXML(network, vocabulary, corpus.label_names, max_length, device)
    encoded = model.encode(texts)
    loss_of = (loss or LossSettings()).for_labels(corpus.label_counts, len(texts)).to(model.device)
    text_loss = FlatLoss(network, settings, loss_of)
    text_loss.prepare(encoded, labels)
    training = Training(
        network,
        [(list(network.parameters()), settings.learning_rate)],
        linear_to_a_tenth,
        [len(text) for text in encoded],
        lambda positions, rng: text_loss(positions, [encoded[position] for position in positions], rng),
        settings,
        "AttentionXML",
    )
    state = checkpoint.read() if checkpoint else None
    if state is not None:
        training.load_state_dict(state)
    else:
        start_at_mean_rate(network, corpus.label_matrix("train").nnz / (len(texts) * len(corpus.label_names)))
        start_from_word_vectors(network, encoded, settings.seed)
    validate = None if validate_on is None else partial(validation, model, validate_on)
    log = training.run(validate, None if checkpoint is None else keeper(checkpoint, training))
    return model, log


class FlatLoss:
    """The loss of texts of a flat network: a `TextLoss`.

    Args:
        network: the network.
        settings: how to train; word dropout and label sample count.
        loss_of: what is trained on, for the labels of the network.
    """

    def __init__(self, network: AttentionXMLNetwork, settings: AttentionXMLSettings, loss_of: ReweightedLoss) -> None:
        self._network, self._settings, self._loss_of = network, settings, loss_of

    def prepare(self, encoded: Sequence[Sequence[int]], labels: Sequence[Sequence[int]]) -> None:
        """Train on these texts from now on."""
        self._true = [np.asarray(row, dtype=np.int64) for row in labels]

    def __call__(
        self, positions: Sequence[int], encoded: Sequence[Sequence[int]], rng: np.random.Generator
    ) -> torch.Tensor:
        """The loss of a batch."""
        words, lengths = padded(encoded, PAD_ID, self._network.attention.device)
        words = with_unknown_words(words, self._settings.word_dropout)
        true = [self._true[position] for position in positions]
        return loss_of_words(self._network, words, lengths, true, self._loss_of, self._settings.label_sample, rng)


def start_at_mean_rate(network: AttentionXMLNetwork, rate: float) -> None:
    """Let every label start at the mean label's rate: otherwise the first epoch only learns that labels are rare."""
    rate = min(max(rate, 1e-6), 0.5)
    with torch.no_grad():
        network.output.bias.fill_(float(np.log(rate / (1 - rate))))


def start_from_word_vectors(network: AttentionXMLNetwork, texts: Sequence[Sequence[int]], seed: int) -> None:
    """Give a network the word vectors of the texts that it is trained on, where these are words enough."""
    words, size = network.embedding.weight.shape
    if size < words:
        vectors = word_vectors(texts, words, size, ignore=[PAD_ID, UNK_ID], seed=seed)
        with torch.no_grad():
            network.embedding.weight.copy_(torch.from_numpy(vectors))


def with_unknown_words(words: torch.Tensor, share: float) -> torch.Tensor:
    """Word numbers of which a share, drawn anew, is the unknown word's; padding stays."""
    if not share:
        return words
    hidden = torch.rand(words.shape, device=words.device) < share
    return words.masked_fill(hidden & (words != PAD_ID), UNK_ID)


def loss_of_words(
    network: AttentionXMLNetwork,
    words: torch.Tensor,
    lengths: torch.Tensor,
    true: Sequence[np.ndarray],
    loss_of: ReweightedLoss,
    label_sample: int | None,
    rng: np.random.Generator,
) -> torch.Tensor:
    """The loss of a batch of texts.

    Args:
        network: the network.
        words: word numbers, shape `(texts, longest)`, padded at the end.
        lengths: words of each text, shape `(texts,)`.
        true: the true labels of each text.
        loss_of: what is trained on.
        label_sample: as in `AttentionXMLSettings`.
        rng: draws that sample.
    """
    labels, importance = _drawn_labels(true, len(network.attention), label_sample, rng)
    targets = np.zeros((len(true), len(labels)), dtype=np.float32)
    for row, own in zip(targets, true, strict=True):
        row[np.searchsorted(labels, own)] = 1.0
    target = torch.from_numpy(targets).to(words.device)
    if len(labels) == len(network.attention):
        everything: torch.Tensor = loss_of(network(words, lengths), target)
        return everything
    chosen = torch.from_numpy(labels).to(words.device)
    weights = torch.from_numpy(importance).to(words.device)
    loss: torch.Tensor = loss_of(network(words, lengths, chosen), target, labels=chosen, importance=weights)
    return loss


def _drawn_labels(
    true: Sequence[np.ndarray], labels: int, others: int | None, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The labels that a step computes, ascending, and what each counts for."""
    own = np.unique(np.concatenate(true))
    if others is None or len(own) + others >= labels:
        return np.arange(labels), np.ones(labels, dtype=np.float32)
    rest = np.setdiff1d(np.arange(labels), own, assume_unique=True)
    drawn = rng.choice(rest, others, replace=False)
    chosen = np.concatenate([own, drawn])
    weights = np.concatenate([np.ones(len(own)), np.full(others, len(rest) / others)])
    order = np.argsort(chosen)
    return chosen[order], weights[order].astype(np.float32)
