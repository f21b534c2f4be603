"""SIGKILL at random moments, counted in calls, records and workers: of the campaign's process, and of its workers."""

from __future__ import annotations

import os
import random
import signal
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tests.drill.campaigns import KILLED, RECORDS, Wrong, after_records, check, die, run, wait_for_orphans, when_pooled
from tests.toolkit.dying_worker import HALF_A_REPLY, KilledWorker
from textattack_xmtc.campaign.workers import run as with_workers
from textattack_xmtc.campaign.workers.protocol import Pool

_CALLS = 60_000  # Python calls from the start of the command to some records, about
_CALLS_OF_ATTACK = 2_000  # an attack takes more


def kills_of_one_process(root: Path, whole: Path, kills: int, chance: random.Random) -> int:
    """Kill campaigns without workers so many times; returns how many campaigns that took."""
    return _campaigns(root / "one", whole, kills, lambda tally: _kill_itself(chance, tally), ())


def kills_on_workers(root: Path, whole: Path, kills: int, chance: random.Random, *options: str) -> int:
    """The same for campaigns with two workers: mostly one of these is killed, now and then the process that writes."""
    folder = root / f"workers{''.join(options)}"
    with_two = ("--workers", "2", *options)
    return _campaigns(folder, whole, kills, lambda tally: _kill_workers(chance, tally), with_two)


def kills_in_attacks(root: Path, whole: Path, kills: int, chance: random.Random, *options: str) -> int:
    """Kill workers in the midst of attacks, and where there are pipes, of replies; returns how many campaigns."""
    root = root / f"attacks{''.join(options)}"
    root.mkdir(parents=True)
    samples = [(model, number) for model in ("plain", "other") for number in range(RECORDS // 2)]
    done = campaigns = 0
    while done < kills:
        campaigns += 1
        out, marks = root / f"campaign-{campaigns}", root / f"marks-{campaigns}"
        marks.mkdir()
        moments = {one: chance.randrange(1, _CALLS_OF_ATTACK) for one in chance.sample(samples, min(6, kills - done))}
        if not options:
            moments[next(iter(moments))] = HALF_A_REPLY

        def happening(marks: Path = marks, moments: dict[tuple[str, int], int] = moments) -> None:
            with_workers.Worker = partial(KilledWorker, marks, moments)  # type: ignore[assignment, misc]

        end = run(out, "--workers", "2", *options, happening=happening)
        killed = {mark.name for mark in marks.iterdir()}
        if end.status != 0 or killed != {f"{model}-{number}" for model, number in moments}:
            raise Wrong(f"{out}: ended with {end.status}, killed in {killed} of {moments}:\n{end.printed}")
        check(out, whole)
        done += len(moments)
    return campaigns


def _campaigns(
    root: Path, whole: Path, kills: int, happening: Callable[[Path], Callable[[], None]], options: tuple[str, ...]
) -> int:
    root.mkdir(parents=True)
    done = campaigns = 0
    while done < kills:
        campaigns += 1
        out, ended = root / f"campaign-{campaigns}", False
        while not ended:
            tally = root / "tally"
            tally.write_bytes(b"")
            end = run(out, *options, happening=happening(tally) if done < kills else None)
            done += tally.stat().st_size
            if end.status not in (0, KILLED):
                raise Wrong(f"{out}: a killed campaign ended with {end.status} when it was resumed:\n{end.printed}")
            wait_for_orphans(out)
            ended = end.status == 0
        check(out, whole)
    return campaigns


def _kill_itself(chance: random.Random, tally: Path) -> Callable[[], None]:
    """After so many Python calls (while it loads, draws, writes its files, attacks), or right after a record."""
    by_calls, calls, records = chance.random() < 0.5, chance.randrange(1, _CALLS), chance.randint(1, 5)

    def happening() -> None:
        made = 0

        def count(_frame: object, event: str, _argument: object) -> None:
            nonlocal made
            made += event == "call"
            if made == calls:
                _count(tally)
                die()

        def kill(done: int) -> None:
            if done == records:
                _count(tally)
                die()

        if by_calls:
            sys.setprofile(count)
        else:
            after_records(kill)

    return happening


def _kill_workers(chance: random.Random, tally: Path) -> Callable[[], None]:
    """Some workers after some records each; one as soon as it is started; and perhaps the process that writes."""
    moments = set(chance.sample(range(1, RECORDS), chance.randint(3, 6)))
    last = max(moments) if chance.random() < 0.3 else 0  # the others die with the writer
    at_start = chance.choice([0, 0, 3, 4])  # the third or fourth that is started
    choose = random.Random(chance.random())

    def happening() -> None:
        pools: list[Pool] = []

        def pooled(pool: Pool) -> None:
            pools.append(pool)
            start, started = pool.start, [0]

            def starting(worker: int) -> None:
                start(worker)
                started[0] += 1
                if started[0] == at_start and worker in pool.pids:  # Ray says the process only later
                    _kill(pool.pids[worker], tally)

            pool.start = starting  # type: ignore[method-assign]

        def kill(done: int) -> None:
            if done == last:
                _count(tally)
                die()
            if done in moments:
                _kill(choose.choice(sorted(pools[0].pids.values())), tally)

        when_pooled(pooled)
        after_records(kill)

    return happening


def _kill(process: int, tally: Path) -> None:
    try:
        os.kill(process, signal.SIGKILL)
    except ProcessLookupError:  # it is dead already, and nobody has looked yet
        return
    _count(tally)


def _count(tally: Path) -> None:
    with tally.open("ab") as file:
        file.write(b"x")
