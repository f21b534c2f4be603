"""Victims made of a function, words with weights or a table; a masked language model that proposes given words."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedTokenizerFast

from tests.toolkit.bert import word_tokenizer
from textattack_xmtc.scores import ScoreKind
from textattack_xmtc.transformations import XMTCWordSwapMaskedLM
from textattack_xmtc.wrappers import XMTCModelWrapper


class CountingVictim(XMTCModelWrapper):
    """A victim made of a function from a text to a row of scores; notes every text that it is asked about.

    `asked`: the texts, as often as they came. `reads`: characters that it reads, all where it is None.
    """

    def __init__(
        self,
        row: Callable[[str], Iterable[float]],
        score_kind: ScoreKind = "score",
        label_names: Sequence[str] | None = None,
        num_labels: int | None = None,
        reads: int | None = None,
    ) -> None:
        super().__init__(
            None, name="toy", score_kind=score_kind, label_names=label_names, num_labels=num_labels, mask="[MASK]"
        )
        self.row, self.reads = row, reads
        self.asked: list[str] = []

    def characters_read(self, text: str) -> int:
        return len(text) if self.reads is None else min(self.reads, len(text))

    def _dense(self, texts: Sequence[str]) -> Any:
        self.asked += texts
        return np.array([list(self.row(text[: self.characters_read(text)])) for text in texts])


def bag(weights: Mapping[str, Sequence[float]], base: Sequence[float], **options: Any) -> CountingVictim:
    """A victim that adds the weights of a text's words to `base`, a number a label; other words weigh nothing."""

    def row(text: str) -> np.ndarray:
        return np.array(base, dtype=float) + sum(np.array(weights[word]) for word in text.split() if word in weights)

    return CountingVictim(row, **options)


def table(rows: Mapping[str, Sequence[float]], **options: Any) -> CountingVictim:
    """A victim that knows the row of each text by heart."""
    return CountingVictim(rows.__getitem__, **options)


class SameProposals(torch.nn.Module):
    """A masked language model that proposes the same words, in the same order, wherever the mask is."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, proposals: Sequence[str]) -> None:
        super().__init__()
        self.device = torch.device("cpu")
        self.config = SimpleNamespace(model_type="bert", max_position_embeddings=512)
        self.logits = torch.full((len(tokenizer),), -1e4)
        self.logits[0] = 1.0  # the padding token, which is no word: all else stays at probability 0
        self.logits[tokenizer.convert_tokens_to_ids(list(proposals))] = -torch.arange(float(len(proposals)))

    def forward(self, input_ids: torch.Tensor, **_: torch.Tensor) -> SimpleNamespace:
        return SimpleNamespace(logits=self.logits.expand(*input_ids.shape, -1))


def proposing(*words: str, **options: Any) -> XMTCWordSwapMaskedLM:
    """A word swap that proposes `words`, in this order, for every word."""
    tokenizer = word_tokenizer(words)
    return XMTCWordSwapMaskedLM(SameProposals(tokenizer, words), tokenizer, min_confidence=1e-40, **options)
