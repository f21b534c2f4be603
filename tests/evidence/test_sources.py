"""Sources of evidence by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from textattack_xmtc.datasets.corpus import Corpus, Document
from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.errors import DataError, InputError, ModelFolderError
from textattack_xmtc.evidence.sources import evidence_model, load_evidence
from textattack_xmtc.search_options import EVIDENCE_BY_COUNT, EVIDENCE_BY_MODEL

CORPUS = Corpus.from_documents("c", {"train": [Document("1", "egg", ["a"])]})


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("name", "name"),
        ("texts", "training texts"),
        ("name+texts", "name+training texts"),
        ("meaning:embedded", "meaning (embedded)"),
        ("meaning-texts:embedded", "meaning-texts (embedded)"),
    ],
)
def test_sources_by_name(source: str, name: str) -> None:
    assert load_evidence(source, CORPUS).name == name


def test_name_is_what_is_left_without_training_texts() -> None:
    assert load_evidence().name == "name"
    assert load_evidence("meaning:embedded").name == "meaning (embedded)"


@pytest.mark.parametrize("source", ["texts", "meaning-texts:embedded"])
def test_sources_of_training_texts_need_them(source: str) -> None:
    with pytest.raises(InputError, match=f"evidence='{source}' needs training texts.*data=FOLDER"):
        load_evidence(source)


@pytest.mark.parametrize("source", ["names", "", "meaning", "meaning:", "model:", ":embedded", "name:embedded"])
def test_what_is_no_source_is_refused_with_the_list(source: str) -> None:
    with pytest.raises(InputError, match=r"choose name\+texts or .* or model:FOLDER"):
        load_evidence(source, CORPUS)


def test_an_encoder_or_a_model_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'elmo' is no sentence encoder"):
        load_evidence("meaning:elmo")
    with pytest.raises(ModelFolderError):
        load_evidence(f"model:{tmp_path / 'nothing'}")


def test_only_a_model_is_asked_as_a_model() -> None:
    assert evidence_model("model:runs/other") == Path("runs/other")
    assert not any(evidence_model(f"{kind}:x") for kind in EVIDENCE_BY_MODEL if kind != "model")
    assert not any(map(evidence_model, EVIDENCE_BY_COUNT))


def test_a_list_of_names_is_one_by_the_numbers_of_the_data() -> None:
    """A corpus without names calls its labels "0", "1", ..."""
    numbered = Corpus.from_documents("c", {"train": [Document("1", "boiled eggs", ["0"])]})
    source = load_evidence("name", numbered, LabelNames("names.txt", by_index=["Eggs"]))
    weighed = source.weigh("boiled eggs", ["boiled", "eggs"], "0")
    assert weighed is not None and weighed.weights.tolist() == [0, 1]
    with pytest.raises(DataError, match=r"names\.txt names none of the 1 labels of c, such as 'a'"):
        load_evidence("name", CORPUS, LabelNames("names.txt", by_index=["Eggs"]))
