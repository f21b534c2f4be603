"""A worker that a sample kills, wherever it is attacked; spawned processes import this file."""

from __future__ import annotations

import os
import signal
from typing import Any

from textattack_xmtc.campaign.workers.protocol import Answer, Worker
from textattack_xmtc.results.records import Sample

HOPELESS = 4


class DyingWorker(Worker):
    _model = ""

    def load(self, model: str) -> Answer:
        self._model = model
        return super().load(model)

    def attack(self, sample: Sample) -> dict[str, Any]:
        if (self._model, sample.number) == ("other", HOPELESS):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().attack(sample)
