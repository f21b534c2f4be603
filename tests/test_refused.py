"""Files made to do harm: paths out of their folder, pickles and scripts, wherever this package reads what others wrote.

Pickles in checkpoints and arrays: tests/models/importers/test_checkpoints.py; in PECOS files: test_readers_pecos.py.
"""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections.abc import Iterator
from pathlib import Path

import datasets
import numpy as np
import pytest
import torch
import transformers

from tests.toolkit.bert import tiny_bert, word_tokenizer
from tests.toolkit.official_attention_xml import Payload
from textattack_xmtc.datasets.load import load_corpus
from textattack_xmtc.errors import DataError, InputError, ModelFolderError
from textattack_xmtc.models.aplc_xlnet.scorer import build_on_pretrained
from textattack_xmtc.models.importers.checkpoints import read_array, read_checkpoint
from textattack_xmtc.models.importers.names import read_label_names
from textattack_xmtc.models.training.checkpoint import Checkpoint
from textattack_xmtc.transformations import XMTCWordSwapMaskedLM
from textattack_xmtc.wrappers import HuggingFaceWrapper

OUTSIDE = ["../../outside", "/tmp/xmtc-outside", "..\\outside"]


@pytest.mark.parametrize("name", OUTSIDE)
def test_an_archive_of_weights_writes_nowhere(tmp_path: Path, name: str) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    torch.save({"a": torch.ones(2)}, inner / "good")
    with zipfile.ZipFile(inner / "good") as good, zipfile.ZipFile(inner / "evil", "w") as evil:
        for member in good.namelist():
            evil.writestr(member.replace("good/data/0", name), good.read(member))
        evil.writestr(name, b"harm")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ModelFolderError):
        read_checkpoint(inner / "evil")
    assert sorted(tmp_path.rglob("*")) == before and not Path("/tmp/xmtc-outside").exists()


@pytest.mark.parametrize("name", OUTSIDE)
def test_an_archive_of_arrays_writes_nowhere(tmp_path: Path, name: str) -> None:
    (tmp_path / "X.train.txt").write_text("one\n")
    kept = io.BytesIO()
    np.save(kept, np.arange(3))
    with zipfile.ZipFile(tmp_path / "Y.train.npz", "w") as evil:
        for member in (name, f"{name}.npy", "data.npy"):
            evil.writestr(member, kept.getvalue())
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DataError, match="expected a sparse matrix"):
        load_corpus(tmp_path, cache=tmp_path / "cache")
    assert [path for path in sorted(tmp_path.rglob("*")) if "cache" not in path.parts] == before


@pytest.mark.parametrize("name", ["../outside", "/tmp/xmtc-outside"])
def test_a_saved_dataset_of_files_elsewhere(tmp_path: Path, name: str) -> None:
    """What lies outside is a good dataset: it would be read."""
    rows = datasets.Dataset.from_dict({"text": ["secret"], "labels": [["a"]]})
    rows.save_to_disk(str(tmp_path / "outside"))
    saved = tmp_path / "saved"
    saved.mkdir()
    named = str(tmp_path / "outside") if name.startswith("/") else name
    (saved / "dataset_dict.json").write_text(json.dumps({"splits": [named]}))
    with pytest.raises(DataError, match="which is not in its folder"):
        load_corpus(saved, cache=tmp_path / "cache")
    (saved / "dataset_dict.json").unlink()
    state = json.loads((tmp_path / "outside" / "state.json").read_text())
    state["_data_files"] = [{"filename": f"{named}/{part['filename']}"} for part in state["_data_files"]]
    (saved / "state.json").write_text(json.dumps(state))
    (saved / "dataset_info.json").write_bytes((tmp_path / "outside" / "dataset_info.json").read_bytes())
    with pytest.raises(DataError, match="which is not in its folder"):
        load_corpus(saved, cache=tmp_path / "cache")


def test_pickles_under_every_name_are_not_run(tmp_path: Path) -> None:
    made = tmp_path / "made"
    for name in ("labels_binarizer", "labels.txt", "label_names.json", "vocab.npy", "checkpoint", "model.safetensors"):
        (tmp_path / name).write_bytes(pickle.dumps(Payload(made)))
        for read in (lambda file: read_label_names(file, tmp_path), read_array, read_checkpoint):
            with pytest.raises(ModelFolderError):
                read(tmp_path / name)
    assert not made.exists()


def test_a_training_goes_on_from_weights_only(tmp_path: Path) -> None:
    made = tmp_path / "made"
    torch.save({"made_of": {}, "state": {"model": Payload(made)}}, tmp_path / "checkpoint")
    with pytest.raises(ModelFolderError, match=r"is damaged .it cannot be read as tensors and plain values"):
        Checkpoint(tmp_path / "checkpoint", {}).read()
    assert not made.exists()


@pytest.fixture
def scripted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A model folder whose configuration names Python files beside it."""

    asked = []
    monkeypatch.setattr("builtins.input", lambda *question: asked.append(question) or "n")
    folder = tmp_path / "scripted"
    tiny_bert(4, 12, None).save_pretrained(folder)
    word_tokenizer("abcdefg").save_pretrained(folder)
    code = f"import os\nos.mkdir({str(tmp_path / 'made')!r})\nclass Own: pass\n"
    (folder / "own.py").write_text(code)
    config = json.loads((folder / "config.json").read_text())
    names = ("AutoConfig", "AutoModel", "AutoModelForMaskedLM", "AutoModelForSequenceClassification")
    config |= {"model_type": "its-own", "auto_map": dict.fromkeys(names, "own.Own")}
    (folder / "config.json").write_text(json.dumps(config))
    yield folder
    assert not (tmp_path / "made").exists() and asked == []


def test_scripts_beside_a_model_are_not_run(scripted: Path) -> None:
    with pytest.raises(InputError, match=r"its-own|trust_remote_code|custom code"):
        XMTCWordSwapMaskedLM(str(scripted))
    with pytest.raises(ModelFolderError, match=r"its-own|trust_remote_code|custom code"):
        build_on_pretrained(scripted, ["a", "b"])
    with pytest.raises(InputError, match="contains custom code"):
        HuggingFaceWrapper.from_pretrained(scripted)


def test_the_script_would_run(scripted: Path, tmp_path: Path) -> None:
    with pytest.raises(AttributeError):  # its class is no configuration
        transformers.AutoConfig.from_pretrained(scripted, trust_remote_code=True)
    assert (tmp_path / "made").is_dir()
    (tmp_path / "made").rmdir()
