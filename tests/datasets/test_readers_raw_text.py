"""Texts and labels in two files, line by line."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from tests.toolkit.documents import documents, one_line
from textattack_xmtc.datasets.corpus import Document
from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.datasets.read_options import ReadOptions
from textattack_xmtc.datasets.readers.raw_text import RawText
from textattack_xmtc.errors import DataError


def write(folder: Path, texts: str, labels: str, split: str = "train") -> None:
    (folder / f"{split}_raw_texts.txt").write_text(texts, encoding="utf-8", newline="")
    (folder / f"{split}_labels.txt").write_text(labels, encoding="utf-8", newline="")


def read(folder: Path, split: str = "train", names: LabelNames | None = None) -> list[Document]:
    return list(RawText.in_folder(folder, split).documents(names or LabelNames()))


@given(documents(text=one_line.filter(lambda text: not text.startswith("\ufeff"))))
def test_what_is_written_is_read_back(drawn: Any) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(
            folder,
            "".join(f"{row.text}\n" for row in drawn),
            "".join(f"{' '.join(row.labels)}\n" for row in drawn),
        )
        source = RawText.in_folder(folder, "train", ReadOptions(label_format="names"))
        assert list(source.documents(LabelNames())) == drawn


def test_windows_line_ends_tabs_and_labels_that_look_like_numbers(tmp_path: Path) -> None:
    write(tmp_path, "one\r\ntwo\r\n", "12\twiki \r\n\r\n")
    assert read(tmp_path) == [Document("1", "one", ["12", "wiki"]), Document("2", "two", [])]


@pytest.mark.parametrize(
    ("texts", "labels", "counts"),
    [
        ("a\nb\n", "x\n", "got 2 texts in .* and 1 rows of labels in"),
        ("a\n", "x\ny\nz\n", "got 1 texts in .* and 3 rows of labels in"),
        ("a\nb\nc\n", "x\n", "got 3 texts in .* and 1 rows of labels in"),
    ],
)
def test_files_of_different_lengths_are_refused_with_both_lengths(
    tmp_path: Path, texts: str, labels: str, counts: str
) -> None:
    write(tmp_path, texts, labels)
    with pytest.raises(DataError, match=counts):
        read(tmp_path)


def test_raw_texts_are_preferred_to_tokenised_ones(tmp_path: Path) -> None:
    write(tmp_path, "Raw.\n", "a\n", "test")
    (tmp_path / "test_texts.txt").write_text("raw\n")
    assert read(tmp_path, "test") == [Document("1", "Raw.", ["a"])]
    (tmp_path / "test_raw_texts.txt").unlink()
    assert read(tmp_path, "test") == [Document("1", "raw", ["a"])]


def test_a_single_file_finds_the_other_one(tmp_path: Path) -> None:
    write(tmp_path, "Raw.\n", "a\n")
    for name in ("train_raw_texts.txt", "train_labels.txt"):
        assert list(RawText.from_file(tmp_path / name).documents(LabelNames())) == [Document("1", "Raw.", ["a"])]
    packed = tmp_path / "tst_labels.txt.gz"
    packed.write_bytes(gzip.compress(b"b\n"))
    (tmp_path / "tst_texts.txt").write_text("raw\n")
    assert read(tmp_path, "test") == [Document("1", "raw", ["b"])]


@pytest.mark.parametrize(
    ("there", "missing"), [("train_raw_texts.txt", "train_labels.txt"), ("train_labels.txt", "train_raw_texts.txt")]
)
def test_a_file_without_its_other_half_is_refused(tmp_path: Path, there: str, missing: str) -> None:
    (tmp_path / there).write_text("a\n")
    with pytest.raises(DataError, match=f"expected {missing} beside it"):
        RawText.from_file(tmp_path / there)


def test_other_files_are_not_of_this_format(tmp_path: Path) -> None:
    assert RawText.from_file(tmp_path / "notes.txt") is None
    assert RawText.in_folder(tmp_path, "train") is None


def test_a_label_that_is_not_among_the_names_is_named_with_its_line(tmp_path: Path) -> None:
    write(tmp_path, "one\ntwo\n", "a\nb c\n")
    with pytest.raises(DataError, match=r"train_labels\.txt, line 2: expected one of the 2 label names, got 'c'"):
        read(tmp_path, names=LabelNames("labels.txt", by_index=("a", "b")))


def test_labels_without_white_space_may_be_joined_by_something_else(tmp_path: Path) -> None:
    write(tmp_path, "one\ntwo\n", "a,b\nc\n")
    with pytest.raises(DataError, match=r"line 1: expected labels separated by white space, got 'a,b'.*--label-sep"):
        read(tmp_path)
    for separator, expected in (("comma", [["a", "b"], ["c"]]), ("space", [["a,b"], ["c"]])):
        source = RawText.in_folder(tmp_path, "train", ReadOptions(label_separator=separator))
        assert [row.labels for row in source.documents(LabelNames())] == expected


def test_rows_of_0_and_1_are_a_label_for_each_position(tmp_path: Path) -> None:
    write(tmp_path, "one\ntwo\n", "0 1 0\n1 0 1\n")
    assert [row.labels for row in read(tmp_path)] == [["1"], ["0", "2"]]
