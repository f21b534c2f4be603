"""Names of labels from the kinds of files that lie beside collections."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from textattack_xmtc.datasets.label_names import LabelNames, names_file_in
from textattack_xmtc.errors import DataError


def test_without_names_an_integer_is_called_by_its_digits() -> None:
    assert [LabelNames().name_of(label) for label in (12, "12", "eggs", -3)] == ["12", "12", "eggs", "-3"]


def test_a_list_is_the_label_space(tmp_path: Path) -> None:
    path = tmp_path / "labels.txt"
    path.write_text("eggs\n\nsoup \neggs\n\n\n")
    names = LabelNames.read(path)
    assert names.by_index == ("eggs (0)", "1", "soup", "eggs (3)")
    assert (names.name_of(2), names.name_of(4), names.name_of(-1)) == ("soup", None, None)
    assert (names.name_of("soup"), names.name_of("eggs")) == ("soup", None)


def test_a_name_that_looks_like_one_told_apart(tmp_path: Path) -> None:
    (tmp_path / "labels.txt").write_text("eggs\neggs\neggs (0)\n")
    names = LabelNames.read(tmp_path / "labels.txt").by_index
    assert names is not None and len(set(names)) == 3 and names[1] == "eggs (1)"


def test_json_as_table_and_as_list(tmp_path: Path) -> None:
    path = tmp_path / "label_names.json"
    path.write_text(json.dumps({"gnd:1": "Recht", "7": "Ei", "gnd:2": "Recht"}))
    names = LabelNames.read(path)
    assert names.by_index is None
    assert [names.name_of(label) for label in ("gnd:1", 7, "7", "other", 8)] == [
        "Recht (gnd:1)",
        "Ei",
        "Ei",
        "other",
        "8",
    ]
    path.write_text(json.dumps(["a", "b"]))
    assert LabelNames.read(path).by_index == ("a", "b")


def test_titles_of_the_xmc_repository(tmp_path: Path) -> None:
    path = tmp_path / "lbl.json.gz"
    path.write_bytes(gzip.compress(b'{"uid": "1", "title": "Eggs"}\n{"uid": "2", "title": ""}\n\n'))
    assert LabelNames.read(path).by_index == ("Eggs", "1")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("label_names.json", "{", "expected JSON"),
        ("label_names.json", '{"a": 1}', "expected an object from label to name, or a list of names, got a dict"),
        ("label_names.json", '["a", 2]', "got a list"),
        ("label_names.json", '"a"', "got a str"),
        ("lbl.json", '{"title": "a"}\n{"uid": "b"}\n', "line 2: expected an object with the label's `title`"),
        ("lbl.json", '{"title": 5}\n', "line 1: expected an object"),
        ("lf.json", "eggs\n", "line 1: expected an object"),
        ("labels.txt", "", "is empty"),
        ("label_names.json", '["a", "\\ud800"]', r"expected names in valid Unicode, got '\\ud800' as name 1"),
        ("label_names.json", '{"a": "\\ud800"}', "expected names in valid Unicode"),
        ("lbl.json", '{"title": "\\ud800"}\n', "expected names in valid Unicode"),
    ],
)
def test_files_that_hold_no_names_are_refused(tmp_path: Path, name: str, content: str, message: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=message) as caught:
        LabelNames.read(tmp_path / name)
    assert name in str(caught.value)


def test_the_first_known_file_beside_the_data_counts(tmp_path: Path) -> None:
    assert names_file_in(tmp_path) is None
    (tmp_path / "Y.txt").write_text("eggs\n")
    assert names_file_in(tmp_path) == tmp_path / "Y.txt"
    (tmp_path / "label_names.txt").write_text("soup\n")
    assert names_file_in(tmp_path) == tmp_path / "label_names.txt"
