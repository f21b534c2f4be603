"""Folders appear whole or not at all, whatever kills the process that writes them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from textattack_xmtc.workdir.folders import atomic_folder


def test_a_folder_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "model"
    with atomic_folder(target) as folder:
        (folder / "sub").mkdir()
        (folder / "sub" / "file").write_text("new")
        assert not target.exists()
    assert (target / "sub" / "file").read_text() == "new"
    assert [entry.name for entry in target.parent.iterdir()] == ["model"]


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "model"
    with atomic_folder(target) as folder:
        (folder / "file").write_text("old")
    with pytest.raises(OSError, match="disk full"), atomic_folder(target) as folder:
        (folder / "file").write_text("half")
        raise OSError("disk full")
    assert (target / "file").read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["model"]


def test_a_folder_replaces_the_one_before_it_completely(tmp_path: Path) -> None:
    target = tmp_path / "model"
    for name in ("first", "second"):
        with atomic_folder(target) as folder:
            (folder / name).write_text(name)
    assert [entry.name for entry in target.iterdir()] == ["second"]
    assert [entry.name for entry in tmp_path.iterdir()] == ["model"]


def _killed_while(code: str, target: Path) -> None:
    """Run `code` with the target as its argument in a process that kills itself."""
    done = subprocess.run([sys.executable, "-c", code, str(target)], check=False, timeout=60)
    assert done.returncode == -9


WRITING = """
import os, sys
from textattack_xmtc.workdir.folders import atomic_folder
with atomic_folder(sys.argv[1]) as folder:
    (folder / "file").write_text("half")
    os.kill(os.getpid(), 9)
"""

EXCHANGING = """
import os, sys
from pathlib import Path
from textattack_xmtc.workdir.folders import atomic_folder
rename = Path.rename
def rename_once(self, to):
    rename(self, to)
    os.kill(os.getpid(), 9)
with atomic_folder(sys.argv[1]) as folder:
    (folder / "file").write_text("new")
    Path.rename = rename_once
"""


def test_what_a_killed_process_left_is_never_used_and_is_cleaned_up(tmp_path: Path) -> None:
    target = tmp_path / "model"
    _killed_while(WRITING, target)
    assert not target.exists()
    assert len(list(tmp_path.iterdir())) == 1
    with atomic_folder(target) as folder:
        assert list(folder.iterdir()) == []
    assert [entry.name for entry in tmp_path.iterdir()] == ["model"]


def test_a_process_killed_between_its_renames_loses_nothing(tmp_path: Path) -> None:
    target = tmp_path / "model"
    with atomic_folder(target) as folder:
        (folder / "file").write_text("old")
    _killed_while(EXCHANGING, target)
    assert not target.exists()
    with pytest.raises(RuntimeError, match="stop"), atomic_folder(target):
        raise RuntimeError("stop")
    assert (target / "file").read_text() == "old"


def test_leftovers_of_a_living_process_stay(tmp_path: Path) -> None:
    with atomic_folder(tmp_path / "model") as outer:
        (outer / "file").write_text("outer")
        with atomic_folder(tmp_path / "model") as inner:
            (inner / "file").write_text("inner")
        assert (outer / "file").read_text() == "outer"
    assert (tmp_path / "model" / "file").read_text() == "outer"
