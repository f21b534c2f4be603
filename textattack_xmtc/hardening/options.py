"""The options of a hardening."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from textattack_xmtc.errors import InputError
from textattack_xmtc.goal import POSITIVE
from textattack_xmtc.options import option

GoalChoice = Literal["positive", "negative", "both"]
"""What the attacks want: true labels out of the k best, wrong ones into them, or half of them each."""

Augment = Literal["gradient", "masked-lm", "random-masking", "none"]
"""What stands beside the clean texts: ones attacked with gradients or with a masked LM's candidates, ones with random
words masked, or nothing (more clean texts)."""


_TIME, _TEXTS = "how long", "texts"


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
        InputError: an invalid value.
    """

    goal: GoalChoice = option(
        POSITIVE, "what the attacks want: true labels out, wrong ones in, or half each", group=_TEXTS
    )
    augment: Augment = option("gradient", "what stands beside clean texts; the last two are controls", group=_TEXTS)
    steps: int | None = option(None, "steps, in place of a budget", group=_TIME)
    budget: float | None = option(
        None, "time, as a share of what training the model took; 1 where neither is given", group=_TIME
    )
    round_steps: int = option(200, "steps between fresh examples", group=_TIME)
    share: float = option(0.75, "of the texts of a step that are attacked ones", group=_TEXTS)
    exchanged: float = option(
        0.2, "largest share of a text's words that gradient and random-masking change", group=_TEXTS
    )
    fresh: float = option(0.25, "masked-lm: share of a round's attacked texts that are new", group=_TEXTS)
    rounds_kept: int = option(4, "masked-lm: rounds that an attacked text is drawn from", group=_TEXTS)
    changes: int = option(2, "words that an attack with the masked LM changes at most", group=_TEXTS)
    candidates: int = option(16, "words of the masked LM tried for each", group=_TEXTS)
    k: int = option(5, "labels that count as predicted", group=_TEXTS)
    rate: float = option(0.3, "learning rates, as a share of those of the training", group="loss")
    held_out: int = option(60, "attacks that success is measured by after each round", group=_TEXTS)
    seed: int = option(0, "of all draws", flags=("--seed", "--random-seed"))

    def __post_init__(self) -> None:
        for name, known in (("goal", get_args(GoalChoice)), ("augment", get_args(Augment))):
            if getattr(self, name) not in known:
                raise InputError(f"{name}={getattr(self, name)!r} is unknown", f"choose {', '.join(known)}")
        for name in ("steps", "round_steps", "rounds_kept", "changes", "candidates", "k", "held_out"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"invalid {name}={value}", "choose 1 or more")
        for name in ("share", "exchanged", "fresh"):
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
