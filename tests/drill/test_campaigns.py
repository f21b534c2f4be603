"""The drill can fail: whatever is wrong with a folder is found."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.drill.campaigns import Wrong, check
from tests.toolkit.campaign_folders import write_campaign

Lines = list[dict[str, Any]]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_campaign(tmp_path_factory.mktemp("drill") / "whole", samples_per_bin=4)


@pytest.fixture
def out(whole: Path, tmp_path: Path) -> Path:
    shutil.copytree(whole, tmp_path / "out")
    return tmp_path / "out"


def change(out: Path, changed: Callable[[Lines], Lines]) -> None:
    file = out / "records" / "plain.jsonl"
    rows = changed([json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()])
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def test_the_order_and_the_time_of_records_are_no_matter(out: Path, whole: Path) -> None:
    check(out, whole)
    change(out, lambda rows: [{**row, "seconds": row["seconds"] + 1} for row in reversed(rows)])
    check(out, whole)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        (lambda rows: rows[:-1], r"plain has lost \[\d+\] and has \[\] twice"),
        (lambda rows: [*rows, rows[3]], r"plain has lost \[\] and has \[3\] twice"),
        (lambda rows: [{**rows[0], "queries": rows[0]["queries"] + 1}, *rows[1:]], "records of plain are others"),
        (lambda rows: [{**rows[0], "seconds": -1.0}, *rows[1:]], "took less than no time"),
    ],
)
def test_wrong_records(out: Path, whole: Path, changed: Callable[[Lines], Lines], message: str) -> None:
    change(out, changed)
    with pytest.raises(Wrong, match=message):
        check(out, whole)


def test_other_files(out: Path, whole: Path) -> None:
    (out / ".campaign.json.new").write_text("{")
    with pytest.raises(Wrong, match="was left behind"):
        check(out, whole)
    (out / ".campaign.json.new").unlink()
    (out / "bins.json").write_text((out / "bins.json").read_text() + "\n")
    with pytest.raises(Wrong, match=r"bins\.json is another one"):
        check(out, whole)
