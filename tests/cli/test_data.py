"""`textattack-xmtc data`: what it shows, and its exit status."""

from __future__ import annotations

from pathlib import Path

import pytest

from textattack_xmtc.cli.main import main

APPLE = "red apple, and pie"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TA_CACHE_DIR", str(tmp_path / "cache"))
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def test_what_is_shown_of_data_that_are_understood(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "train.csv").write_text(f'id,labels,text\n7,"fruit,food","{APPLE}"\n7,drink,tea\n8,,\n9,a,tea\n')
    (folder / "test.csv").write_text("id,labels,text\n7,nan,tea\n")
    assert main(["data", str(folder)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "recognised: csv, UTF-8, separator ',', text 'text', labels 'labels', ids 'id', labels: joined by commas",
        "train, id '7': 'red apple, and pie'",
        "  2 labels: 'fruit', 'food'",
        "train, id '7-2': 'tea'",
        "  1 label: 'drink'",
        "train, id '8': ''",
        "  0 labels: none",
        "training texts                                   4",
        "test texts                                       1",
        "labels                                           5",
        "training texts a label                        0.80",
        "labels a training text                        1.00",
        "labels with at most 5 training texts        100.0%",
        "labels without a training text                   1",
        "warning: train: 1 texts without labels, 1 empty texts, 1 repeated ids (renumbered: '7-2')",
        "warning: 1 label like a missing value: 'nan'",
        "warning: train: 1 text like an earlier one (join rows that hold one label each)",
        "warning: 1 text of test is in train, too",
    ]


@pytest.mark.parametrize(
    ("content", "options", "status", "shown"),
    [
        ("text,labels\ntea,a b\n", [], 1, "say what separates labels with --label-separator"),
        ("text,labels\ntea,a b\n", ["--label-separator", "space"], 0, "2 labels: 'a', 'b'"),
        ("1,tea,a\n2,soup,b\n", [], 1, "--no-header"),
        ("1,tea,a\n2,soup,b\n", ["--no-header"], 0, "train, id '2': 'soup'"),
        ("1,tea,a\n2,soup,b\n", ["--no-header", "--label-column", "1", "--text-column", "2"], 0, "1 label: '1'"),
        ("a^b\ntea^x\n", ["--separator", "^", "--text-column", "a", "--label-column", "b"], 0, "1 label: 'x'"),
        ("body,labels,nr\ntea,x,77\n", ["--text-column", "body", "--id-column", "nr"], 0, "train, id '77': 'tea'"),
        ("text,labels\ntea,x\n", ["--text-column", "body"], 1, "expected a column 'body', got text, labels"),
        ("text,labels\ntea,x\n", ["--separator", "ab"], 2, "invalid separator 'ab': must be one character"),
        ("text,labels\ntea,x\n", ["--encoding", "klingon"], 2, "unknown encoding 'klingon'"),
        ("text,labels\ntea,x\n", ["--data-format", "arff"], 2, "unknown data format 'arff'"),
        ("text,labels\ntea,3\nsoup,4\n", [], 0, "warning: all 2 labels are integers"),
    ],
)
def test_options_and_exit_status(
    folder: Path, capsys: pytest.CaptureFixture[str], content: str, options: list[str], status: int, shown: str
) -> None:
    file = folder / "train.csv"
    file.write_text(content)
    assert main(["data", str(file), *options]) == status
    captured = capsys.readouterr()
    assert shown in captured.out + captured.err
    assert "Traceback" not in captured.err


def test_wrong_usage_is_two(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["data"])
    assert ended.value.code == 2


def test_names_of_labels_from_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "train.csv").write_text("text,labels\ntea,1\n")
    (folder / "names.txt").write_text("food\ndrink\n")
    assert main(["data", str(folder), "--label-file", str(folder / "names.txt")]) == 0
    shown = capsys.readouterr().out
    assert "1 label: 'drink'" in shown and "label names of names.txt" in shown
