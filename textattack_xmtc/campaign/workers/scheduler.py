"""Shares the samples of a campaign out among workers, and sees to it that each has its record once, whoever dies."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from textattack_xmtc.campaign.workers.protocol import Died, Loaded, Pool, Reply
from textattack_xmtc.errors import XMTCError
from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.records import Sample
from textattack_xmtc.workdir.interrupt import Asked
from textattack_xmtc.workdir.progress import say

CRASHES = 3
"""Workers that one sample may cost before its record says that it cannot be attacked."""

_MAX_DEATHS_WHILE_LOADING = 3  # workers that may die in a row while they load a model
_MAX_DEATHS_WITHOUT_RESULT = 12  # workers that may die in a row without a record from any
_POLL_SECONDS = 0.5  # seconds between two looks at whether somebody has pressed Ctrl-C

Pieces = dict[str, deque[tuple[Sample, ...]]]


def pieces_of(campaign: Campaign) -> Pieces:
    """What is left to do, by model, in the pieces in which it is given out.

    A piece holds all samples of one text: they begin with the same masked texts, which one worker asks for once. Long
    texts come first, so that at the end nobody waits for one; and so texts of similar length follow one another.
    """
    pieces: Pieces = {}
    for model in campaign.models:
        texts: dict[str, list[Sample]] = {}
        for number, sample in campaign.samples.items():
            if number not in model.records:
                texts.setdefault(sample.text, []).append(sample)
        if texts:
            pieces[model.name] = deque(tuple(texts[text]) for text in sorted(texts, key=len, reverse=True))
    return pieces


@dataclass
class _State:
    """What a worker is about: at most one of `loading` and `sample` is set, and both are not where it is idle."""

    alive: bool = False
    model: str | None = None
    loading: str | None = None
    sample: Sample | None = None
    piece: deque[Sample] = field(default_factory=deque)


@dataclass
class Scheduler:
    """Has every piece attacked. A worker that dies is replaced, and what it was doing is done again.

    Attributes:
        pieces: what is to do; is emptied.
        pool: the workers; none is started yet.
        keep: takes the name of a model and a record of it, as they come.
        error: makes the record of a sample that has cost too many workers, from the reason.
        interruption: once somebody has asked for it, attacks under way are finished and no others started.
    """

    pieces: Pieces
    pool: Pool
    keep: Callable[[str, Mapping[str, Any]], None]
    error: Callable[[Sample, str], Mapping[str, Any]]
    interruption: Asked

    def __post_init__(self) -> None:
        self._workers = [_State() for _ in range(self.pool.size)]
        self._crashes: Counter[tuple[str, int]] = Counter()
        self._deaths_while_loading = self._deaths_without_result = 0

    def run(self) -> None:
        """Return when every piece is done. Raises XMTCError: a model cannot be loaded, or workers die all the time."""
        while True:
            if not self.interruption.asked:
                for number, worker in enumerate(self._workers):
                    if worker.loading is None and worker.sample is None:
                        self._give_order(number, worker)
            attacking = any(worker.sample for worker in self._workers)
            if not attacking and (self.interruption.asked or not self._left()):
                return  # those that still load a model would have nothing to do with it
            for number, reply in self.pool.replies(_POLL_SECONDS):
                self._take(number, self._workers[number], reply)

    def _left(self) -> bool:
        return any(self.pieces.values()) or any(worker.piece for worker in self._workers)

    def _give_order(self, number: int, worker: _State) -> None:
        """Give an idle worker what comes next, where there is something."""
        if not worker.piece:
            model = self._next_model(worker.model)
            if model is None:
                return
            if not worker.alive:
                self.pool.start(number)
                worker.alive = True
            if model != worker.model:
                worker.loading = model
                self.pool.ask(number, model)
                return
            worker.piece.extend(self.pieces[model].popleft())
        worker.sample = worker.piece.popleft()
        self.pool.ask(number, worker.sample)

    def _next_model(self, current: str | None) -> str | None:
        """The worker's current model while samples of it are left, then the first model with samples."""
        names = [name for name, pieces in self.pieces.items() if pieces]
        return current if current in names else next(iter(names), None)

    def _take(self, number: int, worker: _State, reply: Reply) -> None:
        if isinstance(reply, Died):
            self._on_worker_died(number, worker, reply)
        elif isinstance(reply, XMTCError):
            raise reply
        elif isinstance(reply, Loaded):
            worker.model, worker.loading, self._deaths_while_loading = worker.loading, None, 0
        else:
            assert worker.model is not None
            worker.sample, self._deaths_without_result = None, 0
            self.keep(worker.model, reply)

    def _on_worker_died(self, number: int, worker: _State, death: Died) -> None:
        """Queue again what the dead worker had; a new one starts when there is an order for it."""
        self._workers[number] = _State()
        self._deaths_without_result += 1
        if worker.loading is not None:
            self._deaths_while_loading += 1
        cannot_load = self._deaths_while_loading >= _MAX_DEATHS_WHILE_LOADING
        if cannot_load or self._deaths_without_result >= _MAX_DEATHS_WITHOUT_RESULT:
            doing = "load a model" if cannot_load else "attack"
            raise XMTCError(
                f"the workers die when they {doing}; the last was worker {number + 1} ({death.how})",
                "try fewer workers (each needs memory for a model), or one process to see what happens; then --resume",
            )
        died = f"worker {number + 1} died ({death.how})"
        if worker.model is None or worker.sample is None:
            say(f"{died}; another takes its place")
            return
        model, sample = worker.model, worker.sample
        # Queued apart from the rest of its text: the next death is counted for this sample alone.
        self._put_back(model, worker.piece)
        self._crashes[model, sample.number] += 1
        crashes = self._crashes[model, sample.number]
        if crashes < CRASHES:
            self._put_back(model, [sample])
            say(f"{died}; sample {sample.number} runs again on another")
        else:
            self.keep(model, self.error(sample, f"{crashes} workers died over it, the last {death.how}"))
            say(f"{died}; sample {sample.number} has cost {crashes} workers and is recorded as an error")

    def _put_back(self, model: str, samples: Iterable[Sample]) -> None:
        if piece := tuple(samples):
            self.pieces[model].appendleft(piece)
