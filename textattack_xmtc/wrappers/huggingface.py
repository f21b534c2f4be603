"""Hugging Face sequence classifiers as victims."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, get_args

from textattack_xmtc.errors import InputError
from textattack_xmtc.scores import ScoreKind
from textattack_xmtc.wrappers.base import XMTCModelWrapper
from textattack_xmtc.wrappers.tokens import characters_of_tokens, encodable

_UNLIMITED = 10**6  # tokenizers without a limit of their own carry a huge number instead
_DEFAULT_LENGTH = 512
Activation = Literal["sigmoid", "softmax"]
_POSITIONS_BEHIND_PADDING = {"roberta", "xlm-roberta", "camembert", "longformer", "mpnet"}


class HuggingFaceWrapper(XMTCModelWrapper):
    """A `...ForSequenceClassification` model with its tokenizer; one output a label.

    Probabilities are the sigmoid of the logits, or their softmax where the model's configuration says
    `problem_type = "single_label_classification"`.

    Args:
        model: the classifier.
        tokenizer: its tokenizer, fast or slow.
        scores: "probability" or "logit".
        label_names: label names by index; the configuration's `id2label` where it is None.
        max_length: tokens read of a text; what tokenizer and model can read where it is None.
        batch_size: how many texts go into one call.
        activation: what makes probabilities of logits, "sigmoid" or "softmax"; as said above where it is None.

    Raises:
        InputError: the tokenizer has no padding token; there is no such activation.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        scores: ScoreKind = "probability",
        label_names: Sequence[str] | None = None,
        max_length: int | None = None,
        batch_size: int = 32,
        activation: Activation | None = None,
    ) -> None:
        config = model.config
        single = config.problem_type == "single_label_classification"
        self.activation = activation or ("softmax" if single else "sigmoid")
        if self.activation not in get_args(Activation):
            raise InputError(f"activation={activation!r} is unknown", f"choose {' or '.join(get_args(Activation))}")
        if tokenizer.pad_token is None:
            raise InputError(
                f"the tokenizer of {type(model).__name__} has no padding token, so texts cannot be asked in batches",
                "set tokenizer.pad_token and model.config.pad_token_id",
            )
        super().__init__(
            model.eval(),
            name=type(model).__name__,
            score_kind=scores,
            label_names=label_names or [str(config.id2label[index]) for index in range(config.num_labels)],
            mask=tokenizer.mask_token or tokenizer.unk_token or "[MASK]",
            batch_size=batch_size,
        )
        self.tokenizer = tokenizer
        self.max_length = max_length or _length_limit(config, tokenizer)

    @classmethod
    def from_pretrained(cls, name: str | Path, **options: Any) -> HuggingFaceWrapper:
        """Load model and tokenizer by hub name or folder; code that lies with them is not run.

        Example:
            A victim file for `textattack attack --model-from-file victim.py`::

                from textattack_xmtc.wrappers import HuggingFaceWrapper

                model = HuggingFaceWrapper.from_pretrained("my-org/tagger", scores="logit")
        """
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        # Where this is left open, transformers asks on the terminal whether to run the code that lies with a model.
        model = AutoModelForSequenceClassification.from_pretrained(name, trust_remote_code=False)
        return cls(model, AutoTokenizer.from_pretrained(name, trust_remote_code=False), **options)

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
                f"a {type(pipeline).__name__} is no text classification pipeline",
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

    def _score_kinds(self) -> tuple[ScoreKind, ...]:
        return ("probability", "logit")

    def _dense(self, texts: Sequence[str]) -> Any:
        import torch

        device = next(self.model.parameters()).device
        encoded = self.tokenizer(
            [encodable(text) for text in texts],
            truncation=True,
            max_length=self.max_length,
            padding=True,
            return_tensors="pt",
        ).to(device)
        with torch.inference_mode():
            logits = self.model(**encoded).logits.float()
            if self.score_kind == "logit":
                return logits
            return logits.softmax(dim=-1) if self.activation == "softmax" else logits.sigmoid()

    def _tokenize(self, inputs: Sequence[str]) -> list[list[str]]:
        return [self.tokenizer.tokenize(encodable(text)) for text in inputs]


def _length_limit(config: Any, tokenizer: Any) -> int:
    """Tokens that tokenizer and model can read, special ones included."""
    limit = int(tokenizer.model_max_length) if tokenizer.model_max_length < _UNLIMITED else _DEFAULT_LENGTH
    positions = getattr(config, "max_position_embeddings", None) or 0
    if config.model_type in _POSITIONS_BEHIND_PADDING:
        positions -= (config.pad_token_id or 0) + 1
    return min(limit, positions) if positions > 0 else limit
