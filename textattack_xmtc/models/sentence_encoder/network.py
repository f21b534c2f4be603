"""The networks: a frozen Hugging Face encoder, pooled to one vector a text, and what makes scores of that vector."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, Self, TypeAlias

import numpy as np
import torch
from torch import nn
from torch.nn.functional import logsigmoid, normalize

from textattack_xmtc.errors import InputError
from textattack_xmtc.models.hugging_face import accepted_inputs
from textattack_xmtc.scores import ScoreKind

Pooling = Literal["mean", "cls", "last"]
SMALLEST = 1e-6


class PooledEncoder(nn.Module):
    """An encoder of transformers and its pooling: the mean over the tokens of a text, or the first or last one's state.

    It gives unit vectors of texts. Its weights are trained only where it is `trainable`.
    """

    def __init__(self, model: nn.Module, pooling: Pooling = "mean", trainable: bool = False) -> None:
        super().__init__()
        self.model = model.requires_grad_(trainable).eval()
        self.pooling, self.trainable = pooling, trainable
        self._accepts_mask = "attention_mask" in (accepted_inputs(model) or {"attention_mask"})

    def forward(self, tokens: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Unit vectors, float32, shape `(texts, d)`, of tokens of shape `(texts, longest)`; mask 0 is padding."""
        return self.pool(self.states(tokens, mask), mask)

    def states(self, tokens: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """The states of the tokens, float32, shape `(texts, longest, d)`; those of the padding mean nothing."""
        inputs = {"input_ids": tokens, **({"attention_mask": mask} if self._accepts_mask else {})}
        states: torch.Tensor = self.model(**inputs).last_hidden_state.float()
        return states

    def pool(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Unit vectors of texts, shape `(texts, d)`, from the states of their tokens."""
        if self.pooling == "mean":
            weights = mask.unsqueeze(-1).float()
            pooled = (states * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)
        else:
            places = mask.argmax(dim=1) if self.pooling == "cls" else mask.sum(dim=1) - 1
            pooled = states[torch.arange(len(states), device=states.device), places]
        return normalize(pooled, dim=-1)

    def train(self, mode: bool = True) -> Self:
        """Stay in evaluation mode where the encoder is frozen: its dropout would only blur its vectors."""
        return super().train(mode and self.trainable)


class LinearHead(nn.Module):
    """One row and a bias a label: logits of a vector."""

    def __init__(self, width: int, labels: int) -> None:
        super().__init__()
        self.rows = nn.Linear(width, labels)

    def forward(self, vectors: torch.Tensor, labels: torch.Tensor | None, kind: ScoreKind) -> torch.Tensor:
        """Scores of `labels`, or of all, shape `(texts, m)`; only the rows of these labels are read."""
        logits = self.logits(vectors, labels)
        return logits if kind == "logit" else logits.sigmoid()

    def logits(self, vectors: torch.Tensor, labels: torch.Tensor | None = None) -> torch.Tensor:
        """What is trained: the logits of the rows alone."""
        weight: torch.Tensor = self.rows.weight
        bias: torch.Tensor = self.rows.bias
        if labels is not None:
            weight, bias = weight.index_select(0, labels), bias.index_select(0, labels)
        return vectors @ weight.T + bias


class NearestTexts(nn.Module):
    """The labels of the nearest training texts, weighted by a softmax of `sharpness` times the cosine.

    The probability of a label is the sum of the weights of the `neighbours` nearest texts that have it. A logit is its
    log-odds, where the probability is kept within `SMALLEST` of 0 and 1. A training text has `most_labels` labels at
    most.
    """

    vectors: torch.Tensor
    true: torch.Tensor

    def __init__(
        self, texts: int, width: int, most_labels: int, labels: int, neighbours: int, sharpness: float = 10.0
    ) -> None:
        super().__init__()
        self.labels, self.neighbours, self.sharpness = labels, min(neighbours, texts), sharpness
        self.register_buffer("vectors", torch.zeros(texts, width))
        self.register_buffer("true", torch.full((texts, most_labels), -1, dtype=torch.int32))

    def remember(self, vectors: torch.Tensor, labels: Sequence[Sequence[int]]) -> None:
        """Take these training texts: their unit vectors, shape `(texts, width)`, and their true labels."""
        table = np.full(tuple(self.true.shape), -1, dtype=np.int32)
        for row, true in zip(table, labels, strict=True):
            row[: len(true)] = true
        self.vectors.copy_(vectors)
        self.true.copy_(torch.from_numpy(table))

    def forward(self, vectors: torch.Tensor, labels: torch.Tensor | None, kind: ScoreKind) -> torch.Tensor:
        """Scores of `labels`, or of all, shape `(texts, m)`."""
        cosines, nearest = (vectors @ self.vectors.T).topk(self.neighbours, dim=1)
        weights = (self.sharpness * cosines).softmax(dim=1)
        true = self.true[nearest].long()  # (texts, neighbours, labels of a text)
        if labels is not None:
            has = (true[..., None] == labels).any(dim=2)
            return _of_kind((weights[..., None] * has).sum(dim=1), kind)
        scores = vectors.new_zeros(len(vectors), self.labels + 1)
        places = true.masked_fill(true < 0, self.labels).flatten(1)
        scores.scatter_add_(1, places, weights[..., None].expand(true.shape).flatten(1))
        return _of_kind(scores[:, :-1], kind)


class MemoryHead(LinearHead):
    """A `LinearHead` that also asks its memory, the nearest training texts.

    The probability of a label is `share` times the memory's and `1 - share` times that of its row (as kNN-LM blends a
    language model with its nearest contexts, Khandelwal et al. 2020). Where the memory has no text of the label, the
    row alone tells: logits stay apart, however low. They end at the log-odds of `1 - SMALLEST`.
    """

    def __init__(self, memory: NearestTexts, width: int, labels: int, share: float = 0.5) -> None:
        super().__init__(width, labels)
        if not 0 < share < 1:
            raise InputError(f"share is {share}", "choose one above 0 and below 1")
        self.memory, self.share = memory, share

    def forward(self, vectors: torch.Tensor, labels: torch.Tensor | None, kind: ScoreKind) -> torch.Tensor:
        """Scores of `labels`, or of all, shape `(texts, m)`."""
        by_rows = logsigmoid(self.logits(vectors, labels)) + math.log(1 - self.share)
        nearest = self.memory(vectors, labels, "probability").clamp(min=torch.finfo(torch.float32).tiny)
        by_memory = nearest.log() + math.log(self.share)  # clamped: the logarithm of 0 has no gradient
        blended = torch.logaddexp(by_rows, by_memory)
        if kind == "probability":
            return blended.exp().clamp(max=1.0)
        blended = blended.clamp(max=math.log1p(-SMALLEST))
        return blended - torch.log1p(-blended.exp())


class SentenceEncoderNetwork(nn.Module):
    """A `PooledEncoder`, and a head that makes scores of its vectors."""

    def __init__(self, encoder: PooledEncoder, head: nn.Module) -> None:
        super().__init__()
        self.encoder, self.head = encoder, head

    def forward(
        self, tokens: torch.Tensor, mask: torch.Tensor, labels: torch.Tensor | None, kind: ScoreKind
    ) -> torch.Tensor:
        """Scores of `labels`, or of all, shape `(texts, m)`."""
        scores: torch.Tensor = self.head(self.encoder(tokens, mask), labels, kind)
        return scores


Head: TypeAlias = LinearHead | NearestTexts
"""What makes scores of vectors."""


def _of_kind(probabilities: torch.Tensor, kind: ScoreKind) -> torch.Tensor:
    probabilities = probabilities.clamp(max=1.0)  # a sum of weights may round to more
    return probabilities if kind == "probability" else probabilities.logit(SMALLEST)


def width_of(model: Any) -> int:
    """The width of an encoder's states."""
    return int(getattr(model.config, "hidden_size", 0) or model.config.d_model)
