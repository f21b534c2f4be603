"""APLC-XLNet as an architecture of this package: how it is trained, plans, and where its parts are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from textattack_xmtc.models.architecture import Architecture, Importer, TrainingPlan
from textattack_xmtc.models.loss_settings import LossSettings
from textattack_xmtc.models.training.settings import LoopSettings
from textattack_xmtc.options import option

SCRATCH_RATES = (1e-3, 1e-3, 5e-3)
"""Learning rates (encoder, summary, clusters) that suit a small XLNet from scratch."""


@dataclass(frozen=True)
class APLCXLNetSettings(LoopSettings):
    """How to train; the learning rates are the authors' for Wiki10-31K, where XLNet has been pretrained.

    A small XLNet from scratch wants `SCRATCH_RATES`. In the share `warm_up` of the steps the rates rise from 0, then
    they fall to 0, both in a straight line.
    """

    epochs: int = 6
    batch_size: int = 12
    clip: float = 1.0
    encoder_rate: float = option(
        1e-5, "learning rate of the encoder; the others follow in proportion", flags=("--learning-rate",), chosen=True
    )
    summary_rate: float = 1e-4
    cluster_rate: float = 1e-3
    warm_up: float = 0.1


@dataclass(frozen=True)
class APLCXLNetPlan(TrainingPlan):
    """What to train and how. `hidden_size` and `layers` are those of an XLNet from scratch."""

    settings: APLCXLNetSettings = field(default_factory=APLCXLNetSettings)
    hidden_size: int = option(128, "width of the network", group="network", chosen=True)
    layers: int = option(2, "layers of the network", group="network", chosen=True)
    pretrained: str | None = option(
        None, "an XLNet to start from, a folder or a hub name", group="APLC-XLNet", metavar="NAME"
    )

    def changed(self, values: Mapping[str, Any]) -> Self:
        """As `TrainingPlan.changed`; of the three learning rates the encoder's is given, the others follow."""
        values = dict(values)
        if "encoder_rate" in values:
            factor = values["encoder_rate"] / self.settings.encoder_rate
            for name in ("summary_rate", "cluster_rate"):
                values.setdefault(name, getattr(self.settings, name) * factor)
        return super().changed(values)


_NAME = "aplc-xlnet"
_ROOM = "textattack_xmtc.models.aplc_xlnet"


def _small_plan(loss: LossSettings) -> APLCXLNetPlan:
    encoder, summary, clusters = SCRATCH_RATES
    settings = APLCXLNetSettings(
        6, 16, word_dropout=0.05, encoder_rate=encoder, summary_rate=summary, cluster_rate=clusters
    )
    return APLCXLNetPlan(_NAME, settings, loss, max_length=256, vocabulary_size=8000)


def _paper_plan(loss: LossSettings) -> APLCXLNetPlan:
    """Of Ye et al. (2020), for Wiki10-31K."""
    return APLCXLNetPlan(_NAME, APLCXLNetSettings(), loss, pretrained="xlnet-base-cased", max_length=512, validation=0)


APLC_XLNET = Architecture(
    name=_NAME,
    title="APLC-XLNet",
    plan=APLCXLNetPlan,
    small_plan=_small_plan,
    paper_plan=_paper_plan,
    model=f"{_ROOM}.scorer:APLCXLNet",
    training=f"{_ROOM}.training",
    aliases=("aplcxlnet",),
    importers={
        "aplc-xlnet": Importer(f"{_ROOM}.official:read_aplc_xlnet"),
        "adv-xmtc": Importer(f"{_ROOM}.official:read_aplc_xlnet", check=f"{_ROOM}.official:is_aplc_xlnet"),
    },
)
