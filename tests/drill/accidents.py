"""What else happens to a campaign: a full disk, a folder that cannot be written, a clock going back, a second one."""

from __future__ import annotations

import ctypes
import os
import random
import resource
import struct
import time
from collections.abc import Callable
from pathlib import Path

from tests.drill.campaigns import (
    KILLED,
    Run,
    Wrong,
    after_records,
    check,
    die,
    run,
    wait_for_orphans,
)

WITH_WORKERS = ("--workers", "2")


def disk_full(root: Path, whole: Path, chance: random.Random) -> None:
    """Files cannot grow beyond some size: what is written of them until then stays, as on a full disk."""
    for number in range(6):
        out = root / f"full-{number}"
        sizes = sorted(file.stat().st_size for file in whole.rglob("*") if file.is_file())
        limit = chance.randrange(1, sizes[-1])
        options = WITH_WORKERS if number % 3 == 2 else ()
        end = run(out, *options, happening=lambda limit=limit: _limit_files(limit))
        _expect(end, 2, "could not be written", "make room there", "Traceback")
        wait_for_orphans(out)
        _expect(run(out, *options), 0)
        check(out, whole)


def _limit_files(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def read_only_folder(root: Path, whole: Path, _chance: random.Random) -> None:
    """A folder that is read-only from the start, and one that becomes read-only half way."""
    place = root / "read-only"
    place.mkdir()
    place.chmod(0o555)
    end = run(place / "out", happening=_as_anybody)
    place.chmod(0o755)
    _expect(end, 2, "cannot be written", "choose another with --out", "Traceback")
    for options in ((), WITH_WORKERS):
        out = root / f"half-way-{len(options)}"
        _expect(run(out, *options, happening=lambda: after_records(_die_after(7))), KILLED)
        wait_for_orphans(out)
        before = _contents(out)
        for folder in (out, out / "records", *out.rglob("*")):
            folder.chmod(0o555 if folder.is_dir() else 0o444)
        end = run(out, *options, happening=_as_anybody)
        for folder in (out, out / "records", *out.rglob("*")):
            folder.chmod(0o755 if folder.is_dir() else 0o644)
        _expect(end, 2, "cannot be written", "", "Traceback")
        if _contents(out) != before:
            raise Wrong(f"{out}: something was written to a read-only folder")
        _expect(run(out, *options), 0)
        check(out, whole)


def _as_anybody() -> None:
    """Give up the superuser's right to write where nobody may; others never had it."""
    if os.geteuid() != 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = ctypes.create_string_buffer(struct.pack("Ii", 0x20080522, 0))  # _LINUX_CAPABILITY_VERSION_3, this process
    if libc.capset(header, ctypes.create_string_buffer(struct.pack("6I", *[0] * 6))):
        raise OSError(ctypes.get_errno(), "capset")


def clock_going_back(root: Path, whole: Path, chance: random.Random) -> None:
    """Every look at the clock of the day shows an earlier time, and files are older than those before them."""
    for number, options in enumerate(((), WITH_WORKERS)):
        out = root / f"clock-{number}"
        records = chance.randint(5, 15)

        def happening(records: int = records) -> None:
            _turn_back()
            after_records(_die_after(records))

        _expect(run(out, *options, happening=happening), KILLED)
        wait_for_orphans(out)
        for file in out.rglob("*"):
            os.utime(file, (2**32, 2**32))  # in 2106
        _expect(run(out, *options, happening=_turn_back), 0)
        check(out, whole)


def _turn_back() -> None:
    shown, nanoseconds, looks = time.time, time.time_ns, [0]

    def earlier() -> int:
        looks[0] += 1
        return 3600 * looks[0]

    time.time = lambda: shown() - earlier()
    time.time_ns = lambda: nanoseconds() - earlier() * 10**9


def two_on_one_folder(root: Path, whole: Path, _chance: random.Random) -> None:
    """A second campaign starts in the folder of one that is running, and refuses; the first does not notice."""
    for number, (first, second) in enumerate((((), ()), ((), WITH_WORKERS), (WITH_WORKERS, ()))):
        out, witness = root / f"two-{number}", root / f"two-{number}.second"

        def intrude(done: int, out: Path = out, witness: Path = witness, second: tuple[str, ...] = second) -> None:
            if done == 5:
                end = run(out, *second)
                witness.write_text(f"{end.status}\n{end.printed}")

        _expect(run(out, *first, happening=lambda intrude=intrude: after_records(intrude)), 0)
        status, _, printed = witness.read_text().partition("\n")
        _expect(Run(int(status), printed), 2, "another campaign is running in", "wait for it", "Traceback")
        check(out, whole)


def _die_after(records: int) -> Callable[[int], None]:
    def kill(done: int) -> None:
        if done == records:
            die()

    return kill


def _contents(out: Path) -> dict[str, bytes]:
    return {str(file): file.read_bytes() for file in out.rglob("*") if file.is_file()}


def _expect(end: Run, status: int, *printed: str) -> None:
    """Compare how a process ended; of what it said, the last is what it must not say."""
    *wanted, unwanted = printed or ("Traceback",)
    if end.status != status or unwanted in end.printed or not all(part in end.printed for part in wanted):
        raise Wrong(f"ended with {end.status}, and {status} was expected with {wanted}:\n{end.printed}")


ACCIDENTS: dict[str, Callable[[Path, Path, random.Random], None]] = {
    "disk full": disk_full,
    "read-only folder": read_only_folder,
    "clock going back": clock_going_back,
    "two campaigns on one folder": two_on_one_folder,
}
