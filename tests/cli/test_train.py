"""`train` and `evaluate` as they are called: folders that attack, refusals, and a training that is killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file

from tests.toolkit import processes
from textattack_xmtc.cli.main import main
from textattack_xmtc.models.folder import load_model

TOPICS = 12
SMALL = ["--hidden-size", "8", "--max-length", "16", "--batch-size", "10"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each label has words of its own, which stand among words that mean nothing."""
    folder = tmp_path_factory.mktemp("data")
    random = np.random.default_rng(0)
    for split, texts in (("train", 200), ("test", 40)):
        with (folder / f"{split}.jsonl").open("w") as lines:
            for number in range(texts):
                topics = random.choice(TOPICS, 2, replace=False)
                words = [f"{part}{label}" for label in topics for part in ("about", "with")]
                words += random.choice(["a", "the", "some"], 4).tolist()
                labels = [f"label {label}" for label in topics]
                text = " ".join(random.permutation(words))
                lines.write(json.dumps({"id": f"{split}{number}", "text": text, "labels": labels}) + "\n")
    return folder


def train(data: Path, out: Path, *options: str) -> int:
    return main(
        ["train", *options[:1], "--data", str(data), "--out", str(out), "--device", "cpu", *SMALL, *options[1:]]
    )


@pytest.mark.parametrize(
    "options",
    [
        ("attentionxml", "--epochs", "6", "--learning-rate", "0.02", "--reweight", "pw-cb"),
        ("attentionxml", "--tree", "--max-leaf", "3", "--beam", "4", "--epochs", "4", "--learning-rate", "0.02"),
        ("aplc-xlnet", "--epochs", "12", "--learning-rate", "0.005", "--layers", "1", "--loss", "squared-hinge"),
    ],
    ids=["flat", "tree", "aplc"],
)
def test_a_trained_folder_can_be_evaluated(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...]
) -> None:
    out = tmp_path / "model"
    assert train(data, out, *options) == 0
    printed = capsys.readouterr()
    assert f"textattack attack --recipe xmtc-positive --model xmtc:{out}" in printed.out and "loss" in printed.err
    kept = json.loads((out / "training.json").read_text())
    assert kept["test"]["P@1"] > 0.3, "2 of 12 labels are right: guessing gives 0.17"
    assert kept["corpus"]["train"] == 200 and kept["corpus"]["held_out"] == 10 and kept["seconds"] > 0
    assert len((out / "test.jsonl").read_text().splitlines()) == 40
    assert kept["log"][0]["number"] == 1
    assert not (tmp_path / "model.unfinished").exists()
    figures = tmp_path / "figures.json"
    assert main(["evaluate", str(out), "--data", str(data), "--out", str(figures)]) == 0
    shown = capsys.readouterr().out
    figures_read = json.loads(figures.read_text())
    assert figures_read["overall"]["P@1"] == pytest.approx(kept["test"]["P@1"])
    assert f"{figures_read['overall']['PSP@5']:.4f}" in shown and "31 to 100" in shown


def test_a_reserve_is_never_trained_on(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, plain = tmp_path / "model", tmp_path / "plain"
    assert train(data, out, "attentionxml", "--epochs", "1", "--reserve", "0.2") == 0
    about = json.loads((out / "training.json").read_text())["corpus"]
    aside = about["reserve"]["reserve-options"] + about["reserve"]["reserve-verdict"]
    assert about["train"] == 200 - aside and 20 < aside < 60
    assert main(["evaluate", str(out), "--data", str(data), "--split", "reserve-verdict"]) == 0
    assert f"on {about['reserve']['reserve-verdict']} texts of" in capsys.readouterr().out
    lines = (data / "train.jsonl").read_text().splitlines()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "train.jsonl").write_text("\n".join(line.replace("train", "text") for line in lines))
    for command in ("evaluate", "harden"):
        options = ["--split", "reserve-verdict"] if command == "evaluate" else ["--out", str(tmp_path / "hard")]
        assert main([command, str(out), "--data", str(tmp_path / "other"), *options]) == 2
        assert "differs from the one that the model's training set aside" in capsys.readouterr().err
    assert main(["harden", str(out), "--data", str(data), "--out", str(tmp_path / "hard"), "--steps", "2"]) == 0
    assert json.loads((tmp_path / "hard" / "training.json").read_text())["corpus"] == about
    assert train(data, plain, "attentionxml", "--epochs", "1") == 0
    assert main(["evaluate", str(plain), "--data", str(data), "--split", "reserve-verdict"]) == 2
    assert "has no split 'reserve-verdict'" in capsys.readouterr().err


def test_training_does_not_load_textattack(data: Path, tmp_path: Path) -> None:
    script = (
        "import sys; from textattack_xmtc.cli.main import main; data, out, *more = sys.argv[1:];"
        "main(['train', 'attentionxml', '--data', data, '--out', out, '--epochs', '1', *more]);"
        "print(sorted({'textattack', 'flair'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", script, str(data), str(tmp_path / "model"), *SMALL]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "P@1" in ran.stdout and ran.stdout.splitlines()[-1] == "[]"


def test_what_is_there_is_not_overwritten(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "model").mkdir()
    assert train(data, tmp_path / "model", "attentionxml", "--epochs", "1") == 2
    assert "exists" in capsys.readouterr().err
    (tmp_path / "new.unfinished").mkdir()
    (tmp_path / "new.unfinished" / "checkpoint.pt").touch()
    assert train(data, tmp_path / "new", "attentionxml", "--epochs", "1") == 2
    assert "unfinished training" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_refused_before_the_first_step(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path below a file, which no user can write, and a folder without permission, which root can write anyway."""
    monkeypatch.setattr("textattack_xmtc.models.training.loop.Training.__init__", None)  # no training may start
    file, closed = tmp_path / "file", tmp_path / "closed"
    file.touch()
    closed.mkdir(mode=0o500)
    folders = [file / "model", file / "deep" / "model"]
    if os.geteuid():
        folders.append(closed / "model")
    for out in folders:
        assert train(data, out, "attentionxml", "--epochs", "1") == 2
        assert f"'{out}' cannot be written" in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["closed", "file"] and not list(closed.iterdir())


@pytest.mark.parametrize(
    ("options", "printed"),
    [
        (("aplc-xlnet", "--tree"), "--tree does not apply to APLC-XLNet"),
        (
            ("aplc-xlnet", "--label-sample", "9"),
            "--label-sample does not apply to APLC-XLNet; leave it out; it is an option of AttentionXML",
        ),
        (
            ("attentionxml", "--pretrained", "xlnet-base-cased"),
            "--pretrained does not apply to AttentionXML; leave it out; it is an option of APLC-XLNet",
        ),
        (("attentionxml", "--validation", "200"), "200 of 200 training texts cannot be held out"),
        (("attentionxml", "--epochs", "0"), "choose 1 or more"),
    ],
)
def test_options_that_cannot_be(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], printed: str
) -> None:
    assert train(data, tmp_path / "model", *options) == 2
    assert printed in capsys.readouterr().err
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("options", "printed"),
    [
        ("sentence-encoder --encoder any --neighbours 9 --epochs 3", "--epochs would change nothing: --neighbours"),
        (
            "sentence-encoder --encoder any --neighbours 9 --reweight pw",
            "--reweight would change nothing: --neighbours",
        ),
        ("attentionxml --weights adv-xmtc", "--weights would change nothing: they are of --reweight"),
        ("attentionxml --family amazon --reweight none", "--family would change nothing"),
        ("attentionxml --encoder any --encoder-rate 0.1", "--encoder-rate would change nothing"),
        ("attentionxml --encoder any --fine-tune --states s", "--states would change nothing"),
    ],
)
def test_options_that_change_nothing(options: str, printed: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", *options.split(), "--data", "absent", "--out", "absent"]) == 2
    assert printed in capsys.readouterr().err


@processes.needs_fork
@pytest.mark.slow
def test_a_training_that_is_killed_ends_as_one_that_was_not(data: Path, tmp_path: Path) -> None:
    """In processes of their own, as it happens: SIGKILL after the first checkpoint, again later, then to the end."""
    tree = ["--tree", "--max-leaf", "3", "--beam", "2"]
    options = ["train", "attentionxml", "--data", str(data), "--device", "cpu", "--epochs", "8", *tree, *SMALL]
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    processes.run(*options, "--out", str(whole))
    checkpoint = tmp_path / "killed.unfinished" / "checkpoint.pt"
    for resume in ([], ["--resume"]):
        before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
        process = processes.Command(*options, "--out", str(killed), *resume)
        process.wait(lambda before=before: checkpoint.exists() and checkpoint.stat().st_mtime_ns > before)  # type: ignore[misc]  # mypy cannot infer it
        process.kill()
    assert not killed.exists(), "it was killed before its end"
    processes.run(*options, "--out", str(killed), "--resume")
    first, second = load_file(whole / "model.safetensors"), load_file(killed / "model.safetensors")
    assert first.keys() == second.keys()
    assert all((value == second[key]).all() for key, value in first.items())
    assert load_model(killed, "cpu").label_names == load_model(whole, "cpu").label_names


def test_another_training_is_not_resumed(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from textattack_xmtc.datasets.load import load_corpus
    from textattack_xmtc.models.training import plan

    wanted = plan.small_plan("attention-xml")
    checkpoint = plan.Checkpoint(tmp_path / "model.unfinished" / "checkpoint.pt", {"corpus": "another"})
    checkpoint.write({})
    with pytest.raises(ValueError, match=r"has corpus='another', and corpus='[0-9a-f]+' was asked for"):
        plan.train_folder(load_corpus(data), wanted, tmp_path / "model", resume=True, device="cpu")


def test_on_a_full_disk_the_training_is_kept(data: Path, tmp_path: Path) -> None:
    """No file may grow beyond 8 MB in that process; a masked language model of 9 MB is to be put into the folder."""
    (tmp_path / "masked_lm").mkdir()
    (tmp_path / "masked_lm" / "model.safetensors").write_bytes(b"0" * 9_000_000)
    options = ["train", "attentionxml", "--data", str(data), "--device", "cpu", "--epochs", "1", *SMALL]
    options += ["--out", str(tmp_path / "model"), "--masked-lm", str(tmp_path / "masked_lm")]
    script = f"""
import resource, signal, sys
from textattack_xmtc.cli.main import main
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (8_000_000, 8_000_000))
sys.exit(main({options!r}))
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert ended.returncode == 2 and "the trained model could not be saved" in ended.stderr
    assert not (tmp_path / "model").exists()
    assert main([*options, "--resume"]) == 0
    kept = json.loads((tmp_path / "model" / "training.json").read_text())
    assert len(kept["log"]) == 1 and (tmp_path / "model" / "masked_lm").is_dir()
