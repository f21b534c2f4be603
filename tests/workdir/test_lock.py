"""Locks: one process at a time, and nothing left of a run that wrote nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from textattack_xmtc.errors import DataError, InputError, XMTCError
from textattack_xmtc.workdir.lock import LOCK, locked


def test_one_at_a_time(tmp_path: Path) -> None:
    with locked(tmp_path / "out", "campaign"):
        (tmp_path / "out" / "campaign.json").write_text("{}")
        with (
            pytest.raises(InputError, match=r"another campaign is running in .*out'; wait for it"),
            locked(tmp_path / "out", "campaign"),
        ):
            pass
    with locked(tmp_path / "out", "campaign"):
        pass
    assert (tmp_path / "out" / "campaign.json").exists()


def test_nothing_is_left_of_a_run_that_wrote_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), locked(tmp_path / "a" / "b" / "out", "campaign"):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "mine").mkdir()
    with locked(tmp_path / "mine", "campaign"):
        assert (tmp_path / "mine" / LOCK).exists()
    assert list(tmp_path.rglob("*")) == [tmp_path / "mine"], "a folder that was there stays"
    with locked(tmp_path / "mine", "campaign"):
        (tmp_path / "mine" / "records").mkdir()
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == [LOCK, "records"]


def test_a_lock_that_is_a_link_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / LOCK).symlink_to(tmp_path / "precious")
    with pytest.raises(DataError, match="symbolic link out of"), locked(tmp_path / "out", "campaign"):
        pass
    assert (tmp_path / "precious").read_text() == "precious"


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(XMTCError, match="cannot be written"), locked(tmp_path / "file" / "out", "campaign"):
        pass
