"""Workers that are actors of a Ray cluster."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textattack_xmtc.campaign.workers.protocol import Died, Loaded, Order, Reply, Worker
from textattack_xmtc.errors import InputError, MissingExtraError

LOCAL = "local"
"""In place of an address: a cluster is started on this machine, and ended afterwards."""

_STORE = 128 * 2**20  # bytes that a cluster of our own sets apart for objects: records are small


class RayPool:
    """Workers as actors, one a GPU where the cluster has any and otherwise one for every `threads` cores.

    The nodes need this package, and the model folders under the same paths.

    Args:
        make: makes the worker in its process; is sent there.
        address: what `ray.init` takes, or "local".
        size: how many there are, at most; by default as many as the cluster has room for.
        most: more than that would have nothing to do.
        threads: how many each may use.
        gpus: whether they may use GPUs.

    Raises:
        MissingExtraError: Ray is not installed.
        InputError: there is no cluster under that address.
    """

    def __init__(
        self,
        make: Callable[[], Worker],
        address: str,
        size: int | None = None,
        most: int = 1,
        threads: int = 1,
        gpus: bool = True,
    ) -> None:
        self._ray = _ray()
        self._own = not self._ray.is_initialized()
        # Ray puts a handler of its own in place of this one, and leaves it there.
        self._on_terminate = signal.getsignal(signal.SIGTERM)
        if self._own:
            try:
                _connect(self._ray, address)
            except BaseException:
                self._restore_handler()
                raise
        resources = self._ray.cluster_resources()
        n_gpus = int(resources.get("GPU", 0)) if gpus else 0
        cores = max(int(resources.get("CPU", 1)), 1)
        self.size = min(size or n_gpus or max(cores // threads, 1), most)
        self.pids: dict[int, int] = {}
        # Shares, where there are more workers than GPUs or cores.
        needs = {"num_cpus": min(threads, cores / self.size), "num_gpus": min(1, n_gpus / self.size)}
        self._actor = self._ray.remote(max_restarts=0, max_task_retries=0, **needs)(Actor)
        self._make = make
        self._actors: dict[int, Any] = {}
        self._asked: dict[Any, int] = {}

    def start(self, worker: int) -> None:
        """Start a worker, or another in the place of one that died; returns before it is ready."""
        self._actors[worker] = self._actor.remote(self._make, str(Path.cwd()))

    def ask(self, worker: int, order: Order) -> None:
        """Give an order to a worker that has none."""
        self._asked[self._actors[worker].do.remote(order)] = worker

    def replies(self, seconds: float) -> list[tuple[int, Reply]]:
        """Wait until some worker replies or dies, or the time is over."""
        if not self._asked:
            return []
        ready, _ = self._ray.wait(list(self._asked), timeout=seconds)
        return [(self._asked[reference], self._reply(reference)) for reference in ready]

    def _reply(self, reference: Any) -> Reply:
        worker = self._asked.pop(reference)
        try:
            reply: Reply = self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            self._ray.kill(self._actors.pop(worker))  # it may live where only the connection is broken
            self.pids.pop(worker, None)
            return Died(_end(error))
        if isinstance(reply, Loaded):
            self.pids[worker] = reply.pid
        return reply

    def close(self) -> None:
        """End all of them, whatever they are doing, and the cluster where it is our own."""
        for actor in self._actors.values():
            self._ray.kill(actor)
        self._actors, self._asked = {}, {}
        if self._own:
            self._ray.shutdown()
            self._restore_handler()

    def _restore_handler(self) -> None:
        if threading.current_thread() is threading.main_thread() and self._on_terminate is not None:
            signal.signal(signal.SIGTERM, self._on_terminate)


class Actor:
    """A worker in a process of Ray's.

    Args:
        folder: the working folder of the campaign, where models are named from; stays where it is on nodes without it.
    """

    def __init__(self, make: Callable[[], Worker], folder: str) -> None:
        if os.path.isdir(folder):  # noqa: PTH112 - of another machine, perhaps
            os.chdir(folder)
        self._worker = make()

    def do(self, order: Order) -> Reply:
        """Carry out an order."""
        return self._worker.do(order)


def _ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise MissingExtraError(
            "--ray needs Ray, and it is not installed", "run pip install 'textattack-xmtc[ray]', or use --workers N"
        ) from error
    return ray


def _connect(ray: Any, address: str) -> None:
    # Nothing leaves the machine without being asked: Ray would report how it is used.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Its workers are nice by default, and would get little of a machine that does anything else.
    os.environ.setdefault("RAY_worker_niceness", "0")
    settings: dict[str, Any] = {"include_dashboard": False, "object_store_memory": _STORE} if address == LOCAL else {}
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR", **settings)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise InputError(
            f"there is no Ray cluster at {address!r} ({str(error).splitlines()[0] if str(error) else error!r})",
            "start one (ray start --head) and give its address, or --ray local",
        ) from error


def _end(error: Exception) -> str:
    """What Ray knows of an actor's end, in a line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    killed = [line for line in lines if "Worker exit detail" in line or "was killed" in line]
    # Where it could not even begin (a node lacks this package, say), the cause stands last.
    detail = killed[0].partition("Worker exit detail: ")[2].partition(". ")[0] if killed else "".join(lines[-1:])[:200]
    return f"{type(error).__name__}{f': {detail}' if detail else ''}"
