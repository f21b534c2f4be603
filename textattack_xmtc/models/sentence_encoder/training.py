"""Training a sentence encoder's head on vectors that are computed once; or keeping them, for the nearest texts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path

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
from textattack_xmtc.models.loss_settings import CountedLoss
from textattack_xmtc.models.sentence_encoder.architecture import SentenceEncoderPlan, SentenceEncoderSettings
from textattack_xmtc.models.sentence_encoder.network import (
    Head,
    LinearHead,
    MemoryHead,
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

SHARES = tuple(tenth / 10 for tenth in range(1, 10))
"""The shares of a memory among which the validation texts choose."""


class HeadLoss:
    """The loss of texts of a linear head: a `TextLoss`. Vectors are computed by the frozen encoder in each step."""

    def __init__(self, model: SentenceEncoder, settings: object, loss: CountedLoss) -> None:
        self._model = model
        self._loss_of = loss.of_labels().to(model.device)

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
        head = self._model.network.head
        # Of a head with a memory too: a training text is in the memory, and the rows would have nothing to learn.
        assert isinstance(head, LinearHead)
        loss: torch.Tensor = self._loss_of(head.logits(vectors), targets)
        return loss


def train(
    corpus: Corpus,
    plan: SentenceEncoderPlan,
    validate_on: datasets.Dataset | None = None,
    device: torch.device | str | None = None,
    checkpoint: Checkpoint | None = None,
) -> tuple[SentenceEncoder, Log]:
    """A linear head trained on the vectors of a frozen encoder; or, with `neighbours`, the nearest training texts.

    With `memory`, both: the rows are trained alone, and the memory's share is the one of `SHARES` with the best nDCG@5
    of the validation texts, or half without any. As `Architecture.train` says; the vectors are kept in `plan.vectors`,
    or else beside the checkpoint. There is no log for the nearest texts.

    Raises:
        ModelFolderError: the encoder or its tokenizer cannot be read.
        InputError: no encoder is named, it has fewer positions than `max_length`, there are `neighbours` and `memory`,
            or either is below 1 or more than the training texts.
    """
    rows, settings = corpus.split("train"), plan.settings
    neighbours = plan.memory if plan.neighbours is None else plan.neighbours
    texts, labels = list(rows["text"]), [list(map(int, row)) for row in rows["labels"]]
    if not plan.encoder:
        raise InputError("a sentence encoder needs a pretrained encoder", "give --encoder FOLDER")
    if None not in (plan.neighbours, plan.memory):
        raise InputError("--neighbours is a head without trained rows, and --memory blends both", "give one of them")
    if neighbours is not None and not 1 <= neighbours <= len(texts):
        flag = "--memory" if plan.neighbours is None else "--neighbours"
        raise InputError(f"{flag} {neighbours} with {len(texts):,} training texts", f"choose 1 to {len(texts)}")
    encoder, tokenizer, pooling = read_encoder(plan.encoder)
    check_length(encoder, plan.max_length, plan.encoder)
    width, number = width_of(encoder), len(corpus.label_names)
    head: Head
    if neighbours is None:
        head = LinearHead(width, number)
    else:
        head = NearestTexts(len(texts), width, max(1, *map(len, labels)), number, neighbours, SHARPNESS)
        head = MemoryHead(head, width, number) if plan.memory else head
    if isinstance(head, LinearHead):
        rates = np.clip(corpus.label_counts / len(texts), 1e-6, 0.5)
        with torch.no_grad():
            head.rows.weight.zero_()
            head.rows.bias.copy_(torch.from_numpy(np.log(rates / (1 - rates))))
    network = SentenceEncoderNetwork(PooledEncoder(encoder, pooling), head)
    model = SentenceEncoder(network, tokenizer, corpus.label_names, plan.max_length, device)
    watched = [] if validate_on is None else list(validate_on["text"])
    vectors = _vectors(model, (*texts, *watched), plan, checkpoint)
    known = torch.from_numpy(vectors(texts)).to(model.device)
    if isinstance(head, NearestTexts):
        head.remember(known, labels)
        return model, []
    if isinstance(head, MemoryHead):
        head.memory.remember(known, labels)
    head_loss = HeadLoss(model, settings, CountedLoss(plan.loss, corpus.label_counts, len(texts)))
    head_loss.prepare([], labels)
    training = Training(
        head.rows,
        parameter_groups(model, settings),
        linear_to_a_tenth,
        [1] * len(texts),
        lambda positions, rng: head_loss.of_vectors(known[positions], positions),
        settings,
        model.name,
    )
    validate = None
    if validate_on is not None:
        validate = _validation(model, torch.from_numpy(vectors(watched)), validate_on["labels"])
    log = run_with_checkpoint(training, checkpoint, validate)
    if isinstance(head, MemoryHead) and validate is not None:
        head.share = max(SHARES, key=partial(_value_of, validate, head))
    return model, log


def parameter_groups(model: SentenceEncoder, settings: SentenceEncoderSettings) -> ParameterGroups:
    """The rows; encoder and memory are frozen."""
    if isinstance(model.network.head, NearestTexts):
        raise InputError("the nearest texts have no weights that could be trained", "train a linear head instead")
    return [(list(model.network.head.parameters()), settings.learning_rate)]


def _value_of(validate: Callable[[], Mapping[str, float]], head: MemoryHead, share: float) -> float:
    """The validation's value with this share, which the head keeps."""
    head.share = share
    return validate()[WATCHED]


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


class TextVectors:
    """The encoder of a model as `kept_vectors` asks for it; its name tells weights, length, pooling and type."""

    def __init__(self, model: SentenceEncoder, dtype: str) -> None:
        digest = hashlib.sha256()
        for key, value in sorted(model.network.encoder.state_dict().items()):
            digest.update(key.encode() + value.detach().cpu().contiguous().numpy().tobytes())
        self.name = f"{digest.hexdigest()[:16]} {model.max_length} {model.network.encoder.pooling} {dtype}"
        self._model, self._reduced = model, dtype == "bfloat16"

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Unit vectors of texts, shape `(texts, d)`."""
        with torch.autocast(self._model.device.type, torch.bfloat16, enabled=self._reduced):
            return self._model.vectors(texts)


def _vectors(
    model: SentenceEncoder, texts: Iterable[str], plan: SentenceEncoderPlan, checkpoint: Checkpoint | None
) -> Callable[[Sequence[str]], np.ndarray]:
    """Gives the vectors of any of these texts.

    They are kept in an order that follows from the texts alone, so that a training with other validation texts finds
    them again.
    """
    encoding, texts = TextVectors(model, plan.settings.dtype), sorted(set(texts))
    folder = Path(plan.vectors) if plan.vectors else None if checkpoint is None else checkpoint.file.parent / "vectors"
    kept = encoding.encode(texts) if folder is None else kept_vectors(encoding, texts, folder)
    row = {text: number for number, text in enumerate(texts)}
    return lambda wanted: kept[[row[text] for text in wanted]]


text_loss = HeadLoss
"""What `Architecture.text_loss` makes."""
