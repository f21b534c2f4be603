"""The options of a hardening."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from textattack_xmtc.errors import InputError
from textattack_xmtc.evidence.protection import DEFAULT_SHARE
from textattack_xmtc.goal import POSITIVE
from textattack_xmtc.options import option

GoalChoice = Literal["positive", "negative", "both"]
"""What the attacks want: true labels out of the k best, wrong ones into them, or half of them each."""

DROPPED = ("--masked-lm", "--fresh", "--rounds-kept", "--changes", "--candidates", "--augment")
"""Options of what gradients have replaced: a masked LM's attacks, random masks (compared in docs/harden.md)."""

NOT_IN_0_1_0 = {"protect": 0.0, "hold": 0.0}
"""Options that version 0.1.0 did not have, with what it did: an unfinished hardening of it resumes so."""

_TIME, _TEXTS = "how long", "texts"


@dataclass(frozen=True)
class HardeningOptions:
    """How a trained model is trained further; each option says what it is for.

    Raises:
        InputError: an invalid value.
    """

    goal: GoalChoice = option(
        POSITIVE, "what the attacks want: true labels out, wrong ones in, or half each", group=_TEXTS
    )
    protect: float = option(
        DEFAULT_SHARE,
        "of a text's content words, those that speak most for the target by its training texts; attacks leave them in",
        group=_TEXTS,
    )
    hold: float = option(
        0.5, "how much of the loss holds the scores of attacked texts to those of the clean ones before", group="loss"
    )
    steps: int | None = option(None, "steps, in place of a budget", group=_TIME)
    budget: float | None = option(
        None, "time, as a share of what training the model took; 1 where neither is given", group=_TIME
    )
    round_steps: int = option(200, "steps between fresh examples", group=_TIME)
    share: float = option(
        0.75, "of the texts of a step that are attacked ones; 0 is plain training, a control", group=_TEXTS
    )
    exchanged: float = option(0.2, "largest share of a text's words that an attack exchanges", group=_TEXTS)
    k: int = option(5, "labels that count as predicted", group=_TEXTS)
    rate: float = option(0.3, "learning rates, as a share of those of the training", group="loss")
    held_out: int = option(60, "attacks that success is measured by after each round", group=_TEXTS)
    seed: int = option(0, "of all draws", flags=("--seed", "--random-seed"))

    def __post_init__(self) -> None:
        if self.goal not in get_args(GoalChoice):
            raise InputError(f"goal={self.goal!r} is unknown", f"choose {', '.join(get_args(GoalChoice))}")
        for name in ("steps", "round_steps", "k", "held_out"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"invalid {name}={value}", "choose 1 or more")
        if not 0 < self.exchanged <= 1:
            raise InputError(f"exchanged={self.exchanged} is not a share", "choose a number above 0, at most 1")
        for name in ("protect", "hold", "share"):
            if not 0 <= getattr(self, name) <= 1:
                raise InputError(f"{name}={getattr(self, name)} is not a share", "choose a number from 0 to 1")
        for name in ("budget", "rate"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise InputError(f"invalid {name}={value}", "choose a number above 0")
        if self.seed < 0:
            raise InputError(f"seed={self.seed} is below 0", "choose 0 or more")
        if (self.steps is None) == (self.budget is None):
            raise InputError("either steps or a budget says how long to train", "give one of --steps and --budget")


def dropped(option: str) -> InputError:
    """The refusal of an option of the hardenings that have been removed."""
    return InputError(
        f"{option} belongs to hardening with a masked LM or random masks, which has been removed: gradients save more",
        "leave it out; --share 0 is plain training for as long, a control",
    )
