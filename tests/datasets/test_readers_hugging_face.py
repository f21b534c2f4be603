"""Hugging Face datasets: saved, as Parquet files, and from the hub (which the tests never ask)."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given

from tests.toolkit.documents import any_text, documents
from textattack_xmtc.datasets.corpus import Document
from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.datasets.load import load_corpus
from textattack_xmtc.datasets.read_options import ReadOptions
from textattack_xmtc.datasets.readers.hugging_face import HuggingFace, is_dataset, open_dataset
from textattack_xmtc.errors import DataError

NAMES = ["eggs", "soup", "stew"]
PLAIN = {"text": ["x", "y"], "labels": [["a", "b"], []]}


def read(splits: Any, split: str = "train") -> list[Any]:
    return list(splits[split].documents(LabelNames()))


@given(documents(text=any_text))
def test_rows_are_read_as_they_are(drawn: Any) -> None:
    rows = datasets.Dataset.from_dict(
        {"text": [row.text for row in drawn], "labels": [row.labels for row in drawn]},
        features=datasets.Features(text=datasets.Value("string"), labels=datasets.Sequence(datasets.Value("string"))),
    )
    reading = HuggingFace("drawn", rows, ReadOptions(label_format="names"))
    assert list(reading.documents(LabelNames())) == drawn


def test_a_saved_dataset_with_class_labels_ids_and_other_column_names(tmp_path: Path) -> None:
    features = datasets.Features(
        id=datasets.Value("int64"),
        body=datasets.Value("string"),
        tags=datasets.Sequence(datasets.ClassLabel(names=NAMES)),
        year=datasets.Value("int32"),
    )
    train = datasets.Dataset.from_dict(
        {"id": [70, 71], "body": ["x", "y"], "tags": [[2, 0], []], "year": [1, 2]}, features=features
    )
    datasets.DatasetDict(train=train, test=train.select([1])).save_to_disk(str(tmp_path / "saved"))
    assert is_dataset(str(tmp_path / "saved"))
    splits = open_dataset(str(tmp_path / "saved"), "test", tmp_path / "cache", ReadOptions(text_column="body"))
    assert read(splits) == [Document("70", "x", ["stew", "eggs"]), Document("71", "y", [])]
    assert read(splits, "test") == [Document("71", "y", [])]
    assert splits["train"].label_space() == tuple(NAMES)
    assert all(file.is_file() for file in splits["train"].files)


def test_a_saved_dataset_that_shows_some_of_its_columns(tmp_path: Path) -> None:
    datasets.Dataset.from_dict(PLAIN).with_format("numpy", columns=["labels"]).save_to_disk(str(tmp_path / "saved"))
    splits = open_dataset(str(tmp_path / "saved"), "train", tmp_path)
    assert read(splits) == [Document("1", "x", ["a", "b"]), Document("2", "y", [])]


def test_one_saved_split_is_the_split_that_its_name_says(tmp_path: Path) -> None:
    datasets.Dataset.from_dict(PLAIN).save_to_disk(str(tmp_path / "saved"))
    assert set(open_dataset(str(tmp_path / "saved"), "train", tmp_path)) == {"train"}


def test_nobody_is_told_of_files_on_this_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`datasets.load_dataset` asks a server for the format's name at every use."""
    asked = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *address, **_: asked.append(address))
    datasets.Dataset.from_dict(PLAIN).to_parquet(str(tmp_path / "train.parquet"))
    for path in (tmp_path, tmp_path / "train.parquet"):
        assert [row.text for row in read(open_dataset(str(path), "train", tmp_path / "c"))] == [
            "x",
            "y",
        ]
    assert asked == []


def test_a_parquet_file_that_changed_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "train.parquet"
    for text in ("x", "another"):
        datasets.Dataset.from_dict({"text": [text], "labels": [["a"]]}).to_parquet(str(file))
        assert [row.text for row in read(open_dataset(str(file), "train", tmp_path / "c"))] == [text]


def test_parquet_files_and_validation_in_place_of_test(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    rows = datasets.Dataset.from_dict(PLAIN)
    rows.select([0]).to_parquet(str(data / "train-00000-of-00002.parquet"))
    rows.select([1]).to_parquet(str(data / "train-00001-of-00002.parquet"))
    rows.select([1]).to_parquet(str(data / "validation-00000-of-00001.parquet"))
    assert is_dataset(str(tmp_path))
    splits = open_dataset(str(tmp_path), "test", tmp_path / "cache")
    assert read(splits) == [Document("1", "x", ["a", "b"]), Document("2", "y", [])]
    assert read(splits, "test") == [Document("1", "y", [])]
    single = open_dataset(str(data / "train-00000-of-00002.parquet"), "train", tmp_path / "cache")
    assert read(single) == [Document("1", "x", ["a", "b"])]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"text": ["x", None], "labels": [["a"], ["a"]]}, "row 2: expected the text as a string, got None"),
        ({"text": ["x", "y"], "labels": [["a"], None]}, "row 2: expected the labels as a list, got None"),
        ({"text": ["x", "y"], "labels": ["a", "b;c|d"]}, "the labels hold ';' and '|': 'a', 'b;c|d' in the first rows"),
        ({"text": ["x"], "labels": [[1.5]]}, "row 1: expected a label as a name or an index, got 1.5"),
    ],
)
def test_bad_rows_are_named(columns: dict[str, Any], message: str) -> None:
    rows = datasets.Dataset.from_dict(columns)
    with pytest.raises(DataError, match=f"drawn(, |: ){message}"):
        list(HuggingFace("drawn", rows).documents(LabelNames()))


@pytest.mark.parametrize(
    ("columns", "missing"), [({"text_column": "body"}, "body"), ({"label_column": "tags"}, "tags")]
)
def test_a_missing_column_is_named_with_those_that_are_there(columns: dict[str, str], missing: str) -> None:
    with pytest.raises(DataError, match=f"expected a column '{missing}', got text, labels"):
        _ = HuggingFace("drawn", datasets.Dataset.from_dict(PLAIN), ReadOptions(**columns)).columns


def test_names_of_the_hub_and_what_goes_wrong_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def load_dataset(name: str, configuration: Any) -> Any:
        asked.append((name, configuration))
        if name == "gone":
            raise ConnectionError("no network")
        rows = datasets.Dataset.from_dict(PLAIN)
        return datasets.DatasetDict({"holdout": rows} if name == "odd" else {"train": rows})

    monkeypatch.setattr(datasets, "load_dataset", load_dataset)
    assert read(open_dataset("hf:owner/name:large", "test", tmp_path))[0].text == "x"
    assert read(open_dataset("hf:owner/name", "test", tmp_path))[0].text == "x"
    assert asked == [("owner/name", "large"), ("owner/name", None)]
    with pytest.raises(DataError, match=r"hf:gone: cannot be opened .*ConnectionError: no network"):
        open_dataset("hf:gone", "test", tmp_path)
    with pytest.raises(DataError, match="hf:odd: expected a split train, test or validation, got holdout"):
        open_dataset("hf:odd", "test", tmp_path)


def test_a_damaged_parquet_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "train.parquet"
    path.write_bytes(b"no parquet")
    with pytest.raises(DataError, match=r"train\.parquet: cannot be opened as a Hugging Face dataset"):
        open_dataset(str(path), "train", tmp_path / "cache")


def test_a_string_that_is_not_utf_8_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "train.parquet"
    rows = {"text": ["green tea", "a boiled egg"], "labels": [["tea"], ["egg"]]}
    pq.write_table(pa.table(rows), str(file), compression="none", use_dictionary=False, write_statistics=False)
    content = file.read_bytes()
    assert content.count(b"green tea") == 1
    file.write_bytes(content.replace(b"green tea", b"green \xff\xfea"))
    with pytest.raises(DataError, match="holds a string that is not UTF-8"):
        load_corpus(file, cache=tmp_path / "cache")
