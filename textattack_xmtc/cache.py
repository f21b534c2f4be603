"""Where things are kept between runs: below TextAttack's cache folder, each made once."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from textattack_xmtc.workdir.folders import atomic_folder


def cache_folder() -> Path:
    """This package's part of TextAttack's cache folder: below `TA_CACHE_DIR`, or below `~/.cache/textattack`.

    The folder need not exist yet.
    """
    root = os.environ.get("TA_CACHE_DIR")
    return (Path(root).expanduser() if root else Path.home() / ".cache" / "textattack") / "xmtc"


def cached_folder(path: Path | str, build: Callable[[Path], None], what: str) -> Path:
    """`path`, built first where it is not there; of several processes one builds and the others wait.

    Args:
        path: the folder.
        build: fills the empty folder that it is given.
        what: what is being built, for the person who waits ("the demo model").

    Returns:
        `path`, as an absolute path.
    """
    path = Path(path).absolute()
    if path.is_dir():
        return path
    import filelock  # here, so that `doctor` can look at the folder where nothing is installed

    path.parent.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(path.with_name(f".{path.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        print(f"xmtc: another process is making {what}; waiting for it", file=sys.stderr, flush=True)
        lock.acquire()
    try:
        if not path.is_dir():
            with atomic_folder(path) as folder:
                build(folder)
    finally:
        lock.release()
    return path
