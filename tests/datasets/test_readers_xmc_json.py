"""The XMC repository's JSON, with labels in it, beside it, or both."""

from __future__ import annotations

import gzip
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.toolkit.documents import any_text
from textattack_xmtc.datasets.corpus import Document
from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.datasets.readers.xmc_json import XMCJson
from textattack_xmtc.errors import DataError

rows = st.lists(
    st.tuples(any_text, any_text, st.lists(st.integers(0, 9), unique=True, max_size=4)), min_size=1, max_size=5
)


def write_json(folder: Path, *objects: object) -> Path:
    path = folder / "trn.json.gz"
    path.write_bytes(gzip.compress("".join(f"{json.dumps(row)}\n" for row in objects).encode()))
    return path


def write_pairs(folder: Path, *lines: str) -> None:
    (folder / "trn_X_Y.txt").write_text("".join(f"{line}\n" for line in lines))


def source(folder: Path) -> XMCJson:
    source = XMCJson.in_folder(folder, "train")
    assert isinstance(source, XMCJson)
    return source


def read(folder: Path, names: LabelNames | None = None) -> list[Document]:
    return list(source(folder).documents(names or LabelNames()))


@given(rows, st.sampled_from(["json", "pairs", "both"]))
def test_what_is_written_is_read_back(drawn: Any, where: Any) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        objects = [{"uid": f"u{i}", "title": title, "content": body} for i, (title, body, _) in enumerate(drawn)]
        if where != "pairs":
            for row, (_, _, labels) in zip(objects, drawn, strict=True):
                row["target_ind"] = labels
        if where != "json":
            write_pairs(folder, f"{len(drawn)} 10", *(" ".join(f"{i}:1.0" for i in labels) for _, _, labels in drawn))
        write_json(folder, *objects)
        expected = [
            Document(f"u{i}", f"{title} {body}" if title and body else title or body, [str(label) for label in labels])
            for i, (title, body, labels) in enumerate(drawn)
        ]
        assert read(folder) == expected
        assert source(folder).n_labels() == (None if where == "json" else 10)


def test_titles_alone_names_and_labels_of_relevance_0(tmp_path: Path) -> None:
    write_json(
        tmp_path,
        {"title": "eggs", "target_ind": [1, 0], "target_rel": [1.0, 0.0]},
        {"content": "soup", "target_ind": []},
    )
    names = LabelNames("Y.txt", by_index=("a", "b"))
    assert read(tmp_path, names) == [Document("1", "eggs", ["b"]), Document("2", "soup", [])]
    write_pairs(tmp_path, "2 2", "1:1 0:0", "")
    assert read(tmp_path, names)[0].labels == ["b"]


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"title": "x"}, "add the key 'target_ind', or put the _X_Y.txt file beside"),
        ({"target_ind": [1]}, "add the key 'title' or 'content'"),
        ({"title": 5, "target_ind": [1]}, "expected the title as a string, got 5"),
        ({"title": "x", "content": [], "target_ind": [1]}, r"expected the content as a string, got \[\]"),
        ({"title": "x", "target_ind": ["1"]}, "expected the labels as a list of indices"),
        ({"title": "x", "target_ind": 1}, "expected the labels as a list of indices, got 1"),
        ({"title": "x", "target_ind": [-1]}, "expected a label index 0 or more, got -1"),
        ({"title": "x", "target_ind": [1], "target_rel": [1, 1]}, "expected a list of 1 numbers in 'target_rel'"),
        ("x", "expected an object .* got 'x'"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, row: Any, message: str) -> None:
    write_json(tmp_path, {"title": "fine", "target_ind": []}, row)
    with pytest.raises(DataError, match=rf"trn\.json\.gz, line 2: .*{message}"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["2", "0:1", "0:1"], r"trn_X_Y\.txt, line 1: expected the header `rows labels` .* got '2'"),
        (["0:1 1:1", "0:1"], r"trn_X_Y\.txt, line 1: expected the header"),
        (["2 1", "0:1", "1:1"], r"trn\.json\.gz, line 2: expected a label index from 0 to 0, got 1"),
        (["2 5", "0:1", "x:1"], r"trn_X_Y\.txt, line 3: expected pairs like `12:1.0`, got 'x:1'"),
        (["2 5", "0:1", "-1:1"], r"trn_X_Y\.txt, line 3: expected pairs"),
        (["2 " + "9" * 5000, "0:1", "0:1"], r"trn_X_Y\.txt, line 1: expected the header"),
        (["2 5", "0:1", "9" * 5000 + ":1"], r"trn_X_Y\.txt, line 3: expected pairs"),
        (["2 5", "0:1", "1"], r"trn_X_Y\.txt, line 3: expected pairs like `12:1.0`, got '1'"),
        (["2 5", "0:1"], r"trn_X_Y\.txt: expected the 2 rows that its header states, got 1"),
        (["3 5", "0:1", "0:1", "0:1"], "got 2 texts in .* and 3 rows of labels"),
        (["1 5", "0:1"], "got 2 texts in .* and 1 rows of labels"),
    ],
)
def test_bad_label_files_are_refused(tmp_path: Path, lines: list[str], message: str) -> None:
    write_json(tmp_path, {"title": "x"}, {"title": "y"})
    write_pairs(tmp_path, *lines)
    with pytest.raises(DataError, match=message):
        read(tmp_path)


def test_labels_that_contradict_each_other_are_refused(tmp_path: Path) -> None:
    write_json(tmp_path, {"title": "x", "target_ind": [0, 2]})
    write_pairs(tmp_path, "1 5", "2:1 3:1")
    with pytest.raises(DataError, match=r"line 1: expected the labels that trn_X_Y\.txt lists, \[2, 3\], got \[0, 2\]"):
        read(tmp_path)


def test_recognised_by_the_keys_of_the_first_object(tmp_path: Path) -> None:
    path = write_json(tmp_path, {"text": "x", "labels": []})
    assert XMCJson.from_file(path) is None
    assert XMCJson.in_folder(tmp_path, "test") is None
    assert XMCJson.from_file(write_json(tmp_path, {"title": "x"})) is not None
    other = tmp_path / "texts.txt"
    other.write_text('{"title": "x"}\n')
    assert XMCJson.from_file(other) is None
