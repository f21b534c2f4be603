"""What is kept of a training under way, so that nothing that interrupts it is lost."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import torch

from textattack_xmtc.errors import ModelFolderError, XMTCError, reason_of
from textattack_xmtc.models.training.loop import Training
from textattack_xmtc.workdir.files import whole_file
from textattack_xmtc.workdir.progress import say
from textattack_xmtc.workdir.provenance import changed_versions, versions
from textattack_xmtc.workdir.resume import check_config

_PACKAGES = ("torch", "transformers", "numpy")


_MAGIC = b"xmtc-sha256:"
_TRAILER = len(_MAGIC) + hashlib.sha256().digest_size


class Checkpoint:
    """One file with the state of a training, replaced only by a newer one that is complete.

    Behind what `torch.save` writes stands the SHA-256 of it: a file that has been changed is not resumed from.

    Args:
        file: where it is; its folder is made where it is missing.
        config: what is trained, on what and how, as JSON holds it: a training resumes only from a checkpoint of
            the same.
        seconds: how often a training writes one within an epoch.

    Example:
        >>> import tempfile
        >>> checkpoint = Checkpoint(Path(tempfile.mkdtemp()) / "checkpoint.pt", {"epochs": 3})
        >>> checkpoint.read() is None
        True
        >>> checkpoint.write({"step": 7})
        >>> checkpoint.read()
        {'step': 7}
    """

    def __init__(self, file: Path | str, config: Mapping[str, Any], seconds: float = 600.0) -> None:
        self.file = Path(file)
        self.config = dict(config)
        self._seconds = seconds
        self._written = time.monotonic()

    @property
    def due(self) -> bool:
        """Whether the last one is old enough."""
        return time.monotonic() - self._written >= self._seconds

    def read(self) -> dict[str, Any] | None:
        """The state that was written last; None where there is none.

        A line names versions of packages that differ from those it was written with.

        Raises:
            ModelFolderError: the file is damaged, cut off or changed.
            InputError: it belongs to another training; the message names the first difference.
        """
        if not self.file.is_file():
            return None
        checked = self._checked()
        try:
            stored = torch.load(self.file, map_location="cpu", weights_only=True)
            # "made_of": checkpoints of version 0.1.0, which have no checksum and count torch as configuration
            config, state = stored["config" if checked else "made_of"], dict(stored["state"])
        except Exception as error:  # zip, pickle and tensor errors have no family in common
            raise self._damaged(reason_of(error)) from error
        before = stored.get("versions", {"torch": config.get("torch")})
        check_config(
            f"the checkpoint {str(self.file)!r}",
            config,
            {**(dict.fromkeys(config) if checked else {}), **self.config},
            "repeat the command that started it, or train into another folder",
        )
        now = versions(_PACKAGES)
        if changed := changed_versions(before, {name: now[name] for name in before if name in now}):
            say(f"the training started with other versions ({changed}): its weights may differ from one in one go")
        return state

    def write(self, state: Mapping[str, Any]) -> None:
        """Write a state; the one before it stays until this one is on the disk.

        Raises:
            XMTCError: it cannot be written, for instance because the disk is full.
        """
        stored = {"config": self.config, "versions": versions(_PACKAGES), "state": dict(state)}
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with whole_file(self.file) as opened:
                hashing = _Hashing(opened)
                torch.save(stored, hashing)  # type: ignore[arg-type]  # writes is all it asks of a file
                opened.write(_MAGIC + hashing.digest.digest())
        except (OSError, RuntimeError) as error:  # torch reports a full disk as a RuntimeError
            raise XMTCError(
                f"no checkpoint could be written to {str(self.file.parent)!r} ({reason_of(error)})",
                "make room and repeat the command with --resume: the last complete checkpoint has been kept"
                if self.file.is_file()
                else "make room and start again: there was no checkpoint yet",
            ) from error
        self._written = time.monotonic()

    def _checked(self) -> bool:
        """Whether the file has a checksum, which is right.

        Raises:
            ModelFolderError: it is wrong, or cut off.
        """
        digest, size = hashlib.sha256(), self.file.stat().st_size
        with self.file.open("rb") as opened:
            left = size - _TRAILER
            while left > 0:
                block = opened.read(min(left, 2**20))
                if not block:
                    break
                digest.update(block)
                left -= len(block)
            trailer = opened.read()
        if trailer.startswith(_MAGIC):
            if trailer[len(_MAGIC) :] != digest.digest():
                raise self._damaged("its checksum is wrong")
            return True
        if not self._is_old():
            raise self._damaged("its end is missing")
        return False

    def _is_old(self) -> bool:
        """Whether a file without a checksum is one of version 0.1.0."""
        try:
            return "made_of" in torch.load(self.file, map_location="cpu", weights_only=True)
        except Exception as error:  # torch's own message advises to run what the file holds
            raise self._damaged("it cannot be read as tensors and plain values") from error

    def _damaged(self, reason: str) -> ModelFolderError:
        return ModelFolderError(
            f"the checkpoint {str(self.file)!r} is damaged ({reason})", "remove it and train again from the start"
        )


class _Hashing:
    """A file that `torch.save` writes to, and the SHA-256 of what was written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def write(self, content: bytes) -> int:
        self.digest.update(content)
        return self._file.write(content)

    def flush(self) -> None:
        self._file.flush()


def keeper(checkpoint: Checkpoint | None, training: Training, **beside: Any) -> Callable[[bool], None] | None:
    """A `keep` for `Training.run`: writes a checkpoint after each epoch, and within one when the last is old.

    What stands `beside` is written too; without any, the state is the training's own.
    """
    if checkpoint is None:
        return None

    def keep(epoch_ended: bool) -> None:
        if epoch_ended or checkpoint.due:
            state = training.state_dict()
            checkpoint.write({**beside, "training": state} if beside else state)

    return keep


def run_with_checkpoint(
    training: Training,
    checkpoint: Checkpoint | None,
    validate: Callable[[], Mapping[str, float]] | None = None,
    start: Callable[[], None] | None = None,
) -> list[dict[str, Any]]:
    """Run a training from its last checkpoint, or else from `start`, which prepares the weights; returns its log."""
    state = checkpoint.read() if checkpoint else None
    if state is not None:
        training.load_state_dict(state)
    elif start is not None:
        start()
    return training.run(validate, keeper(checkpoint, training))
