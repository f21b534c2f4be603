"""AttentionXML, flat and as a label tree, as architectures of this package."""

from __future__ import annotations

from dataclasses import replace

from textattack_xmtc.models.architecture import Architecture, Importer
from textattack_xmtc.models.attention_xml.plan import (
    AttentionXMLConfig,
    AttentionXMLPlan,
    AttentionXMLSettings,
    TreeSettings,
)
from textattack_xmtc.models.loss_settings import LossSettings

_FLAT, _TREE = "attention-xml", "attention-xml-tree"
_ROOM = "textattack_xmtc.models.attention_xml"


def _small_plan(name: str, loss: LossSettings, epochs: int) -> AttentionXMLPlan:
    # Small batches: few texts teach little in few steps (cooking: P@1 0.59 with 64 texts a step, 0.68 with 16).
    return AttentionXMLPlan(
        name,
        AttentionXMLSettings(epochs, 16, word_dropout=0.05, learning_rate=3e-3, average_from=epochs // 2),
        loss,
        network=AttentionXMLConfig(embedding_size=128, hidden_size=128, linear_sizes=(128,), hidden_dropout=0.3),
        tree=TreeSettings(beam=16),  # a wide beam is for many more groups than small corpora have
        vocabulary_size=50_000,
    )


def _paper_plan(name: str, loss: LossSettings) -> AttentionXMLPlan:
    """Of You et al. (2019), for Wiki10-31K."""
    return AttentionXMLPlan(name, AttentionXMLSettings(30, 40, average_from=4), loss, validation=200)


FLAT = Architecture(
    name=_FLAT,
    title="AttentionXML",
    plan=AttentionXMLPlan,
    small_plan=lambda loss: _small_plan(_FLAT, loss, epochs=8),
    paper_plan=lambda loss: _paper_plan(_FLAT, loss),
    model=f"{_ROOM}.flat:AttentionXML",
    training=f"{_ROOM}.training",
    aliases=("attentionxml",),
    importers={  # they recognise trees as well
        "attentionxml": Importer(f"{_ROOM}.official:read_attention_xml"),
        "adv-xmtc": Importer(f"{_ROOM}.official:read_adv_xmtc", check=f"{_ROOM}.official:is_adv_xmtc"),
    },
)

TREE = replace(
    FLAT,
    name=_TREE,
    title="AttentionXML (tree)",
    small_plan=lambda loss: _small_plan(_TREE, loss, epochs=4),
    paper_plan=lambda loss: _paper_plan(_TREE, loss),
    model=f"{_ROOM}.tree:AttentionXMLTree",
    training=f"{_ROOM}.tree_training",
    aliases=("attentionxml-tree",),
    importers={},
)
