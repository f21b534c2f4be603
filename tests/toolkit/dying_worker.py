"""Workers that are killed while they attack; spawned processes and actors import this file."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from textattack_xmtc.campaign.workers.protocol import Reply, Worker
from textattack_xmtc.results.records import Sample

HOPELESS = 4
HALF_A_REPLY = 0
"""In place of a number of calls: when half of the record is in the pipe."""


class _NamesModel(Worker):
    _model = ""

    def load(self, model: str) -> Reply:
        self._model = model
        return super().load(model)


class DyingWorker(_NamesModel):
    """One sample kills every worker that attacks it."""

    def attack(self, sample: Sample) -> dict[str, Any]:
        if (self._model, sample.number) == ("other", HOPELESS):
            _die()
        return super().attack(sample)


class KilledWorker(_NamesModel):
    """Killed in the midst of some attacks, once for each.

    Args:
        marks: a folder where each kill leaves a file.
        moments: for a model and a sample the number of Python calls in the attack before the kill, or HALF_A_REPLY.
        arguments: those of `Worker`.
    """

    def __init__(self, marks: Path, moments: Mapping[tuple[str, int], int], *arguments: Any) -> None:
        super().__init__(*arguments)
        self._marks, self._moments = marks, moments

    def attack(self, sample: Sample) -> dict[str, Any]:
        moment = self._moments.get((self._model, sample.number))
        mark = self._marks / f"{self._model}-{sample.number}"
        if moment is None or mark.exists():
            return super().attack(sample)
        if moment == HALF_A_REPLY:
            record = super().attack(sample)
            mark.touch()
            Connection._send = _send_half  # type: ignore[attr-defined, method-assign]  # of this process only
            return record
        made = 0

        def count(_frame: object, event: str, _argument: object) -> None:
            nonlocal made
            made += event == "call"
            if made == moment:
                sys.setprofile(None)
                mark.touch()
                _die()

        sys.setprofile(count)
        try:
            return super().attack(sample)
        finally:
            sys.setprofile(None)


def _send_half(connection: Connection, content: Any, *_: Any) -> None:
    os.write(connection.fileno(), bytes(content)[: len(content) // 2])
    _die()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
