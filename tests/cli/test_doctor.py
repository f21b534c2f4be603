"""`doctor` as it is called."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from textattack_xmtc.cli.doctor import lines
from textattack_xmtc.cli.main import main
from textattack_xmtc.doctor import Check


def test_this_machine_can_run_the_main_job(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    shown = capsys.readouterr().out.splitlines()
    assert [line for line in shown if not line.startswith(" ")] == [
        *("package", "command", "extras", "devices", "encoders", "words", "caches"),
        "can run: textattack attack --recipe xmtc-positive --model xmtc-demo",
    ]
    assert not any("MISSING" in line for line in shown)


def test_it_exits_with_1_where_it_could_not(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TA_CACHE_DIR", str(tmp_path / "file"))
    assert main(["doctor"]) == 1
    shown = capsys.readouterr().out
    assert "  MISSING  folder " in shown and "-> export TA_CACHE_DIR=FOLDER" in shown
    assert shown.splitlines()[-1].startswith("cannot run: ")


def test_what_is_optional_stops_nothing() -> None:
    shown = lines([Check("extras", "use", "is not installed", ok=False, fix="pip install it")])
    assert shown[1].startswith("  -        use ") and shown[2].strip() == "-> pip install it"
    assert shown[-1].startswith("can run")


@pytest.mark.parametrize("heavy", ["torch", "textattack", "transformers", "datasets", "numpy", "tensorflow", "nltk"])
def test_it_imports_nothing_of_what_it_looks_for(heavy: str, loaded: list[str]) -> None:
    assert heavy not in loaded


@pytest.fixture(scope="module")
def loaded() -> list[str]:
    script = "import sys; from textattack_xmtc.cli.main import main; main(['doctor']); print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=os.environ)
    return ran.stdout.splitlines()[-1].split()
