"""Hugging Face sequence classifiers as victims."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Unpack, get_args

import numpy as np

from textattack_xmtc.errors import InputError, VictimError, panics_as_errors
from textattack_xmtc.hubs import model_source
from textattack_xmtc.label_names import LabelNames
from textattack_xmtc.models.hugging_face import (
    accepted_inputs,
    check_vocabulary,
    length_limit,
    only_accepted,
    padded,
    plain_model,
    positions_of,
    with_padding,
)
from textattack_xmtc.scores import ScoreKind, check_count, suggestion
from textattack_xmtc.wrappers.base import VictimOptions, XMTCModelWrapper
from textattack_xmtc.wrappers.tokens import characters_of_tokens, encodable

Activation = Literal["sigmoid", "softmax"]
_PROBES = ["", "word", "a text of several words, longer than the others"]
_CLOSE = 1e-3  # of the largest logit
_CLOSE_IN_HALF = 5e-2


class HuggingFaceWrapper(XMTCModelWrapper):
    """A `...ForSequenceClassification` model with its tokenizer; one output a label.

    Probabilities are the sigmoid of the logits, or their softmax where the model's configuration says
    `problem_type = "single_label_classification"`.

    Of what the tokenizer gives, the model gets what its `forward` takes. A padding token that only the tokenizer or
    only the configuration has is set in the other. The model is asked a few words when the wrapper is made: where an
    answer depends on the padding, texts are from then on asked in batches of equal length.

    Args:
        model: the classifier; or something around it (PEFT, DataParallel).
        tokenizer: its tokenizer, fast or slow.
        scores: "probability" or "logit".
        label_names: label names by index; the configuration's `id2label` where it is None.
        max_length: tokens read of a text, special ones included; what tokenizer and model can read where it is None.
        activation: what makes probabilities of logits, "sigmoid" or "softmax"; as said above where it is None.
        threshold: the least score of a label that counts as shown; Hugging Face's own is a probability of 0.5.
        options: `name`, `mask` and `batch_size`, as `VictimOptions` says.

    Raises:
        InputError: neither tokenizer nor configuration has a padding token; the tokenizer has tokens that the model
            does not know; there are more or fewer names than labels; `max_length` is beyond the model's positions; an
            unknown activation; the model cannot answer for a few words.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        scores: ScoreKind = "probability",
        label_names: LabelNames | None = None,
        max_length: int | None = None,
        activation: Activation | None = None,
        threshold: float | Sequence[float] | None = None,
        **options: Unpack[VictimOptions],
    ) -> None:
        inner = plain_model(model)
        config = inner.config
        single = getattr(config, "problem_type", None) == "single_label_classification"
        self.activation = activation or ("softmax" if single else "sigmoid")
        if self.activation not in get_args(Activation):
            near = suggestion(str(activation), get_args(Activation))
            raise InputError(f"unknown activation={activation!r}", f"choose {' or '.join(get_args(Activation))}{near}")
        options["name"] = options.get("name") or type(inner).__name__
        options["mask"] = options.get("mask") or tokenizer.mask_token or tokenizer.unk_token
        names = config.id2label if label_names is None else label_names
        super().__init__(
            model.eval(), score_kind=scores, score_kinds=("probability", "logit"), label_names=names, **options
        )
        self.threshold = threshold
        check_vocabulary(model, tokenizer, self.name)
        self.tokenizer = with_padding(model, tokenizer)
        self.max_length = _length(model, tokenizer, max_length)
        self._accepted = accepted_inputs(model)
        self._equal_lengths = False
        self._check_padding()

    @classmethod
    def from_pretrained(cls, name: str | Path, **options: Any) -> HuggingFaceWrapper:
        """Load model and tokenizer by hub name or folder; code that lies with them is not run.

        A model that has to be downloaded is named first, and being offline is noticed within five seconds.

        Raises:
            InputError: there is no such model, or the hub cannot be reached; as the class.

        Example:
            A victim file for `textattack attack --model-from-file victim.py`::

                from textattack_xmtc.wrappers import HuggingFaceWrapper

                model = HuggingFaceWrapper.from_pretrained("my-org/tagger", scores="logit")
        """
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        source = model_source(name)
        # Where this is left open, transformers asks on the terminal whether to run the code that lies with a model.
        try:
            with panics_as_errors():
                tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
            model, report = AutoModelForSequenceClassification.from_pretrained(
                source, output_loading_info=True, trust_remote_code=False
            )
        except Exception as error:  # loading a broken file may raise anything
            reason = (str(error) or type(error).__name__).splitlines()[0]
            raise InputError(
                f"{str(name)!r} cannot be loaded as a sequence classifier with its tokenizer ({reason})",
                "give a folder or a name of a ...ForSequenceClassification model of transformers",
            ) from error
        # A plain encoder loads as well, with a random head: its scores would mean nothing.
        missing = [key for key in report["missing_keys"] if not key.startswith(f"{model.base_model_prefix}.")]
        if missing:
            raise InputError(
                f"{str(name)!r} was saved without the weights that score labels ({', '.join(missing[:3])})",
                "give the trained classifier, not the model that it was made from",
            )
        return cls(model, tokenizer, **options)

    @classmethod
    def from_pipeline(cls, pipeline: Any, **options: Any) -> HuggingFaceWrapper:
        """The model of a `pipeline("text-classification")`, with the scores that the pipeline gives.

        The model is asked by itself, in padded batches, for all labels, whatever the pipeline's `top_k`; texts are cut
        off where the pipeline, without `truncation=True`, would fail. A `ShortlistWrapper` around the pipeline is a
        victim that shows no more than the pipeline does.

        Args:
            pipeline: a text classification pipeline on torch.
            options: what the class takes beside model and tokenizer.

        Raises:
            InputError: not such a pipeline; as the class.
        """
        from transformers import TextClassificationPipeline

        if not isinstance(pipeline, TextClassificationPipeline):
            raise InputError(
                f"a {type(pipeline).__name__} is not a text classification pipeline",
                'make it by pipeline("text-classification", ...)',
            )
        config = pipeline.model.config
        chosen = pipeline._postprocess_params.get("function_to_apply")
        function = None if chosen is None else chosen.name.lower()
        if function is None:  # as the pipeline's `postprocess` decides
            several = config.problem_type != "multi_label_classification" and config.num_labels > 1
            function = "none" if config.problem_type == "regression" else "softmax" if several else "sigmoid"
        if function == "none":
            options.setdefault("scores", "logit")
        else:
            options.setdefault("activation", function)
        options.setdefault("max_length", pipeline._preprocess_params.get("max_length"))
        return cls(pipeline.model, pipeline.tokenizer, **options)

    def characters_read(self, text: str) -> int:
        """Up to the end of the last token that is kept; all of it where the tokenizer cannot say."""
        return characters_of_tokens(self.tokenizer, text, self.max_length)

    def _dense(self, texts: Sequence[str]) -> Any:
        import torch

        logits = self._logits(texts)
        if self.score_kind == "logit":
            return logits
        return torch.softmax(logits, dim=-1) if self.activation == "softmax" else logits.sigmoid()

    def _logits(self, texts: Sequence[str]) -> Any:
        """Logits of one batch of texts, on the model's device: shape `(len(texts), labels)`."""
        import torch

        encoded = self._encoded(texts)
        groups: dict[tuple[int, int], list[int]] = {}
        for position, tokens in enumerate(encoded["input_ids"]):
            length = len(tokens) if self._equal_lengths else 0
            groups.setdefault((length, self._ends(tokens)), []).append(position)
        rows: dict[int, Any] = {}
        for positions in groups.values():
            part = {name: [values[position] for position in positions] for name, values in encoded.items()}
            rows.update(zip(positions, self._answered(padded(part, self.tokenizer)), strict=True))
        return torch.stack([rows[position] for position in range(len(texts))])

    def _ends(self, tokens: list[int]) -> int:
        """How many ends an encoder-decoder sees: all texts of a batch must have as many, and a text may write one."""
        config = plain_model(self.model).config
        return tokens.count(config.eos_token_id) if getattr(config, "is_encoder_decoder", False) else 0

    def _encoded(self, texts: Sequence[str]) -> dict[str, list[Any]]:
        encoded = self.tokenizer([encodable(text) for text in texts], truncation=True, max_length=self.max_length)
        inputs = {name: list(values) for name, values in only_accepted(encoded, self._accepted).items()}
        for position, tokens in enumerate(inputs["input_ids"]):
            if not tokens:  # an empty text, and a tokenizer that adds no special tokens
                for name, value in (("input_ids", self._stand_in()), ("attention_mask", 1), ("token_type_ids", 0)):
                    if name in inputs:
                        inputs[name][position] = [value]
        return inputs

    def _stand_in(self) -> int:
        """The token that stands for a text without tokens: the one that begins or ends texts, or pads them."""
        tokenizer = self.tokenizer
        numbers = (tokenizer.bos_token_id, tokenizer.eos_token_id, tokenizer.pad_token_id)
        return next(int(number) for number in numbers if number is not None)

    def _answered(self, inputs: dict[str, Any]) -> Any:
        import torch

        device = next(self.model.parameters()).device
        try:
            with torch.inference_mode():
                answer = self.model(**{name: values.to(device) for name, values in inputs.items()})
        except torch.OutOfMemoryError:
            raise  # says itself what helps
        except (IndexError, TypeError, ValueError, KeyError, AttributeError, RuntimeError) as error:
            raise VictimError(
                f"{self.name} failed on token numbers of shape {tuple(inputs['input_ids'].shape)} "
                f"({type(error).__name__}: {error})",
                "check that model and tokenizer belong together, or lower max_length",
            ) from error
        return (answer.logits if hasattr(answer, "logits") else answer[0]).float()

    def _check_padding(self) -> None:
        """Ask a few words alone and together: what the model cannot answer is found now, and so is what pads count."""
        try:
            together = self._logits(_PROBES).cpu().numpy()
            alone = np.concatenate([self._logits([text]).cpu().numpy() for text in _PROBES])
        except VictimError as error:
            raise InputError(error.problem, error.fix) from error
        if alone.shape[1:] != (self.labels.size,):
            raise InputError(
                f"label_names has {self.labels.size or 0:,} names, and {self.name} answers for "
                f"{alone.shape[-1]:,} labels",
                "give a name for each of its labels, in the order of its outputs",
            )
        half = str(next(self.model.parameters()).dtype) in ("torch.float16", "torch.bfloat16")
        close = (_CLOSE_IN_HALF if half else _CLOSE) * max(float(np.abs(alone).max()), 1e-3)
        self._equal_lengths = not np.allclose(together, alone, rtol=0, atol=close, equal_nan=True)

    def _tokenize(self, inputs: Sequence[str]) -> list[list[str]]:
        return [self.tokenizer.tokenize(encodable(text)) for text in inputs]


def _length(model: Any, tokenizer: Any, max_length: int | None) -> int:
    """Tokens that are read of a text."""
    if max_length is None:
        return length_limit(model, tokenizer)
    special = tokenizer.num_special_tokens_to_add()
    positions = positions_of(plain_model(model))
    if check_count("max_length", max_length) <= special:
        raise InputError(f"max_length={max_length} leaves no room beside {special} special tokens", "raise it")
    if positions is not None and max_length > positions:
        raise InputError(
            f"max_length={max_length} is more than the {positions} tokens that the model reads", "lower it"
        )
    return max_length
