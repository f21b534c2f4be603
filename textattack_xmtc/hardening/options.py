"""The options of a hardening."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from textattack_xmtc.errors import InputError
from textattack_xmtc.goal import POSITIVE
from textattack_xmtc.options import option

GoalChoice = Literal["positive", "negative", "both"]
"""What the attacks want: true labels out of the k best, wrong ones into them, or half of them each."""

Augment = Literal["gradient", "random-masking", "none"]
"""What is trained on beside the clean texts: texts attacked with gradients, texts with random words masked, or nothing
(more clean texts)."""

DROPPED = ("--masked-lm", "--fresh", "--rounds-kept", "--changes", "--candidates")
"""Options of the hardening with a masked LM, which gradients have replaced (docs/harden.md has the comparison)."""

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
    augment: Augment = option(
        "gradient", "what is trained on beside clean texts; the last two are controls", group=_TEXTS
    )
    steps: int | None = option(None, "steps, in place of a budget", group=_TIME)
    budget: float | None = option(
        None, "time, as a share of what training the model took; 1 where neither is given", group=_TIME
    )
    round_steps: int = option(200, "steps between fresh examples", group=_TIME)
    share: float = option(0.75, "of the texts of a step that are attacked ones", group=_TEXTS)
    exchanged: float = option(
        0.2, "largest share of a text's words that gradient and random-masking change", group=_TEXTS
    )
    k: int = option(5, "labels that count as predicted", group=_TEXTS)
    rate: float = option(0.3, "learning rates, as a share of those of the training", group="loss")
    held_out: int = option(60, "attacks that success is measured by after each round", group=_TEXTS)
    seed: int = option(0, "of all draws", flags=("--seed", "--random-seed"))

    def __post_init__(self) -> None:
        if str(self.augment) == "masked-lm":
            raise dropped("augment='masked-lm'")
        for name, known in (("goal", get_args(GoalChoice)), ("augment", get_args(Augment))):
            if getattr(self, name) not in known:
                raise InputError(f"{name}={getattr(self, name)!r} is unknown", f"choose {', '.join(known)}")
        for name in ("steps", "round_steps", "k", "held_out"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"invalid {name}={value}", "choose 1 or more")
        for name in ("share", "exchanged"):
            if not 0 < getattr(self, name) <= 1:
                raise InputError(f"{name}={getattr(self, name)} is not a share", "choose a number above 0, at most 1")
        for name in ("budget", "rate"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise InputError(f"invalid {name}={value}", "choose a number above 0")
        if self.seed < 0:
            raise InputError(f"seed={self.seed} is below 0", "choose 0 or more")
        if (self.steps is None) == (self.budget is None):
            raise InputError("either steps or a budget says how long to train", "give one of --steps and --budget")


def dropped(option: str) -> InputError:
    """The refusal of an option of the hardening with a masked LM."""
    return InputError(
        f"{option} belongs to the hardening with a masked LM, which has been removed: gradients save more texts",
        f"leave it out; --augment is {', '.join(get_args(Augment))}",
    )
