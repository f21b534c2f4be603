"""Training a flat AttentionXML: word vectors of its own texts, then the common loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import cast

import datasets
import numpy as np
import torch

from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.models.architecture import Log, ParameterGroups
from textattack_xmtc.models.attention_xml.architecture import AttentionXMLConfig, AttentionXMLPlan, AttentionXMLSettings
from textattack_xmtc.models.attention_xml.flat import AttentionXML, AttentionXMLNetwork
from textattack_xmtc.models.attention_xml.label_attention import LabelAttention
from textattack_xmtc.models.attention_xml.pretrained_vectors import read_word_vectors
from textattack_xmtc.models.attention_xml.vocabulary import PAD_ID, UNK_ID, Vocabulary
from textattack_xmtc.models.attention_xml.word_vectors import word_vectors
from textattack_xmtc.models.batches import padded
from textattack_xmtc.models.evaluation import validation
from textattack_xmtc.models.loss_settings import CountedLoss
from textattack_xmtc.models.torch_scorer import Encoded, TorchScorer
from textattack_xmtc.models.training.checkpoint import Checkpoint, run_with_checkpoint
from textattack_xmtc.models.training.loop import Training, linear_to_a_tenth


def train(
    corpus: Corpus,
    plan: AttentionXMLPlan,
    validate_on: datasets.Dataset | None = None,
    device: torch.device | str | None = None,
    checkpoint: Checkpoint | None = None,
) -> tuple[AttentionXML, Log]:
    """Train a flat AttentionXML from word vectors of the corpus's own texts, or of a file; see `Architecture.train`."""
    rows, settings = corpus.split("train"), plan.settings
    vocabulary = Vocabulary.of_texts(rows["text"], plan.vocabulary_size)
    vectors, sizes = pretrained_vectors(plan, vocabulary)
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        network = AttentionXMLNetwork(len(vocabulary), len(corpus.label_names), sizes)
    model = AttentionXML(network, vocabulary, corpus.label_names, plan.max_length, device)
    encoded = model.encode(rows["text"])
    batch_loss = FlatLoss(model, settings, CountedLoss(plan.loss, corpus.label_counts, len(rows)))
    batch_loss.prepare(encoded, rows["labels"])
    training = Training(
        network,
        parameter_groups(model, settings),
        linear_to_a_tenth,
        [len(text) for text in encoded],
        lambda positions, rng: batch_loss(positions, [encoded[position] for position in positions], rng),
        settings,
        model.name,
    )

    def start() -> None:
        network.start_at_rates(corpus.label_counts / len(rows))
        start_from_word_vectors(network, encoded, settings.seed, vectors)

    validate = None if validate_on is None else partial(validation, model, validate_on)
    return model, run_with_checkpoint(training, checkpoint, validate, start)


def parameter_groups(model: TorchScorer, settings: AttentionXMLSettings) -> ParameterGroups:
    """All parameters, with one rate."""
    return [(list(model.network.parameters()), settings.learning_rate)]


class FlatLoss:
    """The loss of texts of a flat network: a `TextLoss`. Of the settings, word dropout and label sample count."""

    def __init__(self, model: TorchScorer, settings: AttentionXMLSettings, loss: CountedLoss) -> None:
        self._network = cast(LabelAttention, model.network)
        self._settings = settings
        self._loss_of = loss.of_labels().to(model.device)

    def prepare(self, encoded: Encoded, labels: Sequence[Sequence[int]]) -> None:
        """Train on these texts from now on."""
        self._true = [np.asarray(row, dtype=np.int64) for row in labels]

    def __call__(self, positions: Sequence[int], encoded: Encoded, rng: np.random.Generator) -> torch.Tensor:
        """The loss of a batch."""
        words, lengths = padded(encoded, PAD_ID, self._network.attention.device)
        return self.of_inputs(with_unknown_words(words, self._settings.word_dropout), lengths, positions, rng)

    def of_inputs(
        self, words: torch.Tensor, lengths: torch.Tensor, positions: Sequence[int], rng: np.random.Generator
    ) -> torch.Tensor:
        """The loss of a batch of which the network reads `words` and `lengths`."""
        true = [self._true[position] for position in positions]
        labels, importance = _drawn_labels(true, len(self._network.attention), self._settings.label_sample, rng)
        targets = np.zeros((len(true), len(labels)), dtype=np.float32)
        for row, of_text in zip(targets, true, strict=True):
            row[np.searchsorted(labels, of_text)] = 1.0
        target = torch.from_numpy(targets).to(words.device)
        loss: torch.Tensor
        if len(labels) == len(self._network.attention):
            loss = self._loss_of(self._network(words, lengths), target)
        else:
            chosen = torch.from_numpy(labels).to(words.device)
            weights = torch.from_numpy(importance).to(words.device)
            loss = self._loss_of(self._network(words, lengths, chosen), target, labels=chosen, importance=weights)
        return loss


def pretrained_vectors(plan: AttentionXMLPlan, vocabulary: Vocabulary) -> tuple[np.ndarray | None, AttentionXMLConfig]:
    """The word vectors of the plan's file, where it names one, and sizes with a word vector as wide at least."""
    if plan.word_vectors is None:
        return None, plan.network
    vectors = read_word_vectors(plan.word_vectors, vocabulary.words)
    return vectors, replace(plan.network, embedding_size=max(plan.network.embedding_size, vectors.shape[1]))


def start_from_word_vectors(
    network: AttentionXMLNetwork, texts: Sequence[Sequence[int]], seed: int, pretrained: np.ndarray | None = None
) -> None:
    """Give a network word vectors: first those from a file, then the ones of the texts that it is trained on.

    Pretrained vectors take the first columns. Those of the texts take the rest, where there are words enough.
    """
    words, size = network.embedding.weight.shape
    known = 0 if pretrained is None else pretrained.shape[1]
    with torch.no_grad():
        if pretrained is not None:
            network.embedding.weight[:, :known] = torch.from_numpy(pretrained)
        if 0 < size - known < words:
            vectors = word_vectors(texts, words, size - known, ignore=[PAD_ID, UNK_ID], seed=seed)
            network.embedding.weight[:, known:] = torch.from_numpy(vectors)


def with_unknown_words(words: torch.Tensor, share: float) -> torch.Tensor:
    """Word numbers of which a share, drawn anew, is the unknown word's; padding stays."""
    if not share:
        return words
    hidden = torch.rand(words.shape, device=words.device) < share
    return words.masked_fill(hidden & (words != PAD_ID), UNK_ID)


def _drawn_labels(
    true: Sequence[np.ndarray], labels: int, others: int | None, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The labels that a step computes, ascending, and what each counts for."""
    needed = np.unique(np.concatenate(true))
    if others is None or len(needed) + others >= labels:
        return np.arange(labels), np.ones(labels, dtype=np.float32)
    rest = np.setdiff1d(np.arange(labels), needed, assume_unique=True)
    chosen = np.concatenate([needed, rng.choice(rest, others, replace=False)])
    weights = np.concatenate([np.ones(len(needed)), np.full(others, len(rest) / others)])
    order = np.argsort(chosen)
    return chosen[order], weights[order].astype(np.float32)


text_loss = FlatLoss
"""What `Architecture.text_loss` makes."""
