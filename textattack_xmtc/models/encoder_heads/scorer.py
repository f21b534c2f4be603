"""Pretrained encoders with the head of AttentionXML or APLC-XLNet: texts in, scores of the wanted labels out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from textattack_xmtc.errors import InputError
from textattack_xmtc.models.attention_xml.label_tree import LabelTree
from textattack_xmtc.models.attention_xml.tree import BeamScorer
from textattack_xmtc.models.attention_xml.tree_network import LabelTreeNetwork, best_nodes
from textattack_xmtc.models.encoder_heads.heads import LabelClusterHead, StateAttention, StateNetwork
from textattack_xmtc.models.folder import weight_shapes
from textattack_xmtc.models.sentence_encoder.network import PooledEncoder, SentenceEncoderNetwork, width_of
from textattack_xmtc.models.sentence_encoder.pretrained import build_encoder, check_length
from textattack_xmtc.models.sentence_encoder.scorer import SentenceEncoder
from textattack_xmtc.models.torch_scorer import Encoded
from textattack_xmtc.scores import ScoreKind, top_k_of_rows


class EncoderScorer(SentenceEncoder):
    """A pretrained encoder with a head; arguments are those of `SentenceEncoder`.

    `score` costs one pass of the encoder and the rows of the wanted labels, however many labels there are. The mask is
    the tokenizer's mask token.
    """

    @classmethod
    def parts_of_folder(cls, folder: Path, config: Mapping[str, Any], labels: int) -> dict[str, Any]:
        """Network, tokenizer and length."""
        model, tokenizer = build_encoder(folder, weight_shapes(folder))
        pooling, max_length = config["pooling"], int(config["max_length"])
        check_length(model, max_length, folder)
        if pooling not in ("mean", "cls", "last"):
            raise InputError(f"pooling is {pooling!r}", "choose mean, cls or last")
        encoder = PooledEncoder(model, pooling, config["fine_tuned"] is True)
        with torch.device("meta"):  # the weights are read next: do not draw random ones first
            network = cls.new_network(encoder, folder, config, labels)
        return {"network": network, "tokenizer": tokenizer, "max_length": max_length}

    @classmethod
    @abstractmethod
    def new_network(
        cls, encoder: PooledEncoder, folder: Path, config: Mapping[str, Any], labels: int
    ) -> SentenceEncoderNetwork:
        """The network that the configuration of a model folder describes."""

    def settings(self) -> dict[str, Any]:
        """Pooling, length, and whether the encoder has been trained."""
        encoder = self.network.encoder
        return {"pooling": encoder.pooling, "max_length": self.max_length, "fine_tuned": encoder.trainable}

    def states(self, batch: Encoded, hidden: float = 0.0) -> tuple[torch.Tensor, torch.Tensor]:
        """The states of the tokens of texts, shape `(texts, longest, d)`, and their lengths.

        Each token but the special ones is replaced by the mask with the probability `hidden`.
        """
        tokens, mask = self.padded(batch)
        if hidden:
            special = torch.as_tensor(self.fixed_tokens(), device=tokens.device)
            replaced = (torch.rand(tokens.shape, device=tokens.device) < hidden) & ~torch.isin(tokens, special)
            tokens = tokens.masked_fill(replaced, self.tokenizer.convert_tokens_to_ids(self.mask_word))
        return self.network.encoder.states(tokens, mask), mask.sum(dim=1)

    @abstractmethod
    def best_of(self, states: torch.Tensor, lengths: torch.Tensor, k: int) -> np.ndarray:
        """The k best labels of texts by the states of their tokens, shape `(texts, k)`, best first."""


class AttentionOnEncoder(EncoderScorer):
    """AttentionXML's label attention over the token states of a pretrained encoder."""

    architecture = "attention-xml-encoder"
    name = "AttentionXML on an encoder"
    network: StateNetwork

    @classmethod
    def new_network(cls, encoder: PooledEncoder, folder: Path, config: Mapping[str, Any], labels: int) -> StateNetwork:
        """Encoder and label attention."""
        return StateNetwork(encoder, StateAttention(labels, width_of(encoder.model), float(config["dropout"])))

    def settings(self) -> dict[str, Any]:
        """Those of `EncoderScorer`, and the dropout."""
        head = self.network.head
        level = head.network(0) if isinstance(head, LabelTreeNetwork) else head
        assert isinstance(level, StateAttention)
        return {**super().settings(), "dropout": level.dropout.p}

    def best_of(self, states: torch.Tensor, lengths: torch.Tensor, k: int) -> np.ndarray:
        """As `EncoderScorer.best_of`."""
        return top_k_of_rows(self.network.head.dense_logits(states, lengths).float().cpu().numpy(), k)[0]


class AttentionTreeOnEncoder(BeamScorer, AttentionOnEncoder):
    """AttentionXML's label tree over the token states of a pretrained encoder, which all levels share.

    Raises:
        InputError: the beam is below 1, or the tree is not one of these labels.
    """

    architecture = "attention-xml-tree-encoder"
    name = "AttentionXML (tree) on an encoder"

    def __init__(self, network: StateNetwork, tokenizer: Any, *arguments: Any, beam: int = 16, **others: Any) -> None:
        super().__init__(network, tokenizer, *arguments, **others)
        self.beam = beam
        self.check_tree(len(self.label_names))

    @classmethod
    def parts_of_folder(cls, folder: Path, config: Mapping[str, Any], labels: int) -> dict[str, Any]:
        """Network, tokenizer, length and beam."""
        return {**super().parts_of_folder(folder, config, labels), "beam": int(config["beam"])}

    @classmethod
    def new_network(cls, encoder: PooledEncoder, folder: Path, config: Mapping[str, Any], labels: int) -> StateNetwork:
        """Encoder, and a label attention for each level of the tree in the folder."""
        return cls.network_of(encoder, LabelTree.from_folder(folder), float(config["dropout"]))

    @staticmethod
    def network_of(encoder: PooledEncoder, tree: LabelTree, dropout: float) -> StateNetwork:
        """Encoder, and a label attention for each level of a tree."""
        width = width_of(encoder.model)
        return StateNetwork(encoder, LabelTreeNetwork(tree, lambda size: StateAttention(size, width, dropout)))

    @property
    def tree(self) -> LabelTree:
        """The tree of its labels."""
        return self.levels.tree

    @property
    def levels(self) -> LabelTreeNetwork:
        """The label attentions of all levels."""
        assert isinstance(self.network.head, LabelTreeNetwork)
        return self.network.head

    def settings(self) -> dict[str, Any]:
        """Those of a flat one, and the beam."""
        return {**super().settings(), "beam": self.beam}

    def write_own_files(self, folder: Path) -> None:
        """Write the encoder's configuration, the tokenizer and the tree."""
        super().write_own_files(folder)
        self.tree.write(folder)

    def best_of(self, states: torch.Tensor, lengths: torch.Tensor, k: int) -> np.ndarray:
        """As `EncoderScorer.best_of`, of the labels that the beam reaches."""
        reached = self.levels.reached(states, lengths, self.beam, len(self.levels.levels) - 1)
        return best_nodes(*reached, k)[0].cpu().numpy()

    def _reached_logits(self, batch: Encoded) -> tuple[torch.Tensor, torch.Tensor]:
        return self.levels.reached(*self.states(batch), self.beam, len(self.levels.levels) - 1)


class ClustersOnEncoder(EncoderScorer):
    """APLC-XLNet's label clusters over one vector a text of a pretrained encoder."""

    architecture = "aplc-xlnet-encoder"
    name = "APLC on an encoder"

    @classmethod
    def new_network(
        cls, encoder: PooledEncoder, folder: Path, config: Mapping[str, Any], labels: int
    ) -> SentenceEncoderNetwork:
        """Encoder, summary and clusters."""
        cutoffs = tuple(map(int, config["cutoffs"]))
        head = LabelClusterHead(labels, width_of(encoder.model), cutoffs, float(config["dropout"]))
        return SentenceEncoderNetwork(encoder, head)

    @property
    def head(self) -> LabelClusterHead:
        """Summary and clusters."""
        assert isinstance(self.network.head, LabelClusterHead)
        return self.network.head

    def settings(self) -> dict[str, Any]:
        """Those of `EncoderScorer`, dropout and cut-offs."""
        head = self.head
        return {**super().settings(), "dropout": head.summary.dropout.p, "cutoffs": head.clusters.bounds[1:-1]}

    def best_of(self, states: torch.Tensor, lengths: torch.Tensor, k: int) -> np.ndarray:
        """As `EncoderScorer.best_of`."""
        return self._best_by_vector(self.pooled(states, lengths), k, "logit")[0]

    def pooled(self, states: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Unit vectors of texts by the states of their tokens, shape `(texts, d)`."""
        mask = torch.arange(states.shape[1], device=states.device) < lengths[:, None]
        return self.network.encoder.pool(states, mask.long())

    def _best(self, batch: Encoded, k: int, kind: ScoreKind) -> tuple[np.ndarray, np.ndarray]:
        return self._best_by_vector(self.network.encoder(*self.padded(batch)), k, kind)  # without rows of all labels

    def _best_by_vector(self, vectors: torch.Tensor, k: int, kind: ScoreKind) -> tuple[np.ndarray, np.ndarray]:
        labels, scores = self.head.clusters.top_k(self.head.summaries(vectors), k, kind)
        return labels.cpu().numpy(), scores.cpu().numpy()
