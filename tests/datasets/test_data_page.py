"""The examples of docs/data.md, read as the page says."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from pathlib import Path

import pytest

from textattack_xmtc.datasets.load import load_corpus
from textattack_xmtc.datasets.read_options import ReadOptions
from textattack_xmtc.errors import DataError
from textattack_xmtc.options import add_options, options_of

PAGE = Path(__file__).parents[2] / "docs" / "data.md"
_CELL = re.compile(r"`([^`]*)`")


def tables() -> dict[str, list[list[str]]]:
    """The rows of each table of the page, by its first heading."""
    by_heading: dict[str, list[list[str]]] = {}
    heading = ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if not line.startswith("|"):
            heading = ""
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|").strip())]
        if not heading:
            heading = cells[0]
            by_heading[heading] = []
        elif not set(line) <= set("|-"):
            by_heading[heading].append(cells)
    return by_heading


def file_of(tmp_path: Path, cell: str) -> Path:
    lines = _CELL.findall(cell)
    path = tmp_path / ("train.jsonl" if lines[0].startswith("{") else "train.csv")
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


@pytest.mark.parametrize("row", tables()["`labels`"], ids=lambda row: row[0])
def test_what_is_understood(tmp_path: Path, row: list[str]) -> None:
    corpus = load_corpus(file_of(tmp_path, row[1]), cache=tmp_path / "cache")
    (document,) = corpus.split("train")
    assert document["text"] == "red apple"
    assert ", ".join(corpus.label_names[label] for label in document["labels"]) == row[2]


@pytest.mark.parametrize("row", tables()["first rows"], ids=lambda row: row[1])
def test_what_needs_an_answer(tmp_path: Path, row: list[str]) -> None:
    path = file_of(tmp_path, row[0])
    answer = _CELL.findall(row[2])[0]
    with pytest.raises(DataError, match=answer.split()[0]):
        load_corpus(path, cache=tmp_path / "cache")
    parser = ArgumentParser()
    add_options(parser, options_of(ReadOptions))
    options = ReadOptions.of(vars(parser.parse_args(answer.split()))).given()
    corpus = load_corpus(path, cache=tmp_path / "cache", **options)
    assert corpus.split("train")["text"][:] == ["red apple"]


def test_every_option_is_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    flags = [one.flags[0].replace("--header", "--no-header") for one in options_of(ReadOptions)]
    assert [flag for flag in flags if flag not in text] == []
