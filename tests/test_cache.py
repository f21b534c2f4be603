"""Folders appear whole or not at all, and what is cached is made once."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from textattack_xmtc.cache import atomic_folder, cache_folder, cached_folder


def test_the_cache_lies_below_textattacks_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TA_CACHE_DIR", str(tmp_path / "elsewhere"))
    assert cache_folder() == tmp_path / "elsewhere" / "xmtc"
    monkeypatch.delenv("TA_CACHE_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "textattack" / "xmtc"


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
from textattack_xmtc.cache import atomic_folder
with atomic_folder(sys.argv[1]) as folder:
    (folder / "file").write_text("half")
    os.kill(os.getpid(), 9)
"""

EXCHANGING = """
import os, sys
from pathlib import Path
from textattack_xmtc.cache import atomic_folder
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


def test_of_several_builders_one_builds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    built = []
    waiting = threading.Event()

    def build(folder: Path) -> None:
        built.append(os.getpid())
        waiting.wait(5)
        (folder / "file").write_text("built")

    threads = [threading.Thread(target=cached_folder, args=(tmp_path / "it", build, "the thing")) for _ in range(3)]
    for thread in threads:
        thread.start()
    waiting.set()
    for thread in threads:
        thread.join()
    assert len(built) == 1
    assert (tmp_path / "it" / "file").read_text() == "built"


def test_whoever_waits_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    building, told = threading.Event(), threading.Event()

    def build(folder: Path) -> None:
        building.set()
        told.wait(10)

    first = threading.Thread(target=cached_folder, args=(tmp_path / "it", build, "the thing"))
    first.start()
    assert building.wait(10)
    second = threading.Thread(target=cached_folder, args=(tmp_path / "it", build, "the thing"))
    second.start()
    message = ""
    for _ in range(100):
        message += capsys.readouterr().err
        if message:
            break
        told.wait(0.05)
    told.set()
    first.join()
    second.join()
    assert message == "xmtc: another process is making the thing; waiting for it\n"


def test_a_failed_build_is_tried_again(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "file").write_text("half")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        cached_folder(tmp_path / "it", fail, "the thing")
    assert not (tmp_path / "it").exists()
    assert cached_folder(tmp_path / "it", lambda folder: None, "the thing").is_dir()
