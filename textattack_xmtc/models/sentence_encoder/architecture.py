"""Sentence encoders, frozen, with a head, as an architecture: how the head is trained, and plans."""

from __future__ import annotations

from dataclasses import dataclass, field

from textattack_xmtc.models.architecture import Architecture, TrainingPlan
from textattack_xmtc.models.loss_settings import LossSettings
from textattack_xmtc.models.training.settings import LoopSettings
from textattack_xmtc.options import option


@dataclass(frozen=True)
class SentenceEncoderSettings(LoopSettings):
    """How to train the head; the learning rate falls linearly to a tenth over the training."""

    epochs: int = 20
    batch_size: int = 16
    learning_rate: float = option(0.02, "learning rate of Adam", chosen=True)


@dataclass(frozen=True)
class SentenceEncoderPlan(TrainingPlan):
    """What to train and how."""

    settings: SentenceEncoderSettings = field(default_factory=SentenceEncoderSettings)
    encoder: str | None = option(
        None, "a Hugging Face encoder, a folder or a hub name", group="sentence encoder", metavar="FOLDER"
    )
    neighbours: int | None = option(
        None, "score by so many nearest training texts, in place of a trained row a label", group="sentence encoder"
    )
    memory: int | None = option(
        None, "blend the trained rows with so many nearest training texts", group="sentence encoder"
    )
    vectors: str | None = option(
        None, "keep the vectors of the texts here, for further trainings", group="sentence encoder", metavar="FOLDER"
    )
    max_length: int = 256


_NAME = "sentence-encoder"
_ROOM = "textattack_xmtc.models.sentence_encoder"


def _plan(loss: LossSettings) -> SentenceEncoderPlan:
    """A head that learns in seconds, once the vectors are computed; no paper says otherwise."""
    return SentenceEncoderPlan(_NAME, loss=loss)


SENTENCE_ENCODER = Architecture(
    name=_NAME,
    title="sentence encoder",
    plan=SentenceEncoderPlan,
    small_plan=_plan,
    paper_plan=_plan,
    model=f"{_ROOM}.scorer:SentenceEncoder",
    training=f"{_ROOM}.training",
)
