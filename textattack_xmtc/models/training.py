"""Training AttentionXML: a plain loop, one epoch at a time, that whoever calls it can stop, watch or average."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import datasets
import numpy as np
import torch
from torch.nn.functional import binary_cross_entropy_with_logits
from tqdm import tqdm

from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.errors import InputError
from textattack_xmtc.metrics import label_matrix, precision_at_k
from textattack_xmtc.models.attention_xml import AttentionXML, AttentionXMLConfig, AttentionXMLNetwork
from textattack_xmtc.models.batches import padded, shuffled_by_length
from textattack_xmtc.models.torch_scorer import TorchScorer
from textattack_xmtc.models.vocabulary import PAD_ID, UNK_ID, Vocabulary
from textattack_xmtc.models.word_vectors import word_vectors

PRECISION_AT = (1, 3, 5)


@dataclass(frozen=True)
class TrainingSettings:
    """How to train.

    Attributes:
        epochs: passes over the training texts.
        batch_size: texts a step.
        learning_rate: of Adam; it falls linearly to a tenth over the training.
        label_sample: where given, a step computes the labels that its batch has, and so many others, drawn anew and
            weighted up to stand for all the rest: the expected gradient is the same, the time is not.
        word_dropout: share of the words that training replaces by the unknown word, so that the model knows what to
            make of a hidden word.
        clip: largest norm of a gradient.
        seed: of the first weights, the order of the texts, the drawn labels and dropout.
    """

    epochs: int = 10
    batch_size: int = 64
    learning_rate: float = 1e-3
    label_sample: int | None = None
    word_dropout: float = 0.0
    clip: float = 5.0
    seed: int = 0


@dataclass(frozen=True)
class Epoch:
    """What is known after an epoch: its number, from 1, and the mean loss of its steps."""

    number: int
    loss: float


def train_attention_xml(
    corpus: Corpus,
    config: AttentionXMLConfig,
    settings: TrainingSettings,
    validation: datasets.Dataset | None = None,
    vocabulary: Vocabulary | None = None,
    max_length: int = 500,
    device: torch.device | str | None = None,
) -> tuple[AttentionXML, list[dict[str, Any]]]:
    """Train a flat AttentionXML on the training split of a corpus, from word vectors of its own texts.

    The same corpus, settings and seed give the same weights on a CPU with the same number of threads.

    Args:
        corpus: with a split "train".
        config: the sizes of the network.
        settings: how to train.
        validation: texts whose P@1, P@3 and P@5 are measured after each epoch.
        vocabulary: the words to know; by default the most frequent of the training texts.
        max_length: words that are read of a text.
        device: "cpu", "cuda", ...; by default the GPU where there is one.

    Returns:
        The model and the log, one entry an epoch.

    Raises:
        InputError: the split "train" is empty.
    """
    rows = corpus.split("train")
    texts = list(rows["text"])
    if not texts:
        raise InputError(f"corpus {corpus.name!r} has no training texts", "give some")
    vocabulary = vocabulary or Vocabulary.of_texts(texts)
    with torch.random.fork_rng():
        torch.manual_seed(settings.seed)
        network = AttentionXMLNetwork(len(vocabulary), len(corpus.label_names), config)
    model = AttentionXML(network, vocabulary, corpus.label_names, max_length, device)
    encoded = model.encode(texts)
    _start_at_mean_rate(network, list(rows["labels"]))
    if config.embedding_size < len(vocabulary):
        vectors = word_vectors(
            encoded, len(vocabulary), config.embedding_size, ignore=[PAD_ID, UNK_ID], seed=settings.seed
        )
        with torch.no_grad():
            network.embedding.weight.copy_(torch.from_numpy(vectors))
    log: list[dict[str, Any]] = []
    for epoch in fit(network, encoded, list(rows["labels"]), settings):
        entry = asdict(epoch)
        if validation is not None:
            entry.update(precision(model, validation))
        log.append(entry)
    network.eval()
    return model, log


def fit(
    network: AttentionXMLNetwork,
    texts: Sequence[Sequence[int]],
    labels: Sequence[Sequence[int]],
    settings: TrainingSettings,
) -> Iterator[Epoch]:
    """Train a network in place with Adam and binary cross-entropy, yielding after each epoch.

    What is random in an epoch depends on the seed and the number of the epoch only. Stop by leaving the loop.

    Args:
        network: the network; it is trained on the device it is on.
        texts: word numbers of each text, at least one.
        labels: indices of each text's true labels.
        settings: how to train.
    """
    device = network.attention.device
    true = [np.asarray(row, dtype=np.int64) for row in labels]
    optimizer = torch.optim.Adam(network.parameters(), lr=settings.learning_rate)
    steps = settings.epochs * -(-len(texts) // settings.batch_size)
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.1, total_iters=steps)
    total = settings.epochs * len(texts)
    with tqdm(total=total, desc=f"AttentionXML, {settings.epochs} epochs", unit=" texts") as bar:
        for number in range(1, settings.epochs + 1):
            random = np.random.default_rng([settings.seed, number])
            losses = []
            with torch.random.fork_rng():
                torch.manual_seed(int(random.integers(2**31)))
                network.train()
                for positions in shuffled_by_length([len(text) for text in texts], settings.batch_size, random):
                    words, lengths = padded([texts[position] for position in positions], PAD_ID, device)
                    words = _with_unknown_words(words, settings.word_dropout)
                    loss = _loss(network, words, lengths, [true[position] for position in positions], settings, random)
                    optimizer.zero_grad()
                    loss.backward()  # type: ignore[no-untyped-call]
                    torch.nn.utils.clip_grad_norm_(network.parameters(), settings.clip)
                    optimizer.step()
                    schedule.step()
                    losses.append(float(loss.detach()))
                    bar.update(len(positions))
                    bar.set_postfix_str(f"loss {np.mean(losses):.2f}", refresh=False)
            yield Epoch(number, float(np.mean(losses)))


def precision(model: TorchScorer, rows: datasets.Dataset, batch_size: int = 64) -> dict[str, float]:
    """P@1, P@3 and P@5 of a model on texts with labels, as `{"P@1": ...}`, as far as it has so many labels."""
    deepest = min(PRECISION_AT[-1], len(model.label_names))
    best, _ = model.top_k(list(rows["text"]), deepest, "logit", batch_size)
    truth = label_matrix(rows["labels"], len(model.label_names))
    return {f"P@{k}": precision_at_k(best, truth, k) for k in PRECISION_AT if k <= deepest}


def _start_at_mean_rate(network: AttentionXMLNetwork, true: Sequence[Sequence[int]]) -> None:
    """Let every label start at the mean label's rate: otherwise the first epoch only learns that labels are rare."""
    rate = sum(len(labels) for labels in true) / (len(true) * len(network.attention))
    rate = min(max(rate, 1e-6), 0.5)
    with torch.no_grad():
        network.output.bias.fill_(float(np.log(rate / (1 - rate))))


def _with_unknown_words(words: torch.Tensor, share: float) -> torch.Tensor:
    if not share:
        return words
    hidden = torch.rand(words.shape, device=words.device) < share
    return words.masked_fill(hidden & (words != PAD_ID), UNK_ID)


def _loss(
    network: AttentionXMLNetwork,
    words: torch.Tensor,
    lengths: torch.Tensor,
    true: Sequence[np.ndarray],
    settings: TrainingSettings,
    random: np.random.Generator,
) -> torch.Tensor:
    """Binary cross-entropy, summed over the labels and divided by the number of texts."""
    labels, weights = _drawn_labels(true, len(network.attention), settings.label_sample, random)
    target = np.zeros((len(true), len(labels)), dtype=np.float32)
    for row, own in zip(target, true, strict=True):
        row[np.searchsorted(labels, own)] = 1.0
    device = words.device
    everything = len(labels) == len(network.attention)
    logits = network(words, lengths, None if everything else torch.from_numpy(labels).to(device))
    losses = binary_cross_entropy_with_logits(
        logits, torch.from_numpy(target).to(device), torch.from_numpy(weights).to(device), reduction="sum"
    )
    return losses / len(true)


def _drawn_labels(
    true: Sequence[np.ndarray], labels: int, others: int | None, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """The labels that a step computes, ascending, and what each counts for."""
    own = np.unique(np.concatenate(true))
    if others is None or len(own) + others >= labels:
        return np.arange(labels), np.ones(labels, dtype=np.float32)
    rest = np.setdiff1d(np.arange(labels), own, assume_unique=True)
    drawn = random.choice(rest, others, replace=False)
    chosen = np.concatenate([own, drawn])
    weights = np.concatenate([np.ones(len(own)), np.full(others, len(rest) / others)])
    order = np.argsort(chosen)
    return chosen[order], weights[order].astype(np.float32)
