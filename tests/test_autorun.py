"""The start-up hook: in every interpreter, so it must cost nothing, and nothing may break it."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import textattack_xmtc

SOURCE = Path(textattack_xmtc.__file__).parent / "_autorun.py"
LIST_MODULES = "import sys; print(*sorted(sys.modules))"


def python(script: str, *paths: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script in a fresh interpreter, with `paths` before everything else."""
    variables = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths)), **environment}
    command = [sys.executable, "-P", "-c", script]
    return subprocess.run(command, capture_output=True, text=True, env=variables, check=False)


def fake_package(folder: Path, name: str, **files: str) -> Path:
    """A package whose modules hold the given code; `a__b="..."` makes the module `a/b.py`."""
    for module, code in {"__init__": "", **files}.items():
        path = folder / name / (module.replace("___", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code, encoding="utf-8")
    return folder


def test_the_installed_hook_is_the_source():
    installed = Path(sysconfig.get_path("purelib")) / "hatch_autorun_textattack_xmtc.pth"
    assert repr(SOURCE.read_text(encoding="utf-8")) in installed.read_text(encoding="utf-8"), (
        "the start-up file is missing or old: install the package again (pip install -e .)"
    )


def test_no_module_is_loaded_by_the_hook():
    with_hook = python(LIST_MODULES).stdout.split()
    without = python(LIST_MODULES, TEXTATTACK_XMTC_AUTORUN="0").stdout.split()
    assert with_hook == without
    assert "textattack" not in with_hook


def test_it_waits_for_textattack_once_and_can_be_switched_off(tmp_path):
    watchers = (
        f"import sys; code = open({str(SOURCE)!r}).read(); exec(code); exec(code); "
        "print([type(finder).__name__ for finder in sys.meta_path].count('TextAttackWatcher'))"
    )
    assert python(watchers).stdout.strip() == "1"
    assert python(watchers, TEXTATTACK_XMTC_AUTORUN="0").stdout.strip() == "0"


def test_it_calls_the_plugin_when_textattack_is_there(tmp_path):
    fake_package(tmp_path, "textattack", ready="")
    fake_package(tmp_path, "textattack_xmtc", plugin="def loaded(name): print('told of', name)")
    told = python("import textattack; print(textattack.__spec__.loader.__class__.__name__)", tmp_path)
    assert told.stdout.split("\n")[:2] == ["told of textattack", "SourceFileLoader"]
    assert python("import textattack", tmp_path, TEXTATTACK_XMTC_AUTORUN="0").stdout == ""


def test_a_broken_plugin_leaves_textattack_working(tmp_path):
    fake_package(tmp_path, "textattack", ready="")
    fake_package(tmp_path, "textattack_xmtc", plugin="raise RuntimeError('half an installation')")
    ran = python("import textattack; print('fine')", tmp_path)
    assert (ran.returncode, ran.stdout) == (0, "fine\n")
    assert "half an installation" in ran.stderr and "left out" in ran.stderr


def test_a_missing_plugin_leaves_textattack_working(tmp_path):
    fake_package(tmp_path, "textattack", ready="")
    fake_package(tmp_path, "textattack_xmtc")
    ran = python("import textattack; print('fine')", tmp_path)
    assert (ran.returncode, ran.stdout) == (0, "fine\n")


def test_a_broken_textattack_fails_as_it_does_without_the_hook(tmp_path):
    folder = fake_package(tmp_path, "textattack")
    (folder / "textattack" / "__init__.py").write_text("raise ValueError('broken')", encoding="utf-8")
    for switch in ("0", "1"):
        ran = python(
            "try:\n    import textattack\nexcept ValueError as error:\n    print('as usual:', error)",
            tmp_path,
            TEXTATTACK_XMTC_AUTORUN=switch,
        )
        assert ran.stdout == "as usual: broken\n"
