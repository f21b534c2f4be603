"""Words that a masked language model proposes (section 3.2), as TextAttack's `WordSwapMaskedLM`, without its waste.

What differs from the parent: texts are padded to the longest of a batch and cut to what the model reads; the best
candidates are found by a partial sort over a vocabulary that was looked at once; new texts are cut from the string;
every family of masked language models works. `filters=False` gives the parent's candidates in the parent's order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import nltk
import numpy as np
import torch
from textattack.shared import AttackedText, logger
from textattack.shared.utils import has_letter, words_from_text
from textattack.transformations import WordSwapMaskedLM
from transformers import MODEL_FOR_MASKED_LM_MAPPING, AutoConfig, AutoModelForMaskedLM, AutoTokenizer

from textattack_xmtc.errors import InputError, ModelFolderError, panics_as_errors
from textattack_xmtc.hubs import model_source
from textattack_xmtc.models import DEMO
from textattack_xmtc.models.hugging_face import (
    accepted_inputs,
    check_folder,
    check_vocabulary,
    length_limit,
    only_accepted,
)
from textattack_xmtc.scores import ComputeType
from textattack_xmtc.search_options import require_choice
from textattack_xmtc.transformations.candidate_words import CandidateWords, candidate_words
from textattack_xmtc.transformations.substitution import substitute
from textattack_xmtc.words import Span, replaced, word_spans

CANDIDATE_ORDER = "xmtc_candidate_order"
"""Key of `attack_attrs`: where a candidate stood in the model's list. TextAttack sorts candidates by text."""

Pick = Callable[[torch.Tensor, str, bool], list[str]]
"""Chooses words by a mask's logits over the vocabulary, the word that is masked, and whether it begins the text."""

_WORDS_PER_TOKEN = 4  # "U.S.A" is three words and may be one token; no vocabulary is known to go further


class XMTCWordSwapMaskedLM(WordSwapMaskedLM):
    """Exchange a word for what a masked language model proposes in its place.

    Args:
        masked_lm: a hub name, a folder, "xmtc-demo" for the demo victim's own, or a model (then with its
            tokenizer).
        tokenizer: the tokenizer of a model that was passed itself.
        max_candidates: candidates kept for a word, best first.
        min_confidence: probability below which nothing is proposed.
        filters: drop pieces of words, stop words, doubles and the word itself before candidates are
            counted (semantics of the paper's attack). False leaves the parent's list as it is.
        batch_size: how many masked texts go into one call.
        dtype: what its layers compute in; the head, which scores the vocabulary, is always float32. With "bfloat16" a
            model is changed in place, and of the 48 best words it proposes about one other (docs/speed.md).

    Raises:
        InputError: no such model, not a masked language model, a vocabulary that does not mark words,
            a number that must be positive and is not, or a model whose layers cannot be told from its head.
    """

    def __init__(
        self,
        masked_lm: Any = "bert-base-uncased",
        tokenizer: Any = None,
        max_candidates: int = 48,
        min_confidence: float = 0.0,
        filters: bool = True,
        batch_size: int = 16,
        dtype: ComputeType = "float32",
    ) -> None:
        if isinstance(masked_lm, (str, Path)):
            self.masked_lm_source = str(masked_lm)
            masked_lm, tokenizer = _load(str(masked_lm))
        else:
            self.masked_lm_source = type(masked_lm).__name__
        _check_parts(self.masked_lm_source, masked_lm, tokenizer)
        require_choice("dtype", dtype, ComputeType)
        if max_candidates < 1 or batch_size < 1:
            raise InputError(
                f"max_candidates={max_candidates} and batch_size={batch_size} must be positive", "choose 1 or more"
            )
        super().__init__(
            method="bae",
            masked_language_model=masked_lm,
            tokenizer=tokenizer,
            max_length=int(np.clip(length_limit(masked_lm, tokenizer), 1, 512)),
            max_candidates=max_candidates,
            min_confidence=min_confidence,
            batch_size=batch_size,
        )
        self.filters, self.dtype = filters, dtype
        if dtype == "bfloat16":
            _to_bfloat16(self.masked_lm_source, masked_lm)
        self._warned_truncated = False
        _ = self._candidates  # an unusable vocabulary is refused here, not in the middle of an attack

    @cached_property
    def _candidates(self) -> CandidateWords:
        return candidate_words(self._lm_tokenizer, frozenset(nltk.corpus.stopwords.words("english")))

    @property
    def vocabulary(self) -> CandidateWords:
        """What the tokens of the masked LM stand for."""
        return self._candidates

    @property
    def tokenizer(self) -> Any:
        """The masked LM's tokenizer."""
        return self._lm_tokenizer

    @property
    def embeddings(self) -> np.ndarray:
        """What the masked LM takes its tokens for before it has read anything; shape `(vocabulary, size)`."""
        weights: torch.Tensor = self._language_model.get_input_embeddings().weight
        return weights.detach().float().cpu().numpy()

    def _get_transformations(self, current_text: AttackedText, indices_to_modify: Iterable[int]) -> list[AttackedText]:
        return self.exchanged(current_text, indices_to_modify, self._pick)

    def exchanged(self, current_text: AttackedText, indices_to_modify: Iterable[int], pick: Pick) -> list[AttackedText]:
        """The texts that have one word exchanged for one of those that `pick` chooses by the model's logits there.

        Args:
            current_text: the text.
            indices_to_modify: which of its words.
            pick: given the logits over the vocabulary, the word that stands there and whether it is the first of the
                text, the words to put in its place, best first.

        Returns:
            Each with its place in the list of its word as `attack_attrs[CANDIDATE_ORDER]`.
        """
        spans = word_spans(current_text.text, current_text.words)
        # What comes after this many words is cut off anyway, and would be tokenized again for every word.
        horizon = _WORDS_PER_TOKEN * self.max_length
        text = current_text.text[: spans[horizon][0]] if len(spans) > horizon else current_text.text
        text = text.encode("utf-8", "replace").decode("utf-8")  # halves of surrogate pairs, which tokenizers refuse
        indices = sorted(indices_to_modify)
        near = [index for index in indices if index < horizon]
        if len(near) < len(indices):
            self._say_cut()
        transformed = []
        for start in range(0, len(near), self.batch_size):
            batch = near[start : start + self.batch_size]
            for index, logits in zip(batch, self._mask_logits(text, [spans[i] for i in batch]), strict=True):
                words = [] if logits is None else pick(logits, current_text.words[index], index == 0)
                for order, word in enumerate(words):
                    candidate = substitute(current_text, index, spans[index], word)
                    # Among Chinese characters, TextAttack cuts words by what stands around them. Where there are
                    # fewer or more than before, it can neither count nor show which of them have changed.
                    if len(candidate.words) != len(current_text.words):
                        continue
                    candidate.attack_attrs[CANDIDATE_ORDER] = order
                    transformed.append(candidate)
        return transformed

    def proposals(self, places: Sequence[tuple[str, Span]]) -> list[list[str]]:
        """The words that the model proposes at places of any texts, best first: one call of the model for all of them.

        Args:
            places: a text, and where in it the word stands that is to be exchanged.

        Returns:
            The candidates of each, as a transformation of that text would list them for that word. Texts that are cut
            for their length there are not cut here, and the model sees no further in either.
        """
        proposed = []
        for (text, (start, end)), logits in zip(places, self._logits_at(places), strict=True):
            first = not words_from_text(text[:start])
            proposed.append([] if logits is None else self._pick(logits, text[start:end], first))
        return proposed

    def _mask_logits(self, text: str, spans: list[Span]) -> list[torch.Tensor | None]:
        """Logits over the vocabulary with each of `spans` masked in turn, or None where the mask was cut off."""
        return self._logits_at([(text, span) for span in spans])

    def _logits_at(self, places: Sequence[tuple[str, Span]]) -> list[torch.Tensor | None]:
        """The same at places of any texts, all in one call of the model."""
        tokenizer, model = self._lm_tokenizer, self._language_model
        encoded = tokenizer(
            [replaced(text, span, tokenizer.mask_token) for text, span in places],
            max_length=self.max_length,
            truncation=True,
            padding=True,
            return_tensors="pt",
        )
        encoded = only_accepted(encoded, accepted_inputs(model))  # general tokenizers give more to every model
        positions: dict[int, int] = {}  # of the masks, by row
        for row, (text, (start, _)) in enumerate(places):
            masks = (encoded["input_ids"][row] == tokenizer.mask_token_id).nonzero()[:, 0].tolist()
            before = text.count(tokenizer.mask_token, 0, start)  # the text itself may hold mask tokens
            if before < len(masks):
                positions[row] = masks[before]
        if len(positions) < len(places):
            self._say_cut()
        at_places: list[torch.Tensor | None] = [None] * len(places)
        if positions:
            read = {name: values[list(positions)].to(model.device) for name, values in encoded.items()}
            for row, logits in zip(positions, logits_at(model, read, list(positions.values())), strict=True):
                at_places[row] = logits
        return at_places

    def _pick(self, logits: torch.Tensor, word: str, at_start: bool) -> list[str]:
        """The words that the model proposes in place of `word`, best first."""
        if self.filters:
            return self.plausible(logits, word, at_start, self.max_candidates)
        proposals = self._likeliest(logits, self._candidates.listed, self.max_candidates)
        return [proposal for proposal in proposals if proposal != word and has_letter(proposal)]

    def plausible(self, logits: torch.Tensor, word: str, at_start: bool, number: int) -> list[str]:
        """The words that fit best in place of `word`, best first: whole words, no stop words, none twice, not itself.

        Args:
            logits: over the vocabulary, where `word` is masked.
            word: what stands there.
            at_start: whether it is the first word of the text.
            number: how many at most.
        """
        table, lowered = self._candidates, word.lower()
        allowed = table.whole_at_start if at_start else table.whole
        # So many that enough are left when doubles and the word itself are dropped.
        words = self._likeliest(logits, allowed, number * table.twins + table.forms[lowered])
        return [proposal for proposal in dict.fromkeys(words) if proposal.lower() != lowered][:number]

    def likely_starts(self, logits: torch.Tensor, starts: Sequence[int], at_start: bool, number: int) -> list[bool]:
        """Whether tokens are as likely as the `number` best whole words: what says how a word of several pieces fits.

        Args:
            logits: over the vocabulary, where a word is masked.
            starts: the first piece of each word that is asked about.
            at_start: whether the masked word is the first of the text.
            number: how many whole words.
        """
        table = self._candidates
        allowed = torch.from_numpy((table.whole_at_start if at_start else table.whole)[: len(logits)])
        words = logits[allowed.to(logits.device)]
        floor = words.topk(min(number, len(words))).values[-1]
        likely: list[bool] = (logits[torch.tensor(starts, dtype=torch.long, device=logits.device)] >= floor).tolist()
        return likely

    def _likeliest(self, logits: torch.Tensor, allowed: np.ndarray, number: int) -> list[str]:
        ids = torch.from_numpy(np.flatnonzero(allowed[: len(logits)])).to(logits.device)
        best = ids[logits[ids].topk(min(number, len(ids))).indices]
        probabilities = torch.softmax(logits.float(), dim=0)[best]
        words: list[str] = self._candidates.words[best[probabilities >= self.min_confidence].cpu().numpy()].tolist()
        return words

    def _say_cut(self) -> None:
        if not self._warned_truncated:
            self._warned_truncated = True
            logger.warning(
                f"xmtc: the masked LM reads {self.max_length} tokens; words beyond are left alone (warned once)"
            )

    def extra_repr_keys(self) -> list[str]:  # noqa: D102
        names = ["masked_lm_source", "masked_lm_name", "dtype", "max_length", "max_candidates", "min_confidence"]
        return [*names, "filters"]


def _load(source: str) -> tuple[Any, Any]:
    if source == DEMO:
        from textattack_xmtc.models.demo import demo_folder
        from textattack_xmtc.models.folder import MASKED_LM

        source = str(demo_folder() / MASKED_LM)
    source = model_source(source)
    try:
        # Where this is left open, transformers asks on the terminal whether to run the code that lies with a model.
        config = AutoConfig.from_pretrained(source, trust_remote_code=False)
        with panics_as_errors():
            tokenizer = AutoTokenizer.from_pretrained(source, use_fast=True, trust_remote_code=False)
        if type(config) not in MODEL_FOR_MASKED_LM_MAPPING:
            raise InputError(
                f"{source!r} is a {config.model_type} model, which is not a masked language model",
                "pass one that fills in masks, such as bert-base-uncased",
            )
        check_folder(Path(source))
        model, report = AutoModelForMaskedLM.from_pretrained(source, output_loading_info=True, trust_remote_code=False)
    except (InputError, ModelFolderError):
        raise
    except Exception as error:  # loading a broken file may raise anything
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise InputError(
            f"the masked language model {source!r} is neither a folder with a model nor to be had from the hub "
            f"({reason})",
            "pass masked_lm=FOLDER, or a hub name on a machine with network",
        ) from error
    # Classifiers and plain encoders load as well, with a random head that proposes random words.
    missing = [name for name in report["missing_keys"] if not name.startswith(f"{model.base_model_prefix}.")]
    if missing:
        raise InputError(
            f"{source!r} was saved without the weights that fill in masks ({', '.join(missing[:3])})",
            "pass the masked language model itself, such as bert-base-uncased, not a model made from it",
        )
    return model, tokenizer


def _check_parts(source: str, model: Any, tokenizer: Any) -> None:
    for token in ("mask_token", "pad_token"):
        if getattr(tokenizer, token, None) is None:
            raise InputError(
                f"the tokenizer of {source} has no {token.replace('_', ' ')}",
                "pass a masked language model such as bert-base-uncased, with its tokenizer",
            )
    check_vocabulary(model, tokenizer, source)
    if getattr(model, "get_output_embeddings", object)() is None:
        raise InputError(
            f"{source} does not score the words of its vocabulary", "pass a model made by AutoModelForMaskedLM"
        )


def _to_bfloat16(source: str, model: Any) -> None:
    """Turn a masked LM's layers to bfloat16 and leave its head, which may share weights with them, as it is."""
    layers, head = model.base_model, model.get_output_embeddings()
    if layers is model:
        raise InputError(f"{source} has no layers apart from its head", "leave it in float32")
    head.weight = torch.nn.Parameter(head.weight.detach().clone())
    layers.to(torch.bfloat16)


def logits_at(model: Any, inputs: Mapping[str, torch.Tensor], positions: Sequence[int]) -> torch.Tensor:
    """Logits over the vocabulary at one position a text.

    The head of a masked language model takes every token of a text for itself, and costs as much as some of its layers
    (a fifth of BERT-base's time, as it has 30,522 words). So it is only shown the tokens that are asked about. A model
    whose parts transformers does not name the usual way is run as a whole.

    Args:
        model: a masked language model of transformers, or anything that answers with `logits`.
        inputs: what the model takes, texts in rows.
        positions: a token of each text.

    Returns:
        Shape `(texts, vocabulary)`.
    """
    rows = torch.arange(len(positions))
    encoder = getattr(model, "base_model", None)
    with torch.inference_mode():
        if not isinstance(encoder, torch.nn.Module) or encoder is model:
            return _of(model(**inputs).logits, rows, positions)
        cut = False

        def keep(_module: torch.nn.Module, _inputs: Any, answer: Any) -> Any:
            nonlocal cut
            states = getattr(answer, "last_hidden_state", None)
            if states is None or states.shape[:2] != inputs["input_ids"].shape:
                return answer
            states = _of(states, rows, positions)[:, None]
            answer["last_hidden_state"] = states.float() if states.dtype == torch.bfloat16 else states
            cut = True
            return answer

        hook = encoder.register_forward_hook(keep)
        try:
            logits: torch.Tensor = model(**inputs).logits
        finally:
            hook.remove()
        return logits[:, 0] if cut else _of(logits, rows, positions)


def _of(values: torch.Tensor, rows: torch.Tensor, positions: Sequence[int]) -> torch.Tensor:
    return values[rows.to(values.device), torch.tensor(positions, device=values.device)]
