"""What a tokenizer of Hugging Face leaves of a text."""

from __future__ import annotations

from typing import Any


def characters_of_tokens(tokenizer: Any, text: str, max_length: int) -> int:
    """How many leading characters stand in the first `max_length` tokens; all where the tokenizer cannot say."""
    if not getattr(tokenizer, "is_fast", False):
        return len(text)
    encoded = tokenizer(encodable(text), truncation=True, max_length=max_length, return_offsets_mapping=True)
    if len(encoded["input_ids"]) < max_length:
        return len(text)
    return int(max(end for _, end in encoded["offset_mapping"]))


def encodable(text: str) -> str:
    """The same number of characters without halves of surrogate pairs, which fast tokenizers refuse."""
    return text.encode("utf-8", "replace").decode("utf-8")
