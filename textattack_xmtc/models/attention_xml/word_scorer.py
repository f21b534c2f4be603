"""What AttentionXML, flat or with a label tree, reads of a text: the first words of it that a vocabulary knows."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from textattack_xmtc.errors import InputError
from textattack_xmtc.models.attention_xml.architecture import AttentionXMLConfig
from textattack_xmtc.models.attention_xml.sentences import NLTKWords
from textattack_xmtc.models.attention_xml.vocabulary import PAD_ID, PUNKT, UNK, UNK_ID, Vocabulary
from textattack_xmtc.models.batches import padded
from textattack_xmtc.models.folder import VOCABULARY, read_words
from textattack_xmtc.models.pretrained import PretrainedScorer
from textattack_xmtc.models.torch_scorer import Encoded
from textattack_xmtc.scores import ComputeType, ScoreKind
from textattack_xmtc.workdir.files import write_json

_MOST_WORDS = 2**31 - 1  # far more than any text has: a larger number in a damaged file would not count words any more


class WordScorer(PretrainedScorer):
    """A scorer that reads a text as the first words of it that a vocabulary knows. Its mask is the word `<UNK>`.

    Args:
        network: the network; its `forward` gives logits of labels, `dense_logits` those of all.
        label_names, max_length, device, masked_lm_folder: as for `TorchScorer`.
        dtype: what word vectors and LSTM compute in; attention and MLP are always float32.

    Raises:
        InputError: `max_length` is below 1, or a number that no text comes near to.
    """

    mask_word = UNK
    network: Any

    def __init__(
        self,
        network: nn.Module,
        vocabulary: Vocabulary,
        label_names: Sequence[str],
        max_length: int = 500,
        device: torch.device | str | None = None,
        masked_lm_folder: Path | None = None,
        dtype: ComputeType = "float32",
    ) -> None:
        if not 1 <= max_length <= _MOST_WORDS:
            raise InputError(f"invalid max_length={max_length}", f"choose between 1 and {_MOST_WORDS}")
        super().__init__(network, label_names, max_length, device, masked_lm_folder, dtype)
        self.vocabulary = vocabulary

    @classmethod
    def parts_of_folder(cls, folder: Path, config: Mapping[str, Any], labels: int) -> dict[str, Any]:
        """Network, vocabulary and length."""
        sizes = AttentionXMLConfig(**{**config["network"], "linear_sizes": tuple(config["network"]["linear_sizes"])})
        tokenization = str(config["tokenization"])
        sentences = NLTKWords.from_folder(folder) if tokenization == PUNKT else None
        vocabulary = Vocabulary(read_words(folder, VOCABULARY), tokenization, sentences)
        with torch.device("meta"):  # the weights are read next: do not draw random ones first
            network = cls._new_network(folder, len(vocabulary), labels, sizes)
        return {"network": network, "vocabulary": vocabulary, "max_length": int(config["max_length"])}

    @classmethod
    @abstractmethod
    def _new_network(cls, folder: Path, words: int, labels: int, sizes: AttentionXMLConfig) -> nn.Module:
        """A network for the weights of a model folder."""

    def settings(self) -> dict[str, Any]:
        """Sizes, length and tokenization."""
        return {
            "network": asdict(self.network.config),
            "max_length": self.max_length,
            "tokenization": self.vocabulary.tokenization,
        }

    def write_own_files(self, folder: Path) -> None:
        """Write the vocabulary, and what finds sentences."""
        if self.vocabulary.sentences is not None:
            self.vocabulary.sentences.write(folder)
        write_json(folder / VOCABULARY, self.vocabulary.words)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """The numbers of the first `max_length` words of each text; one unknown word for a text without words."""
        return [self.vocabulary.encode(text, self.max_length) or [UNK_ID] for text in texts]

    def characters_read(self, text: str) -> int:
        """How many leading characters of `text` the model reads: up to the end of word number `max_length`."""
        spans = self.vocabulary.spans(text, self.max_length + 1)
        return len(text) if len(spans) <= self.max_length else spans[self.max_length - 1][1]

    def fixed_tokens(self) -> np.ndarray:
        """The padding."""
        return np.array([PAD_ID])

    def _floats(self, length: int) -> int:
        # Word vectors, the same turned round, the gates of a direction, and the states of both.
        config = self.network.config
        return int(length * (2 * config.embedding_size + 8 * config.hidden_size))

    def _scores(self, batch: Encoded, labels: torch.Tensor | None, kind: ScoreKind) -> torch.Tensor:
        words, lengths = padded(batch, PAD_ID, self.device)
        network = self.network
        logits: torch.Tensor = (
            network.dense_logits(words, lengths) if labels is None else network(words, lengths, labels)
        )
        return logits if kind == "logit" else logits.sigmoid()
