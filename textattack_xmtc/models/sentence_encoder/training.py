"""Training a sentence encoder's head on vectors that are computed once; or keeping them, for the nearest texts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

import datasets
import numpy as np
import numpy.typing as npt
import torch

from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.encoders.store import kept_vectors
from textattack_xmtc.errors import InputError
from textattack_xmtc.metrics import label_matrix
from textattack_xmtc.models.architecture import Log, ParameterGroups
from textattack_xmtc.models.evaluation import measures
from textattack_xmtc.models.loss_settings import LossSettings
from textattack_xmtc.models.sentence_encoder.architecture import SentenceEncoderPlan, SentenceEncoderSettings
from textattack_xmtc.models.sentence_encoder.network import (
    LinearHead,
    NearestTexts,
    PooledEncoder,
    SentenceEncoderNetwork,
    width_of,
)
from textattack_xmtc.models.sentence_encoder.pretrained import check_length, read_encoder
from textattack_xmtc.models.sentence_encoder.scorer import SentenceEncoder
from textattack_xmtc.models.torch_scorer import Encoded
from textattack_xmtc.models.training.checkpoint import Checkpoint, run_with_checkpoint
from textattack_xmtc.models.training.loop import WATCHED, Training, linear_to_a_tenth

SHARPNESS = 10.0
"""What the cosines to the nearest texts are multiplied with before the softmax."""


class HeadLoss:
    """The loss of texts of a linear head: a `TextLoss`. Vectors are computed by the frozen encoder in each step."""

    def __init__(
        self, model: SentenceEncoder, settings: object, loss: LossSettings, label_counts: np.ndarray, n_train: int
    ) -> None:
        self._model = model
        self._loss_of = loss.for_labels(label_counts, n_train).to(model.device)

    def prepare(self, encoded: Encoded, labels: Sequence[Sequence[int]]) -> None:
        """Train on these texts from now on."""
        self._true = label_matrix(labels, len(self._model.label_names))

    def __call__(self, positions: Sequence[int], encoded: Encoded, rng: np.random.Generator) -> torch.Tensor:
        """The loss of a batch."""
        with torch.no_grad():
            vectors = self._model.network.encoder(*self._model.padded(encoded))
        return self.of_vectors(vectors, positions)

    def of_vectors(self, vectors: torch.Tensor, positions: Sequence[int]) -> torch.Tensor:
        """The loss of texts whose vectors, shape `(len(positions), d)`, are at hand."""
        targets = torch.from_numpy(self._true[list(positions)].toarray().astype(np.float32)).to(vectors.device)
        loss: torch.Tensor = self._loss_of(self._model.network.head(vectors, None, "logit"), targets)
        return loss


def train(
    corpus: Corpus,
    plan: SentenceEncoderPlan,
    validate_on: datasets.Dataset | None = None,
    device: torch.device | str | None = None,
    checkpoint: Checkpoint | None = None,
) -> tuple[SentenceEncoder, Log]:
    """A linear head trained on the vectors of a frozen encoder; or, with `neighbours`, the nearest training texts.

    As `Architecture.train` says; the vectors are kept beside the checkpoint. There is no log for the nearest texts.

    Raises:
        ModelFolderError: the encoder or its tokenizer cannot be read.
        InputError: no encoder is named, it has fewer positions than `max_length`, or `neighbours` is below 1 or more
            than the training texts.
    """
    rows, settings, neighbours = corpus.split("train"), plan.settings, plan.neighbours
    texts, labels = list(rows["text"]), [list(map(int, row)) for row in rows["labels"]]
    if not plan.encoder:
        raise InputError("a sentence encoder needs a pretrained encoder", "give --encoder FOLDER")
    if neighbours is not None and not 1 <= neighbours <= len(texts):
        raise InputError(f"neighbours={neighbours} with {len(texts):,} training texts", f"choose 1 to {len(texts)}")
    encoder, tokenizer, pooling = read_encoder(plan.encoder)
    check_length(encoder, plan.max_length, plan.encoder)
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
    model = SentenceEncoder(network, tokenizer, corpus.label_names, plan.max_length, device)
    vectors = _vectors(model, checkpoint)
    known = torch.from_numpy(vectors(texts)).to(model.device)
    if isinstance(head, NearestTexts):
        head.remember(known, labels)
        return model, []
    head_loss = HeadLoss(model, settings, plan.loss, corpus.label_counts, len(texts))
    head_loss.prepare([], labels)
    training = Training(
        head,
        parameter_groups(model, settings),
        linear_to_a_tenth,
        [1] * len(texts),
        lambda positions, rng: head_loss.of_vectors(known[positions], positions),
        settings,
        model.name,
    )
    validate = None
    if validate_on is not None:
        validate = _validation(model, torch.from_numpy(vectors(list(validate_on["text"]))), validate_on["labels"])
    return model, run_with_checkpoint(training, checkpoint, validate)


def parameter_groups(model: SentenceEncoder, settings: SentenceEncoderSettings) -> ParameterGroups:
    """The head; the encoder is frozen."""
    if isinstance(model.network.head, NearestTexts):
        raise InputError("the nearest texts have no weights that could be trained", "train a linear head instead")
    return [(list(model.network.head.parameters()), settings.learning_rate)]


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
        watched = {name: value for name, value in measures(best, truth).items() if name[0] in "Pn"}
        return {WATCHED: watched.get(f"nDCG@{most}", 0.0), **watched}

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


text_loss = HeadLoss
"""What `Architecture.text_loss` makes."""
