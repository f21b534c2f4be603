"""A label tree of label attentions (You et al., 2019): each level scores only the children of good groups."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import torch
from torch import nn
from torch.nn.functional import embedding

from textattack_xmtc.models.aplc_xlnet.clusters import joint_logit
from textattack_xmtc.models.attention_xml.label_attention import LabelAttention
from textattack_xmtc.models.attention_xml.label_tree import LabelTree


class LabelTreeNetwork(nn.Module):
    """One `LabelAttention` for each level of a label tree, which `new_level` makes for so many nodes.

    Each says how likely a node is, given its parent. With the logits z_0 .. z_l of the nodes on the way to a
    node of level l, its probability is `sigmoid(z_0) * ... * sigmoid(z_l)` (section 3.1); scores here are its log-odds,
    computed without the product, so that they neither saturate nor overflow.
    """

    def __init__(self, tree: LabelTree, new_level: Callable[[int], LabelAttention]) -> None:
        super().__init__()
        self.tree = tree
        self.levels = nn.ModuleList(new_level(size) for size in tree.sizes)
        for level, parents in enumerate(tree.parents):
            # The tree has a file of its own, so it is not among the weights; as buffers, its tables move with them.
            self.register_buffer(f"parents_{level + 1}", torch.from_numpy(parents), persistent=False)
            self.register_buffer(f"children_{level}", torch.from_numpy(tree.children(level)), persistent=False)

    def forward(self, words: torch.Tensor, lengths: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Log-odds of labels, shape `(m,)`, by their paths: exact whether or not a beam would reach them; `(texts, m)`.

        Only the attention rows of the nodes on these paths are read. Words and lengths are as for
        `LabelAttention`.
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

    def network(self, level: int) -> LabelAttention:
        """The network of a level."""
        return cast(LabelAttention, self.levels[level])

    def level_logits(self, level: int, words: torch.Tensor, lengths: torch.Tensor, nodes: torch.Tensor) -> torch.Tensor:
        """Logits of nodes of a level given their parents, shape `(texts, m)`; a chunk at a time, to bound the memory.

        `nodes` has the shape `(m,)` for all texts, or `(texts, m)` for each.
        """
        network = self.network(level)
        hidden = network.encode(words, lengths)
        chunks = torch.split(nodes, network.chunk_size(hidden, row_floats=network.attention.shape[1]), dim=-1)
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
