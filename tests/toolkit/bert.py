"""Random BERT classifiers over whole words. Nothing of this package is imported here."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def word_tokenizer(words: Iterable[str], max_length: int | None = 512) -> PreTrainedTokenizerFast:
    """A BERT-like tokenizer over whole words; None: it knows no limit of its own."""
    vocabulary = {token: number for number, token in enumerate(dict.fromkeys([*SPECIAL, *words]))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])]
    )
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIAL, strict=True))
    limit = {} if max_length is None else {"model_max_length": max_length}
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names, **limit)


def tiny_bert(
    labels: int, words: int, problem_type: str | None, positions: int = 32, seed: int = 0
) -> BertForSequenceClassification:
    """A random classifier whose answers differ from text to text."""
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=words,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=positions,
        num_labels=labels,
        problem_type=problem_type,
        initializer_range=0.5,
    )
    return BertForSequenceClassification(config).eval()
