"""What this package's networks share when they answer an attack's questions: batches, kinds of score, the best k."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
import torch

from textattack_xmtc.models.batches import by_length, float_budget
from textattack_xmtc.scores import ScoreKind, check_k, check_score_kind, ranks_of_rows, top_k_of_rows
from textattack_xmtc.targets import LabelSpace

ComputeType = Literal["float32", "bfloat16"]
"""What the encoder of a network computes in: the part that knows no labels. The rest is always float32."""


class TorchScorer(ABC):
    """A `LabelScorer` around a network; a subclass says how texts become numbers and numbers become scores.

    Args:
        network: the network; it is put into evaluation mode and onto `device`.
        label_names: the names of its labels, by index.
        device: "cpu", "cuda", ...; by default the GPU where there is one.
        masked_lm_folder: a masked language model kept with this model, or None.
    """

    architecture: ClassVar[str]
    """The name that a model folder's configuration gives."""
    name: str
    mask_word: str
    score_kinds: tuple[ScoreKind, ...] = ("probability", "logit")

    def __init__(
        self,
        network: torch.nn.Module,
        label_names: Sequence[str],
        device: torch.device | str | None = None,
        masked_lm_folder: Path | None = None,
    ) -> None:
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self.network = network.to(self.device).eval()
        self.label_names: Sequence[str] = tuple(label_names)
        self.masked_lm_folder = masked_lm_folder

    @abstractmethod
    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """The numbers that the network reads for each text: at least one, at most as many as it can read."""

    @abstractmethod
    def characters_read(self, text: str) -> int:
        """How many leading characters of `text` the model reads before it cuts it off."""

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """What a model folder's configuration must say to build this model again."""

    @classmethod
    @abstractmethod
    def from_folder(
        cls,
        folder: Path,
        config: Mapping[str, Any],
        device: torch.device | str | None = None,
        dtype: ComputeType = "float32",
    ) -> Self:
        """The model of a folder, whose configuration has been read (see `models.folder`)."""

    @abstractmethod
    def write_own_files(self, folder: Path) -> None:
        """Write what `from_folder` needs beside the configuration, the weights and the label names."""

    @abstractmethod
    def _scores(self, batch: Sequence[Sequence[int]], labels: torch.Tensor | None, kind: ScoreKind) -> torch.Tensor:
        """Scores of `labels`, or of all of them, shape `(len(batch), labels)`."""

    @abstractmethod
    def _floats(self, length: int) -> int:
        """About how many numbers the network holds at once to read one text of this length; labels do not count."""

    @abstractmethod
    def word_tables(self) -> list[torch.nn.Embedding]:
        """The tables that the network takes its word vectors from: one, or one for each part that reads the text."""

    @abstractmethod
    def fixed_tokens(self) -> np.ndarray:
        """The numbers that stand for no word of a text: a gradient attack neither replaces nor inserts them."""

    def by_text(self, values: torch.Tensor, lengths: Sequence[int]) -> list[torch.Tensor]:
        """Values of tokens, one tensor a text without padding, each of shape `(length, d)`.

        Args:
            values: one row a token as the word tables give them, shape `(texts, longest, d)`.
            lengths: tokens of each text.
        """
        return [row[:length] for row, length in zip(values, lengths, strict=True)]

    def score(
        self, texts: Sequence[str], labels: Sequence[int], kind: ScoreKind = "probability", batch_size: int = 32
    ) -> np.ndarray:
        """Scores of just these labels, shape `(len(texts), len(labels))`, float32; other labels are not computed.

        Raises:
            InputError: there is no such label, or the model has no such kind of score.
        """
        self._check_labels(labels)
        wanted = torch.tensor(list(labels), dtype=torch.int64, device=self.device)
        return self._rows(texts, wanted, len(labels), kind, batch_size)

    def dense(self, texts: Sequence[str], kind: ScoreKind = "probability", batch_size: int = 32) -> np.ndarray:
        """Scores of all labels, shape `(len(texts), number of labels)`, float32.

        Raises:
            InputError: the model has no such kind of score.
        """
        return self._rows(texts, None, len(self.label_names), kind, batch_size)

    def predicted(self, texts: Sequence[str], kind: ScoreKind = "probability", batch_size: int = 32) -> np.ndarray:
        """What the model predicts, shape `(len(texts), number of labels)`: the scores of all labels.

        Raises:
            InputError: the model has no such kind of score.
        """
        return self.dense(texts, kind, batch_size)

    def top_k(
        self, texts: Sequence[str], k: int, kind: ScoreKind = "probability", batch_size: int = 32
    ) -> tuple[np.ndarray, np.ndarray]:
        """The k best labels (int64) and their scores (float32), each of shape `(len(texts), k)`, best first.

        Ties are broken by the lower label index. No more than one batch of dense scores is held at a time.

        Raises:
            InputError: k is not between 1 and the number of labels, or the model has no such kind of score.
        """
        check_k(k, len(self.label_names), "this model")
        labels = np.empty((len(texts), k), dtype=np.int64)
        scores = np.empty((len(texts), k), dtype=np.float32)
        for positions, batch in self._batches(texts, kind, batch_size):
            labels[positions], scores[positions] = top_k_of_rows(self._computed(batch, None, kind), k)
        return labels, scores

    def rank(
        self, texts: Sequence[str], labels: Sequence[int], kind: ScoreKind = "probability", batch_size: int = 32
    ) -> np.ndarray:
        """Where `labels` stand among all labels, 1 for the best (int64), shape `(len(texts), len(labels))`.

        Ties are broken by the lower label index. No more than one batch of dense scores is held at a time.

        Raises:
            InputError: there is no such label, or the model has no such kind of score.
        """
        self._check_labels(labels)
        ranks = np.empty((len(texts), len(labels)), dtype=np.int64)
        for positions, batch in self._batches(texts, kind, batch_size):
            ranks[positions] = ranks_of_rows(self._computed(batch, None, kind), labels)
        return ranks

    def differentiable(self, encoded: Sequence[Sequence[int]], labels: torch.Tensor) -> torch.Tensor:
        """Logits of `labels` for encoded texts, shape `(len(encoded), len(labels))`, with what autograd needs.

        The network stays in the mode in which it is: in training, dropout is at work.
        """
        return self._scores(encoded, labels, "logit")

    def _rows(
        self, texts: Sequence[str], labels: torch.Tensor | None, width: int, kind: ScoreKind, batch_size: int
    ) -> np.ndarray:
        rows = np.empty((len(texts), width), dtype=np.float32)
        for positions, batch in self._batches(texts, kind, batch_size):
            rows[positions] = self._computed(batch, labels, kind)
        return rows

    def _computed(self, batch: list[list[int]], labels: torch.Tensor | None, kind: ScoreKind) -> np.ndarray:
        with torch.inference_mode():
            scores: np.ndarray = self._scores(batch, labels, kind).float().cpu().numpy()
        return scores

    def _batches(
        self, texts: Sequence[str], kind: ScoreKind, batch_size: int
    ) -> list[tuple[list[int], list[list[int]]]]:
        check_score_kind(kind, self.score_kinds, self.name)
        if self.network.training:  # dropout would make the same text score differently each time
            self.network.eval()
        encoded = self.encode(texts)
        lengths = [len(text) for text in encoded]
        batches = by_length(lengths, batch_size, self._floats, float_budget(self.device))
        return [(positions, [encoded[position] for position in positions]) for positions in batches]

    def _check_labels(self, labels: Sequence[int]) -> None:
        LabelSpace(None, len(self.label_names)).require(labels)
