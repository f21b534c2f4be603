"""What this package's networks share when they answer an attack's questions: batches, kinds of score, the best k."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import numpy as np
import torch

from textattack_xmtc.models.batches import by_length, float_budget
from textattack_xmtc.scores import ComputeType, ScoreKind, check_k, check_score_kind, ranks_of_rows, top_k_of_rows
from textattack_xmtc.targets import LabelSpace

Encoded: TypeAlias = Sequence[Sequence[int]]
"""Token numbers of texts, as `TorchScorer.encode` gives them."""


class TorchScorer(ABC):
    """A trained model that answers with the scores that are asked for; a subclass says what its network computes.

    Scores are float32 arrays of numpy. Ties are broken by the lower label index. `score` computes no other labels than
    those asked for. `wrappers.scorer.ScorerWrapper` makes it a victim.

    Args:
        network: the network; it is put into evaluation mode and onto `device`.
        label_names: the names of its labels, by index.
        max_length: tokens that are read of a text.
        device: "cpu", "cuda", ...; by default the GPU where there is one.
        masked_lm_folder: a masked language model kept with this model, or None.
        dtype: what the encoder computes in. With "bfloat16" probabilities differ from float32's by up to some
            hundredths (0.05 is what the tests hold it to), so ranks and outcomes of attacks may change.
    """

    architecture: ClassVar[str]
    """The name that a model folder's configuration gives."""
    name: str
    """What the model is, for people ("AttentionXML")."""
    mask_word: str
    """The word that hides another one from the model."""
    score_kinds: tuple[ScoreKind, ...] = ("probability", "logit")
    """What its scores can be; the first is the default."""

    def __init__(
        self,
        network: torch.nn.Module,
        label_names: Sequence[str],
        max_length: int,
        device: torch.device | str | None = None,
        masked_lm_folder: Path | None = None,
        dtype: ComputeType = "float32",
    ) -> None:
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self.network = network.float().to(self.device).eval()
        for part in self._encoder_parts():
            part.to(torch.bfloat16 if dtype == "bfloat16" else torch.float32)
        self.label_names: Sequence[str] = tuple(label_names)
        self.max_length = max_length
        self.masked_lm_folder = masked_lm_folder

    @classmethod
    @abstractmethod
    def parts_of_folder(cls, folder: Path, config: Mapping[str, Any], labels: int) -> dict[str, Any]:
        """The arguments of this class that a model folder describes, apart from those that all classes have.

        The network may be on the device "meta" and has no weights yet: `models.folder.load_model` reads them.

        Args:
            folder: the folder.
            config: its configuration.
            labels: the number of labels.

        Raises:
            Exception: of any kind, where the configuration does not describe such a model.
        """

    @abstractmethod
    def settings(self) -> dict[str, Any]:
        """What a model folder's configuration must say to build this model again."""

    @abstractmethod
    def write_own_files(self, folder: Path) -> None:
        """Write what `parts_of_folder` needs beside the configuration, the weights and the label names."""

    @abstractmethod
    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """The numbers that the network reads for each text: at least one, at most as many as it can read."""

    @abstractmethod
    def characters_read(self, text: str) -> int:
        """How many leading characters of `text` the model reads before it cuts it off."""

    @abstractmethod
    def word_tables(self) -> list[torch.nn.Embedding]:
        """The tables that the network takes its word vectors from: one, or one for each part that reads the text."""

    @abstractmethod
    def fixed_tokens(self) -> np.ndarray:
        """The numbers that stand for no word of a text: a gradient attack neither replaces nor inserts them."""

    @abstractmethod
    def _encoder_parts(self) -> Sequence[torch.nn.Module]:
        """The parts of the network that `dtype` is about."""

    @abstractmethod
    def _scores(self, batch: Encoded, labels: torch.Tensor | None, kind: ScoreKind) -> torch.Tensor:
        """Scores of `labels`, or of all of them, shape `(len(batch), labels)`."""

    @abstractmethod
    def _floats(self, length: int) -> int:
        """About how many numbers the network holds at once to read one text of this length; labels do not count."""

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
        """What the model predicts: as `dense`, with a floor for labels that `top_k` does not look at.

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
            InputError: k is not between 1 and the number of labels that the model looks at, or it has no such kind of
                score.
        """
        return self.top_k_encoded(self.encode(texts), k, kind, batch_size)

    def top_k_encoded(
        self, encoded: Encoded, k: int, kind: ScoreKind = "probability", batch_size: int = 32
    ) -> tuple[np.ndarray, np.ndarray]:
        """As `top_k`, of encoded texts."""
        self._check_k(k)
        labels = np.empty((len(encoded), k), dtype=np.int64)
        scores = np.empty((len(encoded), k), dtype=np.float32)
        for positions, batch in self._batches(encoded, kind, batch_size):
            with torch.inference_mode():
                labels[positions], scores[positions] = self._best(batch, k, kind)
        return labels, scores

    def rank(
        self, texts: Sequence[str], labels: Sequence[int], kind: ScoreKind = "probability", batch_size: int = 32
    ) -> np.ndarray:
        """Where `labels` stand among all labels, 1 for the best (int64), shape `(len(texts), len(labels))`.

        0 stands for a label that the model does not look at. Ties are broken by the lower label index. No more than one
        batch of dense scores is held at a time.

        Raises:
            InputError: there is no such label, or the model has no such kind of score.
        """
        self._check_labels(labels)
        ranks = np.empty((len(texts), len(labels)), dtype=np.int64)
        for positions, batch in self._batches(self.encode(texts), kind, batch_size):
            with torch.inference_mode():
                ranks[positions] = self._ranks(batch, labels, kind)
        return ranks

    def differentiable(self, encoded: Encoded, labels: torch.Tensor) -> torch.Tensor:
        """Logits of `labels` for encoded texts, shape `(len(encoded), len(labels))`, with what autograd needs.

        The network stays in the mode in which it is: in training, dropout is at work.
        """
        return self._scores(encoded, labels, "logit")

    def _rows(
        self, texts: Sequence[str], labels: torch.Tensor | None, width: int, kind: ScoreKind, batch_size: int
    ) -> np.ndarray:
        rows = np.empty((len(texts), width), dtype=np.float32)
        for positions, batch in self._batches(self.encode(texts), kind, batch_size):
            with torch.inference_mode():
                rows[positions] = _array(self._scores(batch, labels, kind))
        return rows

    def _best(self, batch: Encoded, k: int, kind: ScoreKind) -> tuple[np.ndarray, np.ndarray]:
        """The k best labels and their scores."""
        return top_k_of_rows(_array(self._scores(batch, None, kind)), k)

    def _ranks(self, batch: Encoded, labels: Sequence[int], kind: ScoreKind) -> np.ndarray:
        """Where labels stand."""
        return ranks_of_rows(_array(self._scores(batch, None, kind)), labels)

    def _batches(self, encoded: Encoded, kind: ScoreKind, batch_size: int) -> Iterator[tuple[list[int], Encoded]]:
        """Positions and token numbers of texts of near-equal length."""
        check_score_kind(kind, self.score_kinds, self.name)
        if self.network.training:  # dropout would make the same text score differently each time
            self.network.eval()
        lengths = [len(text) for text in encoded]
        for positions in by_length(lengths, batch_size, self._floats, float_budget(self.device)):
            yield positions, [encoded[position] for position in positions]

    def _check_k(self, k: int) -> None:
        check_k(k, len(self.label_names), "this model")

    def _check_labels(self, labels: Sequence[int]) -> None:
        LabelSpace(None, len(self.label_names)).require(labels)


def _array(scores: torch.Tensor) -> np.ndarray:
    array: np.ndarray = scores.float().cpu().numpy()
    return array
