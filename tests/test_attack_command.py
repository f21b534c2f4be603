"""`textattack attack` with this package's parts: the stock command's own objects, run in this process."""

from __future__ import annotations

import json
import os
import pickle
import signal
import warnings
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas
import pytest
import textattack
from textattack.commands.attack_command import AttackCommand

from tests.toolkit.masked_lms import masked_lm
from textattack_xmtc import attack_command, plugin

plugin.register()

VICTIM = """
import os, signal
from textattack_xmtc.wrappers import FunctionWrapper

asked, calls = [], []


def scores(texts):
    asked.extend(texts)
    calls.append(len(texts))
    fail = os.environ.get("FAIL_AT")
    if len(calls) == int(os.environ.get("FAIL_AT_CALL", 0)):
        raise RuntimeError("gone")
    if fail and any(fail in text for text in texts):
        if os.environ["FAIL_AS"] == "SIGTERM":
            os.kill(os.getpid(), signal.SIGTERM)
        raise (KeyboardInterrupt if os.environ["FAIL_AS"] == "Ctrl-C" else RuntimeError)("gone")
    return [[2.0 * text.count("apple"), 0.5, 2.0 * text.count("market")] for text in texts]


model = FunctionWrapper(scores, "score", label_names=["fruit", "food", "trade"])
"""
TEXT = "apple study river law policy court energy water climate change school"
MARKET = "market study river law policy court energy water climate change school"


@pytest.fixture(scope="module")
def lm(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A masked LM in a folder whose name needs care: a space, a comma, `=` and `^`."""
    folder = tmp_path_factory.mktemp("lm") / "a b, c^d=e"
    model, tokenizer = masked_lm("bert")
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(lm: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run the command with a victim file and rows of data: exit status, standard output, standard error."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "victim.py").write_text(VICTIM, encoding="utf-8")

    def attack(
        rows: Sequence[dict[str, Any]] | str | None,
        *arguments: str,
        recipe: str = "xmtc-positive",
        more: str = "k=1,max_change_rate=0.2",
        parts: bool = False,
    ) -> tuple[int, str, str]:
        data = []
        if isinstance(rows, str):
            (tmp_path / "data.py").write_text(rows, encoding="utf-8")
            data = ["--dataset-from-file", "data.py"]
        elif rows is not None:
            lines = "".join(json.dumps(row) + "\n" for row in rows)
            (tmp_path / "data.jsonl").write_text(lines, encoding="utf-8")
            data = ["--dataset-from-file", "data.jsonl"]
        chosen = [] if parts else ["--recipe", f"{recipe}^masked_lm={lm},encoder=embedded,{more}"]
        parser = textattack.CommandLineAttackArgs._add_parser_args(ArgumentParser())
        command = [*chosen, "--model-from-file", "victim.py", *data, "--model-batch-size", "1", *arguments]
        capfd.readouterr()
        status = 0
        try:
            AttackCommand().run(parser.parse_args(command))
        except SystemExit as ended:
            status = int(ended.code or 0)
        except KeyboardInterrupt:
            status = 130
        except RuntimeError as error:
            assert str(error) == "gone"
            status = 1
        shown = capfd.readouterr()
        return status, shown.out, shown.err

    return attack


def row(text: str, *labels: str, **more: Any) -> dict[str, Any]:
    return {"text": text, "labels": list(labels), **more}


# Nothing is lost (C1) -------------------------------------------------------------------------------------------------


def test_targets_are_checked_before_the_first_attack(run: Run) -> None:
    rows = [row(TEXT, "fruit"), row(MARKET, "trade"), row(TEXT, "fruit", targets=["fruitt"]), row(TEXT, "food")]
    status, out, err = run(rows, "--log-to-csv", "log.csv")
    assert status == 2 and "example 3 of the data: 'fruitt' is not one of the 3 labels" in err
    assert "did you mean 'fruit'" in err and "Result 1" not in out
    status, _, err = run([row(TEXT, "fruit"), row(TEXT, "fruit", targets=["trade"])])
    assert status == 2 and "example 2 of the data: the target 'trade' is not a true label" in err
    status, _, err = run([row(TEXT, "fruit"), row(TEXT, "fruit", targets=["fruit"])], recipe="xmtc-negative")
    assert status == 2 and "example 2 of the data: the target 'fruit' is a true label" in err


def test_examples_that_are_not_attacked_are_not_checked(run: Run) -> None:
    rows = [row(TEXT, "fruit"), row(TEXT, "fruit", targets=["fruitt"])]
    assert run(rows, "-n", "1")[0] == 0
    assert run(rows, "-n", "1", "--shuffle", "True")[0] == 2


@pytest.mark.parametrize(("how", "status"), [("error", 1), ("Ctrl-C", 130), ("SIGTERM", 143)])
def test_whatever_ends_the_run_finished_results_are_logged(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, status: int
) -> None:
    monkeypatch.setenv("FAIL_AT", "market")
    monkeypatch.setenv("FAIL_AS", how)
    rows = [row(TEXT, "fruit"), row(MARKET, "trade")]
    logs = ["--log-to-csv", "log.csv", "--log-summary-to-json", "summary.json", "--log-to-txt", "log.txt"]
    ended, out, _ = run(rows, *logs)
    assert ended == status
    assert len(pandas.read_csv(tmp_path / "log.csv")) == 1
    assert "Attack success rate:" in out and "the 1 finished results are in the logs" in out
    assert (tmp_path / "summary.json").is_file() and "Attack success rate" in (tmp_path / "log.txt").read_text()
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_a_victim_that_fails_on_its_37th_call(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The run ends, and what was finished before is in the log as it would be without the failure."""
    rows = [row(f"apple study {word} law policy", "fruit") for word in TEXT.split()[-6:]]
    few = "k=1,max_change_rate=0.2,candidates=4"
    assert run(rows, "-n", "6", "--log-to-csv", "whole.csv", more=few)[0] == 0
    monkeypatch.setenv("FAIL_AT_CALL", "37")
    status, out, _ = run(rows, "-n", "6", "--log-to-csv", "log.csv", more=few)
    whole, log = pandas.read_csv(tmp_path / "whole.csv"), pandas.read_csv(tmp_path / "log.csv")
    assert status == 1 and len(whole) == 6 and 0 < len(log) < 6
    assert f"the {len(log)} finished results are in the logs" in out
    pandas.testing.assert_frame_equal(log, whole[: len(log)])


# A run that attacks nothing is no success -----------------------------------------------------------------------------


def test_all_skipped_ends_with_the_counts_by_reason_and_no_warning(run: Run) -> None:
    rows = [row(TEXT, "metal"), row(TEXT, "wood", "glass"), row("apple", "fruit"), row("apple pie", "fruit")]
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        status, out, err = run([*rows, row(MARKET, "fruit")], "-n", "10")
    assert status == 2 and "Attack success rate:" in out
    assert (
        "no example was attacked: all 6 were skipped: the victim knows none of the targets (3), too short (2), "
        "no target is among the top 1 (1)"
    ) in err
    assert "RuntimeWarning" not in err


def test_what_was_attacked_or_not_asked_for_is_a_success(run: Run) -> None:
    assert run([row(TEXT, "fruit"), row(TEXT, "metal")])[0] == 0
    assert run([row(TEXT, "metal")], "-n", "0")[0] == 0


@pytest.mark.parametrize("offset", ["1", "5"])
def test_no_example_behind_the_offset(run: Run, offset: str) -> None:
    status, _, err = run([row(TEXT, "fruit")], "--num-examples-offset", offset)
    assert status == 2 and "no example was attacked: the data has 1 examples" in err


# Labels and parameters as people write them ---------------------------------------------------------------------------


def test_lists_sets_and_targets_in_a_python_file(run: Run) -> None:
    data = f"""
from textattack.datasets import Dataset
dataset = Dataset([
    ({TEXT!r}, ["fruit", "food"]), ({TEXT!r}, {{"fruit"}}), ({TEXT!r}, "fruit"), ({TEXT!r}, 0), ({TEXT!r}, ("food", 0)),
    ({TEXT!r}, {{"labels": ["fruit", "food"], "targets": ["fruit"]}}),
])
"""
    status, out, err = run(data)
    assert status == 0, err
    assert out.count("target fruit: rank 1") == 6
    status, _, err = run(f"from textattack.datasets import Dataset\ndataset = Dataset([({TEXT!r}, [0.5, 1.0])])")
    assert status == 2 and "a label must be a name or an index, got 0.5 (float)" in err


def test_parts_take_the_same_labels_and_old_names_still_work(run: Run, lm: str) -> None:
    data = f"from textattack.datasets import Dataset\ndataset = Dataset([({TEXT!r}, ['fruit'])])"
    for goal, search in (("xmtc-positive-targeted", "xmtc-masked-delta"), ("xmtc-non-targeted", "masked-delta")):
        status, out, err = run(
            data,
            *("--goal-function", f"{goal}^k=1", "--search-method", f"{search}^max_change_rate=0.2"),
            *(f"--transformation=xmtc-word-swap-masked-lm^masked_lm={lm}", "--constraints", "repeat"),
            parts=True,
        )
        assert status == 0, err
        assert "fruit" in out and "MaskedDelta" in out


def test_parts_by_name(run: Run, lm: str) -> None:
    status, out, err = run(
        [row(TEXT, "fruit")],
        *("--goal-function", "xmtc-positive-targeted^k=1", "--search-method", "xmtc-masked-delta^max_change_rate=0.2"),
        *(f"--transformation=xmtc-word-swap-masked-lm^masked_lm={lm}", "--constraints", "repeat"),
        *("xmtc-function-words", "xmtc-similarity^encoder='embedded'"),
        parts=True,
    )
    assert status == 0, err
    assert "[top-1: " in out and "(max_change_rate):  0.2" in out


def test_a_stock_search_with_our_goal(run: Run, lm: str) -> None:
    status, out, err = run(
        [row(TEXT, "fruit")],
        *("--goal-function", "xmtc-positive-targeted^k=1", "--search-method", "greedy-word-wir"),
        *(f"--transformation=xmtc-word-swap-masked-lm^masked_lm={lm}", "--constraints", "repeat", "stopword"),
        "xmtc-max-change-rate^max_change_rate=0.5",
        parts=True,
    )
    assert status == 0, err
    assert "GreedyWordSwapWIR" in out and "target " in out


def test_our_search_with_a_stock_goal_is_refused(run: Run, lm: str) -> None:
    parts = ("--search-method", "xmtc-masked-delta", f"--transformation=xmtc-word-swap-masked-lm^masked_lm={lm}")
    status, _, err = run([row(TEXT, "fruit")], *parts, parts=True)
    assert status == 2 and "masked-delta cannot work with the goal UntargetedClassification" in err


def test_broken_data_are_named_by_file_and_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.jsonl").write_text('{"text": "fine", "labels": []}\n{"text": "not', encoding="utf-8")
    status, _, err = run(None, "--dataset-from-file", "broken.jsonl")
    assert status == 2 and "broken.jsonl" in err and "2" in err


def test_checkpoints(run: Run, tmp_path: Path) -> None:
    rows = [row(TEXT, "fruit"), row(MARKET, "trade")]
    status, _, err = run(rows, "--checkpoint-interval", "1", "--checkpoint-dir", str(tmp_path), "-n", "2")
    assert status == 0, err
    saved = sorted(tmp_path.glob("*.ta.chkpt"))
    assert saved
    checkpoint = pickle.loads(saved[-1].read_bytes())
    assert 1 <= len(checkpoint.attack_log_manager.results) <= 2


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("K=5", "unknown parameter 'K'; did you mean 'k'? parameters: k, max_change_rate, candidates"),
        ("max-change-rate=0.1", "did you mean 'max_change_rate'?"),
        ("nonsense=1", "unknown parameter 'nonsense'; parameters: k,"),
        ("k=five", "invalid k=five; give a whole number or None"),
        ("k=2.5", "invalid k=2.5; give a whole number"),
        ("k=True", "invalid k=True"),
        ("k=1,k=2", "the parameter 'k' is given twice"),
        ("max_change_rate=ten percent", "invalid max_change_rate=ten percent; give a number"),
        ("ranking=best", "invalid ranking=best; give masked-delta or masked-blocks"),
        ("k=9", "k=9 is more than the 3 labels"),
    ],
)
def test_parameters_that_cannot_be(run: Run, more: str, message: str) -> None:
    status, _, err = run([row(TEXT, "fruit")], more=more)
    assert status == 2 and message in err


def test_a_name_without_a_value(run: Run) -> None:
    status, _, err = run([row(TEXT, "fruit")], more="5,k=1")
    assert status == 2 and "embedded,5" in err


def test_thresholds_and_none(run: Run) -> None:
    status, out, err = run([row(TEXT, "fruit")], more="k=None,threshold=1.5,min_similarity=None,max_change_rate=2/10")
    assert status == 0, err
    assert "(threshold):  1.5" in out


# Interactive mode -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import sys; sys.exit(0)", "ends the process"),
        ("def f(:", "SyntaxError"),
        ("x = 1", "has no variable `model`"),
        ("model = None", "a NoneType is not a victim"),
    ],
)
def test_a_victim_file_that_makes_no_victim(run: Run, tmp_path: Path, code: str, message: str) -> None:
    (tmp_path / "victim.py").write_text(code)
    status, _, err = run([row(TEXT, "fruit")])
    assert status == 2 and err.count("textattack-xmtc:") == 1 and message in err


def test_interactive_with_a_model_by_name_needs_no_data() -> None:
    parser = textattack.CommandLineAttackArgs._add_parser_args(ArgumentParser())
    arguments = parser.parse_args(["--recipe", "xmtc-positive", "--model", "victim.py", "--interactive"])
    assert attack_command.create_dataset(lambda _: "stock", arguments) is None


def test_interactive_needs_no_data(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    typed = iter([TEXT])
    monkeypatch.setattr("builtins.input", lambda: next(typed, "q"))
    status, out, err = run(None, "--interactive")
    assert status == 0, err
    assert "target fruit: rank 1" in out


def test_the_end_of_the_typed_texts_ends_interactive_mode(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def end() -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", end)
    assert run(None, "--interactive")[0] == 0


def test_a_stock_attack_without_data_is_refused_as_ever(tmp_path: Path) -> None:
    parser = textattack.CommandLineAttackArgs._add_parser_args(ArgumentParser())
    arguments = parser.parse_args(["--recipe", "deepwordbug", "--model-from-file", "x.py", "--interactive"])
    with pytest.raises(ValueError, match="Must supply pretrained model or dataset"):
        AttackCommand().run(arguments)
    assert not os.environ.get("FAIL_AT")
