"""How an input is tried: in folders of its own, watched, and with an end to it."""

from __future__ import annotations

import os
import resource
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings

from textattack_xmtc.errors import XMTCError

ON_DEMAND = "XMTC_FUZZ"
INPUTS = int(os.environ.get(ON_DEMAND, 2_000))

SHARES = {
    "json lines": 0.09,
    "raw text": 0.05,
    "annif": 0.03,
    "xmc json": 0.07,
    "pecos": 0.06,
    "tables": 0.1,
    "cells": 0.06,
    "parquet": 0.02,
    "saved dataset": 0.02,
    "checkpoint file": 0.08,
    "array file": 0.04,
    "official folder": 0.08,
    "official tree": 0.02,
    "official xlnet": 0.02,
    "model folder": 0.06,
    "campaign folder": 0.05,
    "foreign campaign": 0.03,
    "records": 0.04,
    "ground truth": 0.06,
    "search": 0.02,
}
"""The share of the inputs that each kind gets."""

_CPU_SECONDS, _SECONDS = 60, 600  # generous: an input takes some hundredths
_MEMORY = 4 * 2**30  # beyond what the process has: a number in a damaged file must not take the machine's


def fuzz(kind: str, *arguments: Any, **keywords: Any) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Run a test with its share of the inputs, drawn as `hypothesis.given` is told."""

    def decorate(test: Callable[..., None]) -> Callable[..., None]:
        chosen = settings(
            max_examples=max(1, round(INPUTS * SHARES[kind])),
            derandomize=ON_DEMAND not in os.environ,
            database=None,
            deadline=None,
            print_blob=True,
            suppress_health_check=list(HealthCheck),
        )
        return chosen(given(*arguments, **keywords)(test))  # type: ignore[no-untyped-call]

    return decorate


class Box:
    """Folders of one input.

    Attributes:
        given: where the input lies.
        out: the only place that may be written to.
    """

    def __init__(self, root: Path) -> None:
        self.given, self.out, self.elsewhere = root / "given", root / "out", root / "elsewhere"
        for folder in (self.given, self.out, self.elsewhere):
            folder.mkdir()

    def write(self, files: dict[str, bytes]) -> Path:
        """Write the input; gives its folder."""
        for name, content in files.items():
            (self.given / name).parent.mkdir(parents=True, exist_ok=True)
            (self.given / name).write_bytes(content)
        return self.given

    def attempt(self, action: Callable[[], Any]) -> Any:
        """What `action` gives, or None where it raises an error of this package.

        Raises:
            AssertionError: it raises anything else, does not come to an end, does something but read the input and
                write below `out`, or has left the input changed.
        """
        before = _listing(self.given)
        with _watched(self.out, self.elsewhere) as seen, _ending():
            try:
                outcome = action()
            except XMTCError as error:
                assert str(error) and len(str(error)) < 20_000, "a message is for people"
                outcome = None
        assert not seen, f"this was done: {seen}"
        assert _listing(self.given) == before, "the input was changed"
        assert not any(self.elsewhere.iterdir()), "something was written into the current folder"
        return outcome


@contextmanager
def box() -> Iterator[Box]:
    """A box that is removed in the end."""
    with tempfile.TemporaryDirectory(prefix="xmtc-fuzz-") as root:
        yield Box(Path(root))


def _listing(folder: Path) -> list[tuple[str, int, int]]:
    facts = ((path, path.lstat()) for path in sorted(folder.rglob("*")))
    return [(str(path), stat.st_size, stat.st_mtime_ns) for path, stat in facts if not path.is_dir()]


# What is done while an input is tried ------------------------------------------------------------------------------

_FORBIDDEN = {
    *("os.system", "os.exec", "os.posix_spawn", "subprocess.Popen", "pickle.find_class", "builtins.input"),
    *("socket.connect", "socket.getaddrinfo", "socket.sendto"),
}
# Which of the event's arguments are paths that are changed, each with the place of the folder it starts from.
_WRITING = {
    **dict.fromkeys(("os.remove", "os.rmdir"), ((0, 1),)),
    **dict.fromkeys(("os.mkdir", "os.chmod"), ((0, 2),)),
    **{"os.rename": ((0, 2), (1, 3)), "os.link": ((1, 3),), "os.symlink": ((1, 2),), "os.truncate": ((0, None),)},
}
_FOR_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_allowed: str | None = None
_seen: list[str] = []


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if _allowed is None:
        return
    if event in _FORBIDDEN:
        _seen.append(f"{event} {arguments!r:.200}")
    elif event == "open":
        path, mode, flags = arguments
        writes = any(sign in mode for sign in "wax+") if isinstance(mode, str) else flags & _FOR_WRITING
        if writes and not isinstance(path, int):
            _note(event, path)
    else:
        for path, folder in _WRITING.get(event, ()):
            _note(event, arguments[path], -1 if folder is None else arguments[folder])


def _note(event: str, path: Any, folder: int = -1) -> None:
    if isinstance(path, int):
        return
    start = f"/proc/self/fd/{folder}" if folder >= 0 else ""
    where = os.path.realpath(Path(start) / os.fsdecode(path))
    if _allowed is not None and not where.startswith(_allowed) and where != os.devnull:
        _seen.append(f"{event} {where}")


sys.addaudithook(_audit)  # cannot be removed, and does nothing but while an input is tried


@contextmanager
def _watched(out: Path, current: Path) -> Iterator[list[str]]:
    global _allowed
    before, temporary, byte_code = Path.cwd(), tempfile.tempdir, sys.dont_write_bytecode
    os.chdir(current)
    tempfile.tempdir, sys.dont_write_bytecode = str(out), True
    _seen.clear()
    _allowed = os.path.realpath(out)
    try:
        yield _seen
    finally:
        _allowed = None
        tempfile.tempdir, sys.dont_write_bytecode = temporary, byte_code
        os.chdir(before)


class Hang(BaseException):
    """An input that does not come to an end; no `except Exception` may hide it."""


@contextmanager
def _ending() -> Iterator[None]:
    """Time of this process counts, so that other work on the machine does not; and far more of the clock's."""

    def stop(*_: object) -> None:
        raise Hang("".join(traceback.format_stack(limit=12)))

    limits = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    handlers = [signal.signal(number, stop) for number in (signal.SIGPROF, signal.SIGALRM)]
    signal.setitimer(signal.ITIMER_PROF, _CPU_SECONDS)
    signal.setitimer(signal.ITIMER_REAL, _SECONDS)
    resource.setrlimit(resource.RLIMIT_AS, (used + _MEMORY, limits[1]))
    try:
        yield
    except Hang as hang:
        raise AssertionError(f"no end after {_CPU_SECONDS} s of computing:\n{hang}") from None
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in zip((signal.SIGPROF, signal.SIGALRM), handlers, strict=True):
            signal.signal(number, handler)
