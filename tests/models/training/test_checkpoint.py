"""A checkpoint is whole or not there, and belongs to one training."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from textattack_xmtc.errors import InputError, ModelFolderError, XMTCError
from textattack_xmtc.models.training.checkpoint import Checkpoint


def test_what_was_written_is_read(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "new" / "state", {"epochs": 3, "rates": [0.1, None]})
    assert checkpoint.read() is None
    checkpoint.write({"weights": {"a": torch.arange(3.0)}, "step": 7, "best": None})
    checkpoint.write({"weights": {"a": torch.arange(4.0)}, "step": 8, "best": 2**70})
    actual = Checkpoint(checkpoint.file, {"rates": [0.1, None], "epochs": 3}).read()
    assert actual is not None
    assert actual["step"] == 8 and actual["best"] == 2**70 and torch.equal(actual["weights"]["a"], torch.arange(4.0))
    assert [file.name for file in checkpoint.file.parent.iterdir()] == ["state"]


def test_one_of_another_training_is_refused(tmp_path: Path) -> None:
    Checkpoint(tmp_path / "state", {"epochs": 3, "seed": 1}).write({})
    with pytest.raises(InputError, match="has seed=1, and seed=2 was asked for; repeat the command"):
        Checkpoint(tmp_path / "state", {"epochs": 3, "seed": 2}).read()
    with pytest.raises(InputError, match="has seed=1, and seed=None was asked for"):
        Checkpoint(tmp_path / "state", {"epochs": 3}).read()


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04"])
def test_a_damaged_one_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "state").write_bytes(content)
    with pytest.raises(ModelFolderError, match=r"is damaged .*remove it and train again"):
        Checkpoint(tmp_path / "state", {}).read()


def written(file: Path) -> bytes:
    Checkpoint(file, {"seed": 1}).write({"weights": torch.arange(1000.0), "step": 3})
    return file.read_bytes()


def test_a_flipped_byte_anywhere_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "state"
    content = written(file)
    for place in range(0, len(content), max(1, len(content) // 60)):
        file.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        with pytest.raises(ModelFolderError) as raised:
            Checkpoint(file, {"seed": 1}).read()
        assert str(file) in str(raised.value) and "is damaged" in str(raised.value)


@pytest.mark.parametrize("cut", [1, 10, 44, 45, 500, 5000])
def test_a_file_that_was_cut_off_is_noticed(tmp_path: Path, cut: int) -> None:
    file = tmp_path / "state"
    file.write_bytes(written(file)[:-cut])
    with pytest.raises(ModelFolderError, match="is damaged"):
        Checkpoint(file, {"seed": 1}).read()


def test_one_of_version_0_1_0_is_read(tmp_path: Path) -> None:
    """Without a checksum, with torch among its configuration and settings that no longer are."""
    config = {"seed": 1, "pretrained": None, "torch": str(torch.__version__)}
    torch.save({"made_of": config, "state": {"step": 3}}, tmp_path / "state")
    assert Checkpoint(tmp_path / "state", {"seed": 1}).read() == {"step": 3}
    with pytest.raises(InputError, match="has seed=1, and seed=2 was asked for"):
        Checkpoint(tmp_path / "state", {"seed": 2}).read()


def test_other_versions_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path / "state")
    assert Checkpoint(tmp_path / "state", {"seed": 1}).read() is not None
    assert not capsys.readouterr().err
    monkeypatch.setattr("textattack_xmtc.workdir.provenance.__version__", "9.9")
    assert Checkpoint(tmp_path / "state", {"seed": 1}).read() is not None
    assert re.search(r"started with other versions \(textattack-xmtc \S+ -> 9\.9\)", capsys.readouterr().err)


def test_code_in_it_is_not_run(tmp_path: Path) -> None:
    class Payload:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (tmp_path / "run",)  # type: ignore[return-value]

    torch.save({"made_of": {}, "state": {"a": Payload()}}, tmp_path / "state")
    with pytest.raises(ModelFolderError):
        Checkpoint(tmp_path / "state", {}).read()
    assert not (tmp_path / "run").exists()


def test_on_a_full_disk_the_last_one_stays(tmp_path: Path) -> None:
    """The disk is full for the second write: no file may grow beyond 100 kB in that process."""
    script = f"""
import resource, signal, torch
from textattack_xmtc.models.training.checkpoint import Checkpoint
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
checkpoint = Checkpoint({str(tmp_path / "state")!r}, {{}})
checkpoint.write({{"step": 1}})
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
checkpoint.write({{"step": 2, "weights": torch.zeros(1_000_000)}})
"""
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert XMTCError.__name__ in shown.stderr and "make room and repeat the command with --resume" in shown.stderr
    assert Checkpoint(tmp_path / "state", {}).read() == {"step": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["state"]


def test_when_the_next_is_due(tmp_path: Path) -> None:
    assert Checkpoint(tmp_path / "state", {}, seconds=0).due
    assert not Checkpoint(tmp_path / "state", {}, seconds=100).due
