"""APLC-XLNet as an architecture of this package."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import datasets
import numpy as np
import torch

from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.models.aplc_xlnet.official import is_aplc_xlnet, read_aplc_xlnet
from textattack_xmtc.models.aplc_xlnet.scorer import APLCXLNet, build_on_pretrained, build_small
from textattack_xmtc.models.aplc_xlnet.training import (
    SCRATCH_RATES,
    APLCXLNetSettings,
    ClusterLoss,
    parameter_groups,
    train_aplc_xlnet,
)
from textattack_xmtc.models.architecture import Importer, Log, ParameterGroups, TextLoss, TrainingPlan
from textattack_xmtc.models.losses import LossSettings
from textattack_xmtc.models.torch_scorer import ComputeType, TorchScorer
from textattack_xmtc.models.training.checkpoint import Checkpoint
from textattack_xmtc.options import option


@dataclass(frozen=True)
class APLCXLNetPlan(TrainingPlan):
    """What to train and how.

    Attributes:
        settings: how to train.
        hidden_size, layers: from scratch: width and layers of XLNet.
        pretrained: the XLNet to start from, a folder or a hub name; None for one from scratch.
    """

    settings: APLCXLNetSettings = field(default_factory=APLCXLNetSettings)
    hidden_size: int = option(128, "width of the network", group="network", chosen=True)
    layers: int = option(2, "layers of the network", group="network", chosen=True)
    pretrained: str | None = option(
        None, "an XLNet to start from, a folder or a hub name", group="APLC-XLNet", metavar="NAME"
    )

    def changed(self, values: Mapping[str, Any]) -> Self:
        """As `TrainingPlan.changed`; of the three learning rates the encoder's is given, the others follow."""
        values = dict(values)
        if "encoder_rate" in values:
            factor = values["encoder_rate"] / self.settings.encoder_rate
            for name in ("summary_rate", "cluster_rate"):
                values.setdefault(name, getattr(self.settings, name) * factor)
        return super().changed(values)


class APLCXLNetArchitecture:
    """APLC-XLNet."""

    name = "aplc-xlnet"
    aliases: tuple[str, ...] = ("aplcxlnet",)
    title = "APLC-XLNet"
    plan: type[TrainingPlan] = APLCXLNetPlan
    importers: Mapping[str, Importer] = {
        "aplc-xlnet": Importer(lambda source: True, read_aplc_xlnet),
        "adv-xmtc": Importer(is_aplc_xlnet, read_aplc_xlnet),
    }

    def small_plan(self, loss: LossSettings) -> APLCXLNetPlan:
        """Sizes that learn in minutes on a CPU."""
        encoder, summary, clusters = SCRATCH_RATES
        settings = APLCXLNetSettings(
            6, 16, word_dropout=0.05, encoder_rate=encoder, summary_rate=summary, cluster_rate=clusters
        )
        return APLCXLNetPlan(self.name, settings, loss, max_length=256, vocabulary_size=8000)

    def paper_plan(self, loss: LossSettings) -> APLCXLNetPlan:
        """The authors' sizes and settings for Wiki10-31K (Ye et al. 2020)."""
        settings = APLCXLNetSettings()
        return APLCXLNetPlan(self.name, settings, loss, pretrained="xlnet-base-cased", max_length=512, validation=0)

    def load(
        self, folder: Path, config: Mapping[str, Any], device: torch.device | str | None, dtype: ComputeType
    ) -> TorchScorer:
        """The model of a folder."""
        return APLCXLNet.from_folder(folder, config, device, dtype)

    def train(
        self,
        corpus: Corpus,
        plan: APLCXLNetPlan,
        validate_on: datasets.Dataset | None,
        device: torch.device | str | None,
        checkpoint: Checkpoint | None,
    ) -> tuple[TorchScorer, Log]:
        """Train from scratch, or from a pretrained XLNet."""
        rows, names, seed = corpus.split("train"), corpus.label_names, plan.settings.seed
        positives = list(rows["labels"])
        if plan.pretrained is not None:
            model = build_on_pretrained(
                plan.pretrained, names, positives, max_length=plan.max_length, device=device, seed=seed
            )
        else:
            model = build_small(
                list(rows["text"]),
                names,
                positives,
                vocabulary_size=plan.vocabulary_size,
                hidden_size=plan.hidden_size,
                layers=plan.layers,
                max_length=plan.max_length,
                device=device,
                seed=seed,
            )
        return model, train_aplc_xlnet(model, corpus, plan.settings, plan.loss, validate_on, checkpoint)

    def parameter_groups(self, model: APLCXLNet, settings: APLCXLNetSettings) -> ParameterGroups:
        """The three parts, with their rates."""
        return parameter_groups(model, settings)

    def text_loss(
        self,
        model: APLCXLNet,
        settings: APLCXLNetSettings,
        loss: LossSettings,
        label_counts: np.ndarray,
        n_train: int,
    ) -> TextLoss:
        """The loss of texts, as in training."""
        return ClusterLoss(model, settings, loss.for_labels(label_counts, n_train).to(model.device))
