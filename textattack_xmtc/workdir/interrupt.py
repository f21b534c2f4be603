"""Ctrl-C: it ends a command at once, or after the step under way, and is never lost."""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType
from typing import Any, Protocol, Self

_pressed = False


class Asked(Protocol):
    """Whether somebody has asked for the end."""

    @property
    def asked(self) -> bool:
        """Whether Ctrl-C was pressed."""


class Interruption:
    """Handles Ctrl-C within a block. Where handlers are nested, the inner one knows what the outer one has seen.

    A `KeyboardInterrupt` can be lost: some libraries have an `except` for everything. So it is remembered as well, and
    `check` raises it again.

    Attributes:
        graceful: the first Ctrl-C only sets `asked`, and the second one raises; otherwise the first one raises.
    """

    def __init__(self) -> None:
        self.graceful = False
        self._before: Any = None

    @property
    def asked(self) -> bool:
        """Whether Ctrl-C was pressed."""
        return _pressed

    def __enter__(self) -> Self:
        global _pressed
        before = signal.getsignal(signal.SIGINT)
        if not isinstance(getattr(before, "__self__", None), Interruption):
            _pressed = False
        # Only the main thread may set a handler. Where the signal is ignored (nohup, a job of a script), it stays so.
        if threading.current_thread() is threading.main_thread() and before is not signal.SIG_IGN:
            self._before = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        global _pressed
        first, _pressed = not _pressed, True
        if not (self.graceful and first):
            raise KeyboardInterrupt
        try:  # not `print`: the signal may have come in the middle of one
            os.write(2, b"xmtc: stopping after this example; Ctrl-C again stops at once\n")
        except OSError:
            pass


def check() -> None:
    """Raise `KeyboardInterrupt` where Ctrl-C was pressed and the exception was lost on its way."""
    if _pressed:
        raise KeyboardInterrupt
