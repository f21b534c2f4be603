"""`from_pretrained` and `save_pretrained`: folders and a hub's cache, every class, and no code that is run."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.models.test_old_folders import OLD
from textattack_xmtc.errors import InputError, ModelFolderError
from textattack_xmtc.models.aplc_xlnet.scorer import APLCXLNet
from textattack_xmtc.models.attention_xml.flat import AttentionXML
from textattack_xmtc.models.attention_xml.tree import AttentionXMLTree
from textattack_xmtc.models.pretrained import PretrainedScorer

CLASSES = {"flat": AttentionXML, "tree": AttentionXMLTree, "aplc": APLCXLNet}
TEXTS = ["an egg", "green tea and salt"]


@pytest.mark.parametrize("name", list(CLASSES))
def test_a_saved_model_is_the_same(name: str, tmp_path: Path) -> None:
    model = CLASSES[name].from_pretrained(OLD / name, device="cpu")
    folder = model.save_pretrained(tmp_path / "saved")
    again = CLASSES[name].from_pretrained(str(folder), device="cpu")
    np.testing.assert_array_equal(again.dense(TEXTS), model.dense(TEXTS))
    assert type(PretrainedScorer.from_pretrained(folder, device="cpu")) is CLASSES[name]
    assert folder == model.save_pretrained(folder), "a model folder is replaced"


def test_a_masked_lm_is_kept(tmp_path: Path) -> None:
    model = AttentionXML.from_pretrained(OLD / "plain", device="cpu")
    assert model.masked_lm_folder is not None
    again = AttentionXML.from_pretrained(model.save_pretrained(tmp_path / "saved"), device="cpu")
    assert again.masked_lm_folder == tmp_path / "saved" / "masked_lm"


def test_a_repository_is_read_from_the_cache_of_the_hub(tmp_path: Path) -> None:
    repository = tmp_path / "models--somebody--tagger"
    shutil.copytree(OLD / "flat", repository / "snapshots" / ("0" * 40))
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0" * 40)
    hub = {"cache_dir": tmp_path, "local_files_only": True}
    model = AttentionXML.from_pretrained("somebody/tagger", device="cpu", **hub)
    np.testing.assert_array_equal(
        model.dense(TEXTS), AttentionXML.from_pretrained(OLD / "flat", device="cpu").dense(TEXTS)
    )
    with pytest.raises(InputError, match="no folder 'somebody/other', and the repository cannot be downloaded"):
        AttentionXML.from_pretrained("somebody/other", **hub)


def test_code_in_the_folder_is_not_run(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(OLD / "flat", folder)
    for name in ("modeling.py", "tokenization.py", "__init__.py"):
        (folder / name).write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\n")
    AttentionXML.from_pretrained(folder, device="cpu")
    assert not (tmp_path / "ran").exists()


def test_what_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFolderError, match=r"class AttentionXML, not APLCXLNet; call AttentionXML.from_pretrained"):
        APLCXLNet.from_pretrained(OLD / "flat", device="cpu")
    with pytest.raises(ModelFolderError, match="there is no model folder 'nothing'"):
        AttentionXML.from_pretrained("./nothing")
    model = AttentionXML.from_pretrained(OLD / "flat", device="cpu")
    (tmp_path / "precious.txt").write_text("keep")
    with pytest.raises(InputError, match="exists and is not a model folder"):
        model.save_pretrained(tmp_path)
    assert (tmp_path / "precious.txt").read_text() == "keep"
