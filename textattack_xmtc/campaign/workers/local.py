"""Workers that are processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import connection, forkserver, resource_tracker
from typing import Any

from textattack_xmtc.campaign.workers.protocol import Died, Order, Reply, Worker

IMPORTED = ["textattack", "textattack_xmtc.campaign.prepare"]
"""What a worker imports, which takes longest when it starts."""

_EXIT_TIMEOUT = 10.0  # seconds that a worker without an order has to exit
_FOR_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")


class LocalPool:
    """Workers as processes of this machine, each with a pipe of its own: none can block another by dying.

    A process that has used torch cannot be forked safely, since its threads do not come along. So workers are forks of
    a server that has imported TextAttack and computes nothing: it takes seconds to start, and each worker none.
    Importing TextAttack asks for GPUs, and a process that has asked cannot be forked either: where there are any, each
    worker starts from nothing.

    Args:
        make: makes the worker in its process; is sent there.
        threads: how many each may use; libraries that ask the environment are told as well.
        gpus: names of the GPUs as `CUDA_VISIBLE_DEVICES` has them. Each worker sees one of them, in turn; where there
            are none, all see what this process sees.
        fork: whether workers are forks of a server.
    """

    def __init__(
        self, make: Callable[[], Worker], size: int, threads: int = 1, gpus: tuple[str, ...] = (), fork: bool = False
    ) -> None:
        self.size = size
        self.pids: dict[int, int] = {}
        self._make, self._threads, self._gpus = make, threads, gpus
        self._processes: dict[int, Any] = {}
        self._pipes: dict[int, connection.Connection] = {}
        self._busy: set[int] = set()
        self._context: Any = multiprocessing.get_context(_start_method(fork))
        self._fork = self._context.get_start_method() == "forkserver"
        if self._fork:
            self._context.set_forkserver_preload(IMPORTED)

    def start(self, worker: int) -> None:
        """Start a worker, or another in the place of one that died; returns before it is ready."""
        here, there = self._context.Pipe()
        settings = dict.fromkeys(_FOR_THREADS, str(self._threads))
        if self._gpus:
            settings["CUDA_VISIBLE_DEVICES"] = self._gpus[worker % len(self._gpus)]
        with _environment(settings), _without_ctrl_c():
            process = self._context.Process(
                target=serve, args=(self._make, there, dict(os.environ)), name=f"worker {worker}", daemon=True
            )
            if self._fork:
                forkserver.ensure_running()
            else:
                process.start()
        if self._fork:
            process.start()  # waits until the server is ready; Ctrl-C ends that
        there.close()  # so that the worker's death closes the pipe
        self._processes[worker], self._pipes[worker] = process, here
        self.pids[worker] = process.pid or 0

    def ask(self, worker: int, order: Order) -> None:
        """Give an order to a worker that has none."""
        self._busy.add(worker)
        try:
            self._pipes[worker].send(order)
        except OSError:
            pass  # it has just died, and `replies` is going to say so

    def replies(self, seconds: float) -> list[tuple[int, Reply]]:
        """Wait until some worker replies or dies, or the time is over."""
        ready = connection.wait(self._pipes.values(), seconds)
        return [(worker, self._reply(worker)) for worker, pipe in list(self._pipes.items()) if pipe in ready]

    def _reply(self, worker: int) -> Reply:
        self._busy.discard(worker)
        try:
            reply: Reply = self._pipes[worker].recv()
            return reply
        except (EOFError, OSError):  # also where it was killed in the middle of a reply
            self._pipes.pop(worker).close()
            process = self._processes.pop(worker)
            process.kill()  # where it has closed its pipe and lives on
            process.join()
            return Died(_end(process.exitcode))

    def close(self) -> None:
        """End all of them, whatever they are doing."""
        for worker, process in self._processes.items():
            self._pipes[worker].close()
            if worker in self._busy:
                process.kill()
        for process in self._processes.values():
            process.join(_EXIT_TIMEOUT)
            process.kill()
            process.join()
        self._processes, self._pipes, self._busy = {}, {}, set()


def _start_method(fork: bool) -> str:
    return "forkserver" if fork and "forkserver" in multiprocessing.get_all_start_methods() else "spawn"


def serve(make: Callable[[], Worker], pipe: connection.Connection, environment: Mapping[str, str]) -> None:
    """What the process of a worker does: one order after the other, until nobody gives any."""
    os.environ.clear()  # a fork has the environment that the server was started with
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all processes of a terminal; the first one decides
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    worker = make()
    try:
        while True:
            pipe.send(worker.do(pipe.recv()))
    except (EOFError, OSError):
        pass  # the campaign is over


def _exit_with_parent() -> None:
    """Exit when the parent dies."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _end(exit_code: int) -> str:
    """How a process came to its end, in words.

    Example:
        >>> _end(-9), _end(3)
        ('killed by SIGKILL', 'exit status 3')
    """
    if exit_code >= 0:
        return f"exit status {exit_code}"
    try:
        return f"killed by {signal.Signals(-exit_code).name}"
    except ValueError:  # a real-time signal
        return f"killed by signal {-exit_code}"


@contextmanager
def _environment(settings: Mapping[str, str]) -> Iterator[None]:
    """A process that is started meanwhile finds these; what the user has set for threads stays."""
    kept = {name: os.environ.get(name) for name in settings}
    os.environ.update({name: value for name, value in settings.items() if name not in _FOR_THREADS or not kept[name]})
    try:
        yield
    finally:
        for name, value in kept.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _without_ctrl_c() -> Iterator[None]:
    """A process that is started meanwhile does not hear of it, not even while it starts; this one does, afterwards."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # otherwise starting it would let the signal through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
