"""What a hardening is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from textattack_xmtc.errors import InputError
from textattack_xmtc.goal import POSITIVE

GoalChoice = Literal["positive", "negative", "both"]
"""What the attacks want: true labels out of the k best, wrong ones into them, or half of them each."""

Augment = Literal["gradient", "masked-lm", "random-masking", "none"]
"""What stands beside the clean texts: ones attacked with gradients or with a masked LM's candidates, ones with random
words masked, or nothing (more clean texts)."""


@dataclass(frozen=True)
class HardeningOptions:
    """How a trained model is trained on.

    Attributes:
        goal: of the attacks.
        augment: what is trained on beside clean texts; the last two are controls.
        steps: steps in all; None where `budget` says how long.
        budget: time as a share of what training the model took; 1.0 is as much again.
        round_steps: steps between fresh examples.
        share: of the texts of a step that are attacked ones.
        exchanged: share of a text's words that "gradient" exchanges and "random-masking" masks, at most.
        fresh: with "masked-lm", share of a round's attacked texts that are new; the others are of the rounds before.
        rounds_kept: with "masked-lm", for how many rounds an attacked text is drawn from.
        changes: words that an attack with the masked LM changes at most, in training and in what is measured.
        candidates: words of the masked LM that are tried for each.
        k: labels that count as predicted, in what is measured and in negative targets.
        rate: learning rates, as a share of those that the model was trained with.
        held_out: attacks that success is measured by after each round.
        seed: of all draws.

    Raises:
        InputError: a value that cannot be.
    """

    goal: GoalChoice = POSITIVE
    augment: Augment = "gradient"
    steps: int | None = None
    budget: float | None = None
    round_steps: int = 200
    share: float = 0.75
    exchanged: float = 0.2
    fresh: float = 0.25
    rounds_kept: int = 4
    changes: int = 2
    candidates: int = 16
    k: int = 5
    rate: float = 0.3
    held_out: int = 60
    seed: int = 0

    def __post_init__(self) -> None:
        for name, known in (("goal", get_args(GoalChoice)), ("augment", get_args(Augment))):
            if getattr(self, name) not in known:
                raise InputError(f"{name}={getattr(self, name)!r} is unknown", f"choose {', '.join(known)}")
        for name in ("steps", "round_steps", "rounds_kept", "changes", "candidates", "k", "held_out"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"{name}={value} is not a number of anything", "choose 1 or more")
        for name in ("share", "exchanged", "fresh"):
            if not 0 < getattr(self, name) <= 1:
                raise InputError(f"{name}={getattr(self, name)} is not a share", "choose one above 0 and up to 1")
        for name in ("budget", "rate"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise InputError(f"{name}={value} cannot be", "choose a number above 0")
        if self.seed < 0:
            raise InputError(f"seed={self.seed} is below 0", "choose 0 or more")
        if (self.steps is None) == (self.budget is None):
            raise InputError("either steps or a budget says how long to train", "give one of --steps and --budget")
