"""How surprising a masked language model finds the words that an attack has put in, and those that stood there."""

from __future__ import annotations

from typing import Any

import torch
from textattack.shared import AttackedText

from textattack_xmtc.transformations import XMTCWordSwapMaskedLM
from textattack_xmtc.transformations.word_swap_masked_lm import logits_at
from textattack_xmtc.words import word_spans


def surprises(masked_lm: XMTCWordSwapMaskedLM, record: dict[str, Any]) -> list[tuple[float, float]]:
    """The surprise of each changed word in the final text, and of the word before it in the original.

    Words that the masked LM does not read any more are left out.
    """
    if record["adversarial"] is None:
        return []
    texts = [AttackedText(record[name]) for name in ("adversarial", "text")]
    both = [[surprise(masked_lm, text, change["position"]) for text in texts] for change in record["changes"]]
    return [(after, before) for after, before in both if after is not None and before is not None]


def surprise(masked_lm: XMTCWordSwapMaskedLM, text: AttackedText, place: int) -> float | None:
    """Of a word: the mean of -log p over its pieces, each masked alone. Its exponential is a pseudo-perplexity.

    Returns:
        None where the word is beyond what the masked LM reads.
    """
    tokenizer, model = masked_lm.tokenizer, masked_lm._language_model
    start, end = word_spans(text.text, text.words)[place]
    options = {"truncation": True, "max_length": masked_lm.max_length, "return_tensors": "pt"}
    encoded = tokenizer(text.text, return_offsets_mapping=True, **options)
    offsets = encoded.pop("offset_mapping")[0].tolist()
    # Byte-level tokens hold the space before a word as well.
    pieces = [place for place, (first, last) in enumerate(offsets) if first < end and last > start]
    if not pieces:
        return None
    rows = torch.arange(len(pieces))
    inputs = {name: values.repeat(len(pieces), 1).to(model.device) for name, values in encoded.items()}
    own = inputs["input_ids"][rows, pieces].clone()
    inputs["input_ids"][rows, pieces] = tokenizer.mask_token_id
    logits = logits_at(model, inputs, pieces).float()
    return float(-torch.log_softmax(logits, dim=1)[rows, own].mean())
