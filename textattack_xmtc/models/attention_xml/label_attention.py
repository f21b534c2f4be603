"""Label attention and the MLP behind it (You et al., 2019, section 3): scores of labels from hidden states of words."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from itertools import pairwise
from typing import cast

import numpy as np
import torch
from torch import nn

_CHUNK_FLOATS = 2**24  # what is computed for a chunk of labels at once: 64 MB in float32


class LabelAttention(nn.Module, ABC):
    """One attention row a label over the hidden states of a text, and an MLP that all labels share.

    With the hidden states `h_1 .. h_T` of a text and the row `w_j` of label j:
    `a_ij = exp(h_i w_j) / sum_t exp(h_t w_j)`, `m_j = sum_i a_ij h_i`, and the logit of j is `MLP(m_j)`. A subclass
    says where the hidden states come from.
    """

    attention: nn.Parameter
    linear: nn.ModuleList
    output: nn.Linear

    def add_label_parts(self, labels: int, width: int, linear_sizes: Sequence[int]) -> None:
        """Give the network its parts that know labels, with first random weights: rows of `width`, and the MLP."""
        self.attention = nn.Parameter(torch.empty(labels, width))
        sizes = [width, *linear_sizes]
        self.linear = nn.ModuleList(nn.Linear(*pair) for pair in pairwise(sizes))
        self.output = nn.Linear(sizes[-1], 1)
        nn.init.xavier_uniform_(self.attention)
        for layer in (*self.linear, self.output):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)

    @abstractmethod
    def encode(self, words: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Hidden states of the texts, shape `(texts, longest, width)`: the part that knows no labels."""

    def start_at_rates(self, rates: np.ndarray) -> None:
        """Let every label start at the mean label's rate: otherwise the first epoch learns how rare labels are."""
        rate = float(np.clip(rates.mean(), 1e-6, 0.5))
        with torch.no_grad():
            self.output.bias.fill_(math.log(rate / (1 - rate)))

    def start_below(self, rates: np.ndarray) -> None:
        """As `start_at_rates`, of a level of a tree that has just got the weights of the level above it.

        `rates` are those of the nodes among the texts of their parents. The MLP from above does as well.
        """

    def forward(self, words: torch.Tensor, lengths: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        """Logits of `labels`, shape `(m,)`, or of all; of shape `(texts, m)`.

        `words` are what `encode` reads, padded at the end; `lengths` are at least 1.
        """
        rows = self.attention if labels is None else self.attention.index_select(0, labels)
        return self.label_logits(self.encode(words, lengths), lengths, rows)

    def label_logits(
        self, hidden: torch.Tensor, lengths: torch.Tensor, rows: torch.Tensor, projected: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Logits of the labels with these attention rows, shape `(texts, m)`: the part that costs time by label.

        `rows` has the shape `(m, 2 * hidden_size)` for all texts, or `(texts, m, 2 * hidden_size)` for each.
        `projected` is `project(hidden)`, where it is at hand.
        """
        weights = attention_weights(rows @ hidden.transpose(1, 2), lengths)
        if projected is None and rows.shape[-2] < hidden.shape[1]:
            vectors = self.project(weights @ hidden)  # fewer labels than words: less to project after the sum
        else:
            vectors = weights @ (self.project(hidden) if projected is None else projected)
        for layer in (*self.linear, self.output)[1:]:
            vectors = layer(vectors.relu())
        logits: torch.Tensor = vectors.squeeze(-1)
        return logits

    def project(self, hidden: torch.Tensor) -> torch.Tensor:
        """The first linear layer of the MLP, on hidden states or on their weighted sums.

        The weights of a text sum to 1, so this layer may as well come before the sum over time as after it: the same
        numbers, once a word or once a label.
        """
        projected: torch.Tensor = (*self.linear, self.output)[0](hidden)
        return projected

    def dense_logits(self, words: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """The same as `forward` for all labels, a chunk of labels at a time, so that memory does not grow with them."""
        hidden = self.encode(words, lengths)
        step = self.chunk_size(hidden)
        chunks = [self.attention[first : first + step] for first in range(0, len(self.attention), step)]
        projected = self.project(hidden)
        return torch.cat([self.label_logits(hidden, lengths, rows, projected) for rows in chunks], dim=1)

    def chunk_size(self, hidden: torch.Tensor, row_floats: int = 0) -> int:
        """How many labels may be computed at once for these hidden states; `row_floats`: what a label's row takes."""
        widths = sum(cast(nn.Linear, layer).out_features for layer in self.linear)
        return max(1, _CHUNK_FLOATS // (2 * hidden.shape[0] * (hidden.shape[1] + row_floats + widths)))


def attention_weights(products: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """The softmax over the words of each text, 0 for the padding, of products of shape `(texts, m, longest)`."""
    padding = torch.arange(products.shape[-1], device=products.device) >= lengths[:, None]
    return products.masked_fill(padding[:, None, :], float("-inf")).softmax(dim=-1)
