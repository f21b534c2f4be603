"""Victims in a process of their own, for models whose environment cannot be shared."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, Unpack

import numpy as np

from textattack_xmtc.errors import InputError, VictimError
from textattack_xmtc.wrappers.base import VictimOptions
from textattack_xmtc.wrappers.shortlist import ShortlistWrapper

_WORKER = Path(__file__).parent / "served" / "worker.py"
_LAST_LINES = 3
_STOP_SECONDS = 5.0


class ProcessWrapper(ShortlistWrapper):
    """A model in a process of its own, with a Python of its own, which is asked through a pipe.

    The process starts with the wrapper and ends with it. Questions and answers are lines of JSON; nothing is pickled.
    A process that died is started again for the next question. A copy has a process of its own.

    Args:
        python: the interpreter of the other environment, which need not have this package.
        file: a Python file with a function `load`; what it has to return is said in `served/worker.py`.
        arguments: strings that `load` is called with.
        shown: how many labels it is asked for (m).
        answer_s: seconds after which a process that does not answer is ended; to load the model counts as an answer.
        options: `name`, `mask` and `batch_size`, as `VictimOptions` says; by default what the model says.

    Raises:
        InputError: there is no such interpreter or file; as `ShortlistWrapper`.
        VictimError: the model cannot be loaded, with what it said.

    Example:
        Where `tagger.py`, which needs the packages of `old-env`, has a `load` that returns an object with
        `label_names` and `best(texts, m)`::

            model = ProcessWrapper("old-env/bin/python", "tagger.py")
    """

    def __init__(
        self,
        python: str | Path,
        file: str | Path,
        *arguments: str,
        shown: int = 100,
        answer_s: float = 600.0,
        **options: Unpack[VictimOptions],
    ) -> None:
        for path, what in ((Path(python), "interpreter"), (Path(file), "file")):
            if not path.is_file():
                raise InputError(f"there is no {what} {path}", "give the path of one")
        # Absolute, but not resolved: the interpreter of an environment is a link to another one.
        command = [str(Path(python).absolute()), "-I", str(_WORKER), str(Path(file).absolute()), *arguments]
        process = _Process(command, answer_s)
        facts = process.start()
        options["name"] = options.get("name") or facts.get("name") or Path(file).stem
        options["mask"] = options.get("mask") or facts.get("mask")
        options.setdefault("batch_size", 256)
        names, size, floor = (facts.get(name) for name in ("label_names", "num_labels", "floor"))
        kind = facts.get("score_kind", "score")
        super().__init__(None, kind, names, num_labels=size, shown=shown, floor=floor, **options)
        self._process = process
        self._scores_labels = bool(facts["scores_labels"])

    def _best(self, texts: list[str]) -> Any:
        return self._process.ask(ask="best", texts=texts, m=min(self.shown or 1, self.labels.size or 1))

    def _score(self, texts: Sequence[str], labels: list[int]) -> np.ndarray:
        if not self._scores_labels:
            return super()._score(texts, labels)

        def scores(batch: Sequence[str]) -> np.ndarray:
            return self._as_array(self._process.ask(ask="score", texts=list(batch), labels=labels))

        return self._in_batches(texts, scores)

    def _dense(self, texts: Sequence[str]) -> np.ndarray:
        return self._score(texts, list(range(self.labels.size or 0))) if self._scores_labels else super()._dense(texts)


class _Process:
    """The other process, started when it is needed."""

    def __init__(self, command: list[str], answer_s: float) -> None:
        self._command = command
        self._answer_s = answer_s
        self._lock = threading.Lock()
        self._running: subprocess.Popen[str] | None = None
        self._errors: IO[bytes] | None = None
        self._owner = 0

    def start(self) -> dict[str, Any]:
        """Start it; what the model says of itself."""
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  (open as long as the process runs)
        self._running = subprocess.Popen(
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors, encoding="ascii"
        )
        self._owner = os.getpid()
        weakref.finalize(self, _stop, self._running, self._owner)
        return self._answer()

    def ask(self, **question: Any) -> Any:
        """The rows of an answer (`served/worker.py`)."""
        with self._lock:
            # A forked process must not write into the pipe of its parent.
            if self._running is None or self._owner != os.getpid():
                self.start()
            running = self._running
            assert running is not None and running.stdin is not None
            try:
                running.stdin.write(json.dumps(question) + "\n")
                running.stdin.flush()
            except OSError:
                pass  # it has died: reading says so, and what it said last
            return self._answer()["rows"]

    def _answer(self) -> dict[str, Any]:
        running = self._running
        assert running is not None and running.stdout is not None
        late = threading.Event()

        def give_up() -> None:
            late.set()
            running.kill()

        # A pipe has no time-out of its own: where the process is ended, so is the reading.
        timer = threading.Timer(self._answer_s, give_up)
        timer.daemon = True
        timer.start()
        try:
            line = running.stdout.readline()
        finally:
            timer.cancel()
        if not line.endswith("\n"):
            raise self._died(running, late.is_set())
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise VictimError(f"{self._what()} says: {answer['error']}", "run the file by itself to see where")
        return answer

    def _died(self, running: subprocess.Popen[str], late: bool) -> VictimError:
        status = running.wait()
        last = _last_lines(self._errors) if self._errors else ""
        self._running, self._errors = None, None
        why = f"gave no answer for {self._answer_s:g} seconds and was ended" if late else f"ended with status {status}"
        fix = "give it more time with answer_s" if late else "look at its memory and at what it said"
        return VictimError(f"{self._what()} {why}" + (f"; it said last: {last}" if last else ""), fix)

    def _what(self) -> str:
        return f"the process of {self._command[0]} with {Path(self._command[3]).name}"

    def __getstate__(self) -> tuple[list[str], float]:
        return self._command, self._answer_s

    def __setstate__(self, state: tuple[list[str], float]) -> None:
        self.__init__(*state)  # type: ignore[misc]


def _last_lines(errors: IO[bytes]) -> str:
    errors.seek(0)
    lines = [line.strip() for line in errors.read().decode("utf-8", "replace").splitlines() if line.strip()]
    return " / ".join(lines[-_LAST_LINES:])


def _stop(running: subprocess.Popen[str], owner: int) -> None:
    """The worker ends where its questions do."""
    if owner != os.getpid():
        return
    for pipe in (running.stdin, running.stdout):
        try:
            if pipe is not None:
                pipe.close()
        except OSError:
            pass
    try:
        running.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        running.kill()
        running.wait()
