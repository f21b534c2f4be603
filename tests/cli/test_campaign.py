"""`campaign` as it is called: options and TOML, what is printed, Ctrl-C, and runs that are killed at any moment."""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import re
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from tests.toolkit.processes import Command, needs_fork
from tests.toolkit.small_campaigns import make_all, records
from textattack_xmtc.campaign import transfer as transferring
from textattack_xmtc.cli.campaign import _given, add_arguments
from textattack_xmtc.cli.main import main
from textattack_xmtc.results.folder import read_campaign

MODELS = ["--model", "plain", "--model", "other"]
SMALL = ["--data", "data", "--k", "2", "--labels-per-bin", "5", "--samples-per-bin", "4", "--candidates", "8"]
ATTACK = [*SMALL, "--max-change-rate", "0.2", "--encoder", "embedded"]
RECORDS = ("records", "transfer")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_all(tmp_path_factory.mktemp("small"))


@pytest.fixture(autouse=True)
def here(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(small)
    monkeypatch.setenv("TA_CACHE_DIR", str(small / "cache"))


def test_a_campaign_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert main(["campaign", "--model", "plain", "--model", "other", "--out", str(out), *ATTACK]) == 0
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines[0] == "plain (reference)" and "other" in lines and lines[-1] == f"now: textattack-xmtc report {out}"
    campaign = read_campaign(out)
    for model in campaign.models:
        for part in campaign.bins:
            rate = campaign.results[model.name].rate(part.number)
            row = rf"  {re.escape(campaign.bin_name(part.number))} +{rate.n}  {rate.value:.0%} \(\d+ to \d+%\)"
            assert re.search(row, printed.out), row
    assert re.search(r"  all +12  \d+% ", printed.out)
    assert "12 samples by training texts of the label (" in printed.err and "queries/s" in printed.err
    assert main(["campaign", "--out", str(out)]) == 2
    assert f"there is a campaign in '{out}' already; resume it (--resume)" in capsys.readouterr().err
    assert main(["campaign", "--out", str(out), "--resume", "--k", "3"]) == 2
    assert "has k=2, and k=3 was asked for" in capsys.readouterr().err
    assert main(["campaign", "--out", str(out), "--resume"]) == 0
    assert capsys.readouterr().out == printed.out


def test_a_gate_refuses_before_the_run_what_the_campaign_cannot_answer(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, gate = tmp_path / "out", tmp_path / "gate.toml"
    command = ["campaign", "--model", "plain", "--out", str(out), *ATTACK, "--gate", str(gate)]
    for content, message in (
        ("[label-kept]\nall = 0.5", "it measures nothing of the label; run it with --preserve none"),
        ('[labels]\nat-most = 0.5\nnames = ["kernel"]', "[labels] names what is no label of the data: 'kernel'"),
        ("[vulnerability]\nall = 0.5", "12 samples are drawn, and a gate needs 30 or more"),
        ("[precision]\n3 = 0.5", "it asks for the 2 best labels"),
    ):
        gate.write_text(content)
        assert main(command) == 2 and message in capsys.readouterr().err
        assert not out.exists(), "a refused campaign leaves no folder behind"
    gate.write_text("[precision]\n1 = 0.5")
    assert main(command) == 0
    assert capsys.readouterr().out.endswith(f"now: textattack-xmtc report {out} --gate {gate}\n")
    gate.write_text("[precision]\n3 = 0.5")
    assert main(["campaign", "--out", str(out), "--resume", "--gate", str(gate)]) == 2
    assert "cannot answer [precision] 3" in capsys.readouterr().err


def test_adversarial_texts_are_tried_on_other_models(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    assert main(["campaign", "--model", "plain", "--out", str(out), *ATTACK]) == 0
    assert "tried on" not in capsys.readouterr().out
    records_before = (out / "records" / "plain.jsonl").read_bytes()
    assert main(["campaign", "--out", str(out), "--resume", "--transfer-to", "other"]) == 0
    printed = capsys.readouterr()
    assert (out / "records" / "plain.jsonl").read_bytes() == records_before
    campaign = read_campaign(out)
    trials = campaign.transfers[0].trials.values()
    n = sum(trial.outcome != "skipped" for trial in trials)
    share = sum(trial.outcome == "succeeded" for trial in trials) / n
    assert "found on plain, tried on other" in printed.out
    assert re.search(rf"  all +{n}  {share:.0%} \(\d+ to \d+%\) +\d+% \(", printed.out.partition("tried on")[2])
    assert f"tried on other: {len(trials)} of {len(trials)} samples" in printed.err
    assert main(["report", str(out)]) == 0
    assert (out / "report" / "tables" / "transfer.csv").exists()
    assert main(["campaign", "--out", str(out), "--resume", "--transfer-to", "plain", "nowhere"]) == 2
    assert "'plain' is the model that the campaign attacks" in capsys.readouterr().err


def test_the_command_line_wins_over_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, out = tmp_path / "campaign.toml", tmp_path / "out"
    file.write_text(
        'model = "plain"\ndata = "data"\nk = 3\nlabels-per-bin = 5\ntotal = 6\nmax-change-rate = 0.2\n'
        f'goal = "negative"\nencoder = "embedded"\ncluster = true\nout = "{tmp_path / "elsewhere"}"\n'
        'transfer-to = "other"\n'
    )
    options = ["--config", str(file), "--k", "2", "--candidates", "8", "--cluster", "no", "--out", str(out)]
    assert main(["campaign", *options]) == 0
    settings = json.loads((out / "campaign.json").read_text())["settings"]
    assert (settings["k"], settings["cluster"], settings["total"], settings["goal"]) == (2, False, 6, "negative")
    assert not (tmp_path / "elsewhere").exists()
    campaign = read_campaign(out)
    assert len(campaign.samples) == 6 and [model.name for model in campaign.transfers] == ["other"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model", "plain", "--data", "data"], "the option --out is missing; give --out FOLDER"),
        (["--out", "new", "--data", "data"], "the option --model is missing; give --model: a model folder"),
        (["--out", "new", "--model", "plain"], "the option --data is missing; give --data: a folder"),
        (["--out", "new", "--config", "no.toml"], "no.toml cannot be read as TOML"),
        (["--out", "new", "--model", "nowhere", *ATTACK], "there is no model folder 'nowhere'"),
        (["--out", "new", *MODELS, *ATTACK, "--workers", "0"], "0 workers attack nothing; give --workers 1 or more"),
        (["--out", "new", *MODELS, "--retry-errors"], "try again in a new campaign; give --resume with --retry-errors"),
    ],
)
def test_what_is_missing_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    options = [str(tmp_path / "new") if option == "new" else option for option in options]
    assert main(["campaign", *options]) == 2
    assert message in capsys.readouterr().err and list(tmp_path.iterdir()) == []


def test_an_unknown_goal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["campaign", "--model", "a", "--data", "b", "--out", "c", "--goal", "worst"]) == 2
    assert "unknown goal 'worst'; choose positive, negative, untargeted" in capsys.readouterr().err


@pytest.mark.parametrize("line", ['goal = "sideways"', "k = 0", 'ranking = "alphabet"', "seed = -1", "kk = 3"])
@pytest.mark.parametrize("resume", [[], ["--resume"]])
def test_a_wrong_value_in_the_file_is_noticed_at_once(
    tmp_path: Path, whole: Path, line: str, resume: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "textattack_xmtc.campaign.runner", None)  # nothing heavy is imported
    (tmp_path / "campaign.toml").write_text(f'model = "plain"\ndata = "data"\n{line}\n')
    out = whole if resume else tmp_path / "new"
    assert main(["campaign", "--config", str(tmp_path / "campaign.toml"), "--out", str(out), *resume]) == 2
    assert [path.name for path in tmp_path.iterdir()] == ["campaign.toml"]


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        (["--cluster"], {"cluster": True}),
        (["--cluster", "yes"], {"cluster": True}),
        (["--no-cluster"], {"cluster": False}),
        (["--cluster", "no"], {"cluster": False}),
        (["--random-seed", "3"], {"seed": 3}),
        (["--seed", "3"], {"seed": 3}),
        (["--model", "plain", "other"], {"models": ["plain", "other"]}),
        (["--model", "plain", "--model", "other"], {"models": ["plain", "other"]}),
        (["--dataset-from-huggingface", "glue"], {"data": "hf:glue"}),
        (["--data", "hf:glue"], {"data": "hf:glue"}),
        (["--goal", "untargeted"], {"goal": "untargeted"}),
        (["--output-dir", "runs/a"], {"out": Path("runs/a")}),
    ],
    ids=str,
)
def test_spellings_of_options(options: list[str], settings: dict[str, object]) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    assert _given(parser.parse_args(options)) == {"transfer_to": (), **settings}


# Exit status -------------------------------------------------------------------------------------------------------


def test_a_campaign_that_attacks_nothing_ends_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """1% of 20 words is no word: no sample can be drawn, and samples that were drawn before are all skipped."""
    out, drawn = tmp_path / "out", tmp_path / "drawn"
    attack = [*SMALL, "--encoder", "embedded", "--max-change-rate", "0.01"]
    for options in ([], ["--goal", "negative"]):
        assert main(["campaign", "--model", "plain", "--out", str(out), *attack, *options]) == 2
        printed = capsys.readouterr()
        assert "under 100 words, too few for a single change at --max-change-rate 0.01" in printed.err
    assert main(["campaign", "--model", "plain", "--out", str(drawn), *SMALL, "--encoder", "embedded"]) == 0
    capsys.readouterr()
    for options in ([], ["--workers", "1"]):
        shutil.rmtree(out, ignore_errors=True)
        given = [
            "--samples",
            str(drawn / "samples.jsonl"),
            "--encoder",
            "embedded",
            "--max-change-rate",
            "0.01",
            *options,
        ]
        assert main(["campaign", "--model", "plain", "--out", str(out), *SMALL[:4], *given]) == 2
        printed = capsys.readouterr()
        assert re.search(r"none of 12 samples was attacked \(12 skipped: too short\); check that", printed.err)
        assert "now: textattack-xmtc report" not in printed.out
    assert main(["campaign", "--out", str(out), "--resume"]) == 0, "a finished run that is resumed"
    assert main(["campaign", "--out", str(out), "--resume", "--transfer-to", "other"]) == 0, "nothing to try"
    lines = (out / "records" / "plain.jsonl").read_bytes().splitlines(keepends=True)
    (out / "records" / "plain.jsonl").write_bytes(b"".join(lines[:5]))
    assert main(["campaign", "--out", str(out), "--resume"]) == 2, "an unfinished one that comes to its end"


# In processes of their own, as it happens -----------------------------------------------------------------------------


def started(out: Path, *options: str) -> Command:
    return Command("campaign", *MODELS, "--out", str(out), *ATTACK, *options)


def written(out: Path) -> int:
    """Records of attacks, and of adversarial texts tried on other models."""
    return sum(file.read_bytes().count(b"\n") for folder in RECORDS for file in (out / folder).glob("*.jsonl"))


@needs_fork
@pytest.mark.slow
def test_ctrl_c_ends_after_the_example(tmp_path: Path) -> None:
    process = started(tmp_path / "out")
    process.wait(lambda: written(tmp_path / "out") >= 3)
    os.kill(process.pid, signal.SIGINT)
    status, printed = process.end()
    assert status == 130, printed
    assert "stopping after this example; Ctrl-C again stops at once" in printed and "Traceback" not in printed
    assert f"xmtc: stopped; resume it: textattack-xmtc campaign --out {tmp_path / 'out'} --resume" in printed
    assert 3 <= written(tmp_path / "out") < 24


def run_and_press(out: Path, calls: int | None, function: str) -> None:
    """The command, with Ctrl-C after so many calls of Python functions, or in the first call of one by its name."""
    made = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal made
        made += event == "call"
        if made == calls or (event == "call" and frame.f_code.co_name == function):
            sys.setprofile(None)
            os.kill(os.getpid(), signal.SIGINT)

    sys.setprofile(count)
    sys.exit(main(["campaign", "--model", "plain", "--out", str(out), *ATTACK]))


@pytest.mark.slow
@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="needs fork, to start fast")
@pytest.mark.parametrize(
    ("calls", "function"),
    [
        *((calls, "") for calls in (20, 200, 2_000, 6_000, 12_000, 25_000, 45_000)),
        (None, "update_fingerprint"),  # `datasets` has an `except` for everything around what this calls
        (None, "dumps"),
        (None, "prepare"),
        (None, "write_json"),
    ],
)
def test_ctrl_c_in_the_first_seconds_always_ends(tmp_path: Path, calls: int | None, function: str) -> None:
    process = multiprocessing.get_context("fork").Process(
        target=run_and_press, args=(tmp_path / "out", calls, function)
    )
    process.start()
    process.join(300)
    assert process.exitcode == 130
    assert written(tmp_path / "out") < 12


@needs_fork
@pytest.mark.slow
def test_ctrl_c_on_a_terminal_with_workers(tmp_path: Path, whole: Path) -> None:
    """It reaches the workers as well, which leave it to the first process; nothing of them is left."""
    process = started(tmp_path / "out", "--workers", "2")
    process.wait(lambda: written(tmp_path / "out") >= 3)
    os.killpg(process.pid, signal.SIGINT)
    status, printed = process.end()  # when the last worker has ended
    assert status == 130, printed
    assert "xmtc: 2 workers" in printed and "Traceback" not in printed and " died (" not in printed
    assert f"xmtc: stopped; resume it: textattack-xmtc campaign --out {tmp_path / 'out'} --resume" in printed
    assert 3 <= written(tmp_path / "out") < 24
    assert main(["campaign", "--out", str(tmp_path / "out"), "--resume"]) == 0
    assert unordered(tmp_path / "out") == records(whole)


@needs_fork
@pytest.mark.slow
def test_workers_end_with_a_campaign_that_is_killed(tmp_path: Path) -> None:
    process = started(tmp_path / "out", "--workers", "2")
    process.wait(lambda: written(tmp_path / "out") >= 3)
    process.kill()
    status, _ = process.end()  # they hold standard error, and it comes to its end
    assert status == -signal.SIGKILL and written(tmp_path / "out") >= 3


def unordered(out: Path) -> dict[str, list[dict[str, Any]]]:
    return {model: sorted(rows, key=lambda row: row["sample"]) for model, rows in records(out).items()}


@pytest.fixture(scope="module")
def whole(small: Path) -> Path:
    """A campaign that ran without a break."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(small)
        patch.setenv("TA_CACHE_DIR", str(small / "cache"))
        assert main(["campaign", *MODELS, "--out", "whole", *ATTACK]) == 0
    return small / "whole"


def is_as(out: Path, whole: Path) -> None:
    assert records(out) == records(whole)
    for name in ("campaign.json", "samples.jsonl", "bins.json", "labels.json"):
        assert (out / name).read_bytes() == (whole / name).read_bytes()


@needs_fork
@pytest.mark.slow
def test_a_killed_command_is_resumed(tmp_path: Path, whole: Path) -> None:
    process = started(tmp_path / "out")
    process.wait(lambda: written(tmp_path / "out") >= 5)
    process.kill()
    assert process.status == -signal.SIGKILL and 5 <= written(tmp_path / "out") < 24
    assert started(tmp_path / "out", "--resume").end()[0] == 0
    is_as(tmp_path / "out", whole)


def run_until(out: Path, *, calls: int | None = None, records: int | None = None, options: Sequence[str] = ()) -> None:
    """The command, killed by itself after so many calls of Python functions or so many new records, or at its end."""
    before, made = written(out), 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal made
        made += event == "call"
        if made == calls or (records and made % 20 == 0 and written(out) >= before + records):
            os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(count if calls is not None or records is not None else None)
    sys.exit(main(["campaign", *MODELS, "--out", str(out), "--resume", *ATTACK, *options]))


@pytest.mark.slow
@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="needs fork, to start fast")
def test_killed_at_any_moment_nothing_is_lost_and_nothing_is_twice(tmp_path: Path, whole: Path) -> None:
    """SIGKILL again and again, while it loads, draws, writes its files and attacks, until it comes to its end.

    The moments are counted in calls and records, not in seconds: so the test is the same on a fast machine.
    """
    chance, out = random.Random(0), tmp_path / "out"
    moments: list[dict[str, int]] = [{"calls": chance.randrange(50_000)} for _ in range(7)]
    moments += [{"records": chance.randint(1, 3)} for _ in range(4)]
    chance.shuffle(moments)
    left = []
    for moment in [*moments, {}]:
        process = multiprocessing.get_context("fork").Process(target=run_until, args=(out,), kwargs=moment)
        process.start()
        process.join(300)
        assert process.exitcode == (-signal.SIGKILL if moment else 0), moment
        left.append(written(out))
    assert left == sorted(left) and len(set(left)) > 5 and left[-1] == 24
    is_as(out, whole)


@pytest.mark.slow
@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="needs fork, to start fast")
def test_killed_while_adversarial_texts_are_tried_on_other_models(
    tmp_path: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Moments are counted in calls again; a text at a time, so that many of them lie between two records."""
    monkeypatch.setattr(transferring, "_AT_ONCE", 1)
    transfer = ["--transfer-to", "other", "plain"]
    expected, out = tmp_path / "expected", tmp_path / "out"
    for copy in (expected, out):
        shutil.copytree(whole, copy)
    assert main(["campaign", "--out", str(expected), "--resume", *transfer]) == 0
    chance, left = random.Random(0), [written(out)]
    moments: list[dict[str, int]] = [{"calls": chance.randrange(30_000)} for _ in range(2)]
    moments += [{"records": chance.randint(1, 4)} for _ in range(4)]
    chance.shuffle(moments)
    for moment in [*moments, {}]:
        options = {**moment, "options": transfer}
        process = multiprocessing.get_context("fork").Process(target=run_until, args=(out,), kwargs=options)
        process.start()
        process.join(300)
        assert process.exitcode in ((-signal.SIGKILL, 0) if moment else (0,)), moment
        left.append(written(out))
    assert left == sorted(left) and len(set(left)) > 3 and left[-1] == written(expected)
    is_as(out, whole)
    for name in ("transfer.json", "transfer/other.jsonl", "transfer/plain.jsonl"):
        assert (out / name).read_bytes() == (expected / name).read_bytes()
