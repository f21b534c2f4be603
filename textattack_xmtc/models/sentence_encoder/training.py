"""Training a sentence encoder's head on vectors that are computed once; or keeping them, for the nearest texts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import datasets
import numpy as np
import numpy.typing as npt
import torch

from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.encoders.store import kept_vectors
from textattack_xmtc.errors import InputError
from textattack_xmtc.metrics import label_matrix
from textattack_xmtc.models.evaluation import measures
from textattack_xmtc.models.loss_settings import LossSettings
from textattack_xmtc.models.losses import ReweightedLoss
from textattack_xmtc.models.sentence_encoder.network import (
    LinearHead,
    NearestTexts,
    PooledEncoder,
    SentenceEncoderNetwork,
    width_of,
)
from textattack_xmtc.models.sentence_encoder.plan import SentenceEncoderSettings
from textattack_xmtc.models.sentence_encoder.pretrained import check_length, read_encoder
from textattack_xmtc.models.sentence_encoder.scorer import SentenceEncoder
from textattack_xmtc.models.training.checkpoint import Checkpoint, keeper
from textattack_xmtc.models.training.loop import WATCHED, Training, linear_to_a_tenth

SHARPNESS = 10.0
"""What the cosines to the nearest texts are multiplied with before the softmax."""


class HeadLoss:
    """The loss of texts of a linear head: a `TextLoss`. Vectors are computed by the frozen encoder in each step."""

    def __init__(self, model: SentenceEncoder, loss_of: ReweightedLoss) -> None:
        self._model, self._loss_of = model, loss_of

    def prepare(self, encoded: Sequence[Sequence[int]], labels: Sequence[Sequence[int]]) -> None:
        """Train on these texts from now on."""
        self._true = label_matrix(labels, len(self._model.label_names))

    def __call__(
        self, positions: Sequence[int], encoded: Sequence[Sequence[int]], rng: np.random.Generator
    ) -> torch.Tensor:
        """The loss of a batch."""
        with torch.no_grad():
            vectors = self._model.network.encoder(*self._model._padded(encoded))
        return self.of_vectors(vectors, positions)

    def of_vectors(self, vectors: torch.Tensor, positions: Sequence[int]) -> torch.Tensor:
        """The loss of texts whose vectors, shape `(len(positions), d)`, are at hand."""
        targets = torch.from_numpy(self._true[list(positions)].toarray().astype(np.float32)).to(vectors.device)
        loss: torch.Tensor = self._loss_of(self._model.network.head(vectors, None, "logit"), targets)
        return loss


def train_sentence_encoder(
    corpus: Corpus,
    source: str,
    settings: SentenceEncoderSettings,
    loss: LossSettings,
    neighbours: int | None = None,
    max_length: int = 256,
    validate_on: datasets.Dataset | None = None,
    device: torch.device | str | None = None,
    checkpoint: Checkpoint | None = None,
) -> tuple[SentenceEncoder, list[dict[str, Any]]]:
    """A linear head trained on the vectors of a frozen encoder; or, with `neighbours`, the nearest training texts.

    The same corpus, settings and seed give the same weights on a CPU with the same number of threads.

    Args:
        corpus: with a split "train".
        source: a Hugging Face encoder, a folder or a hub name.
        settings: how to train the head; the nearest texts need none.
        loss: what is trained on.
        neighbours: score by so many nearest training texts.
        max_length: tokens that are read of a text.
        validate_on: texts that the model is measured on after each epoch; the best epoch's head is kept.
        device: "cpu", "cuda", ...; by default the GPU where there is one.
        checkpoint: where the state of the training is kept; the vectors are kept beside it.

    Returns:
        The model and the log, one entry an epoch; no entry for the nearest texts.

    Raises:
        ModelFolderError: the encoder or its tokenizer cannot be read.
        InputError: the encoder has fewer positions than `max_length`, there are no training texts, or `neighbours` is
            below 1 or more than the training texts.
    """
    rows = corpus.split("train")
    texts, labels = list(rows["text"]), [list(map(int, row)) for row in rows["labels"]]
    if not texts:
        raise InputError(f"corpus {corpus.name!r} has no training texts", "give some")
    if neighbours is not None and not 1 <= neighbours <= len(texts):
        raise InputError(f"neighbours={neighbours} with {len(texts):,} training texts", f"choose 1 to {len(texts)}")
    encoder, tokenizer, pooling = read_encoder(source)
    check_length(encoder, max_length, source)
    width, number = width_of(encoder), len(corpus.label_names)
    head: LinearHead | NearestTexts
    if neighbours is None:
        with torch.random.fork_rng():
            torch.manual_seed(settings.seed)
            head = LinearHead(width, number)
        rates = np.clip(corpus.label_counts / len(texts), 1e-6, 0.5)
        with torch.no_grad():
            head.rows.weight.zero_()
            head.rows.bias.copy_(torch.from_numpy(np.log(rates / (1 - rates))))
    else:
        head = NearestTexts(len(texts), width, max(1, *map(len, labels)), number, neighbours, SHARPNESS)
    network = SentenceEncoderNetwork(PooledEncoder(encoder, pooling), head)
    model = SentenceEncoder(network, tokenizer, corpus.label_names, max_length, device)
    vectors = _vectors(model, checkpoint)
    known = torch.from_numpy(vectors(texts)).to(model.device)
    if isinstance(head, NearestTexts):
        head.remember(known, labels)
        return model, []
    text_loss = HeadLoss(model, loss.for_labels(corpus.label_counts, len(texts)).to(model.device))
    text_loss.prepare([], labels)
    training = Training(
        head,
        [(list(head.parameters()), settings.learning_rate)],
        linear_to_a_tenth,
        [1] * len(texts),
        lambda positions, rng: text_loss.of_vectors(known[positions], positions),
        settings,
        "sentence encoder",
    )
    state = checkpoint.read() if checkpoint else None
    if state is not None:
        training.load_state_dict(state)
    validate = None
    if validate_on is not None:
        validate = _validation(model, torch.from_numpy(vectors(list(validate_on["text"]))), validate_on["labels"])
    log = training.run(validate, None if checkpoint is None else keeper(checkpoint, training))
    return model, log


def _validation(
    model: SentenceEncoder, vectors: torch.Tensor, labels: Sequence[Sequence[int]]
) -> Callable[[], Mapping[str, float]]:
    """What is watched, from vectors at hand."""
    truth = label_matrix(labels, len(model.label_names))
    most = min(5, len(model.label_names))

    def validate() -> Mapping[str, float]:
        with torch.inference_mode():
            logits = model.network.head(vectors.to(model.device), None, "logit")
            best = logits.argsort(dim=1, descending=True, stable=True)[:, :most].cpu().numpy()
        found = {name: value for name, value in measures(best, truth).items() if name[0] in "Pn"}
        return {WATCHED: found.get(f"nDCG@{most}", 0.0), **found}

    return validate


class _Encoding:
    """The encoder of a model as `kept_vectors` asks for it; its name tells weights, length and pooling."""

    def __init__(self, model: SentenceEncoder) -> None:
        digest = hashlib.sha256()
        for key, value in sorted(model.network.encoder.state_dict().items()):
            digest.update(key.encode() + value.detach().cpu().contiguous().numpy().tobytes())
        self.name = f"{digest.hexdigest()[:16]} {model.max_length} {model.network.encoder.pooling}"
        self._model = model

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        return self._model.vectors(texts)


def _vectors(model: SentenceEncoder, checkpoint: Checkpoint | None) -> Callable[[Sequence[str]], np.ndarray]:
    if checkpoint is None:
        return model.vectors
    encoding = _Encoding(model)
    return lambda texts: kept_vectors(encoding, texts, checkpoint.file.parent / "vectors")
