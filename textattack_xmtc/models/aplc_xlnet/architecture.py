"""APLC-XLNet as an architecture of this package."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textattack_xmtc.models.aplc_xlnet.plan import SCRATCH_RATES, APLCXLNetPlan, APLCXLNetSettings
from textattack_xmtc.models.architecture import Importer, Log, ParameterGroups, TextLoss, TrainingPlan
from textattack_xmtc.models.loss_settings import LossSettings

if TYPE_CHECKING:
    import datasets
    import numpy as np
    import torch

    from textattack_xmtc.datasets.corpus import Corpus
    from textattack_xmtc.models.aplc_xlnet.scorer import APLCXLNet
    from textattack_xmtc.models.torch_scorer import ComputeType, TorchScorer
    from textattack_xmtc.models.training.checkpoint import Checkpoint

_OFFICIAL = "textattack_xmtc.models.aplc_xlnet.official"


class APLCXLNetArchitecture:
    """APLC-XLNet."""

    name = "aplc-xlnet"
    aliases: tuple[str, ...] = ("aplcxlnet",)
    title = "APLC-XLNet"
    plan: type[TrainingPlan] = APLCXLNetPlan
    importers: Mapping[str, Importer] = {
        "aplc-xlnet": Importer(f"{_OFFICIAL}:read_aplc_xlnet"),
        "adv-xmtc": Importer(f"{_OFFICIAL}:read_aplc_xlnet", check=f"{_OFFICIAL}:is_aplc_xlnet"),
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
        from textattack_xmtc.models.aplc_xlnet.scorer import APLCXLNet

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
        from textattack_xmtc.models.aplc_xlnet.scorer import build_on_pretrained, build_small
        from textattack_xmtc.models.aplc_xlnet.training import train_aplc_xlnet

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
        from textattack_xmtc.models.aplc_xlnet.training import parameter_groups

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
        from textattack_xmtc.models.aplc_xlnet.training import ClusterLoss

        return ClusterLoss(model, settings, loss.for_labels(label_counts, n_train).to(model.device))
