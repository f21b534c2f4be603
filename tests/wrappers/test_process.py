"""A victim in a process of its own: what happens to the process, and what the model in it does wrong."""

from __future__ import annotations

import copy
import gc
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.toolkit.every_victim import served
from textattack_xmtc.errors import InputError, VictimError
from textattack_xmtc.wrappers import ProcessWrapper

HEAD = """
import os, sys, time
class Model:
    label_names = ["a", "b"]
    score_kind = "probability"
"""
TAIL = """
def load(*arguments):
    return Model()
"""


def victim(body: str, *arguments: str, tail: str = TAIL, **options: float | str) -> ProcessWrapper:
    return ProcessWrapper(sys.executable, served(HEAD + body + tail), *arguments, **options)


SIMPLE = """
    def best(self, texts, m):
        return [[(0, 0.5), (1, 0.25)][:m] for _ in texts]
"""


def pid_of(model: ProcessWrapper) -> int:
    return model._process._running.pid


def test_what_the_model_says_of_itself() -> None:
    model = victim(SIMPLE + "    name = 'tagger'\n    mask = '<mask>'\n")
    assert (model.name, model.mask, model.score_kind, model.labels.names) == (
        "tagger",
        "<mask>",
        "probability",
        ["a", "b"],
    )
    assert victim(SIMPLE, name="mine", mask="X").name == "mine"
    assert model.score(["x"], [1, 0]).tolist() == [[0.25, 0.5]]


def test_arguments_reach_the_model() -> None:
    tail = "\ndef load(*names):\n    model = Model()\n    model.label_names = list(names)\n    return model\n"
    assert victim(SIMPLE, "x", "ü", tail=tail).labels.names == ["x", "ü"]


def test_it_does_not_know_this_package_nor_the_callers_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path.cwd()))
    body = SIMPLE + "    name = repr(sorted(name for name in sys.modules if name.startswith('textattack')))\n"
    assert victim(body).name == "[]"


def test_it_ends_with_its_wrapper() -> None:
    model = victim(SIMPLE)
    process = model._process._running
    assert process.poll() is None
    del model
    gc.collect()
    assert process.poll() == 0


def test_it_ends_with_a_program_that_is_killed(tmp_path: Path) -> None:
    script = (
        "import sys, time\n"
        "from textattack_xmtc.wrappers import ProcessWrapper\n"
        f"model = ProcessWrapper(sys.executable, {str(served(HEAD + SIMPLE + TAIL))!r})\n"
        "print(model._process._running.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    child = int(parent.stdout.readline())
    # Its end shows in this pipe: the reading end of its answers lay with the parent, and its errors in a file.
    descriptor = os.pidfd_open(child)
    parent.kill()
    parent.wait()
    import select

    assert select.select([descriptor], [], [], 60)[0], "the process outlived the program that started it"


def test_a_process_that_died_says_why_and_is_started_again() -> None:
    model = victim(SIMPLE)
    first = pid_of(model)
    os.kill(first, signal.SIGKILL)
    with pytest.raises(VictimError, match="ended with status -9; look at its memory"):
        model.score(["x"], [0])
    assert model.score(["x"], [0]).tolist() == [[0.5]]
    assert pid_of(model) != first


def test_what_it_said_last_is_told() -> None:
    body = "    def best(self, texts, m):\n        print('out of', 'memory', file=sys.stderr)\n        os._exit(3)\n"
    with pytest.raises(VictimError, match="ended with status 3; it said last: out of memory"):
        victim(body).score(["x"], [0])


def test_a_process_that_does_not_answer_is_ended() -> None:
    body = "    def best(self, texts, m):\n        time.sleep(600)\n"
    model = victim(body, answer_s=20.0)
    model._process._answer_s = 0.2
    process = model._process._running
    with pytest.raises(VictimError, match=r"gave no answer for 0\.2 seconds and was ended; give it more time"):
        model.score(["x"], [0])
    assert process.poll() is not None


def test_an_error_of_the_model_is_told_and_the_process_goes_on() -> None:
    body = """
    def best(self, texts, m):
        if "bad" in texts:
            raise KeyError("no such word")
        return [[(0, 0.5)] for _ in texts]
"""
    model = victim(body)
    first = pid_of(model)
    with pytest.raises(VictimError, match="says: KeyError: 'no such word'"):
        model.score(["bad"], [0])
    assert model.score(["good"], [0]).tolist() == [[0.5]] and pid_of(model) == first


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import no_such_module", "says: ModuleNotFoundError: No module named 'no_such_module'"),
        ("x = 1", "says: KeyError: 'load'"),
        ("def load(): raise OSError('no weights')", "says: OSError: no weights"),
        ("def load(:", "says: SyntaxError"),
        ("import os\nos._exit(7)", "ended with status 7"),
    ],
)
def test_a_model_that_cannot_be_loaded(source: str, message: str) -> None:
    with pytest.raises(VictimError, match=message):
        ProcessWrapper(sys.executable, served(source))


def test_a_model_that_does_not_say_how_many_labels_there_are() -> None:
    with pytest.raises(InputError, match="cannot tell how many there are"):
        ProcessWrapper(sys.executable, served("class Model: pass\ndef load(): return Model()"))


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no interpreter .*nowhere"):
        ProcessWrapper(tmp_path / "nowhere", served())
    with pytest.raises(InputError, match=r"there is no file .*nowhere\.py"):
        ProcessWrapper(sys.executable, tmp_path / "nowhere.py")


def test_odd_numbers_are_refused() -> None:
    for value in ("float('nan')", "float('inf')"):
        with pytest.raises(VictimError, match="shows a score of"):
            victim(f"    def best(self, texts, m):\n        return [[(0, {value})] for _ in texts]\n").score(["x"], [0])


def test_copies_have_processes_of_their_own() -> None:
    model = victim(SIMPLE)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert other.score(["y"], [0]).tolist() == [[0.5]]
        assert pid_of(other) != pid_of(model)


def test_a_forked_process_does_not_write_into_the_pipe_of_its_parent() -> None:
    model = victim(SIMPLE)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        model.score(["from the child"], [0])
        os.write(writing, str(pid_of(model)).encode())
        model._process._running.stdin.close()
        os._exit(0)
    os.waitpid(child, 0)
    assert int(os.read(reading, 100)) != pid_of(model)
    assert model.score(["from the parent"], [0]).tolist() == [[0.5]]
