"""AttentionXML, flat and as a label tree, as an architecture of this package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import datasets
import numpy as np
import torch

from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.metrics import label_matrix
from textattack_xmtc.models.architecture import Importer, Log, ParameterGroups, TextLoss, TrainingPlan
from textattack_xmtc.models.attention_xml.flat import AttentionXML, AttentionXMLConfig
from textattack_xmtc.models.attention_xml.official import (
    is_adv_xmtc,
    read_adv_xmtc,
    read_attention_xml,
)
from textattack_xmtc.models.attention_xml.training import (
    AttentionXMLSettings,
    FlatLoss,
    train_attention_xml,
    with_unknown_words,
)
from textattack_xmtc.models.attention_xml.tree import AttentionXMLTree
from textattack_xmtc.models.attention_xml.tree_training import (
    TreeSettings,
    loss_of_level,
    train_attention_xml_tree,
    training_groups,
    true_nodes,
)
from textattack_xmtc.models.attention_xml.vocabulary import PAD_ID, Vocabulary
from textattack_xmtc.models.batches import padded
from textattack_xmtc.models.losses import LossSettings
from textattack_xmtc.models.torch_scorer import ComputeType, TorchScorer
from textattack_xmtc.models.training.checkpoint import Checkpoint


@dataclass(frozen=True)
class AttentionXMLPlan(TrainingPlan):
    """What to train and how.

    Attributes:
        settings: how to train.
        network: sizes of the network.
        tree: shape of the label tree; a flat AttentionXML does not use it.
    """

    settings: AttentionXMLSettings = field(default_factory=AttentionXMLSettings)
    network: AttentionXMLConfig = field(default_factory=AttentionXMLConfig)
    tree: TreeSettings = field(default_factory=TreeSettings)

    def changed(self, values: Mapping[str, Any]) -> Self:
        """As `TrainingPlan.changed`; the MLP is as wide as the LSTM where only the LSTM's width is given."""
        made = super().changed(values)
        if "hidden_size" in values and "linear_sizes" not in values:
            made = replace(made, network=replace(made.network, linear_sizes=(values["hidden_size"],)))
        return made


class FlatAttentionXML:
    """AttentionXML without a tree."""

    name = "attention-xml"
    aliases: tuple[str, ...] = ("attentionxml",)
    title = "AttentionXML"
    plan: type[TrainingPlan] = AttentionXMLPlan
    importers: Mapping[str, Importer] = {
        "attentionxml": Importer(lambda source: True, read_attention_xml),
        "adv-xmtc": Importer(is_adv_xmtc, read_adv_xmtc),
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
        return TreeLoss(model, settings, loss, label_counts, n_train)


class TreeLoss:
    """The loss of texts on all levels of a label tree at once, summed.

    An attack pushes a label out of the k best on whichever level it finds easiest, often by its group. Candidates of a
    text are the children of its true groups and of the groups that the network finds best when the texts are prepared,
    as in training (You et al. 2019, section 3.3).
    """

    def __init__(
        self,
        model: AttentionXMLTree,
        settings: AttentionXMLSettings,
        loss: LossSettings,
        label_counts: np.ndarray,
        n_train: int,
    ) -> None:
        self._model, self._settings = model, settings
        # How many texts a group has is not known here: as many as its most frequent label has, at least.
        counts = [label_counts]
        for parents in reversed(model.network.tree.parents):
            above = np.zeros(int(parents.max()) + 1, dtype=np.int64)
            np.add.at(above, parents, counts[0])
            counts.insert(0, np.minimum(above, n_train))
        self._losses = [loss.for_labels(own, n_train).to(model.device) for own in counts]

    def prepare(self, encoded: Sequence[Sequence[int]], labels: Sequence[Sequence[int]]) -> None:
        """Train on these texts from now on."""
        network, beam = self._model.network, self._model.beam
        self._true = true_nodes(network.tree, label_matrix(labels, len(self._model.label_names)))
        self._groups = [None] + [
            training_groups(network, encoded, self._true[level], beam, level) for level in range(len(self._true) - 1)
        ]

    def __call__(
        self, positions: Sequence[int], encoded: Sequence[Sequence[int]], rng: np.random.Generator
    ) -> torch.Tensor:
        """The loss of a batch."""
        words, lengths = padded(encoded, PAD_ID, self._model.device)
        words = with_unknown_words(words, self._settings.word_dropout)
        rows = list(positions)
        parts = [
            loss_of_level(
                self._model.network,
                level,
                words,
                lengths,
                None if groups is None else groups[rows],
                self._true[level][rows],
                self._losses[level],
            )
            for level, groups in enumerate(self._groups)
        ]
        return torch.stack(parts).sum()
