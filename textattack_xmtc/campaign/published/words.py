"""The words that mode adv-xmtc may put in: one look of a masked language model at the whole original text.

Row numbers are those of docs/adv-xmtc.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import torch

from textattack_xmtc.errors import InputError
from textattack_xmtc.resources.function_words import ENGLISH
from textattack_xmtc.transformations import XMTCWordSwapMaskedLM
from textattack_xmtc.transformations.candidate_words import candidate_words

STOP_WORDS = frozenset(
    files("textattack_xmtc.resources").joinpath("adv_xmtc_stop_words.txt").read_text(encoding="utf-8").split()
)
"""266 words, matched case-sensitively, as the script does: "The" is none of them."""

_PIECE = "##"
_ENDS = 2  # tokens that a BERT puts around a text


class UnmaskedProposals:
    """What a masked language model holds likely at each word of a text in which nothing is masked.

    Args:
        masked_lm: a hub name, a folder, or a loaded model with its tokenizer.
        candidates: how many of its words are looked at for each word of the text, best first.
        max_length: tokens that it reads, the two around a text included; what it can read where it is None.

    Attributes:
        uncased: whether it knows lower-case words only; words are then looked up in lower case.

    Raises:
        InputError: no such model; its vocabulary is not a BERT's; a number out of range.
    """

    def __init__(
        self, masked_lm: str | Path | tuple[Any, Any], candidates: int = 48, max_length: int | None = None
    ) -> None:
        model, tokenizer = masked_lm if isinstance(masked_lm, tuple) else (masked_lm, None)
        loaded = XMTCWordSwapMaskedLM(model, tokenizer, candidates)  # loads, and refuses what cannot be used
        self.source = loaded.masked_lm_source
        self._model, self._tokenizer = loaded._language_model, loaded._lm_tokenizer
        self._candidates = candidates
        self.max_length = loaded.max_length if max_length is None else max_length
        if not _ENDS < self.max_length <= loaded.max_length:
            raise InputError(
                f"max_length={max_length} does not fit {self.source}, which reads {loaded.max_length} tokens",
                f"choose between {_ENDS + 1} and {loaded.max_length}",
            )
        special = [getattr(self._tokenizer, f"{name}_token_id", None) for name in ("cls", "sep", "unk")]
        if None in special or candidate_words(self._tokenizer, ENGLISH).mark != "wordpiece":
            raise InputError(
                f"mode adv-xmtc looks whole words up in the vocabulary of a BERT, which {self.source} does not have",
                "pass a masked language model such as bert-base-cased, or use mode paper",
            )
        self._cls, self._sep, self._unknown = special
        self._ids: dict[str, int] = self._tokenizer.get_vocab()
        self.uncased = _lower_cases(self._tokenizer)

    def __call__(self, words: Sequence[str]) -> list[list[str]]:
        """The candidates for each of `words` that the model reads, best first; none for those that it does not read.

        Rows 1, 2 and 13: one pass over the unmasked text, a token a word, a word outside the vocabulary as the
        unknown token; of the best so many words, stop words, pieces of words and the word itself are left out.

        Returns:
            One list for each of the first `max_length - 2` words, and for the word behind them that of the end-of-text
            token (row 9).
        """
        looked_up = [word.lower() if self.uncased else word for word in words[: self.max_length - _ENDS + 1]]
        read = looked_up[: self.max_length - _ENDS]
        tokens = [self._cls, *(self._ids.get(word, self._unknown) for word in read), self._sep]
        with torch.inference_mode():
            logits = self._model(input_ids=torch.tensor([tokens], device=self._model.device)).logits[0, 1:]
        best = logits.topk(min(self._candidates, logits.shape[1])).indices.tolist()
        return [
            [
                new
                for new in self._tokenizer.convert_ids_to_tokens(row)
                if new not in (None, word) and new not in STOP_WORDS and _PIECE not in new
            ]
            for word, row in zip(looked_up, best, strict=False)
        ]


def _lower_cases(tokenizer: Any) -> bool:
    normalizer = getattr(getattr(tokenizer, "backend_tokenizer", None), "normalizer", None)
    if normalizer is None:
        return bool(getattr(tokenizer, "do_lower_case", False))
    return bool(normalizer.normalize_str("A") == "a")
