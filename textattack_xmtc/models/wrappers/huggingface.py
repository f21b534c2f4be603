"""Hugging Face sequence classifiers as victims."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from textattack_xmtc.models.wrappers.base import XMTCModelWrapper
from textattack_xmtc.scores import ScoreKind

_UNLIMITED = 10**6  # tokenizers without a limit of their own carry a huge number instead
_DEFAULT_LENGTH = 512


class HuggingFaceWrapper(XMTCModelWrapper):
    """A `...ForSequenceClassification` model with its tokenizer; one output a label.

    Probabilities are the sigmoid of the logits, or their softmax where the model's configuration says
    `problem_type = "single_label_classification"`.

    Args:
        model: the classifier.
        tokenizer: its tokenizer, fast or slow.
        scores: "probability" or "logit".
        label_names: label names by index; the configuration's `id2label` where it is None.
        max_length: tokens read of a text; what the tokenizer says where it is None.
        batch_size: how many texts go into one call.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        scores: ScoreKind = "probability",
        label_names: Sequence[str] | None = None,
        max_length: int | None = None,
        batch_size: int = 32,
    ) -> None:
        config = model.config
        super().__init__(
            model.eval(),
            name=type(model).__name__,
            score_kind=scores,
            label_names=label_names or [str(config.id2label[index]) for index in range(config.num_labels)],
            mask=tokenizer.mask_token or tokenizer.unk_token or "[MASK]",
            batch_size=batch_size,
        )
        self.tokenizer = tokenizer
        limit = tokenizer.model_max_length
        self.max_length = max_length or (limit if limit < _UNLIMITED else _DEFAULT_LENGTH)

    @classmethod
    def from_pretrained(cls, name: str | Path, **options: Any) -> HuggingFaceWrapper:
        """Load model and tokenizer by hub name or folder.

        Example:
            A victim file for `textattack attack --model-from-file victim.py`::

                from textattack_xmtc.models.wrappers import HuggingFaceWrapper

                model = HuggingFaceWrapper.from_pretrained("my-org/tagger", scores="logit")
        """
        from transformers import AutoModelForSequenceClassification, AutoTokenizer

        return cls(
            AutoModelForSequenceClassification.from_pretrained(name), AutoTokenizer.from_pretrained(name), **options
        )

    def characters_read(self, text: str) -> int:
        """Up to the end of the last token that is kept; all of it where the tokenizer cannot say."""
        if not self.tokenizer.is_fast:
            return len(text)
        encoded = self.tokenizer(text, truncation=True, max_length=self.max_length, return_offsets_mapping=True)
        if len(encoded["input_ids"]) < self.max_length:
            return len(text)
        return max(end for _, end in encoded["offset_mapping"])

    def _score_kinds(self) -> tuple[ScoreKind, ...]:
        return ("probability", "logit")

    def _dense(self, texts: Sequence[str]) -> Any:
        import torch

        device = next(self.model.parameters()).device
        encoded = self.tokenizer(
            list(texts), truncation=True, max_length=self.max_length, padding=True, return_tensors="pt"
        ).to(device)
        with torch.inference_mode():
            logits = self.model(**encoded).logits.float()
            if self.score_kind == "logit":
                return logits
            if self.model.config.problem_type == "single_label_classification":
                return logits.softmax(dim=-1)
            return logits.sigmoid()

    def _tokenize(self, inputs: Sequence[str]) -> list[list[str]]:
        return [self.tokenizer.tokenize(text) for text in inputs]
