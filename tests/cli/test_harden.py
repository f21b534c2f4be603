"""`harden` as it is called: a folder that loads, refusals, and a hardening that is killed."""

from __future__ import annotations

import argparse
import json
import shlex
from pathlib import Path

import pytest
from safetensors.torch import load_file

from tests.toolkit import processes
from tests.toolkit.hardening import NAMES, corpus, trained
from textattack_xmtc.cli import campaign
from textattack_xmtc.cli.main import main
from textattack_xmtc.models.folder import load_model

FEW = ["--steps", "12", "--round-steps", "3", "--k", "1"]


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("parts")
    (folder / "data").mkdir()
    for split, rows in corpus().splits.items():
        lines = [{"id": row["id"], "text": row["text"], "labels": [NAMES[n] for n in row["labels"]]} for row in rows]
        (folder / "data" / f"{split}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    model = trained(folder / "model")
    return {"model": str(model), "data": str(folder / "data")}


def harden(parts: dict[str, str], out: Path, *options: str) -> int:
    rest = ["--data", parts["data"], "--out", str(out), "--device", "cpu"]
    return main(["harden", parts["model"], *rest, *options])


def test_a_model_is_hardened_and_told_about(
    parts: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    further = tmp_path / "further.jsonl"
    further.write_text('{"text": "a badger of some", "labels": []}\n{"text": "the ember", "labels": ["unheard of"]}\n')
    options = ["--reweight", "pw-cb", "--weights", "adv-xmtc", "--unlabelled", str(further)]
    assert harden(parts, tmp_path / "out", *FEW, *options) == 0
    output = capsys.readouterr()
    assert "xmtc: 2 texts without labels beside the " in output.err
    assert (
        "hardened in" in output.out and "held out: gradient attack success" in output.out and "test: P@1" in output.out
    )
    assert "xmtc: round 4 of 4: P@1" in output.err
    assert load_model(tmp_path / "out", "cpu").label_names


def test_what_is_refused(parts: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert harden(parts, tmp_path / "out", "--steps", "3", "--budget", "1") == 2
    assert "either steps or a budget" in capsys.readouterr().err
    assert harden({**parts, "model": parts["data"]}, tmp_path / "out", *FEW) == 2
    assert "is not a model folder that can be trained" in capsys.readouterr().err
    for removed in ("--masked-lm", "--fresh", "--rounds-kept", "--changes", "--candidates", "--augment"):
        with pytest.raises(SystemExit) as ended:
            harden(parts, tmp_path / "out", *FEW, removed, "1")
        assert ended.value.code == 2
        output = capsys.readouterr().err
        assert f"{removed} belongs to hardening with a masked LM or random masks, which has been removed" in output
        assert "--share 0 is plain training" in output
    assert harden(parts, tmp_path / "out", *FEW, "--unlabelled", parts["data"]) == 2
    assert "has every one, or they are blank; give further texts" in capsys.readouterr().err
    assert not (tmp_path / "out.unfinished").exists()


def test_a_toml_file_gives_the_same_options(
    parts: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [f"{name} = {json.dumps(parts[key])}" for name, key in (("model", "model"), ("data", "data"))]
    lines += ["steps = 4", "round-steps = 2", "k = 1", 'device = "cpu"']
    file = tmp_path / "harden.toml"
    file.write_text("\n".join(lines) + "\n")
    assert main(["harden", "--config", str(file), "--out", str(tmp_path / "out"), "--steps", "2"]) == 0
    made = json.loads((tmp_path / "out" / "training.json").read_text())["hardened"]["options"]
    assert (made["steps"], made["round_steps"], made["k"]) == (2, 2, 1)
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("now: textattack-xmtc campaign ")
    parser = argparse.ArgumentParser()
    campaign.add_arguments(parser)
    actual = parser.parse_args(shlex.split(last)[3:])
    assert actual.models == [parts["model"], str(tmp_path / "out")] and str(actual.data) == parts["data"]
    file.write_text(file.read_text() + "round_steps = 3\n")
    assert main(["harden", "--config", str(file), "--out", str(tmp_path / "more")]) == 2
    assert "'round_steps' and 'round-steps' are the same option" in capsys.readouterr().err


def test_a_run_that_attacks_nothing_is_an_error(
    parts: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert harden(parts, tmp_path / "out", "--steps", "4", "--k", "6", "--goal", "negative") == 2
    output = capsys.readouterr().err
    assert "there is nothing to attack: of 8 texts drawn, none has a label for the goal negative with k=6" in output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("goal", ["positive", "negative"])
def test_the_control_attacks_nothing_and_is_no_error(
    parts: dict[str, str], tmp_path: Path, goal: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    options = ["--steps", "2", "--round-steps", "2", "--k", "6", "--goal", goal, "--share", "0"]
    assert harden(parts, out, *options) == 0
    capsys.readouterr()
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert harden(parts, out, *options, "--resume") == 0, "a finished one that is resumed is no error"
    assert "is finished: nothing is left to do" in capsys.readouterr().out
    for others in ([], ["--resume", "--steps", "3"]):
        assert harden(parts, out, *options, *others) == 2
        assert f"{str(out)!r} exists" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_a_folder_that_cannot_be_written_is_refused_first(
    parts: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert harden(parts, tmp_path / "file" / "out", *FEW) == 2
    output = capsys.readouterr().err
    assert "cannot be written" in output and "before:" not in output


@pytest.mark.slow
@processes.needs_fork
def test_a_killed_hardening_ends_with_the_weights_of_one_that_was_not(parts: dict[str, str], tmp_path: Path) -> None:
    """Killed when its schedule is there, and when a checkpoint is; then to the end."""
    arguments = [
        "harden",
        parts["model"],
        "--data",
        parts["data"],
        "--device",
        "cpu",
        *FEW,
    ]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    processes.run(*arguments, "--out", str(whole))
    for name in ("schedule.json", "checkpoint.pt"):
        file = tmp_path / "killed.unfinished" / name
        before = file.stat().st_mtime_ns if file.exists() else 0
        process = processes.Command(*arguments, "--out", str(killed), "--resume")
        process.wait(lambda file=file, before=before: file.exists() and file.stat().st_mtime_ns > before)  # type: ignore[misc]  # mypy cannot infer it
        process.kill()
    assert not killed.exists(), "it was killed before its end"
    processes.run(*arguments, "--out", str(killed), "--resume")
    first, second = load_file(whole / "model.safetensors"), load_file(killed / "model.safetensors")
    assert first.keys() == second.keys()
    assert all((value == second[key]).all() for key, value in first.items())
