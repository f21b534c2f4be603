"""Where things are kept between runs, each made once."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from textattack_xmtc.cache import cache_folder, cached_folder


def test_the_cache_lies_below_textattacks_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TA_CACHE_DIR", str(tmp_path / "elsewhere"))
    assert cache_folder() == tmp_path / "elsewhere" / "xmtc"
    monkeypatch.delenv("TA_CACHE_DIR")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "textattack" / "xmtc"


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
    building, printed = threading.Event(), threading.Event()

    def build(folder: Path) -> None:
        building.set()
        printed.wait(10)

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
        printed.wait(0.05)
    printed.set()
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
