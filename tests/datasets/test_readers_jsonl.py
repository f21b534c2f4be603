"""JSON Lines, and what every line-by-line reader shares: compression, UTF-8, damaged files."""

from __future__ import annotations

import bz2
import gzip
import json
import lzma
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from tests.toolkit.documents import documents
from textattack_xmtc.datasets.corpus import Document
from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.datasets.read_options import BY_CONTENT, ReadOptions
from textattack_xmtc.datasets.readers.jsonl import JsonLines
from textattack_xmtc.datasets.readers.lines import read_lines
from textattack_xmtc.errors import DataError


def read(path: Path, names: LabelNames | None = None, options: ReadOptions = BY_CONTENT) -> list[Document]:
    return list(JsonLines(path, options).documents(names or LabelNames()))


def write(path: Path, *rows: object) -> Path:
    path.write_text("".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows), encoding="utf-8")
    return path


@given(documents())
def test_what_is_written_is_read_back(drawn: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rows = [{"text": row.text, "labels": row.labels} for row in drawn]
        options = ReadOptions(label_format="names")
        assert read(write(Path(folder) / "train.jsonl", *rows), options=options) == drawn
        raw = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
        (Path(folder) / "test.jsonl").write_bytes(b"\xef\xbb\xbf" + raw.encode())
        assert read(Path(folder) / "test.jsonl", options=options) == drawn


@pytest.mark.parametrize(("end", "pack"), [(".gz", gzip.compress), (".xz", lzma.compress), (".bz2", bz2.compress)])
def test_compressed_files_are_read_and_cut_off_ones_are_refused(
    tmp_path: Path, end: str, pack: Callable[..., Any]
) -> None:
    rows = [{"text": os.urandom(64).hex(), "labels": ["a"]} for _ in range(500)]
    packed = pack("".join(f"{json.dumps(row)}\n" for row in rows).encode())
    path = tmp_path / f"train.jsonl{end}"
    path.write_bytes(packed)
    assert [row.text for row in read(path)] == [row["text"] for row in rows]
    path.write_bytes(packed[: len(packed) // 2])
    with pytest.raises(DataError, match=r"train\.jsonl\.\w+: the compressed data break off after line \d+"):
        read(path)
    path.write_bytes(b"this is no archive")
    with pytest.raises(DataError, match=r"train\.jsonl\.\w+: cannot be read after line 0"):
        read(path)


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(b"".join(b'{"text": "%d", "labels": []}\n' % number for number in range(5000))))
    packed[len(packed) // 2] ^= 0xFF
    path = tmp_path / "train.jsonl.gz"
    path.write_bytes(packed)
    with pytest.raises(DataError, match=r"train\.jsonl\.gz(: cannot be read after|, line)"):
        read(path)


def test_ids_targets_and_keys_that_nobody_asked_for(tmp_path: Path) -> None:
    path = write(
        tmp_path / "test.jsonl",
        {"id": "a7", "text": "x", "labels": ["a"], "targets": ["b", "c"], "year": 1999},
        "",
        {"id": 12, "text": "y", "labels": [], "targets": None},
        {"text": "z", "labels": ["3", "d"], "targets": []},
    )
    assert read(path) == [
        Document("a7", "x", ["a"], ["b", "c"]),
        Document("12", "y", []),
        Document("4", "z", ["3", "d"], []),
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"text": "x", "labels": ["a"]', r"line 2: expected an object .* got '.*'; correct the JSON"),
        ("[" * 100_000, r"line 2: expected an object .*correct the JSON"),
        ('["x", ["a"]]', r"line 2: expected an object .* got \['x', \['a'\]\]"),
        ('{"labels": ["a"]}', r"line 2: .*add the key 'text'"),
        ('{"text": "x"}', r"line 2: .*add the key 'labels'"),
        ('{"text": 5, "labels": ["a"]}', r"line 2: expected the text as a string, got 5"),
        ('{"text": null, "labels": ["a"]}', r"line 2: expected the text as a string, got None"),
        ('{"text": "\\ud800", "labels": ["a"]}', r"line 2: expected the text as valid Unicode"),
        ('{"text": "x", "labels": "a"}', r"line 2: expected the labels as a list, got 'a'"),
        ('{"text": "x", "labels": {"a": 1}}', r"line 2: expected the labels as a list, got \{'a': 1\}"),
        ('{"text": "x", "labels": null}', r"line 2: expected the labels as a list, got None"),
        ('{"text": "x", "labels": ["a", 1.5]}', r"line 2: expected a label as a name or an index, got 1.5"),
        ('{"text": "x", "labels": [true]}', r"line 2: expected a label as a name or an index, got True"),
        ('{"text": "x", "labels": [""]}', r"line 2: expected a label as a name or an index, got ''"),
        ('{"text": "x", "labels": ["\\udfff"]}', r"line 2: expected the label as valid Unicode"),
        ('{"text": "x", "labels": ["a"], "targets": "a"}', r"line 2: expected the targets as a list, got 'a'"),
        ('{"text": "x", "labels": ["a"], "id": [1]}', r"line 2: expected the id as a string, got \[1\]"),
    ],
)
def test_a_bad_line_is_named_with_what_was_expected_and_what_came(tmp_path: Path, line: str, message: str) -> None:
    path = write(tmp_path / "train.jsonl", {"text": "x", "labels": ["a"]}, line)
    with pytest.raises(DataError, match=message) as caught:
        read(path)
    assert str(caught.value).startswith(str(path))
    assert caught.value.fix


def test_bytes_that_are_not_utf_8_are_named_by_line_and_byte(tmp_path: Path) -> None:
    path = tmp_path / "train.jsonl"
    path.write_bytes('{"text": "x", "labels": []}\n{"text": "Käse", "labels": []}\n'.encode("latin-1"))
    with pytest.raises(DataError, match=r"train\.jsonl, line 2, byte 12: expected UTF-8, got b'\\xe4'"):
        read(path)


def test_missing_and_empty_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.jsonl does not exist"):
        read(tmp_path / "nowhere.jsonl")
    (tmp_path / "empty.jsonl").touch()
    with pytest.raises(DataError, match=r"empty\.jsonl is empty"):
        read(tmp_path / "empty.jsonl")
    with pytest.raises(DataError, match="cannot be read after line 0"):
        read(tmp_path)


def test_only_line_feeds_end_a_line(tmp_path: Path) -> None:
    path = tmp_path / "texts.txt"
    path.write_bytes("one\u2028still one\x0bstill\r\n\ntwo \r in\n".encode())
    assert list(read_lines(path)) == [(1, "one\u2028still one\x0bstill"), (2, ""), (3, "two \r in")]


def test_labels_are_looked_up_among_the_names(tmp_path: Path) -> None:
    path = write(tmp_path / "test.jsonl", {"text": "x", "labels": [1, "eggs"]})
    assert read(path, LabelNames("labels.txt", by_index=("eggs", "soup")))[0].labels == ["soup", "eggs"]
    assert read(path, LabelNames("names", by_label={"1": "soup"}))[0].labels == ["soup", "eggs"]
    with pytest.raises(DataError, match=r"line 1: expected an index from 0 to 0, got 1; .*labels\.txt"):
        read(path, LabelNames("labels.txt", by_index=("eggs",)))
    with pytest.raises(DataError, match=r"line 1: expected one of the 2 label names, got 'eggs'"):
        read(path, LabelNames("labels.txt", by_index=("soup", "stew")))


def test_recognised_by_name_or_by_the_first_object(tmp_path: Path) -> None:
    assert JsonLines.in_folder(tmp_path, "train") is None
    for name in ("train.jsonl.xz", "train.jsonl"):
        (tmp_path / name).touch()
    assert JsonLines.in_folder(tmp_path, "train").files == (tmp_path / "train.jsonl",)
    assert JsonLines.in_folder(tmp_path, "test") is None
    write(tmp_path / "test.json", {"text": "x", "labels": []})
    assert JsonLines.in_folder(tmp_path, "test").files == (tmp_path / "test.json",)
    write(tmp_path / "test.json", {"title": "x", "target_ind": []})
    assert JsonLines.in_folder(tmp_path, "test") is None
    assert JsonLines.from_file(write(tmp_path / "export", {"text": "x", "labels": []})) is not None
    assert JsonLines.from_file(write(tmp_path / "prose", "It begins.")) is None
