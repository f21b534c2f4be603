"""What the trainings of all architectures can be told."""

from __future__ import annotations

from dataclasses import dataclass

from textattack_xmtc.options import option
from textattack_xmtc.scores import ComputeType

_GROUP = "training; the defaults are those of --size"


@dataclass(frozen=True)
class LoopSettings:
    """What the settings of all architectures have in common; each option says what it is for.

    Averaged weights are a running mean, which is then what is validated and kept (stochastic weight averaging, Izmailov
    et al. 2018). With validation texts the best epoch's weights are kept, whatever `patience` says. Words are hidden in
    training so that the model knows what to make of a hidden word.
    """

    epochs: int = option(10, "passes over the texts, at most; for each level of a tree", group=_GROUP, chosen=True)
    batch_size: int = option(64, "texts a step", group=_GROUP, chosen=True)
    clip: float = option(5.0, "largest norm of a gradient", group=_GROUP, chosen=True)
    word_dropout: float = option(0.0, "share of the words that training hides", group=_GROUP, chosen=True)
    average_from: int | None = option(
        None, "first epoch whose weights are averaged; 0: no averaging", group=_GROUP, chosen=True
    )
    patience: int | None = option(
        None, "stop after so many epochs without a better one; 0: train them all", group=_GROUP, chosen=True
    )
    dtype: ComputeType = option("float32", "what a step computes in; the weights stay float32", group=_GROUP)
    seed: int = option(0, "of the first weights, the order of the texts and all draws", group=_GROUP)

    def __post_init__(self) -> None:
        for name in ("average_from", "patience"):
            if getattr(self, name) == 0:
                object.__setattr__(self, name, None)
