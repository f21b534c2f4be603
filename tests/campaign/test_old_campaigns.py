"""Campaigns of 0.1.0 (2d1e65e) are read, reported and resumed, with the records that they had."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from textattack_xmtc.campaign.runner import run_campaign
from textattack_xmtc.errors import InputError
from textattack_xmtc.results.export.report import write_report
from textattack_xmtc.results.folder import read_campaign

OLD = Path(__file__).parents[1] / "data" / "2d1e65e"
CAMPAIGNS = ["folder", "file", "half", "transfers"]


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the folder, in which the tests work: models are named from there."""
    shutil.copytree(OLD, tmp_path / "old")
    monkeypatch.chdir(tmp_path / "old")
    monkeypatch.setenv("TA_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "old"


def rows(out: Path) -> dict[str, list[dict[str, Any]]]:
    """Records and transfers by file, in the order of the samples, without what a clock said; scores are rounded."""

    def rounded(value: Any) -> Any:
        if isinstance(value, float):
            return round(value, 4)
        if isinstance(value, dict):
            return {key: rounded(item) for key, item in value.items() if key != "seconds"}
        return [rounded(item) for item in value] if isinstance(value, list) else value

    files = [*(out / "records").glob("*.jsonl"), *(out / "transfer").glob("*.jsonl")]
    return {
        file.relative_to(out).as_posix(): sorted(
            (rounded(json.loads(line)) for line in file.read_bytes().splitlines()),
            key=lambda row: (row.get("source", ""), row["sample"]),
        )
        for file in files
    }


def keep(file: Path, lines: int) -> None:
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:lines]))


@pytest.mark.parametrize("name", CAMPAIGNS)
def test_a_report_of_an_old_campaign(old: Path, name: str) -> None:
    campaign = read_campaign(old / name)
    assert campaign.notes == () and all(len(model.records) == len(campaign.samples) for model in campaign.models)
    assert "%" in write_report([campaign], old / "report").read_text(encoding="utf-8")


def test_a_model_folder(old: Path) -> None:
    keep(old / "folder" / "records" / "plain.jsonl", 2)
    assert run_campaign("folder", {}, resume=True)
    assert rows(old / "folder") == rows(OLD / "folder")


def test_two_models_of_which_one_is_half_done(old: Path) -> None:
    keep(old / "half" / "records" / "plain.jsonl", 4)
    (old / "half" / "records" / "other.jsonl").unlink()
    assert run_campaign("half", {"models": ["plain", "other"], "goal": "negative"}, resume=True)
    assert rows(old / "half") == rows(OLD / "half")


@pytest.mark.parametrize("source", ["victim.py", "./victim.py", "absolute"])
def test_a_victim_file_when_the_command_line_names_it(old: Path, source: str) -> None:
    keep(old / "file" / "records" / "victim.jsonl", 2)
    with pytest.raises(InputError, match=r"--out file --resume --model victim\.py$"):
        run_campaign("file", {}, resume=True)
    source = str(old / "victim.py") if source == "absolute" else source
    assert run_campaign("file", {"models": [source]}, resume=True)
    assert rows(old / "file") == rows(OLD / "file")


def test_transfers(old: Path) -> None:
    keep(old / "transfers" / "transfer" / "victim.jsonl", 1)
    with pytest.raises(InputError, match=r"--out transfers --resume --transfer-to victim\.py$"):
        run_campaign("transfers", {}, resume=True)
    assert run_campaign("transfers", {}, resume=True, transfer_to=["victim.py"])
    assert rows(old / "transfers") == rows(OLD / "transfers")


def test_versions_that_it_was_resumed_with_before(old: Path) -> None:
    facts = json.loads((old / "folder" / "campaign.json").read_text())
    facts["went_on_with"] = [{**facts["versions"], "numpy": "0.9"}]
    (old / "folder" / "campaign.json").write_text(json.dumps(facts))
    assert "was resumed with other versions: numpy" in " ".join(read_campaign(old / "folder").notes)
    facts["versions"]["numpy"] = "0.8"
    (old / "folder" / "campaign.json").write_text(json.dumps(facts))
    for _ in range(2):
        run_campaign("folder", {}, resume=True)
    now = json.loads((old / "folder" / "campaign.json").read_text())
    assert "went_on_with" not in now and now["resumed_with"][0]["numpy"] == "0.9"
    assert len(now["resumed_with"]) == 2, "the same versions are noted once"
