"""What is checked of a folder before anything that takes time: it can be made, and written to."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

from textattack_xmtc.errors import InputError


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
