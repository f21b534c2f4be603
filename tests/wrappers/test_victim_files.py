"""Python files as victims: what lies beside them can be imported, and nothing of one reaches another."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from textattack_xmtc.errors import InputError
from textattack_xmtc.wrappers.victim_files import importable, load_victim_file

VICTIM = """
from helper import score
from textattack_xmtc.wrappers import FunctionWrapper

model = FunctionWrapper(score, "score", ["a"])
"""
LAZY = """
from textattack_xmtc.wrappers import FunctionWrapper


def score(texts):
    from {module} import score

    return score(texts)


model = FunctionWrapper(score, "score", ["a"])
"""


def helper(number: int) -> str:
    return f"def score(texts):\n    return [[{number}.0]] * len(texts)\n"


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / f"{name}.py").write_text(content, encoding="utf-8")
    return folder / "victim.py"


def test_a_module_beside_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    path = list(sys.path)
    victim = load_victim_file(write(tmp_path, victim=VICTIM, helper=helper(7)))
    assert victim.score(["x"], [0]).tolist() == [[7.0]]
    assert sys.path == path
    assert not (tmp_path / "__pycache__").exists()


def test_a_package_beside_the_file(tmp_path: Path) -> None:
    write(tmp_path / "parts", __init__="from parts.inner import score\n", inner=helper(3))
    file = write(tmp_path, victim=VICTIM.replace("helper", "parts"))
    assert load_victim_file(file).score(["x"], [0]).tolist() == [[3.0]]


def test_by_a_relative_path_and_through_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path / "one", victim=VICTIM, helper=helper(4))
    monkeypatch.chdir(tmp_path)
    assert load_victim_file("one/victim.py").score(["x"], [0]).tolist() == [[4.0]]
    (tmp_path / "link.py").symlink_to(file)
    assert load_victim_file("link.py").score(["x"], [0]).tolist() == [[4.0]]


def test_two_releases_with_a_helper_each(tmp_path: Path) -> None:
    files = [write(tmp_path / f"v{number}", victim=VICTIM, helper=helper(number)) for number in (1, 2)]
    first, second = (load_victim_file(file) for file in files)
    again = load_victim_file(files[0])
    assert [victim.score(["x"], [0])[0, 0] for victim in (first, second, again)] == [1.0, 2.0, 1.0]


def test_a_helper_that_has_changed_is_read_again(tmp_path: Path) -> None:
    file = write(tmp_path, victim=VICTIM, helper=helper(1))
    assert load_victim_file(file).score(["x"], [0])[0, 0] == 1.0
    write(tmp_path, helper=helper(2))
    assert load_victim_file(file).score(["x"], [0])[0, 0] == 2.0


def test_an_import_inside_a_function(tmp_path: Path) -> None:
    file = write(tmp_path, victim=LAZY.format(module="only_here"), only_here=helper(5))
    victim = load_victim_file(file)
    assert victim.score(["x"], [0]).tolist() == [[5.0]]


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_a_late_import_that_could_be_of_either_is_an_error(tmp_path: Path, order: tuple[int, ...]) -> None:
    files = {
        1: write(tmp_path / "one", victim=LAZY.format(module="shared_name"), shared_name=helper(1)),
        2: write(tmp_path / "two", victim=VICTIM.replace("helper", "shared_name"), shared_name=helper(2)),
    }
    victims = {number: load_victim_file(files[number]) for number in order}
    assert victims[2].score(["x"], [0]).tolist() == [[2.0]]
    with pytest.raises(ImportError, match=r"'shared_name' lies beside several victim files .*: import it at the top"):
        victims[1].score(["x"], [0])


def test_what_is_not_beside_it_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be run \(ModuleNotFoundError: No module named 'no_such_helper'\)"):
        load_victim_file(write(tmp_path, victim=VICTIM.replace("helper", "no_such_helper")))
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("no_such_helper")


def test_a_file_that_fails_leaves_the_path_as_it_was(tmp_path: Path) -> None:
    path = list(sys.path)
    with pytest.raises(InputError, match="ZeroDivisionError"):
        load_victim_file(write(tmp_path, victim="import helper\n1 / 0\n", helper=helper(1)))
    with pytest.raises(RuntimeError), importable(tmp_path / "victim.py"):
        raise RuntimeError
    assert sys.path == path


@pytest.mark.parametrize("code", ["sys.exit()", "sys.exit(0)", "sys.exit('no GPU')", "exit(3)"])
def test_a_file_that_ends_the_process_is_an_error(tmp_path: Path, code: str) -> None:
    write(tmp_path, victim=f"import sys\n{code}\n")
    with pytest.raises(InputError, match=r"ends the process as soon as it is loaded .*reads no command line"):
        load_victim_file(tmp_path / "victim.py")


CLASSES = """
from __future__ import annotations

import pickle
from dataclasses import dataclass


@dataclass
class Tagger:
    score: float

    def __call__(self, texts: list[str]) -> list[list[float]]:
        return [[self.score]] * len(texts)


model = pickle.loads(pickle.dumps(Tagger({score})))
"""


def test_a_dataclass_and_a_pickle_find_their_module(tmp_path: Path) -> None:
    for score in (1.0, 2.0):  # two files of one name
        write(tmp_path / str(score), victim=CLASSES.format(score=score))
    victims = [load_victim_file(tmp_path / str(score) / "victim.py") for score in (1.0, 2.0)]
    assert [victim.score(["a text"], [0]).item() for victim in victims] == [1.0, 2.0]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("class model: ...", r"model is a class, not a victim; make one: model = model\(\.\.\.\)"),
        ("from sklearn.dummy import DummyClassifier as D; model = D()", r"wrap it: SklearnWrapper\(model\)"),
        ("import tests.toolkit.tiny_transformers as t; model = t.tiny('Bert')", r"HuggingFaceWrapper\(model, token"),
        ("model = None", "a NoneType is not a victim; pass a wrapper of TextAttack"),
        ("def f(:", r"cannot be run \(SyntaxError.*run it by itself"),
    ],
)
def test_what_is_no_victim(tmp_path: Path, code: str, message: str) -> None:
    write(tmp_path, victim=code)
    with pytest.raises(InputError, match=message):
        load_victim_file(tmp_path / "victim.py")


@pytest.mark.parametrize("name", ["a" * 300 + ".py", "a\0b.py"])
def test_what_cannot_be_a_path_is_no_file(name: str) -> None:
    with pytest.raises(InputError, match="there is no file"):
        load_victim_file(name)


def test_another_variable(tmp_path: Path) -> None:
    file = write(tmp_path, victim=VICTIM.replace("model =", "small ="), helper=helper(6))
    assert load_victim_file(f"{file}^small").score(["x"], [0]).tolist() == [[6.0]]
    with pytest.raises(InputError, match=r"has no variable `model`; name the victim `model`"):
        load_victim_file(file)
    with pytest.raises(InputError, match=r"has no variable `large`; give the name of a variable after the \^"):
        load_victim_file(f"{file}^large")
    with pytest.raises(InputError, match=r"there is no file '.*nowhere\.py'; give a Python file with a `model`"):
        load_victim_file(tmp_path / "nowhere.py")


def test_the_former_place_of_the_wrappers_goes_on_working() -> None:
    script = """
import warnings
with warnings.catch_warnings(record=True) as found:
    warnings.simplefilter("always")
    from textattack_xmtc.models.wrappers import ScorerWrapper, XMTCModelWrapper, as_victim
    import textattack_xmtc.models.wrappers.base as base
    from textattack_xmtc.models.wrappers.huggingface import HuggingFaceWrapper
    import textattack_xmtc.models.wrappers.sklearn
assert [str(w.message) for w in found if w.category is DeprecationWarning and "wrappers" in str(w.message)] == [
    "textattack_xmtc.models.wrappers has moved: import from textattack_xmtc.wrappers"
], [str(w.message) for w in found]
import textattack_xmtc.models.wrappers as old
import textattack_xmtc.wrappers as new
import textattack_xmtc.wrappers.base
assert set(old.__all__) == set(new.__all__)
assert all(getattr(old, name) is getattr(new, name) for name in new.__all__)
assert base is new.base and HuggingFaceWrapper is new.HuggingFaceWrapper
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=False)
    assert ran.returncode == 0, ran.stderr
