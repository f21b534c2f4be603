"""How long a hardening trains: a number of steps, or a share of the time of the training."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from textattack_xmtc.errors import InputError
from textattack_xmtc.hardening.options import HardeningOptions
from textattack_xmtc.workdir.progress import say

_FEWEST_ROUNDS = 4  # a short hardening has shorter rounds, so that examples are still made anew
PROBED = 10  # steps whose texts are made to see how long it takes


@dataclass(frozen=True)
class Schedule:
    """How long is trained: so many rounds of so many steps."""

    rounds: int
    round_steps: int


class Clock:
    """Seconds that this process took for itself: what other processes of a busy machine took is not counted.

    With several threads, or where a GPU works, that is the time on the clock.
    """

    def __init__(self) -> None:
        self._start = time.monotonic(), time.process_time()

    @property
    def seconds(self) -> float:
        """Since it was made."""
        return min(time.monotonic() - self._start[0], time.process_time() - self._start[1])


def schedule_of(steps: int, round_steps: int) -> Schedule:
    """Rounds of about `round_steps` steps, at least four of them where there are steps enough.

    Example:
        >>> schedule_of(1000, 200), schedule_of(100, 200), schedule_of(2, 200)
        (Schedule(rounds=5, round_steps=200), Schedule(rounds=4, round_steps=25), Schedule(rounds=2, round_steps=1))
    """
    rounds = min(steps, max(_FEWEST_ROUNDS, round(steps / round_steps)))
    return Schedule(rounds, steps // rounds)


def within_budget(
    options: HardeningOptions,
    trained: float | None,
    seconds_a_step: Callable[[], float],
    spent: float,
    measuring: float,
) -> Schedule:
    """A schedule for the time that a budget allows: a few steps and attacks say how long they take here and now.

    Args:
        trained: seconds that training the model took; None where that is not known.
        seconds_a_step: tries a few steps and attacks: how long a step takes with its attacks.
        measuring: seconds that one measurement takes.

    Raises:
        InputError: it is not known how long the model was trained, or the budget is less than a step a round takes.
    """
    if not trained:
        raise InputError(
            "how long the model was trained is not known: its folder has no training.json that says so",
            "say with --steps how long to train",
        )
    assert options.budget is not None
    clock = Clock()
    step = seconds_a_step()
    left = options.budget * trained - clock.seconds - spent
    # A measurement follows each round: with r rounds of s steps, r (s step + measuring) is to be what is left.
    rounds_of_that = max(_FEWEST_ROUNDS, left / (step * options.round_steps + measuring))
    steps = int((left - rounds_of_that * measuring) / step)
    if steps < _FEWEST_ROUNDS:
        raise InputError(
            f"a budget of {options.budget:g} of the {trained:.0f} s that training took is over before the first steps",
            "give a larger one",
        )
    say(f"budget of {options.budget * trained:.0f} s: a step takes {step:.3f} s with its attacks, so {steps:,} steps")
    return schedule_of(steps, options.round_steps)
