"""AttentionXML as a label tree (You et al., 2019): a network a level, each scoring only the children of good groups."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import nn

from textattack_xmtc.errors import InputError
from textattack_xmtc.models.attention_xml.architecture import AttentionXMLConfig
from textattack_xmtc.models.attention_xml.flat import AttentionXMLNetwork
from textattack_xmtc.models.attention_xml.label_tree import LabelTree
from textattack_xmtc.models.attention_xml.tree_network import LabelTreeNetwork, best_nodes
from textattack_xmtc.models.attention_xml.vocabulary import PAD_ID, Vocabulary
from textattack_xmtc.models.attention_xml.word_scorer import WordScorer
from textattack_xmtc.models.batches import padded
from textattack_xmtc.models.pretrained import PretrainedScorer
from textattack_xmtc.models.torch_scorer import Encoded
from textattack_xmtc.scores import ComputeType, ScoreKind

FLOOR: Mapping[ScoreKind, float] = {"probability": 0.0, "logit": -1e6}
"""The score of a label that the beam does not reach, in what a tree predicts."""


class AttentionXMLTreeNetwork(LabelTreeNetwork):
    """One AttentionXML network for each level of a label tree, all of the same sizes."""

    def __init__(self, words: int, tree: LabelTree, config: AttentionXMLConfig) -> None:
        super().__init__(tree, lambda size: AttentionXMLNetwork(words, size, config))
        self.config = config


class BeamScorer(PretrainedScorer):
    """A scorer with a label tree that it searches with a beam.

    `score` and `dense` follow the wanted labels' paths: exact for every label. `top_k` and `rank` keep to the beam, as
    the model does when it predicts: a label whose groups are not among the best `beam` of their level is not reached,
    and has rank 0; `predicted` gives it `FLOOR`. The cost of `score` follows the number of levels, that of `top_k` the
    beam and the size of level 0.
    """

    beam: int

    @property
    @abstractmethod
    def tree(self) -> LabelTree:
        """The tree of its labels."""

    @abstractmethod
    def _reached_logits(self, batch: Encoded) -> tuple[torch.Tensor, torch.Tensor]:
        """The labels that the beam reaches, and their log-odds: `LabelTreeNetwork.reached` on the last level."""

    def check_tree(self, labels: int) -> None:
        """See that the tree is one of so many labels, and that the beam keeps a group.

        Raises:
            InputError: it is not, or it does not.
        """
        if self.beam < 1:
            raise InputError(f"beam={self.beam} keeps no group", "choose 1 or more")
        if self.tree.sizes[-1] != labels:
            raise InputError(
                f"the label tree has {self.tree.sizes[-1]} labels, the label list {labels}",
                "put together what belongs together",
            )

    def predicted(self, texts: Sequence[str], kind: ScoreKind = "probability", batch_size: int = 32) -> np.ndarray:
        """What the tree predicts, shape `(len(texts), number of labels)`: `FLOOR` for labels beyond the beam."""
        rows = np.full((len(texts), len(self.label_names)), FLOOR[kind], dtype=np.float32)
        for positions, batch in self._batches(self.encode(texts), kind, batch_size):
            with torch.inference_mode():
                reached = [part.cpu().numpy() for part in self._reached(batch, kind)]
            for position, labels, scores in zip(positions, *reached, strict=True):
                rows[position, labels[labels >= 0]] = scores[labels >= 0]
        return rows

    def _check_k(self, k: int) -> None:
        sure = self.tree.surely_reached(self.beam)
        if not 1 <= k <= sure:
            raise InputError(
                f"k={k} does not fit the {sure} labels that a beam of {self.beam} groups a level is sure to reach",
                f"choose k between 1 and {sure}, or a wider beam",
            )

    def _best(self, batch: Encoded, k: int, kind: ScoreKind) -> tuple[np.ndarray, np.ndarray]:
        best, scores = best_nodes(*self._reached(batch, kind), k)
        return best.cpu().numpy(), scores.float().cpu().numpy()

    def _ranks(self, batch: Encoded, labels: Sequence[int], kind: ScoreKind) -> np.ndarray:
        nodes, scores = (part.cpu().numpy() for part in self._reached(batch, kind))
        ranks = np.empty((len(batch), len(labels)), dtype=np.int64)
        for column, label in enumerate(labels):
            here = nodes == label
            score = np.where(here, scores, -np.inf).max(axis=1, keepdims=True)
            better = (scores > score) | ((scores == score) & (nodes < label))
            ranks[:, column] = np.where(here.any(axis=1), 1 + better.sum(axis=1), 0)
        return ranks

    def _reached(self, batch: Encoded, kind: ScoreKind) -> tuple[torch.Tensor, torch.Tensor]:
        """The labels that the beam reaches and their scores; minus infinity where -1 stands for no label."""
        labels, logits = self._reached_logits(batch)
        if kind == "probability":  # groups are always compared by log-odds, which do not saturate
            return labels, logits.sigmoid().masked_fill(labels < 0, -torch.inf)
        return labels, logits


class AttentionXMLTree(BeamScorer, WordScorer):
    """A trained AttentionXML with a label tree that answers an attack's questions, as `BeamScorer` says.

    Args:
        network, vocabulary, label_names, max_length: as for `WordScorer`.
        beam: groups of each level whose children are scored (the paper's C; it takes 160 for 670,000 labels).
        device, masked_lm_folder, dtype: as for `WordScorer`.

    Raises:
        InputError: the beam is below 1, or the tree is not one of these labels.

    Example:
        >>> tree = LabelTree([np.array([0, 0, 1, 1, 2])])
        >>> sizes = AttentionXMLConfig(embedding_size=4, hidden_size=3, linear_sizes=(2,))
        >>> vocabulary = Vocabulary.of_texts(["how to boil an egg"])
        >>> network = AttentionXMLTreeNetwork(len(vocabulary), tree, sizes)
        >>> model = AttentionXMLTree(network, vocabulary, ["eggs", "boil", "salad", "soup", "tea"], beam=1)
        >>> model.score(["boil an egg", "tea?"], labels=[2, 0, 4]).shape
        (2, 3)
        >>> int((model.rank(["boil an egg"], labels=range(5)) > 0).sum()) in (1, 2)
        True
    """

    architecture = "attention-xml-tree"
    name = "AttentionXML (tree)"
    network: AttentionXMLTreeNetwork

    def __init__(
        self,
        network: AttentionXMLTreeNetwork,
        vocabulary: Vocabulary,
        label_names: Sequence[str],
        max_length: int = 500,
        beam: int = 64,
        device: torch.device | str | None = None,
        masked_lm_folder: Path | None = None,
        dtype: ComputeType = "float32",
    ) -> None:
        super().__init__(network, vocabulary, label_names, max_length, device, masked_lm_folder, dtype)
        self.beam = beam
        self.check_tree(len(self.label_names))

    @property
    def tree(self) -> LabelTree:
        """The tree of its labels."""
        return self.network.tree

    @classmethod
    def parts_of_folder(cls, folder: Path, config: Mapping[str, Any], labels: int) -> dict[str, Any]:
        """Network, vocabulary, length and beam."""
        return {**super().parts_of_folder(folder, config, labels), "beam": int(config["beam"])}

    @classmethod
    def _new_network(cls, folder: Path, words: int, labels: int, sizes: AttentionXMLConfig) -> nn.Module:
        return AttentionXMLTreeNetwork(words, LabelTree.from_folder(folder), sizes)

    def settings(self) -> dict[str, Any]:
        """Sizes, length, tokenization and beam."""
        return {**super().settings(), "beam": self.beam}

    def write_own_files(self, folder: Path) -> None:
        """Write the vocabulary and the tree."""
        super().write_own_files(folder)
        self.network.tree.write(folder)

    def word_tables(self) -> list[nn.Embedding]:
        """The table of the word vectors of each level."""
        return [network.embedding for network in self._networks()]

    def _encoder_parts(self) -> list[nn.Module]:
        return [part for network in self._networks() for part in (network.embedding, network.lstm)]

    def _networks(self) -> list[AttentionXMLNetwork]:
        return [cast(AttentionXMLNetwork, level) for level in self.network.levels]

    def _reached_logits(self, batch: Encoded) -> tuple[torch.Tensor, torch.Tensor]:
        words, lengths = padded(batch, PAD_ID, self.device)
        return self.network.reached(words, lengths, self.beam, len(self.network.levels) - 1)
