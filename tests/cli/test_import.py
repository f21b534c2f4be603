"""`import` as it is called: folders that score and attack, refusals, and what is kept of the data."""

from __future__ import annotations

import json
import os
from pathlib import Path

import joblib
import numpy as np
import pytest
import torch
from sklearn.preprocessing import MultiLabelBinarizer
from transformers import BertConfig, BertForMaskedLM

from tests.toolkit import commands
from tests.toolkit import official_aplc_xlnet as official_aplc
from tests.toolkit import official_attention_xml as official
from tests.toolkit.bert import word_tokenizer
from tests.toolkit.official_attention_xml import NUMBERS, Payload, Tree
from textattack_xmtc.cli.main import main
from textattack_xmtc.models.folder import load_model

LABELS = 9
TEXT = "Boil an egg, do not salt the tea or the soup before you serve it"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A flat AttentionXML with its vocabulary and label names beside it."""
    official.write_beside(tmp_path / "official", LABELS)
    torch.save(official.network_state(LABELS), tmp_path / "official" / "AttentionXML")
    return tmp_path / "official" / "AttentionXML"


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str]:
    """Exit status, and what was printed on either stream."""
    status = main(["import", *map(str, arguments)])
    shown = capsys.readouterr()
    return status, shown.out + shown.err


def write_data(folder: Path, test: list[dict[str, object]]) -> Path:
    folder.mkdir()
    for split, rows in (("train", test[:1]), ("test", test)):
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_each_kind_becomes_a_folder_that_scores(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree = Tree(tmp_path / "tree")
    aplc = official_aplc.write_folder(tmp_path / "aplc")
    flat = official.network_logits(official.network_state(LABELS), NUMBERS[0])
    numbers = official_aplc.token_ids(tmp_path / "aplc", official.TEXTS[0], 40)
    cases = {
        "flat": (("attentionxml", source), 1 / (1 + np.exp(-flat))),
        "labels": (("attentionxml", tree.start, "--beam", 3), tree.probabilities(NUMBERS[0])),
        "pieces": (
            ("aplc-xlnet", tmp_path / "aplc", "--max-length", 40),
            official_aplc.probabilities(aplc, numbers, 40),
        ),
        "folder": (("adv-xmtc", source.parent), 1 / (1 + np.exp(-flat))),
    }
    for name, (arguments, expected) in cases.items():
        status, shown = run(capsys, *arguments, "--out", tmp_path / "runs" / name)
        assert status == 0, shown
        assert f"with {len(expected)} labels" in shown
        assert f"xmtc-positive --model xmtc:{tmp_path / 'runs' / name} --dataset-from-file" in shown
        model = load_model(tmp_path / "runs" / name, "cpu")
        np.testing.assert_allclose(model.dense(official.TEXTS[:1])[0], expected, atol=1e-5)
        kept = json.loads((tmp_path / "runs" / name / "training.json").read_text())["imported"]
        assert kept == {"kind": arguments[0], "source": Path(arguments[1]).name}


def test_a_folder_that_is_there_is_kept(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "model"
    assert run(capsys, "attentionxml", source, "--out", out)[0] == 0
    before = (out / "model.safetensors").stat().st_mtime_ns
    status, shown = run(capsys, "attentionxml", source, "--out", out)
    assert status == 2
    assert "exists already; choose another folder, or remove it first" in shown
    assert (out / "model.safetensors").stat().st_mtime_ns == before


def test_what_cannot_be_imported_leaves_nothing(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "runs" / "model"
    made = tmp_path / "made"
    torch.save({"emb.emb.weight": Payload(made)}, tmp_path / "official" / "payload")
    lm = tmp_path / "no-lm"
    cases = {
        ("attentionxml", tmp_path / "nowhere"): "is not there",
        ("aplc-xlnet", tmp_path / "nowhere"): "there is no folder",
        ("adv-xmtc", tmp_path / "nowhere"): "there is no folder",
        ("attentionxml", source.parent / "payload"): "--trust",
        ("attentionxml", source, "--max-length", 0): "max_length=0",
        ("attentionxml", source, "--beam", 4): "a flat AttentionXML has no use for beam",
        ("attentionxml", source, "--labels", tmp_path / "nowhere"): "nowhere' with label names",
        ("attentionxml", source, "--masked-lm", lm): "is not the folder of a masked language model",
        ("attentionxml", source, "--data", tmp_path / "nowhere"): "nowhere",
    }
    for arguments, message in cases.items():
        status, shown = run(capsys, *arguments, "--out", out)
        assert status == 2, arguments
        assert message in shown and "Traceback" not in shown
    assert not made.exists()
    assert not out.parent.exists()


def test_a_binarizer_with_trust_or_a_list_without(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = [f"name {number}" for number in range(LABELS)]
    (source.parent / "labels.txt").unlink()
    joblib.dump(MultiLabelBinarizer().fit([names]), source.parent / "labels_binarizer")
    status, shown = run(capsys, "attentionxml", source, "--out", tmp_path / "no")
    assert status == 2
    assert "can run any code" in shown and "--trust" in shown and "--labels" in shown
    assert run(capsys, "attentionxml", source, "--out", tmp_path / "trusted", "--trust")[0] == 0
    (tmp_path / "names.txt").write_text("\n".join(names))
    assert run(capsys, "attentionxml", source, "--out", tmp_path / "own", "--labels", tmp_path / "names.txt")[0] == 0
    for folder in ("trusted", "own"):
        assert list(load_model(tmp_path / folder, "cpu").label_names) == names


def test_test_texts_are_kept_with_the_labels_that_the_model_knows(
    source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows: list[dict[str, object]] = [
        {"id": "1", "text": "boil", "labels": ["label 3", "unheard"]},
        {"id": "2", "text": "tea", "labels": ["unheard"]},
        {"id": "3", "text": "soup", "labels": ["label 8"]},
    ]
    data = write_data(tmp_path / "data", rows)
    status, shown = run(capsys, "attentionxml", source, "--out", tmp_path / "model", "--data", data)
    assert status == 0 and "2 test texts kept" in shown and "--dataset-from-file" not in shown
    kept = [json.loads(line) for line in (tmp_path / "model" / "test.jsonl").read_text().splitlines()]
    assert [(row["id"], row["labels"]) for row in kept] == [("1", ["label 3"]), ("3", ["label 8"])]

    other = write_data(tmp_path / "other", rows[1:2])
    status, shown = run(capsys, "attentionxml", source, "--out", tmp_path / "no", "--data", other)
    assert status == 2 and "no test text of" in shown and "'label 0'" in shown
    assert not (tmp_path / "no").exists()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["attentionxml", "aplc-xlnet"])
def test_an_imported_folder_can_be_attacked_at_once(
    source: Path, tmp_path: Path, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tokenizer = word_tokenizer([word.strip(",") for word in TEXT.split()])
    sizes = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        initializer_range=0.5,
    )
    torch.manual_seed(0)
    BertForMaskedLM(sizes).save_pretrained(tmp_path / "lm")
    tokenizer.save_pretrained(tmp_path / "lm")
    if kind == "aplc-xlnet":
        source = tmp_path / "aplc"
        official_aplc.write_folder(source)
    data = write_data(tmp_path / "data", [{"id": "1", "text": TEXT, "labels": ["label 3", "label 5"]}])
    out = tmp_path / "model"
    status, shown = run(
        capsys, kind, source, "--out", out, "--data", data, "--masked-lm", tmp_path / "lm", "--max-length", 50
    )
    assert status == 0, shown
    assert f"now: textattack attack --recipe xmtc-positive --model xmtc:{out}" in shown.splitlines()
    arguments = ("attack", "--recipe", "xmtc-positive", "--model", f"xmtc:{out}", "-n", "2")
    ran = commands.run(commands.TEXTATTACK, *arguments)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "masked LM kept with the victim" in ran.stderr
    assert "label 3" in ran.stdout and "label 5" in ran.stdout
    assert "Attack Results" in ran.stdout


def test_a_folder_that_cannot_be_written_is_refused_before_anything_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The checkpoint does not exist: the folder is refused first."""
    file, closed = tmp_path / "file", tmp_path / "closed"
    file.touch()
    closed.mkdir(mode=0o500)
    folders = [file / "model", file / "deep" / "model"]
    if os.geteuid():  # root can write there anyway
        folders.append(closed / "model")
    for out in folders:
        status, shown = run(capsys, "attentionxml", tmp_path / "nothing", "--out", out)
        assert status == 2 and f"'{out}' cannot be written" in shown
    assert sorted(path.name for path in tmp_path.iterdir()) == ["closed", "file"] and not list(closed.iterdir())
