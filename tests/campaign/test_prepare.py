"""Models and corpora that do not fit, and what is said of them before anything is attacked."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.toolkit.small_campaigns import LABELS, OPTIONS, records
from textattack_xmtc.campaign.runner import run_campaign
from textattack_xmtc.errors import DataError, InputError, ModelFolderError
from textattack_xmtc.models.folder import load_model

pytestmark = pytest.mark.usefixtures("here")


def renamed(small: Path, folder: Path, rename: dict[str, str]) -> str:
    shutil.copytree(small / "plain", folder)
    labels = json.loads((folder / "labels.json").read_text())
    (folder / "labels.json").write_text(json.dumps([rename.get(label, label) for label in labels]))
    return str(folder)


def test_a_model_of_another_corpus(small: Path, tmp_path: Path) -> None:
    renamed_model = renamed(small, tmp_path / "strange", {"label 3": "a label of its own"})
    with pytest.raises(
        InputError, match=r"knows 1 labels that are not among the 18 of the corpus, such as 'a label of"
    ):
        run_campaign(tmp_path / "out", {**OPTIONS, "models": ["plain", renamed_model]})
    assert not (tmp_path / "out" / "campaign.json").exists()


@pytest.mark.parametrize("goal", ["positive", "untargeted"])
def test_labels_that_can_not_be_lost(goal: str, tmp_path: Path) -> None:
    """With k of all labels every attack fails, which is not robustness."""
    with pytest.raises(InputError, match=f"k={LABELS} shows all labels of this victim: none can be lost"):
        run_campaign(tmp_path / "out", {**OPTIONS, "models": ["plain"], "k": LABELS, "goal": goal})
    assert not (tmp_path / "out").exists()


def test_a_model_that_gets_nothing_right(small: Path, tmp_path: Path) -> None:
    names = [f"label {label}" for label in range(LABELS)]
    # Every label is called by the name of another one: with k=1 next to nothing is right by chance.
    wrong = renamed(small, tmp_path / "wrong", dict(zip(names, [*names[1:], names[0]], strict=True)))
    data = tmp_path / "data"
    shutil.copytree("data", data)
    lines = (data / "test.jsonl").read_text().splitlines()
    model = load_model(Path(wrong), "cpu")
    kept = []
    for line in lines:
        row = json.loads(line)
        best = model.top_k([row["text"]], 1)[0][0, 0]
        if model.label_names[best] not in row["labels"]:
            kept.append(line)
    (data / "test.jsonl").write_text("\n".join(kept))
    options = {**OPTIONS, "models": ["plain", wrong], "data": str(data), "k": 1}
    with pytest.raises(InputError, match=r"wrong gets nothing right: no true label of the \d+ test texts of data is"):
        run_campaign(tmp_path / "out", options)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"data": "data/test.jsonl"}, DataError, "test.jsonl has no train texts: a campaign attacks the test texts"),
        ({"models": ["nowhere"]}, ModelFolderError, "there is no model folder 'nowhere'"),
        ({"k": 19}, InputError, "k=19 is more than the 18 labels of this victim"),
        ({"encoder": "psychic"}, InputError, "'psychic' is no sentence encoder"),
        ({"masked_lm": "./no/such/folder"}, InputError, "the masked language model './no/such/folder' is neither"),
    ],
)
def test_what_does_not_fit_is_said_before_anything_is_written(
    tmp_path: Path, change: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        run_campaign(tmp_path / "out", {**OPTIONS, **change})
    assert not (tmp_path / "out").exists()


def test_a_model_that_lacks_labels_is_attacked_on_the_rest(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One test text more, with a label that no model has ever seen."""
    data = tmp_path / "data"
    shutil.copytree("data", data)
    row = {"id": "new", "text": "topicb " * 20, "labels": ["label 1", "label of tomorrow"]}
    with (data / "test.jsonl").open("a") as lines:
        lines.write(json.dumps(row) + "\n")
    run_campaign(tmp_path / "out", {**OPTIONS, "models": ["plain"], "data": str(data), "goal": "negative"})
    printed = capsys.readouterr().err
    assert "plain does not know 1 of the 19 labels of data" in printed
    assert "1 labels have no training text: they are in no cluster and no target" in printed
    assert {record["outcome"] for record in records(tmp_path / "out")["plain"]} <= {"succeeded", "failed"}
