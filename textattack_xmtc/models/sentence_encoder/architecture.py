"""Sentence encoders as an architecture of this package: a frozen encoder and a head."""

from __future__ import annotations

from textattack_xmtc.models.architecture import Architecture
from textattack_xmtc.models.loss_settings import LossSettings
from textattack_xmtc.models.sentence_encoder.plan import SentenceEncoderPlan

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
