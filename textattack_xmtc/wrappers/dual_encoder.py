"""Dual encoders as victims: a text's vector against one vector a label."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from textattack_xmtc.errors import InputError, MissingExtraError
from textattack_xmtc.hubs import model_source, sbert_folder
from textattack_xmtc.label_names import LabelNames, check_label_names
from textattack_xmtc.wrappers.base import VictimOptions, XMTCModelWrapper
from textattack_xmtc.wrappers.tokens import characters_of_tokens, encodable

_LABELS_AT_ONCE = 8192


class DualEncoderWrapper(XMTCModelWrapper):
    """An encoder of texts and a table of label vectors; a score is the inner product of two of them.

    The score of a label takes the text's vector and this label's row, however many labels there are.

    Args:
        encoder: has `encode`, from texts to vectors: a `SentenceTransformer`, for instance.
        label_vectors: shape `(labels, d)`; an `np.memmap` serves where it is large.
        label_names: label names by index, or None.
        options: `name`, `mask` and `batch_size`, as `VictimOptions` says.

    Raises:
        InputError: the vectors are no table, or not as long as the encoder's.
    """

    def __init__(
        self,
        encoder: Any,
        label_vectors: np.ndarray,
        label_names: LabelNames | None = None,
        **options: Unpack[VictimOptions],
    ) -> None:
        if label_vectors.ndim != 2:
            raise InputError(f"the label vectors have the shape {label_vectors.shape}", "give one row a label")
        if label_names is not None:
            label_names = check_label_names(label_names)
            if len(label_names) != len(label_vectors):
                raise InputError(
                    f"{len(label_names):,} label names came with {len(label_vectors):,} vectors", "give one name a row"
                )
        self.tokenizer = getattr(encoder, "tokenizer", None)
        options["name"] = options.get("name") or f"dual encoder {type(encoder).__name__}"
        options["mask"] = options.get("mask") or getattr(self.tokenizer, "mask_token", None)
        names, size = label_names, len(label_vectors)
        super().__init__(encoder, score_kind="score", label_names=names, num_labels=size, **options)
        self.label_vectors = label_vectors
        width = self._vectors(["two"]).shape[1]
        if width != label_vectors.shape[1]:
            raise InputError(
                f"a label's vector has {label_vectors.shape[1]} numbers, a text's has {width}",
                "make the label vectors with this encoder",
            )

    @classmethod
    def from_names(cls, model: str | Path, label_names: LabelNames, **options: Any) -> DualEncoderWrapper:
        """A model of sentence-transformers, with the vectors that it gives the labels' names.

        Args:
            model: a folder, or a name of the hub.
            label_names: label names by index.
            options: what the class takes beside these.

        Raises:
            MissingExtraError: sentence-transformers is not installed.
        """
        label_names = check_label_names(label_names)
        encoder = load_sentence_transformer(model)
        vectors = np.asarray(encoder.encode(label_names, show_progress_bar=False), dtype=np.float32)
        return cls(encoder, vectors, label_names, **options)

    def characters_read(self, text: str) -> int:
        """Up to the end of the last token that is kept; all of it where the encoder cannot say."""
        length = getattr(self.model, "max_seq_length", None)
        return characters_of_tokens(self.tokenizer, text, length) if length else len(text)

    def _vectors(self, texts: Sequence[str]) -> np.ndarray:
        vectors = self._as_array(self.model.encode([encodable(text) for text in texts], **self._quiet()))
        return vectors.reshape(len(texts), -1)

    def _quiet(self) -> dict[str, Any]:
        """sentence-transformers shows a progress bar where logging is on, and sorts by length itself."""
        known = type(self.model).__module__.startswith("sentence_transformers")
        return {"show_progress_bar": False, "batch_size": self.batch_size} if known else {}

    def _score(self, texts: Sequence[str], labels: list[int]) -> np.ndarray:
        rows = np.asarray(self.label_vectors[labels], dtype=np.float32)
        return self._in_batches(texts, lambda batch: self._vectors(batch) @ rows.T)

    def _dense(self, texts: Sequence[str]) -> np.ndarray:
        vectors = self._vectors(texts)
        parts = [
            vectors @ np.asarray(self.label_vectors[start : start + _LABELS_AT_ONCE], dtype=np.float32).T
            for start in range(0, len(self.label_vectors), _LABELS_AT_ONCE)
        ]
        return np.concatenate(parts, axis=1)


def load_sentence_transformer(model: str | Path) -> Any:
    """A model of sentence-transformers, by folder or name of the hub.

    Raises:
        MissingExtraError: sentence-transformers is not installed.
        InputError: it is not on this machine, and the hub does not have it or cannot be reached.
    """
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise MissingExtraError(
            f"sentence-transformers cannot be imported ({error})", "pip install 'textattack-xmtc[sbert]'"
        ) from error
    repository = str(model)
    if "/" not in repository and not Path(repository).is_dir():
        repository = f"sentence-transformers/{repository}"
    return SentenceTransformer(sbert_folder(str(model)) or model_source(repository))
