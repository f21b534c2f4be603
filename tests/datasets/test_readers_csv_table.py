"""Tables as text, as a standard CSV writer writes them."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from tests.toolkit.documents import documents, one_word
from textattack_xmtc.datasets.corpus import Document
from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.datasets.read_options import ReadOptions
from textattack_xmtc.datasets.readers.csv_table import Csv
from textattack_xmtc.errors import DataError


def write(path: Path, *rows: list[str]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["id", "text", "labels"], *rows])
    return path


def read(path: Path, **options: str) -> list[Document]:
    return list(Csv(path, ReadOptions(**options)).documents(LabelNames()))


@given(documents(label=one_word.filter(lambda label: "," not in label)))
def test_what_is_written_is_read_back(drawn: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rows = [[row.id, row.text, ",".join(row.labels)] for row in drawn]
        path = write(Path(folder) / "train.csv", *rows)
        corpus = read(path, label_separator="comma", label_format="names")
        assert [row.id for row in corpus] == [row.id for row in drawn]
        assert [row.labels for row in corpus] == [row.labels for row in drawn]
        # A carriage return before a line feed ends a line in all our readers; inside a text it becomes a line feed.
        assert [row.text for row in corpus] == [row.text.replace("\r\n", "\n") for row in drawn]


def test_long_texts_blanks_and_empty_cells_at_the_end(tmp_path: Path) -> None:
    path = write(tmp_path / "train.csv", ["7", "long " * 40_000, "a, b"], ["8", "short", " ", "", ""])
    assert read(path) == [Document("7", "long " * 40_000, ["a", "b"]), Document("8", "short", [])]


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ("id,text,labels\n1,x,a\n2,y, and z,a\n", r"line 3: expected 3 cells .*put a cell that holds ',' into quotes"),
        ('id,text,labels\n1,x,a\n2,"y\nz"\n', r"line 3: expected 3 cells separated by ',', as in the header"),
        ('id,text,labels\n1,x,a\n2,"y" z,a\n', r"line 3: expected values separated by ','"),
        ('id,text,labels\n1,x,a\n2,"y\nz', r"line 3: expected values separated by ','"),
        ('id,text,labels\n1,x,"a,,b"\n', r"line 2: expected a label as a name or an index, got ''"),
        ("", "is empty"),
    ],
)
def test_bad_rows_are_named_by_the_line_they_begin_on(tmp_path: Path, raw: str, message: str) -> None:
    path = tmp_path / "train.csv"
    path.write_text(raw)
    with pytest.raises(DataError, match=rf"train\.csv.*{message}"):
        read(path)


def test_dev_csv_is_the_test_split_where_there_is_no_other(tmp_path: Path) -> None:
    write(tmp_path / "dev.csv", ["1", "x", "a"])
    assert Csv.in_folder(tmp_path, "validation").files == (tmp_path / "dev.csv",)
    assert Csv.in_folder(tmp_path, "train") is None
    write(tmp_path / "test.csv", ["1", "x", "a"])
    assert Csv.in_folder(tmp_path, "test").files == (tmp_path / "test.csv",)
    assert Csv.from_file(tmp_path / "dev.csv") is not None
    assert Csv.from_file(tmp_path / "dev.md") is None
