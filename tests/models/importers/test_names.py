"""Where the label names of a checkpoint come from."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import joblib
import pytest
from sklearn.preprocessing import MultiLabelBinarizer

from tests.toolkit.official_attention_xml import Payload
from textattack_xmtc.errors import ModelFolderError
from textattack_xmtc.models.importers.names import SORTED_LABELS, read_label_names


@pytest.fixture
def binarizer(tmp_path: Path) -> Path:
    file = tmp_path / "labels_binarizer"
    joblib.dump(MultiLabelBinarizer(sparse_output=True).fit([["tea", "Egg"], ["salt"]]), file)
    return file


def test_a_list_beside_the_checkpoint_or_the_one_that_is_given(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("tea\negg\n", encoding="utf-8")
    (tmp_path / "other.json").write_text('["salt", "soup"]', encoding="utf-8")
    assert list(read_label_names(None, tmp_path)) == ["tea", "egg"]
    assert list(read_label_names(tmp_path / "other.json", tmp_path)) == ["salt", "soup"]


def test_a_binarizer_needs_trust_and_the_message_names_the_safe_way(binarizer: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelFolderError, match=r"joblib keeps as Python objects.*any code.*--trust.*--labels.*sort -u"):
        read_label_names(None, tmp_path)
    assert list(read_label_names(None, tmp_path, trust=True)) == ["Egg", "salt", "tea"]
    assert list(read_label_names(binarizer, tmp_path / "elsewhere", trust=True)) == ["Egg", "salt", "tea"]


@pytest.mark.skipif(os.name == "nt", reason="a command of Unix")
def test_the_safe_way_gives_the_order_of_a_binarizer(tmp_path: Path) -> None:
    lines = ["tea Egg", "", " salt  tea", "égg 10 9 a-b", "a_b 🍵 Z"]
    (tmp_path / "train_labels.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    made = subprocess.run(SORTED_LABELS, shell=True, cwd=tmp_path, capture_output=True, check=True).stdout
    (tmp_path / "labels.txt").write_bytes(made)
    classes = MultiLabelBinarizer().fit([line.split() for line in lines]).classes_
    assert list(read_label_names(None, tmp_path)) == list(classes)


def test_a_binarizer_of_the_scikit_learn_that_the_authors_used(binarizer: Path, tmp_path: Path) -> None:
    joblib.dump(joblib.load(binarizer), binarizer, protocol=2)  # which ends names with a line break
    old = binarizer.read_bytes().replace(b"sklearn.preprocessing._label\n", b"sklearn.preprocessing.label\n")
    assert old != binarizer.read_bytes()
    binarizer.write_bytes(old)
    assert list(read_label_names(None, tmp_path, trust=True)) == ["Egg", "salt", "tea"]


def test_a_list_is_preferred_to_a_binarizer(binarizer: Path, tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("a\nb\nc\n", encoding="utf-8")
    assert list(read_label_names(None, tmp_path)) == ["a", "b", "c"]


def test_a_binarizer_is_not_run_without_trust(tmp_path: Path) -> None:
    made = tmp_path / "made"
    joblib.dump(Payload(made), tmp_path / "labels_binarizer")
    with pytest.raises(ModelFolderError, match="--trust"):
        read_label_names(None, tmp_path)
    assert not made.exists()
    with pytest.raises(ModelFolderError, match="holds a NoneType, not a label binarizer"):
        read_label_names(None, tmp_path, trust=True)
    assert made.exists(), "the payload works: without --trust it was not read"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (None, b"", "there are no label names in .*--labels"),
        ("nowhere.txt", None, "there is no file .*nowhere.txt"),
        ("empty.txt", b"", "empty"),
        ("blank.txt", b"\n\n", "holds no label names"),
        ("table.json", b'{"3": "egg"}', "does not say which index"),
        ("bytes.txt", b"\xff\xfe", "bytes.txt"),
        ("broken.json", b"[", "broken.json"),
    ],
)
def test_what_is_no_list_of_names_is_refused(
    tmp_path: Path, name: str | None, content: bytes | None, message: str
) -> None:
    if name and content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelFolderError, match=message):
        read_label_names(tmp_path / name if name else None, tmp_path)


def test_a_damaged_binarizer_is_refused(binarizer: Path, tmp_path: Path) -> None:
    binarizer.write_bytes(binarizer.read_bytes()[:40])
    with pytest.raises(ModelFolderError, match="cannot be read here"):
        read_label_names(None, tmp_path, trust=True)
