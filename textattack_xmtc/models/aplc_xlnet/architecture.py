"""APLC-XLNet as an architecture of this package."""

from __future__ import annotations

from textattack_xmtc.models.aplc_xlnet.plan import SCRATCH_RATES, APLCXLNetPlan, APLCXLNetSettings
from textattack_xmtc.models.architecture import Architecture, Importer
from textattack_xmtc.models.loss_settings import LossSettings

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
