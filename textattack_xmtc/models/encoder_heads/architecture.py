"""The heads of AttentionXML and APLC-XLNet over a pretrained encoder, as architectures: settings and plans."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from textattack_xmtc.models.architecture import Architecture, TrainingPlan
from textattack_xmtc.models.attention_xml.architecture import AttentionXMLSettings, TreeSettings
from textattack_xmtc.models.loss_settings import LossSettings
from textattack_xmtc.options import option

_GROUP = "pretrained encoder"


@dataclass(frozen=True)
class EncoderHeadSettings(AttentionXMLSettings):
    """How to train a head, and with `fine_tune` the encoder; the learning rates fall linearly to a tenth."""

    epochs: int = 10
    batch_size: int = 16
    learning_rate: float = option(2e-3, "learning rate of Adam", chosen=True)
    encoder_rate: float = option(3e-5, "learning rate of the encoder, with --fine-tune", group=_GROUP)


@dataclass(frozen=True)
class EncoderHeadPlan(TrainingPlan):
    """What to train and how; only a label tree uses `tree`."""

    settings: EncoderHeadSettings = field(default_factory=EncoderHeadSettings)
    tree: TreeSettings = field(default_factory=lambda: TreeSettings(beam=16))
    head_dropout: float = option(0.3, "share of what the head reads that training hides", group=_GROUP)
    encoder: str | None = option(
        None, "a Hugging Face encoder, a folder or a hub name", group="sentence encoder", metavar="FOLDER"
    )
    pooling: Literal["mean", "cls", "last"] | None = option(
        None, "APLC: mean of the tokens, first or last one; by default as the encoder says, else the mean", group=_GROUP
    )
    fine_tune: bool = option(False, "train the encoder too, not only the head", group=_GROUP)
    states: str | None = option(
        None, "keep the token states of a frozen encoder here, for further trainings", group=_GROUP, metavar="FOLDER"
    )
    max_length: int = 256


_ROOM = "textattack_xmtc.models.encoder_heads"


def _architecture(name: str, title: str, model: str) -> Architecture:
    """Small and paper plans are the same: no paper has these models."""

    def plan(loss: LossSettings) -> EncoderHeadPlan:
        return EncoderHeadPlan(name, EncoderHeadSettings(average_from=5), loss)

    return Architecture(name, title, EncoderHeadPlan, plan, plan, f"{_ROOM}.scorer:{model}", f"{_ROOM}.training")


ATTENTION_XML = _architecture("attention-xml-encoder", "AttentionXML on an encoder", "AttentionOnEncoder")
TREE = _architecture("attention-xml-tree-encoder", "AttentionXML (tree) on an encoder", "AttentionTreeOnEncoder")
APLC = _architecture("aplc-xlnet-encoder", "APLC on an encoder", "ClustersOnEncoder")
