"""A small campaign in a process of its own, to which something happens; and what its folder must hold in the end."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing import connection
from pathlib import Path
from typing import Any

import filelock
import torch

from tests.toolkit import ROOT
from tests.toolkit.small_campaigns import make_all, records
from textattack_xmtc.campaign.workers import local as local_pool
from textattack_xmtc.campaign.workers.protocol import Pool
from textattack_xmtc.campaign.workers.run import Workers
from textattack_xmtc.cli.main import main
from textattack_xmtc.results.export.report import all_tables
from textattack_xmtc.results.folder import read_campaign
from textattack_xmtc.results.headline import headline
from textattack_xmtc.results.tables.formats import as_csv
from textattack_xmtc.workdir.files import RecordWriter

COMMAND = [
    *("campaign", "--model", "plain", "--model", "other", "--data", "data", "--k", "2", "--labels-per-bin", "5"),
    *("--samples-per-bin", "4", "--pairs-per-text", "2", "--max-change-rate", "0.2", "--candidates", "8"),
    *("--encoder", "embedded"),
]
RECORDS = 24
KILLED = -signal.SIGKILL
_PATIENCE = 300  # seconds that an orphan may need to see that it is one


@dataclass(frozen=True)
class Run:
    """How a process ended: its exit status, and what it said."""

    status: int
    printed: str


class Wrong(Exception):
    """A folder does not hold what it must."""


def prepare(root: Path) -> Path:
    """Data, models and a campaign that nothing happened to, in a folder that becomes the working folder."""
    torch.set_num_threads(1)
    make_all(root)
    os.chdir(root)
    os.environ["TA_CACHE_DIR"] = str(root / "cache")
    # Ray starts its actors elsewhere, and they unpickle classes of the toolkit.
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    whole = run(root / "whole")
    if whole.status != 0 or written(root / "whole") != RECORDS:
        raise Wrong(f"the campaign that nothing happens to ended with {whole.status}:\n{whole.printed}")
    return root / "whole"


def run(out: Path, *options: str, happening: Callable[[], None] | None = None) -> Run:
    """The command in a process of its own, where something is prepared to happen.

    The process is forked from this one, which has loaded everything: that is what makes a kill cheap. So are worker
    processes. (Those of a campaign are forks of a server, since its user's process may have threads; the tests cover
    that.)
    """
    # Not a file: whatever happens to the disk, the process can say so.
    reading, writing = os.pipe()
    context = multiprocessing.get_context("fork")
    process = context.Process(target=_run, args=(out, options, happening, writing))
    process.start()
    os.close(writing)
    os.set_blocking(reading, False)
    printed = b""
    while process.exitcode is None:
        connection.wait([process.sentinel, reading], 1)
        printed += _read(reading)
    os.close(reading)
    return Run(process.exitcode, printed.decode(errors="replace"))


def _read(pipe: int) -> bytes:
    output = b""
    try:
        while part := os.read(pipe, 2**16):
            output += part
    except BlockingIOError:
        pass
    return output


def _run(out: Path, options: tuple[str, ...], happening: Callable[[], None] | None, writing: int) -> None:
    os.dup2(writing, 1)
    os.dup2(writing, 2)
    os.close(writing)
    # Not closed: they last as long as the process.
    sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)  # noqa: SIM115
    local_pool._start_method = lambda fork: "fork"
    if happening is not None:
        happening()
    try:
        status = main([*COMMAND, "--out", str(out), "--resume", *options])
    except BaseException:
        traceback.print_exc()
        status = 99
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


# What can happen ----------------------------------------------------------------------------------------------------


def after_records(happens: Callable[[int], None]) -> None:
    """Call something with the number of records that this process has written, after each."""
    append, done = RecordWriter.append, [0]

    def counting(self: RecordWriter, record: Any) -> None:
        append(self, record)
        done[0] += 1
        happens(done[0])

    RecordWriter.append = counting  # type: ignore[method-assign]  # in a process of its own


def when_pooled(happens: Callable[[Pool], None]) -> None:
    """Call something with the pool as soon as there is one."""
    real = Workers.pool

    def pool(self: Workers, *arguments: Any) -> Pool:
        made = real(self, *arguments)
        happens(made)
        return made

    Workers.pool = pool  # type: ignore[method-assign]


def die() -> None:
    """End this process as a machine that is switched off would."""
    os.kill(os.getpid(), signal.SIGKILL)


# What must be true --------------------------------------------------------------------------------------------------


def written(out: Path) -> int:
    """Lines of records."""
    return sum(file.read_bytes().count(b"\n") for file in (out / "records").glob("*.jsonl"))


def wait_for_orphans(out: Path) -> None:
    """Wait until no process holds the folder: workers of a campaign that was killed end by themselves.

    Raises:
        Wrong: they do not.
    """
    if (out / ".lock").exists():
        try:
            with filelock.FileLock(out / ".lock", timeout=_PATIENCE):
                pass
        except filelock.Timeout:
            raise Wrong(f"{out}: workers live on after their campaign was killed") from None


def check(out: Path, whole: Path) -> None:
    """Compare a folder with that of a campaign that nothing happened to.

    Raises:
        Wrong: a record is missing, is there twice or is another one; a file or the report is another one.
    """
    actual, expected = records(out), records(whole)
    for model, rows in expected.items():
        numbers = Counter(row["sample"] for row in actual.get(model, []))
        lost = [row["sample"] for row in rows if row["sample"] not in numbers]
        twice = [number for number, times in numbers.items() if times > 1]
        if lost or twice:
            raise Wrong(f"{out}: {model} has lost {lost} and has {twice} twice")
        if sorted(actual[model], key=lambda row: row["sample"]) != rows:
            raise Wrong(f"{out}: records of {model} are others than those of a run that nothing happened to")
    for name in ("campaign.json", "samples.jsonl", "bins.json", "labels.json"):
        if (out / name).read_bytes() != (whole / name).read_bytes():
            raise Wrong(f"{out}: {name} is another one")
    if left := [entry.name for entry in out.rglob("*") if entry.name.endswith((".new", ".partial"))]:
        raise Wrong(f"{out}: {left[0]} was left behind")
    if report(out) != report(whole):
        raise Wrong(f"{out}: the report says something else")


def report(out: Path) -> list[str]:
    """All tables and the finding of a report, with the clock taken out."""
    with tempfile.TemporaryDirectory() as folder:
        timeless = Path(shutil.copytree(out, Path(folder) / "drill", ignore=shutil.ignore_patterns(".lock")))
        for file in (timeless / "records").glob("*.jsonl"):
            rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
            if any(row["seconds"] < 0 for row in rows):
                raise Wrong(f"{out}: an attack took less than no time")
            lines = [json.dumps({**row, "seconds": 0.0}) + "\n" for row in rows]
            file.write_text("".join(lines), encoding="utf-8")
        same = replace(read_campaign(timeless), name="drill", folder=Path("drill"))
        tables = [as_csv(table) for table in all_tables([same])]
        return [*tables, headline(same), *same.notes]
