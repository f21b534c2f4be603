"""AttentionXML as a label tree (You et al., 2019): a network a level, each scoring only the children of good groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import nn
from torch.nn.functional import embedding

from textattack_xmtc.errors import InputError
from textattack_xmtc.models.aplc_xlnet.clusters import joint_logit
from textattack_xmtc.models.attention_xml.architecture import AttentionXMLConfig
from textattack_xmtc.models.attention_xml.flat import AttentionXMLNetwork
from textattack_xmtc.models.attention_xml.label_tree import LabelTree
from textattack_xmtc.models.attention_xml.vocabulary import PAD_ID, Vocabulary
from textattack_xmtc.models.attention_xml.word_scorer import WordScorer
from textattack_xmtc.models.batches import padded
from textattack_xmtc.models.torch_scorer import ComputeType, Encoded
from textattack_xmtc.scores import ScoreKind

_CHUNK_FLOATS = 2**24  # what is computed for a chunk of nodes at once: 64 MB in float32

FLOOR: Mapping[ScoreKind, float] = {"probability": 0.0, "logit": -1e6}
"""The score of a label that the beam does not reach, in what a tree predicts."""


class AttentionXMLTreeNetwork(nn.Module):
    """One AttentionXML network for each level of a label tree, all of the same sizes.

    Each network says how likely a node is, given its parent. With the logits z_0 .. z_l of the nodes on the way to a
    node of level l, its probability is `sigmoid(z_0) * ... * sigmoid(z_l)` (section 3.1); scores here are its log-odds,
    computed without the product, so that they neither saturate nor overflow.
    """

    def __init__(self, words: int, tree: LabelTree, config: AttentionXMLConfig) -> None:
        super().__init__()
        self.tree = tree
        self.config = config
        self.levels = nn.ModuleList(AttentionXMLNetwork(words, size, config) for size in tree.sizes)
        for level, parents in enumerate(tree.parents):
            # The tree has a file of its own, so it is not among the weights; as buffers, its tables move with them.
            self.register_buffer(f"parents_{level + 1}", torch.from_numpy(parents), persistent=False)
            self.register_buffer(f"children_{level}", torch.from_numpy(tree.children(level)), persistent=False)

    def forward(self, words: torch.Tensor, lengths: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Log-odds of labels, shape `(m,)`, by their paths: exact whether or not a beam would reach them; `(texts, m)`.

        Only the attention rows of the nodes on these paths are read. Words and lengths are as for
        `AttentionXMLNetwork`.
        """
        path = [labels]
        for level in range(len(self.levels) - 1, 0, -1):
            path.insert(0, self._parents(level)[path[0]])
        joint = None
        for level, nodes in enumerate(path):
            distinct, place = torch.unique(nodes, return_inverse=True)  # labels that share a group share its score
            logits = self.level_logits(level, words, lengths, distinct).index_select(1, place)
            joint = logits if joint is None else joint_logit(joint, logits)
        return cast(torch.Tensor, joint)

    def dense_logits(self, words: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Log-odds of all labels by their paths, shape `(texts, labels)`."""
        joint = self.network(0).dense_logits(words, lengths)
        for level in range(1, len(self.levels)):
            logits = self.network(level).dense_logits(words, lengths)
            joint = joint_logit(joint.index_select(1, self._parents(level)), logits)
        return joint

    def reached(
        self, words: torch.Tensor, lengths: torch.Tensor, beam: int, level: int
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The nodes of a level that a search reaches which keeps the `beam` best groups of each level before it.

        Returns:
            Nodes and log-odds, each of shape `(texts, c)`, nodes ascending. Where a text has fewer nodes than another,
            -1 with log-odds of minus infinity fills the start.
        """
        joint = self.network(0).dense_logits(words, lengths)
        nodes = torch.arange(joint.shape[1], device=joint.device).expand_as(joint)
        for below in range(1, level + 1):
            groups, scores = best_nodes(nodes, joint, beam)
            nodes, parents = self.children_of(groups, below - 1)
            logits = self.level_logits(below, words, lengths, nodes.clamp(min=0))
            joint = joint_logit(scores.gather(1, parents), logits).masked_fill(nodes < 0, -torch.inf)
        return nodes, joint

    def children_of(self, groups: torch.Tensor, level: int) -> tuple[torch.Tensor, torch.Tensor]:
        """The children of some groups of a level for each text, ascending, and which column of `groups` each is from.

        `groups` has the shape `(texts, g)`, -1 for none. Nodes of the next level, -1 filling the start, and columns
        have the shape `(texts, c)`.
        """
        table = self.get_buffer(f"children_{level}")
        nodes = table[groups.clamp(min=0)].masked_fill((groups < 0)[:, :, None], -1).flatten(1)
        nodes, order = nodes.sort(dim=1)
        return nodes, order // table.shape[1]

    def network(self, level: int) -> AttentionXMLNetwork:
        """The network of a level."""
        return cast(AttentionXMLNetwork, self.levels[level])

    def level_logits(self, level: int, words: torch.Tensor, lengths: torch.Tensor, nodes: torch.Tensor) -> torch.Tensor:
        """Logits of nodes of a level given their parents, shape `(texts, m)`; a chunk at a time, to bound the memory.

        `nodes` has the shape `(m,)` for all texts, or `(texts, m)` for each.
        """
        network = self.network(level)
        hidden = network.encode(words, lengths)
        floats = 2 * hidden.shape[0] * (hidden.shape[1] + hidden.shape[2] + sum(self.config.linear_sizes))
        chunks = torch.split(nodes, max(1, _CHUNK_FLOATS // floats), dim=-1)
        # Read as an embedding, rows have gradients that are summed in one order, whatever the number of threads.
        rows = (embedding(chunk, network.attention) for chunk in chunks)
        projected = network.project(hidden) if nodes.shape[-1] >= hidden.shape[1] else None
        return torch.cat([network.label_logits(hidden, lengths, part, projected) for part in rows], dim=1)

    def _parents(self, level: int) -> torch.Tensor:
        return self.get_buffer(f"parents_{level}")


def best_nodes(nodes: torch.Tensor, scores: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The k best nodes of each text (all, where there are fewer) and their scores, best first.

    Nodes and scores have the shape `(texts, c)`; nodes are ascending, so that ties go to the lower one.

    Example:
        >>> best_nodes(torch.tensor([[3, 5, 8]]), torch.tensor([[0.2, 0.7, 0.7]]), 2)[0].tolist()
        [[5, 8]]
    """
    columns = scores.argsort(dim=1, descending=True, stable=True)[:, :k]
    return nodes.gather(1, columns), scores.gather(1, columns)


class AttentionXMLTree(WordScorer):
    """A trained AttentionXML with a label tree that answers an attack's questions.

    `score` and `dense` follow the wanted labels' paths: exact for every label. `top_k` and `rank` keep to the beam, as
    the model does when it predicts: a label whose groups are not among the best `beam` of their level is not reached,
    and has rank 0; `predicted` gives it `FLOOR`. The cost of `score` follows the number of levels, that of `top_k` the
    beam and the size of level 0.

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
        if beam < 1:
            raise InputError(f"beam={beam} keeps no group", "choose 1 or more")
        if network.tree.sizes[-1] != len(label_names):
            raise InputError(
                f"the label tree has {network.tree.sizes[-1]} labels, the label list {len(label_names)}",
                "put together what belongs together",
            )
        super().__init__(network, vocabulary, label_names, max_length, device, masked_lm_folder, dtype)
        self.beam = beam

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
        return [self.network.network(level).embedding for level in range(len(self.network.levels))]

    def predicted(self, texts: Sequence[str], kind: ScoreKind = "probability", batch_size: int = 32) -> np.ndarray:
        """What the tree predicts, shape `(len(texts), number of labels)`: `FLOOR` for labels beyond the beam."""
        rows = np.full((len(texts), len(self.label_names)), FLOOR[kind], dtype=np.float32)
        for positions, batch in self._batches(self.encode(texts), kind, batch_size):
            with torch.inference_mode():
                reached = [part.cpu().numpy() for part in self._reached(batch, kind)]
            for position, labels, scores in zip(positions, *reached, strict=True):
                rows[position, labels[labels >= 0]] = scores[labels >= 0]
        return rows

    def _encoder_parts(self) -> list[nn.Module]:
        networks = [self.network.network(level) for level in range(len(self.network.levels))]
        return [part for network in networks for part in (network.embedding, network.lstm)]

    def _check_k(self, k: int) -> None:
        sure = self.network.tree.surely_reached(self.beam)
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
        words, lengths = padded(batch, PAD_ID, self.device)
        labels, logits = self.network.reached(words, lengths, self.beam, len(self.network.levels) - 1)
        if kind == "probability":  # groups are always compared by log-odds, which do not saturate
            return labels, logits.sigmoid().masked_fill(labels < 0, -torch.inf)
        return labels, logits
