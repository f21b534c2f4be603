"""The command as a whole: help, errors, and what it does not import."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from textattack_xmtc.cli.main import COMMANDS, main


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert all(name in shown for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert COMMANDS[command][1:40].split("\n")[0][:20] in capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS)
def test_explaining_imports_nothing_heavy(command: str) -> None:
    script = f"""
import sys
from textattack_xmtc.cli.main import main
try:
    main([{command!r}, "--help"])
except SystemExit:
    print(sorted({{"torch", "textattack", "transformers", "datasets"}} & set(sys.modules)))
"""
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert shown.splitlines()[-1] == "[]"


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["attack"])
    assert ended.value.code == 2
    assert "invalid choice: 'attack'" in capsys.readouterr().err


def test_what_can_be_mended_is_said_in_a_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["evaluate", str(tmp_path / "nothing"), "--data", "api-docs"]
    assert main(arguments) == 2
    printed = capsys.readouterr().err
    assert printed.startswith("textattack-xmtc: there is no model folder") and printed.count("\n") == 1
    with pytest.raises(ValueError, match="there is no model folder"):
        main([*arguments, "--debug"])
