"""Ctrl-C ends a block at once or after a step, and is not lost where a library swallows it."""

from __future__ import annotations

import os
import signal

import pytest

from textattack_xmtc.workdir.interrupt import Interruption, check


def press() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_it_raises_at_once() -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), Interruption():
        press()
    assert signal.getsignal(signal.SIGINT) is before


def test_gracefully_the_first_only_asks_and_the_second_raises(capfd: pytest.CaptureFixture[str]) -> None:
    with Interruption() as interruption:
        interruption.graceful = True
        assert not interruption.asked
        press()
        assert interruption.asked
        assert "stopping after this example; Ctrl-C again stops at once" in capfd.readouterr().err
        with pytest.raises(KeyboardInterrupt):
            press()


def test_what_a_library_swallows_is_raised_again() -> None:
    with Interruption(), Interruption():
        try:
            press()
        except:  # noqa: E722 - as libraries have it
            pass
        with pytest.raises(KeyboardInterrupt):
            check()
    with Interruption() as interruption:
        check()
        assert not interruption.asked, "another command knows nothing of it"


def test_an_inner_block_knows_what_the_outer_one_has_seen() -> None:
    with Interruption():
        try:
            press()
        except KeyboardInterrupt:
            pass
        with Interruption() as inner:
            assert inner.asked


def test_where_it_is_ignored_it_stays_so() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Interruption() as interruption:
            press()
            assert not interruption.asked
    finally:
        signal.signal(signal.SIGINT, before)
