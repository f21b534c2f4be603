"""Adaptive probabilistic label clusters (Ye et al., 2020): an output layer whose cost follows the labels asked for.

Labels are numbered by frequency, the most frequent first. The head knows the frequent labels and one root a tail
cluster: the probability that a text has any label of that cluster. A tail cluster has a layer of its own, the
narrower the rarer its labels. With the hidden state h of a text (section 3.3):

- label j of the head: `p_j = sigmoid(w_j h)`
- label j of tail i: `p_j = sigmoid(root_i h) * sigmoid(v_j relu(layer_norm(P_i h)))`
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple, cast

import numpy as np
import torch
from torch import nn

from textattack_xmtc.errors import InputError
from textattack_xmtc.models.losses import ReweightedLoss
from textattack_xmtc.scores import ScoreKind

_CHUNK_FLOATS = 2**24  # scores that are computed at once: 64 MB in float32


class ClusterLogits(NamedTuple):
    """What one cluster contributes to the loss of a batch, one column a decision.

    Logits (float32, only of the texts that this cluster learns from) and targets (1.0 for yes) have the shape
    `(texts, columns)`; `labels` says which label each column is, -1 for the root of a tail.
    """

    logits: torch.Tensor
    targets: torch.Tensor
    labels: torch.Tensor


class ProbabilisticLabelClusters(nn.Module):
    """The output layer of APLC-XLNet.

    Its parameters are `head.weight` (frequent labels, then one root a tail) and, for tail i, `tail.{i}.0.weight`
    (projection), `tail.{i}.1.weight` and `.bias` (layer norm) and `tail.{i}.3.weight` (labels): the official names.

    Args:
        hidden_size: width h of what it reads.
        labels: number of labels, numbered by frequency.
        cutoffs: the first label of each tail cluster, increasing; none for a head without tails.
        shrink: tail i, counted from 0, is `h // shrink ** (i + 1)` wide (at least 1).

    Raises:
        InputError: the cut-offs do not increase from above 0 to below the number of labels.

    Example:
        >>> clusters = ProbabilisticLabelClusters(hidden_size=8, labels=10, cutoffs=(4, 7))
        >>> clusters.head.weight.shape, clusters.tail[1][3].weight.shape
        (torch.Size([6, 8]), torch.Size([3, 2]))
        >>> hidden = torch.randn(2, 8)
        >>> torch.allclose(clusters(hidden, torch.tensor([9, 0])), clusters(hidden)[:, [9, 0]])
        True
    """

    def __init__(self, hidden_size: int, labels: int, cutoffs: Sequence[int], shrink: float = 2.0) -> None:
        super().__init__()
        self.bounds = (0, *cutoffs, labels)
        if any(end <= start for start, end in pairwise(self.bounds)):
            raise InputError(
                f"the cut-offs {list(cutoffs)} do not divide {labels} labels into clusters",
                f"give increasing numbers between 1 and {labels - 1}, or none",
            )
        self.shortlist = self.bounds[1]
        self.head = nn.Linear(hidden_size, self.shortlist + len(cutoffs), bias=False)
        self.tail = nn.ModuleList()
        for position, (start, end) in enumerate(pairwise(self.bounds[1:])):
            width = max(1, int(hidden_size // shrink ** (position + 1)))
            projection = nn.Linear(hidden_size, width, bias=False)
            self.tail.append(
                nn.Sequential(projection, nn.LayerNorm(width), nn.ReLU(), nn.Linear(width, end - start, bias=False))
            )

    def forward(
        self, hidden: torch.Tensor, labels: torch.Tensor | None = None, kind: ScoreKind = "probability"
    ) -> torch.Tensor:
        """Scores of `labels`, shape `(m,)`, in any order, or of all; of shape `(texts, m)`.

        Only their own rows, their clusters' projections and the roots are computed. `hidden` is float32, of shape
        `(texts, hidden_size)`. A "logit" is `log(p / (1 - p))`, which keeps ranks apart where p saturates.
        """
        roots = self._roots(hidden, kind)
        if labels is None:
            clusters = range(len(self.bounds) - 1)
            chunks = (chunk for cluster in clusters for _, chunk in self._chunks(hidden, roots, cluster, kind))
            return torch.cat(list(chunks), dim=1)
        scores = hidden.new_empty(len(hidden), len(labels))
        cluster_of = torch.bucketize(labels, torch.tensor(self.bounds[1:-1], device=labels.device), right=True)
        for cluster in sorted(set(cluster_of.tolist())):
            columns = (cluster_of == cluster).nonzero().squeeze(1)
            features, weight = self._features(hidden, cluster)
            rows = weight.index_select(0, labels[columns] - self.bounds[cluster])
            scores[:, columns] = self._scores(features @ rows.T, roots, cluster, kind)
        return scores

    def top_k(self, hidden: torch.Tensor, k: int, kind: ScoreKind = "probability") -> tuple[torch.Tensor, torch.Tensor]:
        """The k best labels and their scores, each of shape `(texts, k)`, best first; ties by the lower label index.

        This is what sorting `forward(hidden)` gives, with one chunk of scores held at a time. A tail is left out where
        no text can have a label of it among its k best: `p = root * tail <= root`, after rounding too, and a label that
        only equals the k-th best so far loses the tie, for its index is higher.
        """
        roots = self._roots(hidden, kind)
        scores = hidden.new_empty(len(hidden), 0)
        labels = torch.empty(len(hidden), 0, dtype=torch.int64, device=hidden.device)
        for cluster in range(len(self.bounds) - 1):
            if cluster and scores.shape[1] == k and (roots[:, cluster - 1] <= scores[:, -1]).all():
                continue
            for first, chunk in self._chunks(hidden, roots, cluster, kind):
                best = _best(chunk, k)
                # What was found before has lower indices and stands first, so position breaks ties as the index would.
                scores = torch.cat([scores, chunk.gather(1, best)], dim=1)
                labels = torch.cat([labels, best + first], dim=1)
                keep = _best(scores, k)
                scores, labels = scores.gather(1, keep), labels.gather(1, keep)
        return labels, scores

    def decisions(self, hidden: torch.Tensor, positives: Sequence[Sequence[int]]) -> Iterator[ClusterLogits]:
        """What there is to learn from a batch: the head for every text, and the tails that its true labels need.

        The factors are learnt one by one, as the chain rule has it: the head decides for every text on the frequent
        labels and on the roots (a root is true where the text has a label of that cluster); a tail decides, *given*
        that a text has a label of it, which. So a text teaches a tail nothing unless it has a label there; tails that
        no text of the batch needs are not computed (section 3.3), and a text's loss does not depend on its batch.
        """
        device = hidden.device
        texts = torch.tensor([text for text, labels in enumerate(positives) for _ in labels], dtype=torch.int64)
        true = torch.tensor([label for labels in positives for label in labels], dtype=torch.int64)
        cluster_of = torch.bucketize(true, torch.tensor(self.bounds[1:-1]), right=True)
        logits = self.head(hidden).float()
        targets = torch.zeros_like(logits)
        columns = torch.where(cluster_of == 0, true, self.shortlist + cluster_of - 1)
        targets[texts.to(device), columns.to(device)] = 1.0
        labels = torch.arange(logits.shape[1], device=device)
        yield ClusterLogits(logits, targets, labels.where(labels < self.shortlist, -1))
        for cluster in sorted(set(cluster_of.tolist())):
            if cluster == 0:
                continue
            inside = cluster_of == cluster
            needed, row_of = torch.unique(texts[inside], return_inverse=True)
            logits = self.tail[cluster - 1](hidden.index_select(0, needed.to(device))).float()
            targets = torch.zeros_like(logits)
            targets[row_of.to(device), (true[inside] - self.bounds[cluster]).to(device)] = 1.0
            yield ClusterLogits(
                logits, targets, torch.arange(self.bounds[cluster], self.bounds[cluster + 1], device=device)
            )

    def loss(self, hidden: torch.Tensor, positives: Sequence[Sequence[int]], loss: ReweightedLoss) -> torch.Tensor:
        """The loss of a batch: the sum over its `decisions`, reduced over the texts of the batch as `loss` says.

        Weights multiply the positive parts of labels, in the head and in the tails (the attack paper's Eq. 4.6); roots
        are not labels, theirs are not weighted.

        Raises:
            InputError: a reduction other than "mean" and "sum", or weights for another number of labels.
        """
        if loss.reduction == "none":
            raise InputError("the clusters' losses have different shapes", 'choose the reduction "mean" or "sum"')
        total = hidden.new_zeros((), dtype=torch.float32)
        for logits, targets, labels in self.decisions(hidden, positives):
            # a tail's mean is over the texts that need it; what counts is the mean over the batch
            texts = len(logits) / len(hidden) if loss.reduction == "mean" else 1.0
            total = total + texts * loss(logits, targets, labels)
        return total

    def start_at_rates(self, positives: Sequence[Sequence[int]], constant: torch.Tensor) -> None:
        """Let every root and label start near its log-odds in the training texts, which no bias is there to hold.

        Otherwise the first epochs only learn that labels are rare. In each tail, one hidden unit becomes a constant for
        it, which training is free to change. `constant`, shape `(hidden_size,)`, is what all hidden states have in
        common to start with, and 0 where they differ.
        """
        texts = [np.unique(np.asarray(row, dtype=np.int64)) for row in positives]
        counts = np.bincount(np.concatenate([*texts, np.zeros(0, dtype=np.int64)]), minlength=self.bounds[-1])
        cutoffs = self.bounds[1:-1]
        clusters = [np.unique(np.searchsorted(cutoffs, row, side="right")) for row in texts]
        needed = np.bincount(np.concatenate([*clusters, np.zeros(0, dtype=np.int64)]), minlength=len(cutoffs) + 1)[1:]
        odds = _log_odds(np.concatenate([counts[: self.shortlist], needed]), len(texts))
        with torch.no_grad():
            common = constant.to(self.head.weight.device)
            self.head.weight[:, common != 0] = (
                odds.to(common.device)[:, None] * (common / common.square().sum())[common != 0]
            )
            for tail, size, (start, end) in zip(self.tail, needed.tolist(), pairwise(self.bounds[1:]), strict=True):
                _, norm, _, rows = cast(nn.Sequential, tail)
                norm, rows = cast(nn.LayerNorm, norm), cast(nn.Linear, rows)
                norm.weight[0], norm.bias[0] = 0.0, 1.0
                rows.weight[:, 0] = _log_odds(counts[start:end], size).to(common.device)

    def _roots(self, hidden: torch.Tensor, kind: ScoreKind) -> torch.Tensor:
        """Scores of all roots, shape `(texts, tails)`."""
        return _of_kind(hidden @ self.head.weight[self.shortlist :].T, kind)

    def _features(self, hidden: torch.Tensor, cluster: int) -> tuple[torch.Tensor, torch.Tensor]:
        """What the label rows of a cluster are multiplied with, and these rows."""
        if cluster == 0:
            return hidden, self.head.weight[: self.shortlist]
        projection, norm, relu, rows = cast(nn.Sequential, self.tail[cluster - 1])
        return relu(norm(projection(hidden))), cast(nn.Linear, rows).weight

    def _chunks(
        self, hidden: torch.Tensor, roots: torch.Tensor, cluster: int, kind: ScoreKind
    ) -> Iterator[tuple[int, torch.Tensor]]:
        """Scores of all labels of a cluster, some at a time, each with its first label."""
        features, weight = self._features(hidden, cluster)
        step = max(1, _CHUNK_FLOATS // max(1, len(hidden)))
        for first in range(0, len(weight), step):
            logits = features @ weight[first : first + step].T
            yield self.bounds[cluster] + first, self._scores(logits, roots, cluster, kind)

    def _scores(self, logits: torch.Tensor, roots: torch.Tensor, cluster: int, kind: ScoreKind) -> torch.Tensor:
        """What logits within a cluster make, with the roots' scores of the same kind."""
        if cluster == 0:
            return _of_kind(logits, kind)
        root = roots[:, cluster - 1 : cluster]
        return root * logits.sigmoid() if kind == "probability" else joint_logit(root, logits)


def joint_logit(root: torch.Tensor, tail: torch.Tensor) -> torch.Tensor:
    """The logit of `p = sigmoid(root) * sigmoid(tail)`, without computing p.

    From `1 / p = (1 + exp(-root)) (1 + exp(-tail))` follows
    `log(p / (1 - p)) = -log(exp(-root) + exp(-tail) + exp(-root - tail))`, which neither saturates nor overflows.
    It is at most `min(root, tail)`.

    Example:
        >>> round(joint_logit(torch.tensor(0.0), torch.tensor(0.0)).item(), 4)  # p = 1/4, so log(1/3)
        -1.0986
        >>> joint_logit(torch.tensor(90.0), torch.tensor([40.0, 50.0])).tolist()
        [40.0, 50.0]
    """
    low, high = torch.minimum(root, tail), torch.maximum(root, tail)
    # The largest of the three exponents is -low, or -low - high where high is negative; taking -low out leaves
    # log(1 + exp(low - high) + exp(-high)).
    return low - torch.logaddexp(torch.nn.functional.softplus(low - high), -high)


def _log_odds(counts: np.ndarray, texts: int) -> torch.Tensor:
    """`log(p / (1 - p))` for the rates `counts / texts`, with half a text added to both sides."""
    return torch.from_numpy(np.log((counts + 0.5) / (texts - counts + 0.5))).float()


def _of_kind(logits: torch.Tensor, kind: ScoreKind) -> torch.Tensor:
    return logits.sigmoid() if kind == "probability" else logits


def _best(scores: torch.Tensor, k: int) -> torch.Tensor:
    """Columns of the k best scores of each row (all, where there are fewer), best first; ties by the lower column."""
    k = min(k, scores.shape[1])
    values, columns = scores.topk(k, dim=1)
    if ((scores >= values[:, -1:]).sum(dim=1) > k).any():  # more are as good as the k-th than were taken: sort
        return scores.argsort(dim=1, descending=True, stable=True)[:, :k]
    columns = columns.sort(dim=1).values
    return columns.gather(1, scores.gather(1, columns).argsort(dim=1, descending=True, stable=True))
