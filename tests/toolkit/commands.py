"""The stock `textattack` command and scripts that import TextAttack, each in a process of its own.

Importing TextAttack takes longer than what the command does on a small model. So the processes are forks of one that
has imported it, with the plugin, as the start-up file does; what a command sees is what it would see when started by
itself. One test at least starts the command by itself: `tests/test_command_line.py`.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import select
import signal
import subprocess
import sys
import sysconfig
import tempfile
from functools import cache
from pathlib import Path

from tests.toolkit import ROOT

TEXTATTACK = Path(sysconfig.get_path("scripts")) / "textattack"
TIMEOUT_S = 900
_READ = ("HF_", "NLTK_", "TA_", "TEXTATTACK_")  # beginnings of variables that libraries read when they are imported


def run(
    script: Path, *arguments: str, stdin: str = "", cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a Python script as `python SCRIPT ARGUMENTS` does; `environment` comes on top of this process's.

    No model is asked for on the network.

    Raises:
        TimeoutError: it has not ended after `TIMEOUT_S`.
    """
    everything = {"HF_HUB_OFFLINE": "1", **os.environ, **environment}
    # What is read at an import must be there before it: another process for each.
    server = _server(tuple(sorted((name, value) for name, value in everything.items() if name.startswith(_READ))))
    with tempfile.TemporaryDirectory() as folder:
        files = [str(Path(folder) / name) for name in ("stdin", "stdout", "stderr")]
        Path(files[0]).write_text(stdin, encoding="utf-8")
        request = {"script": str(script), "arguments": arguments, "files": files, "environment": everything}
        code = server.ask(json.dumps({**request, "cwd": str(cwd or Path.cwd())}))
        shown = [Path(file).read_text(encoding="utf-8") for file in files[1:]]
    return subprocess.CompletedProcess([str(script), *arguments], code, *shown)


class _Server:
    """A process that has imported TextAttack, and forks for each command."""

    def __init__(self, environment: dict[str, str]) -> None:
        paths = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.toolkit.commands"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment, "PYTHONPATH": paths},
            start_new_session=True,
        )

    def ask(self, request: str) -> int:
        """The exit status of the command."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(request + "\n")
        self.process.stdin.flush()
        if not select.select([self.process.stdout], [], [], TIMEOUT_S)[0]:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise TimeoutError(f"no answer after {TIMEOUT_S} s to {request}")
        return int(self.process.stdout.readline())


@cache
def _server(environment: tuple[tuple[str, str], ...]) -> _Server:
    return _Server(dict(environment))


def _serve() -> None:
    # The pipe is this process's alone: what a library prints goes to stderr.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    importlib.import_module("textattack.commands.textattack_cli")
    for line in sys.stdin:
        child = os.fork()
        if not child:
            _become(json.loads(line))
            return
        answers.write(f"{os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])}\n")
        answers.flush()


def _become(request: dict[str, object]) -> None:
    """Be the process of that command."""
    files = [str(file) for file in request["files"]]  # type: ignore[attr-defined]
    for number, (file, flags) in enumerate(zip(files, (os.O_RDONLY, os.O_WRONLY, os.O_WRONLY), strict=True)):
        os.dup2(os.open(file, flags | (os.O_CREAT if flags else 0), 0o600), number)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    os.environ.clear()
    os.environ.update(request["environment"])  # type: ignore[call-overload]
    os.chdir(str(request["cwd"]))
    script = str(request["script"])
    sys.argv = [script, *request["arguments"]]  # type: ignore[misc]
    sys.path[0] = str(Path(script).parent)
    runpy.run_path(script, run_name="__main__")


if __name__ == "__main__":
    _serve()
