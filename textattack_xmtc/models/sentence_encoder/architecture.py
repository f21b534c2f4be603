"""Sentence encoders as an architecture of this package."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textattack_xmtc.errors import InputError
from textattack_xmtc.models.architecture import Importer, Log, ParameterGroups, TextLoss, TrainingPlan
from textattack_xmtc.models.loss_settings import LossSettings
from textattack_xmtc.models.sentence_encoder.plan import SentenceEncoderPlan, SentenceEncoderSettings

if TYPE_CHECKING:
    import datasets
    import numpy as np
    import torch

    from textattack_xmtc.datasets.corpus import Corpus
    from textattack_xmtc.models.sentence_encoder.scorer import SentenceEncoder
    from textattack_xmtc.models.torch_scorer import ComputeType, TorchScorer
    from textattack_xmtc.models.training.checkpoint import Checkpoint


class SentenceEncoderArchitecture:
    """A frozen sentence encoder and a head."""

    name = "sentence-encoder"
    aliases: tuple[str, ...] = ()
    title = "sentence encoder"
    plan: type[TrainingPlan] = SentenceEncoderPlan
    importers: Mapping[str, Importer] = {}

    def small_plan(self, loss: LossSettings) -> SentenceEncoderPlan:
        """A head that learns in seconds, once the vectors are computed."""
        return SentenceEncoderPlan(self.name, loss=loss)

    def paper_plan(self, loss: LossSettings) -> SentenceEncoderPlan:
        """The same: no paper says otherwise."""
        return self.small_plan(loss)

    def load(
        self, folder: Path, config: Mapping[str, Any], device: torch.device | str | None, dtype: ComputeType
    ) -> TorchScorer:
        """The model of a folder."""
        from textattack_xmtc.models.sentence_encoder.scorer import SentenceEncoder

        return SentenceEncoder.from_folder(folder, config, device, dtype)

    def train(
        self,
        corpus: Corpus,
        plan: SentenceEncoderPlan,
        validate_on: datasets.Dataset | None,
        device: torch.device | str | None,
        checkpoint: Checkpoint | None,
    ) -> tuple[TorchScorer, Log]:
        """Train the head, or keep the training texts' vectors."""
        from textattack_xmtc.models.sentence_encoder.training import train_sentence_encoder

        if not plan.encoder:
            raise InputError("a sentence encoder needs a pretrained encoder", "give --encoder FOLDER")
        return train_sentence_encoder(
            corpus,
            plan.encoder,
            plan.settings,
            plan.loss,
            plan.neighbours,
            plan.max_length,
            validate_on,
            device,
            checkpoint,
        )

    def parameter_groups(self, model: SentenceEncoder, settings: SentenceEncoderSettings) -> ParameterGroups:
        """The head; the encoder is frozen."""
        from textattack_xmtc.models.sentence_encoder.network import NearestTexts

        if isinstance(model.network.head, NearestTexts):
            raise InputError("the nearest texts have no weights that could be trained", "train a linear head instead")
        return [(list(model.network.head.parameters()), settings.learning_rate)]

    def text_loss(
        self,
        model: SentenceEncoder,
        settings: SentenceEncoderSettings,
        loss: LossSettings,
        label_counts: np.ndarray,
        n_train: int,
    ) -> TextLoss:
        """The loss of texts, as in training."""
        from textattack_xmtc.models.sentence_encoder.training import HeadLoss

        return HeadLoss(model, loss.for_labels(label_counts, n_train).to(model.device))
