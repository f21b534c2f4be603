"""The watch itself: each thing that an input must not do is seen."""

from __future__ import annotations

import os
import pickle
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.fuzz import running
from tests.fuzz.running import INPUTS, SHARES, box
from textattack_xmtc.errors import DataError


def test_the_shares_are_whole() -> None:
    assert sum(SHARES.values()) == pytest.approx(1)
    assert sum(round(INPUTS * share) for share in SHARES.values()) == pytest.approx(INPUTS, rel=0.01)


def test_answers_and_errors_of_this_package_are_fine() -> None:
    def refused() -> None:
        raise DataError("no", "mend it")

    with box() as place:
        place.write({"a/b": b"c"})
        assert place.attempt(lambda: (place.given / "a" / "b").read_bytes()) == b"c"
        assert place.attempt(refused) is None
        assert place.attempt(lambda: (place.out / "new").write_bytes(b"1")) == 1


def change_input(place: Any) -> None:
    with (place.given / "a").open("ab") as file:
        file.write(b"more")


class Payload:
    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return os.getpid, ()


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda place: 1 / 0, "division by zero"),
        (lambda place: Path("here").write_text("1"), "this was done"),
        (lambda place: (place.given / "b").mkdir(), "this was done"),
        (lambda place: (place.given / "b").symlink_to("/"), "this was done"),
        (lambda place: os.close(os.open(place.given / "b", os.O_CREAT | os.O_WRONLY)), "this was done"),
        (lambda place: (place.given / "a").rename(place.out / "a"), "this was done"),
        (lambda place: (place.given / "a").unlink(), "this was done"),
        (change_input, "this was done"),
        (lambda place: pickle.loads(pickle.dumps(Payload())), r"pickle\.find_class"),
        (lambda place: os.system("true"), r"os\.system"),
    ],
)
def test_everything_else_is_not(action: Callable[..., Any], message: str) -> None:
    with box() as place, pytest.raises((AssertionError, ZeroDivisionError), match=message):
        place.write({"a": b"1"})
        place.attempt(lambda: action(place))


def test_what_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "_CPU_SECONDS", 0.2)

    def busy() -> None:
        while True:
            try:
                sum(range(1000))
            except Exception:
                pass

    with box() as place, pytest.raises(AssertionError, match="no end after"):
        place.attempt(busy)
    monkeypatch.setattr(running, "_SECONDS", 0.2)
    with box() as place, pytest.raises(AssertionError, match="no end after"):
        place.attempt(lambda: time.sleep(60))


def test_memory_is_limited() -> None:
    with box() as place, pytest.raises(MemoryError):
        place.attempt(lambda: bytearray(2 * running._MEMORY))
