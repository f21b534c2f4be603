"""What AttentionXML, flat or with a label tree, reads of a text: the first words of it that a vocabulary knows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from textattack_xmtc.errors import InputError
from textattack_xmtc.models.attention_xml.sentences import NLTKWords
from textattack_xmtc.models.attention_xml.vocabulary import PAD_ID, PUNKT, UNK, UNK_ID, Vocabulary
from textattack_xmtc.models.folder import VOCABULARY, read_words, write_json
from textattack_xmtc.models.torch_scorer import ComputeType, TorchScorer

_MOST_WORDS = 2**31 - 1  # far more than any text has: a larger number in a damaged file would not count words any more


class WordScorer(TorchScorer):
    """A scorer that reads a text as the first words of it that a vocabulary knows. Its mask is the word `<UNK>`.

    Args:
        network: the network; it says with `compute_in` which of its parts take another type.
        vocabulary: the words it knows.
        label_names: the names of its labels, by index.
        max_length: words that are read of a text.
        device: "cpu", "cuda", ...; by default the GPU where there is one.
        masked_lm_folder: a masked language model kept with this model, or None.
        dtype: what word vectors and LSTM compute in; attention and MLP are always float32.

    Raises:
        InputError: `max_length` is below 1, or a number that no text comes near to.
    """

    mask_word = UNK

    def __init__(
        self,
        network: torch.nn.Module,
        vocabulary: Vocabulary,
        label_names: Sequence[str],
        max_length: int = 500,
        device: torch.device | str | None = None,
        masked_lm_folder: Path | None = None,
        dtype: ComputeType = "float32",
    ) -> None:
        network.float().compute_in(torch.bfloat16 if dtype == "bfloat16" else torch.float32)  # type: ignore[operator]
        super().__init__(network, label_names, device, masked_lm_folder)
        self.vocabulary = vocabulary
        self.max_length = words_read(max_length)

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """The numbers of the first `max_length` words of each text; one unknown word for a text without words."""
        return [self.vocabulary.encode(text, self.max_length) or [UNK_ID] for text in texts]

    def characters_read(self, text: str) -> int:
        """How many leading characters of `text` the model reads: up to the end of word number `max_length`."""
        spans = self.vocabulary.spans(text, self.max_length + 1)
        return len(text) if len(spans) <= self.max_length else spans[self.max_length - 1][1]

    def _floats(self, length: int) -> int:
        # Word vectors, the same turned round, the gates of a direction, and the states of both.
        config: Any = self.network.config
        return int(length * (2 * config.embedding_size + 8 * config.hidden_size))

    def fixed_tokens(self) -> np.ndarray:
        """The padding."""
        return np.array([PAD_ID])

    def write_own_files(self, folder: Path) -> None:
        """Write the vocabulary, and what finds sentences."""
        if self.vocabulary.sentences is not None:
            self.vocabulary.sentences.write(folder)
        write_json(folder / VOCABULARY, self.vocabulary.words)


def read_vocabulary(folder: Path, tokenization: str) -> Vocabulary:
    """The vocabulary of a model folder, with what its tokenization needs.

    Raises:
        ModelFolderError: a file is missing or damaged, or the tokenization is unknown.
    """
    sentences = NLTKWords.from_folder(folder) if tokenization == PUNKT else None
    return Vocabulary(read_words(folder, VOCABULARY), tokenization, sentences)


def words_read(max_length: int) -> int:
    """How many words of a text a model reads, checked.

    Raises:
        InputError: it is below 1, or a number that no text comes near to.

    Example:
        >>> words_read(500)
        500
    """
    if not 1 <= max_length <= _MOST_WORDS:
        raise InputError(f"invalid max_length={max_length}", f"choose between 1 and {_MOST_WORDS}")
    return max_length
