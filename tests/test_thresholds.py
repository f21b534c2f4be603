"""Thresholds from numbers and files, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from textattack_xmtc.errors import InputError
from textattack_xmtc.targets import LabelSpace
from textattack_xmtc.thresholds import read_threshold

LABELS = LabelSpace(["eggs", "tea"])


def write(folder: Path, name: str, content: str) -> Path:
    (folder / name).write_text(content, encoding="utf-8")
    return folder / name


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("by_name.json", '{"tea": 0.25, "eggs": 1, "of another victim": 0.7}'),
        ("list.json", "[1, 0.25]"),
        ("lines.txt", "1.0\n0.25\n"),
    ],
)
def test_files(tmp_path: Path, name: str, content: str) -> None:
    file = write(tmp_path, name, content)
    assert read_threshold(file, LABELS) == read_threshold(str(file), LABELS) == [1.0, 0.25]


def test_numbers() -> None:
    assert read_threshold("0.5", LABELS) == read_threshold(0.5, LABELS) == 0.5
    assert read_threshold((0.5, 1), LABELS) == [0.5, 1]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.json", None, "No such file"),
        ("one.json", '{"eggs": 1}', "has no threshold for 1 of the 2 labels of the victim, such as 'tea'"),
        ("text.json", '{"eggs": "1", "tea": 2}', "does not hold one finite number for each label"),
        ("true.json", "[true, 1]", "does not hold one finite number for each label"),
        ("nan.txt", "nan\n1\n", "does not hold one finite number for each label"),
        ("empty.txt", "", "does not hold one finite number for each label"),
        ("words.txt", "half\n", "could not convert"),
        ("number.json", "3", "does not hold one finite number for each label"),
    ],
)
def test_what_is_refused(tmp_path: Path, name: str, content: str | None, message: str) -> None:
    file = tmp_path / name if content is None else write(tmp_path, name, content)
    with pytest.raises(InputError, match=message):
        read_threshold(file, LABELS)
