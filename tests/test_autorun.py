"""The start-up hook: in every interpreter, so it must cost nothing, and nothing may break it."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import textattack_xmtc

SOURCE = Path(textattack_xmtc.__file__).parent / "_autorun.py"
START = SOURCE.parents[1] / "startup" / "hatch_autorun_textattack_xmtc.start"
INSTALLED = Path(sysconfig.get_path("purelib")) / "hatch_autorun_textattack_xmtc.pth"
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


def test_the_installed_hook_is_the_source() -> None:
    assert repr(SOURCE.read_text(encoding="utf-8")) in INSTALLED.read_text(encoding="utf-8"), (
        "the start-up file is missing or old: install the package again (pip install -e .)"
    )


def test_the_start_file_of_later_pythons_calls_the_hook() -> None:
    """PEP 829: each line is resolved by `pkgutil.resolve_name` and called."""
    (line,) = START.read_text(encoding="utf-8").splitlines()
    script = (
        "import sys, pkgutil; "
        "sys.meta_path[:] = [f for f in sys.meta_path if type(f).__name__ != 'TextAttackWatcher']; "
        f"before = set(sys.modules); pkgutil.resolve_name({line!r})(); "
        "print([type(finder).__name__ for finder in sys.meta_path].count('TextAttackWatcher'), "
        "sorted(set(sys.modules) - before))"
    )
    shown = python(script, SOURCE.parents[1], TEXTATTACK_XMTC_AUTORUN="1").stdout.strip()
    assert shown == "1 ['__future__', 'textattack_xmtc', 'textattack_xmtc._autorun', 'textattack_xmtc._version']"


def test_a_wheel_holds_both_start_up_files() -> None:
    built = tomllib.loads((SOURCE.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["hatch"]["build"]
    included = built["targets"]["wheel"]["force-include"]
    # The same name as the other but for the ending: only so does Python leave that one's code alone.
    assert included == {f"startup/{START.name}": f"{INSTALLED.stem}.start"}


def test_a_textattack_that_is_not_whole_breaks_nothing_and_is_named(tmp_path: Path) -> None:
    fake_package(tmp_path, "textattack")  # its submodules are gone
    ran = python("import textattack; print('fine')", tmp_path, SOURCE.parents[1])
    assert (ran.returncode, ran.stdout) == (0, "fine\n")
    ran = python("import textattack_xmtc; textattack_xmtc.XMTCPositive", tmp_path, SOURCE.parents[1])
    assert "MissingExtraError: textattack is not whole" in ran.stderr
    assert "pip install --force-reinstall --no-deps textattack" in ran.stderr


def test_without_textattack_names_and_commands_say_so() -> None:
    missing = "import sys; sys.modules['textattack'] = None; "
    ran = python(missing + "import textattack_xmtc; textattack_xmtc.XMTCPositive", SOURCE.parents[1])
    assert "MissingExtraError: textattack is not" in ran.stderr and "pip install" in ran.stderr
    campaign = ["campaign", "--model", "a", "--data", "b", "--out", "c"]
    command = f"from textattack_xmtc.cli.main import main; raise SystemExit(main({campaign!r}))"
    absent = (
        "import sys\nclass Absent:\n    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'textattack':\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
    )
    ran = python(absent + command, SOURCE.parents[1])
    assert ran.returncode == 2
    assert ran.stderr == "textattack-xmtc: textattack is not installed; pip install textattack\n"


def test_no_module_is_loaded_by_the_hook() -> None:
    with_hook = python(LIST_MODULES).stdout.split()
    without = python(LIST_MODULES, TEXTATTACK_XMTC_AUTORUN="0").stdout.split()
    assert with_hook == without
    assert "textattack" not in with_hook


def test_it_waits_for_textattack_once_and_can_be_switched_off(tmp_path: Path) -> None:
    # As `site` does: from inside a function, where names of the code are not global.
    watchers = (
        f"import sys\ncode = open({str(SOURCE)!r}).read()\n"
        "sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__name__ != 'TextAttackWatcher']\n"
        "def site():\n    exec(code)\n    exec(code)\n"
        "site()\n"
        "print([type(finder).__name__ for finder in sys.meta_path].count('TextAttackWatcher'))"
    )
    assert python(watchers).stdout.strip() == "1"
    assert python(watchers, TEXTATTACK_XMTC_AUTORUN="0").stdout.strip() == "0"


def test_it_calls_the_plugin_when_textattack_is_there(tmp_path: Path) -> None:
    fake_package(tmp_path, "textattack", ready="")
    fake_package(tmp_path, "textattack_xmtc", plugin="def loaded(name): print('told of', name)")
    printed = python("import textattack; print(textattack.__spec__.loader.__class__.__name__)", tmp_path)
    assert printed.stdout.split("\n")[:2] == ["told of textattack", "SourceFileLoader"]
    assert python("import textattack", tmp_path, TEXTATTACK_XMTC_AUTORUN="0").stdout == ""


def test_a_broken_plugin_leaves_textattack_working(tmp_path: Path) -> None:
    fake_package(tmp_path, "textattack", ready="")
    fake_package(tmp_path, "textattack_xmtc", plugin="raise RuntimeError('half an installation')")
    ran = python("import textattack; print('fine')", tmp_path)
    assert (ran.returncode, ran.stdout) == (0, "fine\n")
    assert "half an installation" in ran.stderr and "left out" in ran.stderr


def test_a_missing_plugin_leaves_textattack_working(tmp_path: Path) -> None:
    fake_package(tmp_path, "textattack", ready="")
    fake_package(tmp_path, "textattack_xmtc")
    ran = python("import textattack; print('fine')", tmp_path)
    assert (ran.returncode, ran.stdout) == (0, "fine\n")


def test_a_broken_textattack_fails_as_it_does_without_the_hook(tmp_path: Path) -> None:
    folder = fake_package(tmp_path, "textattack")
    (folder / "textattack" / "__init__.py").write_text("raise ValueError('broken')", encoding="utf-8")
    for switch in ("0", "1"):
        ran = python(
            "try:\n    import textattack\nexcept ValueError as error:\n    print('as usual:', error)",
            tmp_path,
            TEXTATTACK_XMTC_AUTORUN=switch,
        )
        assert ran.stdout == "as usual: broken\n"
