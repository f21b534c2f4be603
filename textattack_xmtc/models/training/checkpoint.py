"""What is kept of a training under way, so that nothing that interrupts it is lost."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

from textattack_xmtc.errors import InputError, ModelFolderError, XMTCError
from textattack_xmtc.models.training.loop import Training


class Checkpoint:
    """One file with the state of a training, replaced only by a newer one that is complete.

    Args:
        file: where it is; its folder is made where it is missing.
        made_of: what is trained, on what and how, as JSON would hold it: a training goes on only from a checkpoint of
            the same.
        seconds: how long a training goes on before it writes the next one within an epoch.

    Example:
        >>> import tempfile
        >>> checkpoint = Checkpoint(Path(tempfile.mkdtemp()) / "checkpoint.pt", {"epochs": 3})
        >>> checkpoint.read() is None
        True
        >>> checkpoint.write({"step": 7})
        >>> checkpoint.read()
        {'step': 7}
    """

    def __init__(self, file: Path | str, made_of: Mapping[str, Any], seconds: float = 600.0) -> None:
        self.file = Path(file)
        self.made_of = dict(made_of)
        self._seconds = seconds
        self._written = time.monotonic()

    @property
    def due(self) -> bool:
        """Whether the last one is old enough."""
        return time.monotonic() - self._written >= self._seconds

    def read(self) -> dict[str, Any] | None:
        """The state that was written last; None where there is none.

        Raises:
            ModelFolderError: the file is damaged.
            InputError: it belongs to another training; the message names the first difference.
        """
        if not self.file.is_file():
            return None
        try:
            kept = torch.load(self.file, map_location="cpu", weights_only=True)
            made_of, state = kept["made_of"], kept["state"]
        except Exception as error:  # zip, pickle and tensor errors have no family in common
            raise ModelFolderError(
                f"the checkpoint {str(self.file)!r} cannot be read ({_line(error)})",
                "remove it and train again from the start",
            ) from error
        for key in sorted(made_of.keys() | self.made_of.keys()):
            if made_of.get(key) != self.made_of.get(key):
                raise InputError(
                    f"the checkpoint {str(self.file)!r} is of a training with {key}={made_of.get(key)!r}, "
                    f"this one has {key}={self.made_of.get(key)!r}",
                    "repeat the command that began it, or train into another folder",
                )
        return dict(state)

    def write(self, state: Mapping[str, Any]) -> None:
        """Write a state; the one before it stays until this one is on the disk.

        Raises:
            XMTCError: it cannot be written, for instance because the disk is full.
        """
        new = self.file.with_name(f".{self.file.name}.{os.getpid()}.new")
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with new.open("wb") as opened:
                torch.save({"made_of": self.made_of, "state": dict(state)}, opened)
                opened.flush()
                os.fsync(opened.fileno())
            new.replace(self.file)
        except (OSError, RuntimeError) as error:  # torch reports a full disk as a RuntimeError
            new.unlink(missing_ok=True)
            raise XMTCError(
                f"no checkpoint could be written to {str(self.file.parent)!r} ({_line(error)})",
                "make room and repeat the command with --resume: the last complete checkpoint has been kept"
                if self.file.is_file()
                else "make room and start again: there was no checkpoint yet",
            ) from error
        self._written = time.monotonic()


def keeper(checkpoint: Checkpoint, training: Training, **beside: Any) -> Callable[[bool], None]:
    """A `keep` for `Training.run`: writes a checkpoint after each epoch, and within one when the last is old.

    Args:
        checkpoint: where to.
        training: whose state.
        beside: what else is to be in it; without any, the state is the training's own.
    """

    def keep(epoch_ended: bool) -> None:
        if epoch_ended or checkpoint.due:
            own = training.state_dict()
            checkpoint.write({**beside, "training": own} if beside else own)

    return keep


def _line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
