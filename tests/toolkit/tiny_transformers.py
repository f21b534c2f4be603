"""Random classifiers and masked language models of many families of transformers: one layer, sixteen numbers wide."""

from __future__ import annotations

from typing import Any

import torch
import transformers

from tests.toolkit.bert import word_tokenizer

WORDS = ["a", "text", "of", "several", "words", ",", "longer", "than", "the", "others", "word", "egg"]
POSITIONS = 24
LABELS = 3

_ENCODER = {
    "hidden_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "intermediate_size": 16,
    "max_position_embeddings": POSITIONS,
    "initializer_range": 0.5,
}
_ENCODER_DECODER = {
    "d_model": 16,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 16,
    "decoder_ffn_dim": 16,
    "max_position_embeddings": POSITIONS,
    "init_std": 0.5,
    "eos_token_id": 3,  # [SEP]
    "decoder_start_token_id": 3,
}
_FAMILIES: dict[str, dict[str, Any]] = {
    "Longformer": {**_ENCODER, "attention_window": [8]},
    "Albert": {**_ENCODER, "embedding_size": 16},
    "Bart": _ENCODER_DECODER,
    "MBart": _ENCODER_DECODER,
    "LED": {
        **_ENCODER_DECODER,
        "max_encoder_position_embeddings": POSITIONS,
        "max_decoder_position_embeddings": POSITIONS,
        "attention_window": [8],
    },
    "T5": {
        "d_model": 16,
        "num_layers": 1,
        "num_heads": 2,
        "d_ff": 16,
        "d_kv": 8,
        "eos_token_id": 3,
        "decoder_start_token_id": 0,
    },
    "XLNet": {"d_model": 16, "n_layer": 1, "n_head": 2, "d_inner": 16},
}


def tiny(family: str, head: str = "ForSequenceClassification", vocabulary: int | None = None, **more: Any) -> Any:
    """A random model of a family, by the name that transformers gives it ("Bert")."""
    torch.manual_seed(0)
    sizes = {
        "vocab_size": vocabulary or len(WORDS) + 5,
        "num_labels": LABELS,
        "pad_token_id": 0,
        **_FAMILIES.get(family, _ENCODER),
        **more,
    }
    config = getattr(transformers, f"{family}Config")(**sizes)
    return getattr(transformers, f"{family}{head}")(config).eval()


def tokenizer(max_length: int | None = POSITIONS, special: bool = True, **more: str) -> Any:
    """A tokenizer of whole words that gives every model token type ids; without `special`, as GPT-2's adds nothing."""
    tokenizer = word_tokenizer(WORDS, max_length)
    if not special:
        from tokenizers import processors

        tokenizer.backend_tokenizer.post_processor = processors.Sequence([])
        tokenizer.add_special_tokens({"pad_token": "[PAD]"})
    for name, value in more.items():
        setattr(tokenizer, name, value)
    assert "token_type_ids" in tokenizer("egg")
    return tokenizer
