"""AttentionXML, flat and as a label tree, as an architecture of this package."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textattack_xmtc.models.architecture import Importer, Log, ParameterGroups, TextLoss, TrainingPlan
from textattack_xmtc.models.attention_xml.plan import (
    AttentionXMLConfig,
    AttentionXMLPlan,
    AttentionXMLSettings,
    TreeSettings,
)
from textattack_xmtc.models.loss_settings import LossSettings

if TYPE_CHECKING:
    import datasets
    import numpy as np
    import torch

    from textattack_xmtc.datasets.corpus import Corpus
    from textattack_xmtc.models.attention_xml.flat import AttentionXML
    from textattack_xmtc.models.attention_xml.tree import AttentionXMLTree
    from textattack_xmtc.models.torch_scorer import ComputeType, TorchScorer
    from textattack_xmtc.models.training.checkpoint import Checkpoint

_OFFICIAL = "textattack_xmtc.models.attention_xml.official"


class FlatAttentionXML:
    """AttentionXML without a tree."""

    name = "attention-xml"
    aliases: tuple[str, ...] = ("attentionxml",)
    title = "AttentionXML"
    plan: type[TrainingPlan] = AttentionXMLPlan
    importers: Mapping[str, Importer] = {
        "attentionxml": Importer(f"{_OFFICIAL}:read_attention_xml"),
        "adv-xmtc": Importer(f"{_OFFICIAL}:read_adv_xmtc", check=f"{_OFFICIAL}:is_adv_xmtc"),
    }

    def small_plan(self, loss: LossSettings) -> AttentionXMLPlan:
        """Sizes that learn in minutes on a CPU."""
        return self._small(loss, epochs=8)

    def paper_plan(self, loss: LossSettings) -> AttentionXMLPlan:
        """The authors' sizes and settings for Wiki10-31K (You et al. 2019)."""
        settings = AttentionXMLSettings(30, 40, average_from=4)
        return AttentionXMLPlan(self.name, settings, loss, validation=200)

    def load(
        self, folder: Path, config: Mapping[str, Any], device: torch.device | str | None, dtype: ComputeType
    ) -> TorchScorer:
        """The model of a folder."""
        from textattack_xmtc.models.attention_xml.flat import AttentionXML

        return AttentionXML.from_folder(folder, config, device, dtype)

    def train(
        self,
        corpus: Corpus,
        plan: AttentionXMLPlan,
        validate_on: datasets.Dataset | None,
        device: torch.device | str | None,
        checkpoint: Checkpoint | None,
    ) -> tuple[TorchScorer, Log]:
        """Train from word vectors of the corpus' own texts."""
        from textattack_xmtc.models.attention_xml.training import train_attention_xml
        from textattack_xmtc.models.attention_xml.vocabulary import Vocabulary

        vocabulary = Vocabulary.of_texts(corpus.split("train")["text"], plan.vocabulary_size)
        common = (plan.loss, validate_on, vocabulary, plan.max_length, device, checkpoint)
        return train_attention_xml(corpus, plan.network, plan.settings, *common)

    def parameter_groups(self, model: TorchScorer, settings: AttentionXMLSettings) -> ParameterGroups:
        """All parameters, with one rate."""
        return [(list(model.network.parameters()), settings.learning_rate)]

    def text_loss(
        self,
        model: AttentionXML,
        settings: AttentionXMLSettings,
        loss: LossSettings,
        label_counts: np.ndarray,
        n_train: int,
    ) -> TextLoss:
        """The loss of texts, as in training."""
        from textattack_xmtc.models.attention_xml.training import FlatLoss

        return FlatLoss(model.network, settings, loss.for_labels(label_counts, n_train).to(model.device))

    def _small(self, loss: LossSettings, epochs: int) -> AttentionXMLPlan:
        # Small batches: few texts teach little in few steps (cooking: P@1 0.59 with 64 texts a step, 0.68 with 16).
        return AttentionXMLPlan(
            self.name,
            AttentionXMLSettings(epochs, 16, word_dropout=0.05, learning_rate=3e-3, average_from=epochs // 2),
            loss,
            network=AttentionXMLConfig(embedding_size=128, hidden_size=128, linear_sizes=(128,), hidden_dropout=0.3),
            tree=TreeSettings(beam=16),  # a wide beam is for many more groups than small corpora have
            vocabulary_size=50_000,
        )


class TreeAttentionXML(FlatAttentionXML):
    """AttentionXML with a label tree."""

    name = "attention-xml-tree"
    aliases = ("attentionxml-tree",)
    title = "AttentionXML (tree)"
    importers: Mapping[str, Importer] = {}  # the flat architecture's reader recognises trees

    def small_plan(self, loss: LossSettings) -> AttentionXMLPlan:
        """Sizes that learn in minutes on a CPU."""
        return self._small(loss, epochs=4)

    def load(
        self, folder: Path, config: Mapping[str, Any], device: torch.device | str | None, dtype: ComputeType
    ) -> TorchScorer:
        """The model of a folder."""
        from textattack_xmtc.models.attention_xml.tree import AttentionXMLTree

        return AttentionXMLTree.from_folder(folder, config, device, dtype)

    def train(
        self,
        corpus: Corpus,
        plan: AttentionXMLPlan,
        validate_on: datasets.Dataset | None,
        device: torch.device | str | None,
        checkpoint: Checkpoint | None,
    ) -> tuple[TorchScorer, Log]:
        """Train level by level."""
        from textattack_xmtc.models.attention_xml.tree_training import train_attention_xml_tree
        from textattack_xmtc.models.attention_xml.vocabulary import Vocabulary

        vocabulary = Vocabulary.of_texts(corpus.split("train")["text"], plan.vocabulary_size)
        common = (plan.loss, validate_on, vocabulary, plan.max_length, device, checkpoint)
        return train_attention_xml_tree(corpus, plan.network, plan.settings, plan.tree, *common)

    def text_loss(  # type: ignore[override]
        self,
        model: AttentionXMLTree,
        settings: AttentionXMLSettings,
        loss: LossSettings,
        label_counts: np.ndarray,
        n_train: int,
    ) -> TextLoss:
        """The loss of texts on all levels at once."""
        from textattack_xmtc.models.attention_xml.tree_training import TreeLoss

        return TreeLoss(model, settings, loss, label_counts, n_train)
