"""Lines that are read back as they were, last lines that were cut off, and disks that are full."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textattack_xmtc.errors import XMTCError
from textattack_xmtc.workdir.files import RecordWriter, json_line, remove_lines, repair, write_json, write_lines

FULL = Path("/dev/full")


@given(st.text())
def test_a_line_is_one_line_for_every_reader_and_comes_back(text: str) -> None:
    line = json_line({"text": text, text: [1.5, None]})
    assert line.count(b"\n") == 1 and len(line.decode().splitlines()) == 1
    assert json.loads(line) == {"text": text, text: [1.5, None]}


def test_halves_of_characters_and_numbers_that_are_none() -> None:
    assert json.loads(json_line({"text": "a\ud800\u2028b"})) == {"text": "a\ud800\u2028b"}
    with pytest.raises(ValueError, match="Out of range"):
        json_line({"score": float("nan")})


def test_records_are_there_as_soon_as_they_are_written(tmp_path: Path) -> None:
    file = tmp_path / "records" / "plain.jsonl"
    with RecordWriter(file) as writer:
        for number in range(3):
            writer.append({"sample": number})
            assert len(file.read_bytes().splitlines()) == number + 1
    with RecordWriter(file) as writer:
        writer.append({"sample": 3})
    assert [json.loads(line)["sample"] for line in file.read_bytes().splitlines()] == [0, 1, 2, 3]


def test_wherever_a_line_is_cut_off_it_is_removed(tmp_path: Path) -> None:
    file = tmp_path / "records.jsonl"
    whole = json_line({"sample": 0, "text": "ä🥚"}) + json_line({"sample": 1, "text": "egg\u2028"})
    first = whole.index(b"\n") + 1
    for length in range(len(whole) + 1):
        file.write_bytes(whole[:length])
        cut = repair(file)
        kept = 0 if length < first else first if length < len(whole) else len(whole)
        assert file.read_bytes() == whole[:kept]
        assert (cut is None) == (kept == length)
    assert repair(tmp_path / "nowhere.jsonl") is None


def test_a_link_is_replaced_and_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    for name in ("campaign.json", ".campaign.json.new"):
        (tmp_path / name).symlink_to(tmp_path / "precious")
    write_json(tmp_path / "campaign.json", {})
    assert (tmp_path / "precious").read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["campaign.json", "precious"]


def test_a_file_with_a_second_name_is_copied_first(tmp_path: Path) -> None:
    file, backup = tmp_path / "plain.jsonl", tmp_path / "backup.jsonl"
    backup.write_bytes(json_line({"sample": 0}))
    os.link(backup, file)
    with RecordWriter(file) as writer:
        writer.append({"sample": 1})
    assert backup.read_bytes() == json_line({"sample": 0})
    assert file.read_bytes() == json_line({"sample": 0}) + json_line({"sample": 1})


def test_lines_are_removed(tmp_path: Path) -> None:
    file = tmp_path / "plain.jsonl"
    file.write_bytes(b"0\n1\n\n3\n4")
    remove_lines(file, [2, 4])
    assert file.read_bytes() == b"0\n4\n"


def test_a_file_that_cannot_be_replaced_is_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "campaign.json"
    write_json(file, {"text": "ä\udc80"})
    assert json.loads(file.read_text(encoding="utf-8")) == {"text": "ä\udc80"}

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_lines(file, [{"sample": 0}])
    assert "ä" in file.read_text(encoding="utf-8")
    assert [entry.name for entry in tmp_path.iterdir()] == ["campaign.json"]


@pytest.mark.skipif(not FULL.exists(), reason="needs /dev/full, a disk that is always full")
def test_a_full_disk_says_how_to_go_on(tmp_path: Path) -> None:
    (tmp_path / "plain.jsonl").symlink_to(FULL)
    with (
        pytest.raises(XMTCError, match=r"could not be written .*No space left.*; make room .* --resume"),
        RecordWriter(tmp_path / "plain.jsonl") as writer,
    ):
        writer.append({"sample": 0})


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "records").write_text("a file")
    with pytest.raises(XMTCError, match="could not be written"):
        RecordWriter(tmp_path / "records" / "plain.jsonl")
