"""Samples that were drawn before are attacked again, and only those that fit the corpus and the goal."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.toolkit.small_campaigns import OPTIONS, records
from textattack_xmtc.campaign.runner import run_campaign
from textattack_xmtc.errors import DataError, InputError
from textattack_xmtc.results.folder import read_campaign

pytestmark = pytest.mark.usefixtures("here")


def test_samples_are_attacked_again(whole: Path, tmp_path: Path) -> None:
    options = {**OPTIONS, "models": ["other"], "samples": str(whole / "samples.jsonl"), "masked_lm": "words"}
    run_campaign(tmp_path / "again", options)
    assert (tmp_path / "again" / "samples.jsonl").read_text() == (whole / "samples.jsonl").read_text()
    assert (tmp_path / "again" / "bins.json").read_text() == (whole / "bins.json").read_text()
    assert records(tmp_path / "again")["other"] == records(whole)["other"]
    assert read_campaign(tmp_path / "again").reference == "other"


def test_the_file_of_samples_alone_is_enough(whole: Path, tmp_path: Path) -> None:
    rows = (whole / "samples.jsonl").read_text().splitlines()[:5]
    (tmp_path / "some.jsonl").write_text("\n".join(rows) + "\n")
    run_campaign(tmp_path / "again", {**OPTIONS, "samples": str(tmp_path / "some.jsonl")})
    campaign = read_campaign(tmp_path / "again")
    assert records(tmp_path / "again")["plain"] == records(whole)["plain"][:5]
    assert sum(part.drawn for part in campaign.bins) == 5
    for part in campaign.bins:
        frequencies = [campaign.label_counts[s.target] for s in campaign.samples.values() if s.bin == part.number]
        assert (part.lowest, part.highest) == (min(frequencies), max(frequencies))


@pytest.mark.parametrize(
    ("change", "goal", "message"),
    [
        ({"text": "another text"}, "positive", "has no test text 'test.*' with this text and these labels"),
        ({"labels": [0]}, "positive", "with this text and these labels; give the corpus that the samples were drawn"),
        ({"target": 99}, "negative", "there is no label 99"),
        ({}, "negative", "its target is a true label of the text, which the goal 'negative' cannot work on"),
    ],
)
def test_samples_of_something_else(
    whole: Path, tmp_path: Path, change: dict[str, Any], goal: str, message: str
) -> None:
    row = {**json.loads((whole / "samples.jsonl").read_text().splitlines()[0]), **change}
    (tmp_path / "some.jsonl").write_text(json.dumps(row) + "\n")
    options = {**OPTIONS, "models": ["plain"], "goal": goal, "samples": str(tmp_path / "some.jsonl")}
    with pytest.raises(InputError, match=message):
        run_campaign(tmp_path / "out", options)


@pytest.mark.parametrize(
    ("content", "message"),
    [("", "holds no sample"), ("{}\n", "line 1 is no sample"), ("\n[1\n", "line 2 is not JSON")],
)
def test_a_file_that_holds_no_samples(tmp_path: Path, content: str, message: str) -> None:
    (tmp_path / "some.jsonl").write_text(content)
    options = {**OPTIONS, "models": ["plain"], "samples": str(tmp_path / "some.jsonl")}
    with pytest.raises(DataError, match=message):
        run_campaign(tmp_path / "out", options)
