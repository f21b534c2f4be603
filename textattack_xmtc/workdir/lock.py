"""The lock of a folder: one process writes it at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from textattack_xmtc.errors import InputError, XMTCError
from textattack_xmtc.workdir.names import inside

LOCK = ".lock"


@contextmanager
def locked(folder: Path, what: str) -> Iterator[None]:
    """Lock a folder for this process, and make it where it is missing.

    Where the folder holds nothing else at the end, the lock file is removed, and so are the folders that were made.

    Args:
        what: what runs in it ("campaign"), for the message.

    Raises:
        InputError: another process has locked it.
        DataError: its lock file is a link out of it.
        XMTCError: it cannot be made or written.
    """
    made = [path for path in (folder, *folder.parents) if not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(inside(folder, LOCK))
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise InputError(
            f"another {what} is running in {str(folder)!r}", "wait for it, or choose another folder with --out"
        ) from None
    except OSError as error:
        _remove_empty(made)
        raise XMTCError(
            f"the folder {str(folder)!r} cannot be written ({error.strerror or error})", "choose another with --out"
        ) from error
    try:
        yield
    finally:
        if not any(entry.name != LOCK for entry in folder.iterdir()):
            (folder / LOCK).unlink(missing_ok=True)
        lock.release()
        _remove_empty(made)


def _remove_empty(folders: list[Path]) -> None:
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:  # something is in it, or it was never made
            return
