"""Training APLC-XLNet: three learning rates, warm-up and linear decay, only the clusters that a batch needs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import datasets
import numpy as np
import torch

from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.errors import InputError
from textattack_xmtc.models.aplc_xlnet.plan import APLCXLNetSettings
from textattack_xmtc.models.aplc_xlnet.scorer import APLCXLNet
from textattack_xmtc.models.evaluation import validation
from textattack_xmtc.models.loss_settings import LossSettings
from textattack_xmtc.models.losses import ReweightedLoss
from textattack_xmtc.models.training.checkpoint import Checkpoint, keeper
from textattack_xmtc.models.training.loop import Training


def train_aplc_xlnet(
    model: APLCXLNet,
    corpus: Corpus,
    settings: APLCXLNetSettings,
    loss: LossSettings | None = None,
    validate_on: datasets.Dataset | None = None,
    checkpoint: Checkpoint | None = None,
) -> list[dict[str, Any]]:
    """Train a model (see `build_small`, `build_on_pretrained`) in place on the training split of a corpus.

    The same model, corpus, settings and seed give the same weights on a CPU with the same number of threads, whether
    or not the training was interrupted and taken up from its checkpoint.

    Args:
        model: the model; its labels are the corpus's, the most frequent first.
        corpus: with a split "train".
        settings: how to train.
        loss: what is trained on; plain binary cross-entropy by default.
        validate_on: texts that the model is measured on after each epoch; the best epoch's weights are kept.
        checkpoint: where the state of the training is kept; an unfinished one is resumed.

    Returns:
        The log, one entry an epoch.

    Raises:
        InputError: the split "train" is empty, the model has other labels or is in bfloat16, or the checkpoint is of
            another training.
    """
    rows = corpus.split("train")
    texts, labels = list(rows["text"]), list(rows["labels"])
    if not texts:
        raise InputError(f"corpus {corpus.name!r} has no training texts", "give some")
    if tuple(model.label_names) != tuple(corpus.label_names):
        raise InputError(
            f"the model's {len(model.label_names)} labels are not the {len(corpus.label_names)} of {corpus.name!r}",
            "build the model with the corpus's label_names",
        )
    network = model.network
    if network.transformer.dtype != torch.float32:
        raise InputError("a model in bfloat16 cannot be trained", 'load it in float32 and train with dtype="bfloat16"')
    encoded = model.encode(texts)
    loss_of = (loss or LossSettings()).for_labels(corpus.label_counts, len(texts)).to(model.device)
    text_loss = ClusterLoss(model, settings, loss_of)
    text_loss.prepare(encoded, labels)
    training = Training(
        network,
        parameter_groups(model, settings),
        lambda step, steps: rate_share(step, steps, settings.warm_up),
        [len(text) for text in encoded],
        lambda positions, rng: text_loss(positions, [encoded[position] for position in positions], rng),
        settings,
        "APLC-XLNet",
    )
    state = checkpoint.read() if checkpoint else None
    if state is not None:
        training.load_state_dict(state)
    validate = None if validate_on is None else partial(validation, model, validate_on)
    return training.run(validate, None if checkpoint is None else keeper(checkpoint, training))


class ClusterLoss:
    """The loss of texts of an APLC-XLNet: a `TextLoss`.

    Args:
        model: the model.
        settings: how to train; word dropout counts.
        loss_of: what is trained on, for the labels of the model.
    """

    def __init__(self, model: APLCXLNet, settings: APLCXLNetSettings, loss_of: ReweightedLoss) -> None:
        self._model, self._settings, self._loss_of = model, settings, loss_of
        self._special = torch.tensor([model.subwords.sep_id, model.subwords.cls_id], device=model.device)

    def prepare(self, encoded: Sequence[Sequence[int]], labels: Sequence[Sequence[int]]) -> None:
        """Train on these texts from now on."""
        self._true = [list(row) for row in labels]

    def __call__(
        self, positions: Sequence[int], encoded: Sequence[Sequence[int]], rng: np.random.Generator
    ) -> torch.Tensor:
        """The loss of a batch."""
        words, lengths = self._model.padded(encoded)
        if self._settings.word_dropout:
            hidden = torch.rand(words.shape, device=words.device) < self._settings.word_dropout
            words = words.masked_fill(hidden & ~torch.isin(words, self._special), self._model.subwords.mask_id)
        true = [self._true[position] for position in positions]
        return self._model.network.loss(words, lengths, true, self._loss_of)


def parameter_groups(model: APLCXLNet, settings: APLCXLNetSettings) -> list[tuple[list[torch.nn.Parameter], float]]:
    """XLNet, summary and label clusters, and the learning rate of each."""
    network = model.network
    return [
        (list(network.transformer.parameters()), settings.encoder_rate),
        (list(network.sequence_summary.parameters()), settings.summary_rate),
        (list(network.label_clusters.parameters()), settings.cluster_rate),
    ]


def rate_share(step: int, steps: int, warm_up: float) -> float:
    """What share of a learning rate holds at a step (from 0): rising over the warm-up, then falling to 0.

    Example:
        >>> [round(rate_share(step, 10, 0.2), 2) for step in (0, 1, 2, 6, 10)]
        [0.5, 1.0, 1.0, 0.5, 0.0]
    """
    rising = round(steps * warm_up)
    if step < rising:
        return (step + 1) / rising
    return max(0.0, (steps - step) / max(1, steps - rising))
