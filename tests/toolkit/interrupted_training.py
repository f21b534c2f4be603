"""A training that is cut off after a checkpoint, as by a power cut."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from textattack_xmtc.models.training.checkpoint import Checkpoint


class Killed(Exception):
    """The training has been cut off."""


class KilledAfter(Checkpoint):
    """Ends the training right after `writes` checkpoints; one is due after every step and after every epoch."""

    def __init__(self, file: Path, *, writes: int) -> None:
        super().__init__(file, {}, seconds=0)
        self.writes = writes

    def write(self, state: Mapping[str, Any]) -> None:
        super().write(state)
        self.writes -= 1
        if not self.writes:
            raise Killed
