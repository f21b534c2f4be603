"""Heads over a pretrained encoder: label attention over the states of the tokens, label clusters over a vector."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from textattack_xmtc.models.aplc_xlnet.clusters import ProbabilisticLabelClusters
from textattack_xmtc.models.aplc_xlnet.network import Summary
from textattack_xmtc.models.attention_xml.label_attention import LabelAttention, attention_weights
from textattack_xmtc.models.attention_xml.tree_network import LabelTreeNetwork
from textattack_xmtc.models.losses import ReweightedLoss
from textattack_xmtc.models.sentence_encoder.network import SentenceEncoderNetwork
from textattack_xmtc.scores import ScoreKind


class StateAttention(LabelAttention):
    """Label attention over the states of an encoder, with a row a label in place of the MLP that all labels share.

    The states s_t of the tokens become `h_t = s_t + relu(R s_t)`. With the query q_j, the row r_j and the bias b_j of
    label j: `a_tj = exp(h_t q_j) / sum_u exp(h_u q_j)`, and the logit of j is `r_j sum_t a_tj h_t + b_j`. `attention`
    has query, row and bias of a label side by side, shape `(labels, 2 * width + 1)`.
    """

    def __init__(self, labels: int, width: int, dropout: float) -> None:
        super().__init__()
        self.residual = nn.Linear(width, width)
        self.dropout = nn.Dropout(dropout)
        self.attention = nn.Parameter(torch.zeros(labels, 2 * width + 1))
        self.linear = nn.ModuleList()
        nn.init.xavier_uniform_(self.attention[:, :width])

    def encode(self, words: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Hidden states, shape `(texts, longest, width)`, of the encoder's states."""
        states = self.dropout(words)
        hidden: torch.Tensor = states + self.residual(states).relu()
        return hidden

    def label_logits(
        self, hidden: torch.Tensor, lengths: torch.Tensor, rows: torch.Tensor, projected: torch.Tensor | None = None
    ) -> torch.Tensor:
        """As `LabelAttention.label_logits`."""
        width, turned = hidden.shape[-1], hidden.transpose(1, 2)
        queries, rows, biases = torch.split(rows, [width, width, 1], dim=-1)
        # r (sum_t a_t h_t) = sum_t a_t (r h_t): one number a token in place of a vector a label
        logits = (attention_weights(queries @ turned, lengths) * (rows @ turned)).sum(dim=-1)
        return logits + biases.squeeze(-1)

    def project(self, hidden: torch.Tensor) -> torch.Tensor:
        """The states themselves: there is no MLP."""
        return hidden

    def start_at_rates(self, rates: np.ndarray) -> None:
        """Let every label start at its rate."""
        with torch.no_grad():
            self.attention[:, -1] = torch.from_numpy(log_odds(rates))

    def start_below(self, rates: np.ndarray) -> None:
        """Let every node start at its rate among the texts of its parent."""
        self.start_at_rates(rates)


class LabelClusterHead(nn.Module):
    """A summary of a unit vector, and the label clusters of APLC-XLNet (Ye et al., 2020, section 3.3) over it."""

    def __init__(self, labels: int, width: int, cutoffs: Sequence[int], dropout: float) -> None:
        super().__init__()
        self.summary = Summary(width, width, dropout)
        self.clusters = ProbabilisticLabelClusters(width, labels, cutoffs)

    def forward(self, vectors: torch.Tensor, labels: torch.Tensor | None, kind: ScoreKind) -> torch.Tensor:
        """Scores of `labels`, or of all, shape `(texts, m)`; only the rows of these labels are read."""
        scores: torch.Tensor = self.clusters(self.summaries(vectors), labels, kind)
        return scores

    def summaries(self, vectors: torch.Tensor) -> torch.Tensor:
        """What the clusters read, shape `(texts, width)`."""
        # The entries of a unit vector are small; those of a state that XLNet gives are about 1.
        summaries: torch.Tensor = self.summary(vectors * math.sqrt(vectors.shape[1]))
        return summaries

    def loss(self, vectors: torch.Tensor, true: Sequence[Sequence[int]], loss: ReweightedLoss) -> torch.Tensor:
        """The loss of a batch with these true labels; see `ProbabilisticLabelClusters.loss`."""
        return self.clusters.loss(self.summaries(vectors), true, loss)

    def start_at_rates(self, true: Sequence[Sequence[int]]) -> None:
        """Let every label start at its rate among training texts with these true labels."""
        self.summary.start_at_rates(self.clusters, true)


class StateNetwork(SentenceEncoderNetwork):
    """A pretrained encoder, and a head that makes logits of the states of its tokens in one pass of it."""

    head: LabelAttention | LabelTreeNetwork

    def forward(
        self, tokens: torch.Tensor, mask: torch.Tensor, labels: torch.Tensor | None, kind: ScoreKind
    ) -> torch.Tensor:
        """Scores of `labels`, or of all, shape `(texts, m)`."""
        states, lengths = self.encoder.states(tokens, mask), mask.sum(dim=1)
        logits: torch.Tensor = (
            self.head.dense_logits(states, lengths) if labels is None else self.head(states, lengths, labels)
        )
        return logits if kind == "logit" else logits.sigmoid()


def log_odds(rates: np.ndarray) -> np.ndarray:
    """`log(p / (1 - p))`, float32, where p is kept within a millionth of 0 and a half."""
    kept = np.clip(rates, 1e-6, 0.5)
    odds: np.ndarray = np.log(kept / (1 - kept)).astype(np.float32)
    return odds
