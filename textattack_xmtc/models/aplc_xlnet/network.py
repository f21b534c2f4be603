"""The network of APLC-XLNet (Ye et al., 2020, section 3): XLNet, a summary of the text, and label clusters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import nn
from transformers import XLNetConfig, XLNetModel
from transformers.activations import ACT2FN

from textattack_xmtc.errors import InputError
from textattack_xmtc.models.aplc_xlnet.clusters import ProbabilisticLabelClusters
from textattack_xmtc.models.losses import ReweightedLoss
from textattack_xmtc.scores import ScoreKind

_TEXT, _CLS, _PADDING = 0, 2, 4  # segment ids, as XLNet was trained with
MOST_LAYERS = 100  # far more than any has: a larger number in a damaged file would be made, layer by layer

_XLNET_NAMES = {
    "vocabulary_size": "vocab_size",
    "hidden_size": "d_model",
    "layers": "n_layer",
    "heads": "n_head",
    "inner_size": "d_inner",
    "activation": "ff_activation",
    "dropout": "dropout",
    "layer_norm_eps": "layer_norm_eps",
    "clamp_len": "clamp_len",
    "first_spread": "initializer_range",
}
"""What transformers' `XLNetConfig` calls these fields of `APLCXLNetConfig`."""


@dataclass(frozen=True)
class APLCXLNetConfig:
    """The sizes of the network; the number of labels follows from the label list. Defaults are XLNet-base's.

    Attributes:
        cutoffs: the first label of each tail cluster; empty for none.
        shrink: how much narrower each tail is than the one before ("div_value").
        inner_size: width of the feed-forward parts; `activation` is theirs.
        summary_size: width of the text's summary, which the clusters read; None for `hidden_size`.
        clamp_len: distances beyond are read as this one; -1 for no limit.
        first_spread: standard deviation of XLNet's first random weights.

    Raises:
        InputError: fewer layers than 1, or more than `MOST_LAYERS`; an unknown activation.
    """

    vocabulary_size: int = 32000
    cutoffs: tuple[int, ...] = ()
    shrink: float = 2.0
    hidden_size: int = 768
    layers: int = 12
    heads: int = 12
    inner_size: int = 3072
    activation: str = "gelu"
    summary_size: int | None = None
    dropout: float = 0.1
    summary_dropout: float = 0.1
    layer_norm_eps: float = 1e-12
    clamp_len: int = -1
    first_spread: float = 0.02

    def __post_init__(self) -> None:
        if not 1 <= self.layers <= MOST_LAYERS:
            raise InputError(f"{self.layers} layers make no XLNet", f"choose from 1 to {MOST_LAYERS}")
        # Numbers that are used for the first time where a text is read; the others are needed to build the network.
        for name in ("layer_norm_eps", "clamp_len"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
                raise InputError(f"{name} is {value!r}", "give a number")
        if not isinstance(self.activation, str) or self.activation not in ACT2FN:
            raise InputError(f"unknown activation {self.activation!r}", f"choose one of {', '.join(sorted(ACT2FN))}")

    @classmethod
    def of_xlnet(cls, config: Any, cutoffs: Sequence[int] = (), shrink: float = 2.0) -> Self:
        """The sizes of an `XLNetConfig` of transformers; an official checkpoint's `last_hidden_size` counts too.

        Raises:
            InputError: it describes an XLNet that does not read a text as a whole (`attn_type`, `bi_data`).
        """
        if config.attn_type != "bi" or config.bi_data:
            raise InputError(
                f"this XLNet has attn_type={config.attn_type!r} and bi_data={config.bi_data}, not 'bi' and False",
                "take one that reads texts in both directions at once",
            )
        sizes = {name: getattr(config, theirs) for name, theirs in _XLNET_NAMES.items()}
        return cls(
            **sizes,
            cutoffs=tuple(cutoffs),
            shrink=shrink,
            summary_size=getattr(config, "last_hidden_size", None),
            summary_dropout=config.summary_last_dropout,
        )

    def xlnet(self) -> Any:
        """The `XLNetConfig` of transformers."""
        return XLNetConfig(**{theirs: getattr(self, name) for name, theirs in _XLNET_NAMES.items()})


class _Encoder(XLNetModel):
    """XLNet that projects the position vectors once for all texts of a batch where nothing is dropped from them."""

    def relative_positional_encoding(self, qlen: int, klen: int, bsz: int | None = None) -> torch.Tensor:
        vectors: torch.Tensor = super().relative_positional_encoding(qlen, klen, bsz if self.training else None)
        return vectors


class Summary(nn.Module):
    """One vector a text, from XLNet's last state: a layer with tanh. Not transformers' own, which has moved about."""

    def __init__(self, hidden_size: int, size: int, dropout: float) -> None:
        super().__init__()
        self.summary = nn.Linear(hidden_size, size)
        self.dropout = nn.Dropout(dropout)

    def forward(self, last_state: torch.Tensor) -> torch.Tensor:
        """Vectors of shape `(texts, size)`, of states of shape `(texts, hidden_size)`."""
        vectors: torch.Tensor = self.dropout(self.summary(last_state).tanh())
        return vectors

    def start_at_rates(self, clusters: ProbabilisticLabelClusters, positives: Sequence[Sequence[int]]) -> None:
        """Let some units become constants, from which clusters that are untrained start at the rates of their labels.

        Training is free to change them; see `ProbabilisticLabelClusters.start_at_rates`.
        """
        units = min(16, max(1, len(self.summary.bias) // 8))  # several, for dropout may hide any
        constant = torch.zeros_like(self.summary.bias)
        constant[:units] = math.tanh(2.0)
        with torch.no_grad():
            self.summary.weight[:units] = 0.0
            self.summary.bias[:units] = 2.0
        clusters.start_at_rates(positives, constant)


class APLCXLNetNetwork(nn.Module):
    """XLNet (`transformer.*`), summary (`sequence_summary.summary.*`) and label clusters (`label_clusters.*`).

    But for `label_clusters`, which is `AdaptiveMultiLabel` there, the weights are named as in official checkpoints.

    Raises:
        InputError: the cut-offs do not fit the number of labels.
    """

    def __init__(self, labels: int, config: APLCXLNetConfig) -> None:
        super().__init__()
        self.config = config
        size = config.summary_size or config.hidden_size
        self.transformer = _Encoder(config.xlnet())
        self.sequence_summary = Summary(config.hidden_size, size, config.summary_dropout)
        self.label_clusters = ProbabilisticLabelClusters(size, labels, config.cutoffs, config.shrink)

    def forward(
        self,
        words: torch.Tensor,
        lengths: torch.Tensor,
        labels: torch.Tensor | None = None,
        kind: ScoreKind = "probability",
    ) -> torch.Tensor:
        """Scores of `labels`, shape `(m,)`, or of all; of shape `(texts, m)`.

        `words` are sub-word numbers with `<cls>` at the end, padded at the front, shape `(texts, longest)`; `lengths`
        count `<sep>` and `<cls>`.
        """
        scores: torch.Tensor = self.label_clusters(self.encode(words, lengths), labels, kind)
        return scores

    def encode(self, words: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Summaries of the texts, shape `(texts, summary_size)`: the part that knows no labels."""
        longest = words.shape[1]
        read = torch.arange(longest, device=words.device) >= longest - lengths[:, None]
        segments = torch.where(read, _TEXT, _PADDING)
        segments[:, -1] = _CLS
        states = self.transformer(
            words, attention_mask=read.to(self.transformer.dtype), token_type_ids=segments, use_mems=False
        ).last_hidden_state
        summaries: torch.Tensor = self.sequence_summary(states[:, -1].float())
        return summaries

    def loss(
        self, words: torch.Tensor, lengths: torch.Tensor, positives: Sequence[Sequence[int]], loss: ReweightedLoss
    ) -> torch.Tensor:
        """The loss of a batch with these true labels; see `ProbabilisticLabelClusters.loss`."""
        return self.label_clusters.loss(self.encode(words, lengths), positives, loss)

    def start_at_rates(self, positives: Sequence[Sequence[int]]) -> None:
        """Let a network whose clusters are untrained start with what is most easily learnt: how frequent labels are."""
        self.sequence_summary.start_at_rates(self.label_clusters, positives)
