"""A campaign in several processes, or on a cluster: workers attack, and this process alone writes the records."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from textattack_xmtc.campaign.attack import record_of
from textattack_xmtc.campaign.plan import Plan
from textattack_xmtc.campaign.workers.local import LocalPool
from textattack_xmtc.campaign.workers.protocol import Pool, Worker, without_results
from textattack_xmtc.campaign.workers.ray_cluster import RayPool
from textattack_xmtc.campaign.workers.scheduler import Pieces, Scheduler, pieces_of
from textattack_xmtc.errors import InputError
from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.folder import RECORDS, record_file
from textattack_xmtc.results.records import ERROR, Sample
from textattack_xmtc.workdir.files import RecordWriter
from textattack_xmtc.workdir.interrupt import Asked
from textattack_xmtc.workdir.progress import Progress, say

_ANY_GPU = (None, "cuda")  # devices that leave it open which


@dataclass(frozen=True)
class Workers:
    """Who attacks.

    Attributes:
        number: how many; None on a cluster: one for each GPU, or each core where it has none.
        ray: the address of a Ray cluster, "local" for one that is started for this campaign; None: processes here.

    Raises:
        InputError: a number of nothing.
    """

    number: int | None = None
    ray: str | None = None

    def __post_init__(self) -> None:
        if self.number is not None and self.number < 1:
            raise InputError(f"{self.number} workers attack nothing", "give --workers 1 or more")

    def pool(self, plan: Plan, campaign: Campaign, device: str | None, most: int) -> Pool:
        """The pool, its workers not started yet.

        Args:
            most: more workers than that would have nothing to do.
        """
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        size = min(self.number or 1, most)
        threads = int(os.environ.get("OMP_NUM_THREADS") or 0)
        if self.ray is not None:
            # How many cores a node has is not known here: one for each worker, unless the user says otherwise.
            make = partial(Worker, plan, without_results(campaign), device, threads or 1)
            return RayPool(make, self.ray, self.number, most, threads or 1, gpus=device in _ANY_GPU)
        # Threads of two workers on one core wait for one another.
        threads = threads or max(cores // size, 1)
        make = partial(Worker, plan, without_results(campaign), device, threads)
        gpus = _gpus()
        return LocalPool(make, size, threads, gpus if device in _ANY_GPU else (), fork=not gpus)


def attack_with_workers(
    out: Path, plan: Plan, campaign: Campaign, workers: Workers, device: str | None, interruption: Asked
) -> None:
    """Attack what has no record yet, each sample once, and write the records as they come.

    Args:
        interruption: once somebody has asked for it, attacks under way are finished and no others started.

    Raises:
        InputError, MissingExtraError, ModelFolderError: a model cannot be loaded, or there is no such cluster.
        XMTCError: records cannot be written, or workers die whatever they do.
    """
    pieces = pieces_of(campaign)
    if not pieces:
        return
    pool = workers.pool(plan, campaign, device, sum(map(len, pieces.values())))
    say(f"{pool.size} {'worker' if pool.size == 1 else 'workers'}{' on Ray' if workers.ray else ''}")
    try:
        with _Keeper(out, campaign, pieces) as keeper:
            error = partial(_error, plan, str(campaign.resolved["encoder"]))
            Scheduler(pieces, pool, keeper.keep, error, interruption).run()
    finally:
        pool.close()


def _error(plan: Plan, encoder: str, sample: Sample, reason: str) -> dict[str, Any]:
    return record_of(plan, sample, encoder, {"outcome": ERROR, "reason": reason})


class _Keeper:
    """The one writer of all records, and the one line of progress."""

    def __init__(self, out: Path, campaign: Campaign, pieces: Pieces) -> None:
        self._stack = ExitStack()
        self._kept = {(model.name, number) for model in campaign.models for number in model.records}
        name = campaign.models[0].name if len(campaign.models) == 1 else f"{len(campaign.models)} models"
        outcomes = [outcome for model in campaign.models for outcome in model.rows["outcome"]]
        total = len(campaign.samples) * len(campaign.models)
        with self._stack:
            self._writers = {
                model: self._stack.enter_context(RecordWriter(record_file(out, RECORDS, model))) for model in pieces
            }
            self._progress = self._stack.enter_context(Progress(name, total, outcomes))
            self._stack = self._stack.pop_all()

    def keep(self, model: str, record: Mapping[str, Any]) -> None:
        """Write a record, unless that sample has one."""
        if (model, record["sample"]) in self._kept:
            return
        self._writers[model].append(record)
        self._kept.add((model, record["sample"]))
        self._progress.add(record)

    def __enter__(self) -> _Keeper:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def _gpus() -> tuple[str, ...]:
    """The GPUs that this process sees, by the names that `CUDA_VISIBLE_DEVICES` has for them."""
    import torch

    seen = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = [name for name in seen.split(",") if name] if seen is not None else []
    return tuple(names[: torch.cuda.device_count()]) or tuple(map(str, range(torch.cuda.device_count())))
