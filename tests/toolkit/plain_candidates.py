"""The candidates of a masked LM, recomputed from its logits; and how the word swap's own are read."""

from __future__ import annotations

from functools import cache
from typing import Any

import nltk
import torch
from textattack.shared import AttackedText

from tests.toolkit.masked_lms import LETTERS, MARKS, POSITIONS, WORDS, masked_lm
from textattack_xmtc.transformations import CANDIDATE_ORDER, XMTCWordSwapMaskedLM

STOPS = frozenset(nltk.corpus.stopwords.words("english"))
TEXTS = [
    "The market is a study of river and law.",
    '"Policy" (see the court) and climate change, in 2020: energy!',
    "Music's market-price isn't not é naïve _ the bank * don't",
    "market",
    "market market Market MARKET the market",
    "  water \n\n health\u00a0doctor \U0001f600 cell \x07 protein",
]


def swap_of(family: str, **options: Any) -> XMTCWordSwapMaskedLM:
    model, tokenizer = masked_lm(family)
    return XMTCWordSwapMaskedLM(model, tokenizer, **options)


def proposals(swap: Any, text: Any, indices: Any = None) -> Any:
    """The words proposed for each word, and a check that nothing else was changed."""
    original = AttackedText(text)
    indices = range(original.num_words) if indices is None else indices
    by_index: Any = {index: [] for index in indices}
    for candidate in swap(original, indices_to_modify=indices):
        (index,) = candidate.attack_attrs["modified_indices"]
        assert candidate.attack_attrs[CANDIDATE_ORDER] == len(by_index[index])
        if not by_index[index]:  # TextAttack's own replacement is too slow for all of them
            expected = original.replace_word_at_index(index, candidate.words[index])
            assert (candidate.text, candidate.words) == (expected.text, expected.words)
        by_index[index].append(candidate.words[index])
    return list(by_index.values())


@cache
def logits_at(family: str, masked: str, which: int = 0) -> Any:
    """Logits at one of the masks of a text, which is read alone and unpadded; None where it is cut off."""
    model, tokenizer = masked_lm(family)
    encoded = tokenizer(masked, truncation=True, max_length=POSITIONS, return_tensors="pt")
    masks = [at for at, token in enumerate(encoded["input_ids"][0].tolist()) if token == tokenizer.mask_token_id]
    if which >= len(masks):
        return None
    with torch.no_grad():
        return model(**encoded).logits[0, masks[which]]


def word_by_token(family: str, at_start: bool) -> Any:
    """What whole words these vocabularies hold, as they were put together."""
    if MARKS[family] == "wordpiece":
        words = {word: word for word in [*WORDS, *LETTERS.replace("é", "")]}
    elif MARKS[family] == "byte-level":
        words = {"Ġ" + word: word for word in WORDS} | ({word: word for word in WORDS[::2]} if at_start else {})
    else:
        words = {"▁" + word: word for word in WORDS} | {"▁▁market": "market", "▁étude": "étude"}
    return {token: word for token, word in words.items() if word.lower() not in STOPS}


def expected_proposals(
    family: str, text: str, number: int, min_confidence: float = 0.0, masks_before: Any = None
) -> Any:
    """For each word of a text, the likeliest of all words that the vocabulary holds."""
    attacked = AttackedText(text)
    masks_before = masks_before or [0] * attacked.num_words
    return [
        expected_for(family, attacked, index, number, min_confidence, which) for index, which in enumerate(masks_before)
    ]


def expected_for(family: str, attacked: Any, index: int, number: int, min_confidence: float, which: int) -> Any:
    tokenizer = masked_lm(family)[1]
    logits = logits_at(family, attacked.replace_word_at_index(index, tokenizer.mask_token).text, which)
    if logits is None:
        return []
    likely = logits.softmax(0).tolist()
    own, words = attacked.words[index].lower(), word_by_token(family, index == 0)
    candidates = []
    for position in logits.argsort(descending=True).tolist():
        word = words.get(tokenizer.convert_ids_to_tokens(position))
        if word and likely[position] >= min_confidence and word.lower() != own and word not in candidates:
            candidates.append(word)
    return candidates[:number]
