"""Words that a masked language model proposes (section 3.2), as TextAttack's `WordSwapMaskedLM`, without its waste.

What differs from the parent: texts are padded to the longest of a batch and cut to what the model reads; the best
candidates are found by a partial sort over a vocabulary that was looked at once; new texts are cut from the string;
every family of masked language models works. `filters=False` gives the parent's candidates in the parent's order.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import nltk
import numpy as np
import torch
from textattack.shared import AttackedText, logger
from textattack.transformations import WordSwapMaskedLM
from transformers import AutoModelForMaskedLM, AutoTokenizer

from textattack_xmtc.errors import InputError
from textattack_xmtc.transformations.candidate_words import CandidateWords, candidate_words
from textattack_xmtc.transformations.substitution import substitute
from textattack_xmtc.words import Span, replaced, word_spans

CANDIDATE_ORDER = "xmtc_candidate_order"
"""Key of `attack_attrs`: where a candidate stood in the model's list. TextAttack sorts candidates by text."""

_UNLIMITED = 10**6  # tokenizers without a limit of their own carry a huge number instead
_SPARE = 16  # spellings of one word in a cased vocabulary, and of a word and its continuation


class XMTCWordSwapMaskedLM(WordSwapMaskedLM):  # type: ignore[misc]
    """Exchange a word for what a masked language model proposes in its place.

    Args:
        masked_lm: a hub name, a folder, or a model (then with its tokenizer).
        tokenizer: the tokenizer of a model that was passed itself.
        max_candidates: candidates kept for a word, best first.
        min_confidence: probability below which nothing is proposed.
        filters: drop pieces of words, stop words, doubles and the word itself before candidates are
            counted (semantics of the paper's attack). False leaves the parent's list as it is.
        batch_size: how many masked texts go into one call.

    Raises:
        InputError: no such model, not a masked language model, or a vocabulary that does not mark words.
    """

    def __init__(
        self,
        masked_lm: Any = "bert-base-uncased",
        tokenizer: Any = None,
        max_candidates: int = 48,
        min_confidence: float = 0.0,
        filters: bool = True,
        batch_size: int = 16,
    ) -> None:
        if isinstance(masked_lm, (str, Path)):
            self.masked_lm_source = str(masked_lm)
            masked_lm, tokenizer = _load(str(masked_lm))
        else:
            self.masked_lm_source = type(masked_lm).__name__
        if tokenizer is None or getattr(tokenizer, "mask_token", None) is None:
            raise InputError(
                f"the tokenizer of {self.masked_lm_source} has no mask token",
                "pass a masked language model such as bert-base-uncased, with its tokenizer",
            )
        super().__init__(
            method="bae",
            masked_language_model=masked_lm,
            tokenizer=tokenizer,
            max_length=_length_limit(masked_lm, tokenizer),
            max_candidates=max_candidates,
            min_confidence=min_confidence,
            batch_size=batch_size,
        )
        self.filters = filters
        self._said_cut = False
        _ = self._candidates  # an unusable vocabulary is refused here, not in the middle of an attack

    @cached_property
    def _candidates(self) -> CandidateWords:
        return candidate_words(self._lm_tokenizer, frozenset(nltk.corpus.stopwords.words("english")))

    def _get_transformations(self, current_text: AttackedText, indices_to_modify: Iterable[int]) -> list[AttackedText]:
        indices = sorted(indices_to_modify)
        spans = word_spans(current_text.text, current_text.words)
        transformed = []
        for index, words in zip(indices, self._proposals(current_text, spans, indices), strict=True):
            for order, word in enumerate(words):
                text = substitute(current_text, index, spans[index], word)
                text.attack_attrs[CANDIDATE_ORDER] = order
                transformed.append(text)
        return transformed

    def _proposals(self, text: AttackedText, spans: list[Span], indices: list[int]) -> list[list[str]]:
        """Candidates for each of `indices`, best first, from `text` with that word masked."""
        # Every word is a token at least: what lies behind this many words is cut off anyway.
        cut = spans[self.max_length][1] if len(spans) > self.max_length else len(text.text)
        masked = [
            replaced(text.text[:cut], spans[index], self._lm_tokenizer.mask_token) if spans[index][1] <= cut else ""
            for index in indices
        ]
        proposals = []
        for start in range(0, len(indices), self.batch_size):
            batch = indices[start : start + self.batch_size]
            logits = self._mask_logits(masked[start : start + self.batch_size], [spans[i][0] for i in batch])
            proposals += [
                [] if row is None else self._pick(row, text.words[index], index == 0)
                for index, row in zip(batch, logits, strict=True)
            ]
        return proposals

    def _mask_logits(self, masked_texts: list[str], starts: list[int]) -> list[torch.Tensor | None]:
        """Logits over the vocabulary at each text's mask, or None where the mask was cut off."""
        tokenizer, model = self._lm_tokenizer, self._language_model
        encoded = tokenizer(
            masked_texts,
            max_length=self.max_length,
            truncation=True,
            padding=True,
            return_tensors="pt",
            return_offsets_mapping=tokenizer.is_fast,
        )
        offsets = encoded.pop("offset_mapping", None)
        positions: list[int | None] = []
        for row, start in enumerate(starts):
            masks = (encoded["input_ids"][row] == tokenizer.mask_token_id).nonzero()[:, 0].tolist()
            if offsets is not None:  # the text may contain the mask token itself
                masks = [at for at in masks if offsets[row, at, 0] <= start < max(offsets[row, at, 1], start + 1)]
                masks = [at for at in masks if offsets[row, at, 1] > start]
            positions.append(masks[0] if masks else None)
        if None in positions:
            self._say_cut()
        with torch.inference_mode():
            logits = model(**encoded.to(model.device)).logits
        return [None if at is None else logits[row, at] for row, at in enumerate(positions)]

    def _pick(self, logits: torch.Tensor, word: str, at_start: bool) -> list[str]:
        table = self._candidates
        allowed = (table.whole_at_start if at_start else table.whole) if self.filters else table.listed
        probabilities = torch.softmax(logits.float(), dim=0)[: len(allowed)]
        probabilities = probabilities.masked_fill(~torch.from_numpy(allowed).to(logits.device), -1.0)
        count = min(self.max_candidates + (_SPARE if self.filters else 0), int(allowed.sum()))
        values, tokens = torch.topk(probabilities, count)
        tokens = tokens[values >= self.min_confidence].cpu().numpy()
        words = [str(proposal) for proposal in table.words[tokens]]
        if self.filters:
            own = word.lower()
            return [proposal for proposal in dict.fromkeys(words) if proposal.lower() != own][: self.max_candidates]
        return [proposal for proposal in words if proposal != word and any("a" <= c.lower() <= "z" for c in proposal)]

    def _say_cut(self) -> None:
        if not self._said_cut:
            self._said_cut = True
            logger.warning(
                f"xmtc: the masked LM reads {self.max_length} tokens; words beyond are left alone (said once)"
            )

    def extra_repr_keys(self) -> list[str]:  # noqa: D102
        return ["masked_lm_source", "masked_lm_name", "max_length", "max_candidates", "min_confidence", "filters"]


def _load(source: str) -> tuple[Any, Any]:
    from transformers import AutoConfig

    try:
        config = AutoConfig.from_pretrained(source)
        tokenizer = AutoTokenizer.from_pretrained(source, use_fast=True)
    except (OSError, ValueError) as error:
        raise InputError(
            f"the masked language model {source!r} is neither a folder with a model nor to be had from the hub "
            f"({str(error).splitlines()[0]})",
            "pass masked_lm=FOLDER, or a hub name on a machine with network",
        ) from error
    try:
        return AutoModelForMaskedLM.from_pretrained(source), tokenizer
    except ValueError as error:
        raise InputError(
            f"{source!r} is a {config.model_type} model, which is not a masked language model",
            "pass one that fills in masks, such as bert-base-uncased",
        ) from error


def _length_limit(model: Any, tokenizer: Any) -> int:
    """Tokens that the model reads, special ones included."""
    own = tokenizer.model_max_length if tokenizer.model_max_length < _UNLIMITED else 512
    positions = getattr(model.config, "max_position_embeddings", None) or own
    # RoBERTa and its kin start counting positions behind the padding index.
    if model.config.model_type in {"roberta", "xlm-roberta", "camembert", "longformer", "mpnet"}:
        positions -= (model.config.pad_token_id or 0) + 1
    return int(np.clip(min(own, positions), 1, 512))
