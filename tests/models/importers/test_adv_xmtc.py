"""Folders of the published attack: one of either model, with all its files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from tests.toolkit import official_aplc_xlnet as official_aplc
from tests.toolkit import official_attention_xml as official
from tests.toolkit.official_attention_xml import EMBEDDING, HIDDEN, NUMBERS, WORDS
from textattack_xmtc.errors import InputError, ModelFolderError
from textattack_xmtc.models.architecture import read_official
from textattack_xmtc.models.folder import load_model, save_model
from textattack_xmtc.models.importers.options import ImportOptions

pytestmark = pytest.mark.usefixtures("no_punkt")

LABELS = 9
SETTINGS = {
    "labels_num": LABELS,
    "emb_size": EMBEDDING,
    "hidden_size": HIDDEN,
    "layers_num": 1,
    "linear_size": [8],
    "dropout": 0.5,
    "vocab_size": len(WORDS),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of an AttentionXML; its vocabulary is an array of objects, as the published program allows."""
    made = tmp_path / "official"
    official.write_beside(made, LABELS)
    np.save(made / "vocab.npy", np.array(WORDS, dtype=object))
    torch.save(official.network_state(LABELS), made / "AttentionXML")
    (made / "confg_axml.yaml").write_text(yaml.safe_dump(SETTINGS))
    return made


def test_an_attention_xml(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelFolderError, match=r"vocab\.npy' holds an array of Python objects.*--trust"):
        read_official("adv-xmtc", folder, ImportOptions())
    model = read_official("adv-xmtc", folder, ImportOptions(trust=True))
    back = load_model(save_model(model, tmp_path / "model"), "cpu")
    expected = np.stack([official.network_logits(official.network_state(LABELS), numbers) for numbers in NUMBERS])
    np.testing.assert_allclose(back.dense(official.TEXTS, "logit"), expected, atol=1e-5)


def test_its_configuration_counts(folder: Path) -> None:
    (folder / "confg_axml.yaml").write_text(yaml.safe_dump({**SETTINGS, "hidden_size": 7}))
    with pytest.raises(ModelFolderError, match=r"'lstm\.init_state' .* should be \(4, 1, 7\)"):
        read_official("adv-xmtc", folder, ImportOptions(trust=True))
    (folder / "confg_axml.yaml").write_text(yaml.safe_dump({**SETTINGS, "labels_num": 10}))
    with pytest.raises(ModelFolderError, match=r"labels_num is 10 .* there are 9 label names"):
        read_official("adv-xmtc", folder, ImportOptions(trust=True))
    (folder / "confg_axml.yaml").unlink()  # sizes follow from the shapes
    assert len(read_official("adv-xmtc", folder, ImportOptions(trust=True)).label_names) == LABELS


def test_an_aplc_xlnet(tmp_path: Path) -> None:
    state = official_aplc.write_folder(tmp_path / "official")
    model = read_official("adv-xmtc", tmp_path / "official", ImportOptions(max_length=40))
    back = load_model(save_model(model, tmp_path / "model"), "cpu")
    expected = [
        official_aplc.probabilities(state, official_aplc.token_ids(tmp_path / "official", text, 40), 40)
        for text in official_aplc.TEXTS
    ]
    np.testing.assert_allclose(back.dense(official_aplc.TEXTS), np.stack(expected), atol=1e-5)
    with pytest.raises(InputError, match="an APLC-XLNet has no use for beam"):
        read_official("adv-xmtc", tmp_path / "official", ImportOptions(beam=3))


def test_what_is_no_such_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelFolderError, match=r"there is no folder .*nowhere"):
        read_official("adv-xmtc", tmp_path / "nowhere", ImportOptions())
    with pytest.raises(ModelFolderError, match=r"does not hold a model of adv-xmtc"):
        read_official("adv-xmtc", tmp_path, ImportOptions())
    (folder / "AttentionXML").unlink()
    with pytest.raises(ModelFolderError, match="AttentionXML' is not there"):
        read_official("adv-xmtc", folder, ImportOptions())
