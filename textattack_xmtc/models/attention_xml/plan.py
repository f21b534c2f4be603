"""What an AttentionXML is made of and how it is trained: sizes, settings, plans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from textattack_xmtc.errors import InputError
from textattack_xmtc.models.architecture import TrainingPlan
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

    def changed(self, values: Mapping[str, Any]) -> Self:
        """As `TrainingPlan.changed`; the MLP is as wide as the LSTM where only the LSTM's width is given."""
        made = super().changed(values)
        if "hidden_size" in values and "linear_sizes" not in values:
            made = replace(made, network=replace(made.network, linear_sizes=(values["hidden_size"],)))
        return made
