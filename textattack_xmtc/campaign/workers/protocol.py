"""What a process of its own does for a campaign, and what a pool of such workers looks like from outside."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from logging import WARNING
from typing import Any, Protocol

from textattack_xmtc.campaign.plan import Plan
from textattack_xmtc.errors import XMTCError
from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.records import Sample

Order = str | Sample
"""What a worker is asked for: the name of a model that it is to load, or a sample that it is to attack."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model is there; `pid` is the worker's process."""

    pid: int


@dataclass(frozen=True, slots=True)
class Died:
    """The worker died before it carried out its order; `how` is the signal or exit status."""

    how: str


Reply = Loaded | Died | XMTCError | dict[str, Any]
"""What comes of an order: a model that is loaded, or what kept it from that; a record; or a worker that died."""


class Pool(Protocol):
    """Workers by number. Each is asked for one thing at a time, so that what a death has cost is known exactly."""

    size: int
    pids: dict[int, int]

    def start(self, worker: int) -> None:
        """Start a worker, or another in the place of one that died; returns before it is ready."""

    def ask(self, worker: int, order: Order) -> None:
        """Give an order to a worker that has none."""

    def replies(self, seconds: float) -> Sequence[tuple[int, Reply]]:
        """Wait until some worker replies or dies, or the time is over."""

    def close(self) -> None:
        """End all of them, whatever they are doing."""


class Worker:
    """Holds one model of a campaign at a time, and turns samples into records.

    Args:
        campaign: as it was read from its folder; `without_results` makes it small enough to be sent around.
        device: where the models run; by default the GPU that this process sees.
        threads: how many torch may use.
    """

    def __init__(self, plan: Plan, campaign: Campaign, device: str | None = None, threads: int = 1) -> None:
        import torch

        torch.set_num_threads(threads)
        self._plan, self._campaign, self._device = plan, campaign, device
        self._tools: Any = None
        self._attack: Any = None

    def do(self, order: Order) -> Reply:
        """Carry out an order.

        Returns:
            A record, `Loaded`, or the error that kept a model from being loaded.
        """
        return self.load(order) if isinstance(order, str) else self.attack(order)

    def load(self, model: str) -> Reply:
        """Load a model in the place of the one before."""
        from textattack.shared import logger

        from textattack_xmtc.campaign.prepare import attack_on, tools_of

        logger.setLevel(WARNING)  # what recipes choose stands in `campaign.json`; every worker would say it
        self._attack = None  # makes room first
        try:
            self._tools = self._tools or tools_of(self._plan, self._campaign)
            chosen = next(known for known in self._campaign.models if known.name == model)
            self._attack = attack_on(self._plan, self._campaign, chosen, self._tools, self._device)
        except XMTCError as error:
            return error
        except Exception as error:  # must reach the person who waits, who sees no stack trace of this process
            return XMTCError(f"a worker could not load {model!r} ({type(error).__name__}: {error})")
        return Loaded(os.getpid())

    def attack(self, sample: Sample) -> dict[str, Any]:
        """The record of one sample on the model that was loaded last."""
        record: dict[str, Any] = self._attack.record(sample)
        return record


def without_results(campaign: Campaign) -> Campaign:
    """What workers need of a campaign: neither samples, which come one by one, nor records."""
    models = tuple(replace(one, records=one.records.only(()), rows=one.rows[:0]) for one in campaign.models)
    return replace(campaign, models=models, samples=campaign.samples.only(()), drawn=campaign.drawn[:0], notes=())
