"""Folders that are there only when they are complete, and whether one could be written."""

from __future__ import annotations

import os
import shutil
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from textattack_xmtc.errors import InputError


@contextmanager
def atomic_folder(path: Path | str) -> Iterator[Path]:
    """A new folder to write into, which becomes `path` only when the block ends without an error.

    It lies beside `path`, is flushed to the disk and then renamed; what was at `path` before stays until that moment
    and is removed after it. What an earlier, killed process of this machine left beside `path` is removed.

    Yields:
        The empty folder to write into.

    Raises:
        OSError: writing failed, for instance because the disk is full. `path` is as it was.

    Example:
        >>> import tempfile
        >>> target = Path(tempfile.mkdtemp()) / "model"
        >>> with atomic_folder(target) as folder:
        ...     written = (folder / "config.json").write_text("{}")
        ...     target.exists()
        False
        >>> [file.name for file in target.iterdir()]
        ['config.json']
    """
    path = Path(path).absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(path)
    partial = _beside(path, "partial")
    partial.mkdir()
    try:
        yield partial
        _flush(partial)
        _exchange(partial, path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _beside(path: Path, kind: str) -> Path:
    """A name beside `path` that tells which process of which machine it belongs to."""
    return path.with_name(f".{path.name}.{socket.gethostname()}.{os.getpid()}.{uuid.uuid4().hex[:8]}.{kind}")


def _remove_leftovers(path: Path) -> None:
    start = f".{path.name}.{socket.gethostname()}."
    for entry in path.parent.iterdir():
        if not entry.name.startswith(start) or entry.suffix not in (".partial", ".old"):
            continue
        pid = entry.name.removeprefix(start).split(".")[0]
        if pid.isdigit() and not _alive(int(pid)):
            # A process that was killed between its two renames has left the only copy under the name "old".
            if entry.suffix == ".old" and not path.exists():
                entry.rename(path)
            else:
                shutil.rmtree(entry, ignore_errors=True)


def _alive(pid: int) -> bool:
    if os.name == "nt":  # there, os.kill(pid, 0) would end the process; an unknown process is left alone
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _flush(folder: Path) -> None:
    """Ask the system to put the folder's files on the disk before the rename makes them count."""
    for file in folder.rglob("*"):
        if file.is_file():
            with file.open("rb+") as opened:
                os.fsync(opened.fileno())


def _exchange(new: Path, path: Path) -> None:
    if not path.exists():
        new.rename(path)
        return
    old = _beside(path, "old")
    path.rename(old)
    try:
        new.rename(path)
    except OSError:
        old.rename(path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def check_writable(folder: Path | str) -> None:
    """Raise InputError where `folder` could not be made at the end of the work; nothing is left behind.

    The folder may exist, or not; what is tried is a file beside it.

    Example:
        >>> import tempfile
        >>> check_writable(Path(tempfile.mkdtemp()) / "new" / "model")
    """
    folder = Path(folder).absolute()
    missing = []
    beside = folder.parent
    while not beside.exists():
        missing.append(beside)
        beside = beside.parent
    if not beside.is_dir():
        raise InputError(f"{str(folder)!r} cannot be written: {str(beside)!r} is a file", "choose another folder")
    probe = beside / f".{folder.name[:100]}.{os.getpid()}.{uuid.uuid4().hex[:8]}.probe"
    try:
        probe.mkdir()
        probe.rmdir()
        if len(folder.name.encode()) > 200:  # a suffix such as .unfinished has to fit
            raise OSError("the name is too long")
    except OSError as error:
        raise InputError(
            f"{str(folder)!r} cannot be written ({error.strerror or error})",
            "choose a folder that you may write to",
        ) from error
