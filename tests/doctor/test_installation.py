"""What is installed: told from the metadata of installed packages, of which a test can put others before them."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from tests.toolkit import ROOT
from textattack_xmtc.doctor import installation
from textattack_xmtc.doctor.check import Check
from textattack_xmtc.doctor.installation import PACKAGE, command, extras, interpreter, requirements


def installed(folder: Path, name: str, version: str, *lines: str) -> Path:
    """The traces of an installation of `name`, without the package."""
    facts = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text(
        "\n".join(["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *lines])
    )
    return folder


def test_all_is_well_here() -> None:
    checks = [*interpreter(), *requirements(), *command()]
    assert not any(check.blocks for check in checks), checks
    needs = next(check for check in checks if check.name == "needs")
    assert f"torch {metadata.version('torch')}" in needs.message and "hypothesis" not in needs.message


def test_a_python_that_the_tests_are_not_run_with_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "TESTED", (sys.version_info[:2],))
    assert "tests are run" not in next(interpreter()).message
    monkeypatch.setattr(installation, "TESTED", ((2, 7),))
    assert next(interpreter()).message.endswith("(tests are run with 2.7)")


@pytest.mark.parametrize(
    ("listed", "version", "message", "fix"),
    [
        ("datasets>=99", "2.0", "2.0 is installed, and >=99 is needed", "pip install 'datasets>=99'"),
        ("nowhere-to-be-found>=1,<2", None, "is not installed", "pip install 'nowhere-to-be-found>=1,<2'"),
        ("datasets>=2; python_version < '3'", "1.0", None, None),
        ("datasets>=2,<3; extra == 'more'", "1.0", None, None),
    ],
)
def test_what_is_missing_or_too_old_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    listed: str,
    version: str | None,
    message: str | None,
    fix: str | None,
) -> None:
    installed(tmp_path, PACKAGE, "9.9", f"Requires-Dist: {listed}", "Provides-Extra: more")
    if version is not None:
        installed(tmp_path, "datasets", version)
    monkeypatch.syspath_prepend(str(tmp_path))
    wrong = [check for check in requirements() if not check.ok]
    assert [(check.message, check.fix, check.blocks) for check in wrong] == ([(message, fix, True)] if message else [])


def test_extras_are_those_of_the_metadata(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["Provides-Extra: dev", "Provides-Extra: gpu", "Provides-Extra: web", "Requires-Dist: torch"]
    lines += ["Requires-Dist: nowhere-to-be-found; extra == 'gpu'", "Requires-Dist: pytest>1; extra == 'gpu'"]
    lines += ["Requires-Dist: pytest; extra == 'web'", "Requires-Dist: other; extra == 'dev'"]
    monkeypatch.syspath_prepend(str(installed(tmp_path, PACKAGE, "9.9", *lines)))
    missing = "nowhere-to-be-found is not installed"
    assert list(extras()) == [
        Check("extras", "gpu", missing, ok=False, fix="pip install 'textattack-xmtc[gpu]'"),
        Check("extras", "web", f"pytest {metadata.version('pytest')}"),
    ]


def test_a_hook_that_is_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEXTATTACK_XMTC_AUTORUN", "0")
    assert [check.fix for check in command() if check.blocks] == ["unset TEXTATTACK_XMTC_AUTORUN"]


def test_a_hook_that_did_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    others = [finder for finder in sys.meta_path if type(finder).__name__ != "TextAttackWatcher"]
    monkeypatch.setattr(sys, "meta_path", others)
    (blocker,) = (check for check in command() if check.blocks)
    assert blocker.message == "did not run when this interpreter started" and blocker.fix.startswith(
        "pip install --force"
    )


def test_a_command_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sysconfig.get_path", lambda name: str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    (blocker,) = (check for check in command() if check.blocks)
    assert blocker.name == "textattack" and blocker.message == f"is not in {tmp_path}"


def test_an_interpreter_with_nothing_but_the_source() -> None:
    """Without site-packages: no metadata, no hook, nothing that is needed."""
    script = f"import sys; sys.path.insert(0, {str(ROOT)!r})\nfrom textattack_xmtc.cli.main import main"
    script += "\nsys.exit(main(['doctor']))"
    ran = subprocess.run([sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=False)
    assert ran.returncode == 1, ran.stderr
    assert "is imported from" in ran.stdout and "-> pip install textattack-xmtc" in ran.stdout
    assert ran.stdout.splitlines()[-1].startswith("cannot run: textattack attack")
