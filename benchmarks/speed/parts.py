"""Victims, masked LM and texts of real sizes with random weights, for what only asks how long something takes.

The words are made up: a piece of text is a run of them between single spaces, and each is one word to every part.
Attention and output of the victims are drawn wider than training starts with, so that words make a difference that
rounding does not reach, and no wider, so that no single word decides.
"""

from __future__ import annotations

import random
from functools import cache
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import BertConfig, BertForMaskedLM, PreTrainedTokenizerFast

from textattack_xmtc.models.aplc_xlnet.network import APLCXLNetConfig, APLCXLNetNetwork
from textattack_xmtc.models.aplc_xlnet.scorer import APLCXLNet
from textattack_xmtc.models.aplc_xlnet.subwords import Subwords
from textattack_xmtc.models.attention_xml.architecture import AttentionXMLConfig
from textattack_xmtc.models.attention_xml.flat import AttentionXML, AttentionXMLNetwork
from textattack_xmtc.models.attention_xml.label_tree import LabelTree, depths_of_levels
from textattack_xmtc.models.attention_xml.tree import AttentionXMLTree, AttentionXMLTreeNetwork
from textattack_xmtc.models.attention_xml.vocabulary import PAD, UNK, Vocabulary

WIKI10, AMAZON = 30_938, 670_091
"""Labels of Wiki10-31K (the paper's Wikipedia-31K) and of Amazon-670K."""

_WORDS = 30_000
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_MAX_LEAF = 8


@cache
def words() -> tuple[str, ...]:
    """Made-up words, all different, of 5 to 9 letters."""
    chance = random.Random(1)
    found: dict[str, None] = {}
    while len(found) < _WORDS:
        pairs = (chance.choice("bdfgklmnprstvz") + chance.choice("aeiou") for _ in range(chance.randint(2, 4)))
        found["".join(pairs) + chance.choice("klmnrst")] = None
    return tuple(found)


def texts_of(length: int, number: int, seed: int = 0) -> list[str]:
    """Texts of `length` words each, drawn evenly."""
    chance = random.Random(f"{length} {seed}")
    return [" ".join(chance.choices(words(), k=length)) for _ in range(number)]


def vocabulary() -> Vocabulary:
    return Vocabulary([PAD, UNK, *words()])


def attention_xml(labels: int, hidden: int = 256, device: str = "cpu") -> AttentionXML:
    """AttentionXML with word vectors of 300 and, by default, a hidden state of 256, as for Wikipedia-31K."""
    torch.manual_seed(1)
    config = AttentionXMLConfig(hidden_size=hidden, linear_sizes=(hidden,))
    network = AttentionXMLNetwork(_WORDS + 2, labels, config)
    with torch.no_grad():
        network.attention.normal_(0, 0.15)
        network.output.weight *= 4
    return AttentionXML(network, vocabulary(), [str(label) for label in range(labels)], device=device)


def attention_xml_tree(labels: int, hidden: int, beam: int = 64, first_groups: int = 2048) -> AttentionXMLTree:
    """AttentionXML with a label tree of equal halves and leaves of at most 8 labels."""
    deepest = int(np.ceil(np.log2(labels / _MAX_LEAF)))
    depths = depths_of_levels(deepest, first_groups)
    tree = LabelTree.from_clusters([np.arange(labels) * 2**depth // labels for depth in depths])
    torch.manual_seed(0)
    config = AttentionXMLConfig(hidden_size=hidden, linear_sizes=(hidden,))
    network = AttentionXMLTreeNetwork(_WORDS + 2, tree, config)
    return AttentionXMLTree(network, vocabulary(), [str(i) for i in range(labels)], beam=beam, device="cpu")


def aplc_xlnet(labels: int, device: str = "cpu", **sizes: Any) -> APLCXLNet:
    """APLC-XLNet, by default of base size; the labels in two halves, or in four parts where there are many."""
    cutoffs = (labels // 2,) if labels < 2 * WIKI10 else (labels // 10, labels // 4, labels // 2)
    subwords = Subwords.of_texts([" ".join(words())], size=8000)
    config = APLCXLNetConfig(vocabulary_size=len(subwords), cutoffs=cutoffs, **sizes)
    torch.manual_seed(0)
    network = APLCXLNetNetwork(labels, config)
    return APLCXLNet(network, subwords, [str(label) for label in range(labels)], device=device)


def masked_lm(**sizes: Any) -> tuple[Any, Any]:
    """A BERT that fills in masks, by default of base size, and its tokenizer, to which every word is one piece."""
    torch.manual_seed(2)
    known = {token: number for number, token in enumerate([*_SPECIAL, *words()])}
    tokenizer = Tokenizer(models.WordPiece(known, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", known["[CLS]"]), ("[SEP]", known["[SEP]"])]
    )
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), _SPECIAL, strict=True))
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=512, **names)
    # Wider than BERT's own first weights: otherwise its list of words hardly depends on the text.
    config = BertConfig(vocab_size=len(known), initializer_range=0.06, **sizes)
    return BertForMaskedLM(config).eval(), fast
