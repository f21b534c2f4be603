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
from textattack_xmtc.models.aplc_xlnet.architecture import APLCXLNetPlan, APLCXLNetSettings
from textattack_xmtc.models.aplc_xlnet.scorer import APLCXLNet, build_on_pretrained, build_small
from textattack_xmtc.models.architecture import Log, ParameterGroups
from textattack_xmtc.models.evaluation import validation
from textattack_xmtc.models.loss_settings import CountedLoss, LossSettings
from textattack_xmtc.models.torch_scorer import Encoded
from textattack_xmtc.models.training.checkpoint import Checkpoint, run_with_checkpoint
from textattack_xmtc.models.training.loop import Training


def train(
    corpus: Corpus,
    plan: APLCXLNetPlan,
    validate_on: datasets.Dataset | None = None,
    device: torch.device | str | None = None,
    checkpoint: Checkpoint | None = None,
) -> tuple[APLCXLNet, Log]:
    """Train an APLC-XLNet from scratch, or from a pretrained XLNet; as `Architecture.train` says."""
    rows, settings = corpus.split("train"), plan.settings
    positives = list(rows["labels"])
    common: dict[str, Any] = {"max_length": plan.max_length, "device": device, "seed": settings.seed}
    if plan.pretrained is not None:
        model = build_on_pretrained(plan.pretrained, corpus.label_names, positives, **common)
    else:
        model = build_small(
            list(rows["text"]),
            corpus.label_names,
            positives,
            vocabulary_size=plan.vocabulary_size,
            hidden_size=plan.hidden_size,
            layers=plan.layers,
            **common,
        )
    return model, train_aplc_xlnet(model, corpus, settings, plan.loss, validate_on, checkpoint)


def train_aplc_xlnet(
    model: APLCXLNet,
    corpus: Corpus,
    settings: APLCXLNetSettings,
    loss: LossSettings | None = None,
    validate_on: datasets.Dataset | None = None,
    checkpoint: Checkpoint | None = None,
) -> Log:
    """Train a model (see `build_small`, `build_on_pretrained`) in place; the other arguments are those of `train`.

    Raises:
        InputError: the model has other labels than the corpus or is in bfloat16, there are no training texts, or the
            checkpoint is of another training.
    """
    rows = corpus.split("train")
    if tuple(model.label_names) != tuple(corpus.label_names):
        raise InputError(
            f"the model's {len(model.label_names)} labels are not the {len(corpus.label_names)} of {corpus.name!r}",
            "build the model with the corpus's label_names",
        )
    if model.network.transformer.dtype != torch.float32:
        raise InputError("a model in bfloat16 cannot be trained", 'load it in float32 and train with dtype="bfloat16"')
    encoded = model.encode(rows["text"])
    batch_loss = ClusterLoss(model, settings, CountedLoss(loss or LossSettings(), corpus.label_counts, len(rows)))
    batch_loss.prepare(encoded, rows["labels"])
    training = Training(
        model.network,
        parameter_groups(model, settings),
        lambda step, steps: rate_share(step, steps, settings.warm_up),
        [len(text) for text in encoded],
        lambda positions, rng: batch_loss(positions, [encoded[position] for position in positions], rng),
        settings,
        model.name,
    )
    validate = None if validate_on is None else partial(validation, model, validate_on)
    return run_with_checkpoint(training, checkpoint, validate)


class ClusterLoss:
    """The loss of texts of an APLC-XLNet: a `TextLoss`. Of the settings, word dropout counts."""

    def __init__(self, model: APLCXLNet, settings: APLCXLNetSettings, loss: CountedLoss) -> None:
        self._model, self._settings = model, settings
        self._loss_of = loss.of_labels().to(model.device)
        self._special = torch.tensor([model.subwords.sep_id, model.subwords.cls_id], device=model.device)

    def prepare(self, encoded: Encoded, labels: Sequence[Sequence[int]]) -> None:
        """Train on these texts from now on."""
        self._true = [list(row) for row in labels]

    def __call__(self, positions: Sequence[int], encoded: Encoded, rng: np.random.Generator) -> torch.Tensor:
        """The loss of a batch."""
        words, lengths = self._model.padded(encoded)
        if self._settings.word_dropout:
            hidden = torch.rand(words.shape, device=words.device) < self._settings.word_dropout
            words = words.masked_fill(hidden & ~torch.isin(words, self._special), self._model.subwords.mask_id)
        true = [self._true[position] for position in positions]
        return self._model.network.loss(words, lengths, true, self._loss_of)


def parameter_groups(model: APLCXLNet, settings: APLCXLNetSettings) -> ParameterGroups:
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


text_loss = ClusterLoss
"""What `Architecture.text_loss` makes."""
