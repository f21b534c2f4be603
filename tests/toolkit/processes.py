"""`textattack-xmtc` in a process of its own, which can be killed.

Importing takes longer than what the command does on a small model. So the processes are forks of a server that has
imported everything, as the workers of a campaign are. `tests/test_command_line.py` and `tests/cli/test_main.py` start
commands by themselves.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import pytest

from textattack_xmtc.campaign.workers.local import IMPORTED

needs_fork = pytest.mark.skipif("forkserver" not in multiprocessing.get_all_start_methods(), reason="needs fork")


class Command:
    """A command that has been started in the working folder; its process group is its own, as on a terminal.

    Attributes:
        pid: the process.
    """

    def __init__(self, *arguments: str) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(IMPORTED)
        self._stderr, there = context.Pipe(duplex=False)
        # Not a daemon: a campaign has processes of its own.
        self._process = context.Process(target=_run, args=(arguments, there, dict(os.environ)))
        self._process.start()
        there.close()
        assert self._process.pid is not None
        self.pid = self._process.pid

    @property
    def status(self) -> int | None:
        """The exit status, negative after a signal; None while it runs."""
        return self._process.exitcode

    def wait(self, until: Callable[[], object] | None = None) -> None:
        """Wait until something is true, or the command has ended."""
        end = time.monotonic() + 300
        while self.status is None and not (until and until()):
            assert time.monotonic() < end, "it takes more than five minutes"
            time.sleep(0.002)

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        self._process.kill()
        self._process.join()

    def end(self) -> tuple[int | None, str]:
        """Wait until nobody holds standard error, neither the command nor a process that it has started.

        Returns:
            The exit status, and what stood there.
        """
        output = bytearray()
        while part := os.read(self._stderr.fileno(), 2**16):
            output += part
        self._process.join()
        return self.status, output.decode()


def run(*arguments: str) -> None:
    """Run a command to its end, which must be a good one."""
    status, printed = Command(*arguments).end()
    assert status == 0, printed


def _run(arguments: tuple[str, ...], stderr: Connection, environment: dict[str, Any]) -> None:
    os.setsid()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    os.dup2(stderr.fileno(), 2)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    stderr.close()
    os.environ.clear()
    os.environ.update(environment)
    with contextlib.suppress(ImportError):
        import torch

        torch.set_num_threads(1)
    from textattack_xmtc.cli.main import main

    sys.exit(main(list(arguments)))
