"""A tiny Hugging Face encoder with random weights, as a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from transformers import BertConfig, BertModel

from textattack_xmtc.models.masked_lm import word_tokenizer


def tiny_encoder(folder: Path, texts: Sequence[str], positions: int = 64) -> Path:
    """A BERT of two layers that knows the words of `texts`; its embeddings tell them apart."""
    tokenizer = word_tokenizer(texts, 200, positions)
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = BertModel(
            BertConfig(vocab_size=len(tokenizer), max_position_embeddings=positions, initializer_range=0.1, **sizes)
        )
        torch.nn.init.normal_(model.embeddings.word_embeddings.weight)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
