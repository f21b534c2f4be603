"""How far an attack on many samples has come: a live bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Self, TextIO

from tqdm import tqdm

from textattack_xmtc.results.records import FAILED, SUCCEEDED

_SECONDS = 30.0
_STEPS = 10  # lines, at least
_FIRST = 10  # attacks after which the first line tells how long the rest takes


def say(line: str) -> None:
    """A line for the person who waits."""
    print(f"xmtc: {line}", file=sys.stderr, flush=True)


class Progress:
    """Shows the records of one model as they come."""

    def __init__(self, name: str, total: int, outcomes: Iterable[str] = (), stream: TextIO | None = None) -> None:
        self._name, self._total = name, total
        self._outcomes = Counter(outcomes)
        self._before = self._done
        self._queries = 0
        self._start = self._printed = self._first = time.monotonic()
        self._stream = stream or sys.stderr
        self._bar = None
        if self._stream.isatty():
            self._bar = tqdm(total=total, initial=self._before, desc=name, unit=" samples", file=self._stream)

    @property
    def _done(self) -> int:
        return sum(self._outcomes.values())

    def add(self, record: Mapping[str, Any]) -> None:
        """Count one record more."""
        self._outcomes[record["outcome"]] += 1
        self._queries += record["queries"]
        now = time.monotonic()
        done = self._done
        if done == self._before + 1:
            self._first = now  # what came before it was loading, above all
        if self._bar is not None:
            self._bar.set_postfix_str(self._state(now), refresh=False)
            self._bar.update()
            return
        step = done * _STEPS // self._total > (done - 1) * _STEPS // self._total
        first = done - self._before == _FIRST and self._total > _FIRST * _STEPS
        if step or first or now - self._printed >= _SECONDS or done == self._total:
            self._printed = now
            since_first = done - self._before - 1
            ending = ""
            if since_first and done < self._total:
                ending = f", about {_duration((now - self._first) / since_first * (self._total - done))} left"
            print(
                f"xmtc: {self._name}: {done:,} of {self._total:,} samples, {self._state(now)}{ending}",
                file=self._stream,
                flush=True,
            )

    def _state(self, now: float) -> str:
        attacked = self._outcomes[SUCCEEDED] + self._outcomes[FAILED]
        success = f"{self._outcomes[SUCCEEDED] / attacked:.0%}" if attacked else "-"
        return f"success {success}, {self._queries / max(now - self._start, 1e-6):,.0f} queries/s"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()


def _duration(seconds: float) -> str:
    """A time to wait, roughly.

    Example:
        >>> _duration(40), _duration(200), _duration(9000)
        ('40 s', '3 min', '2.5 h')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
