"""Names inside a folder: nothing that a folder from elsewhere says leads out of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textattack_xmtc.errors import DataError
from textattack_xmtc.workdir.names import distinct, inside, plain_name

OUTSIDE = [
    "../precious",
    "../../precious/data",
    "..",
    ".",
    "",
    "/precious",
    "a/b",
    "a/../../b",
    "..\\precious",
    "C:\\precious",
    "a\\b",
    "a\x00b",
    "a\nb",
    "nul",
    "CON.jsonl",
    "com1",
    "LPT9.txt",
    "\ud800",
    "x" * 241,
    "ä" * 121,
    None,
    7,
    ["a"],
]


@pytest.mark.parametrize("name", OUTSIDE, ids=repr)
@pytest.mark.parametrize("before", [[], ["records"]], ids=str)
def test_a_name_that_leads_elsewhere(tmp_path: Path, before: list[str], name: str) -> None:
    with pytest.raises(DataError, match="is not the name of a file in"):
        inside(tmp_path, *before, name)
    with pytest.raises(DataError, match="is not the name of a file in"):
        inside(tmp_path, name, "plain.jsonl")


@given(st.text(max_size=300))
def test_whatever_the_name_the_path_lies_in_the_folder(name: str) -> None:
    folder = Path("runs/fragile")
    try:
        path = inside(folder, "records", name)
    except DataError:
        return
    assert path.parent == folder / "records" and path.name == name
    assert ".." not in path.parts


@given(st.text(max_size=300))
def test_a_plain_name_can_be_used(name: str) -> None:
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        return
    assert inside("runs", f"{plain_name(name)}-12.jsonl").name


@pytest.mark.parametrize("target", ["outside", "../outside", "/dev/null", "not there", "link"])
@pytest.mark.parametrize("at", ["file", "folder"])
def test_links_out_of_the_folder(tmp_path: Path, target: str, at: str) -> None:
    out = tmp_path / "out"
    (out / "records").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    if target == "link":
        (out / "link").symlink_to(out / "link2")
        (out / "link2").symlink_to(out / "link")
    where = target if target.startswith("/") else str(out / "link" if target == "link" else tmp_path / target)
    if at == "file":
        (out / "records" / "plain.jsonl").symlink_to(where)
    else:
        (out / "records").rmdir()
        (out / "records").symlink_to(where)
    with pytest.raises(DataError, match="is a symbolic link out of"):
        inside(out, "records", "plain.jsonl")


def test_links_within_the_folder_and_to_the_folder(tmp_path: Path) -> None:
    (tmp_path / "real" / "records").mkdir(parents=True)
    (tmp_path / "real" / "there.jsonl").write_text("")
    (tmp_path / "real" / "records" / "plain.jsonl").symlink_to(tmp_path / "real" / "there.jsonl")
    (tmp_path / "out").symlink_to(tmp_path / "real")
    assert inside(tmp_path / "out", "records", "plain.jsonl").is_file()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
def test_a_pipe_in_the_place_of_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "plain.jsonl")
    with pytest.raises(DataError, match="is neither a file nor a folder"):
        inside(tmp_path, "plain.jsonl")


def test_names_that_can_be_one_file() -> None:
    distinct(["plain", "other"], "runs")
    for names in (["plain", "plain"], ["Plain", "plain"], ["straße", "STRASSE"]):
        with pytest.raises(DataError, match="can be one file"):
            distinct(names, "runs")
