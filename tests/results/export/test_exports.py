"""What a report is exported as: TextAttack's CSV, JUnit XML, Parquet; each read back by what will read it."""

from __future__ import annotations

import csv
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pyarrow.parquet  # type: ignore[import-untyped]
import pytest

from tests.toolkit.campaign_folders import read_lines, write_campaign, write_lines
from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.export.junit import Case, junit_report, junit_xml
from textattack_xmtc.results.export.records import COLUMNS, textattack_csv, write_parquet
from textattack_xmtc.results.folder import read_campaign
from textattack_xmtc.results.gate import checks
from textattack_xmtc.results.markup import csv_text_read

FORMULA = "=cmd|' /C calc'!A0"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A campaign with a label and texts that a spreadsheet would run, and a lone surrogate."""
    folder = write_campaign(tmp_path_factory.mktemp("export") / "small", samples_per_bin=20)
    labels = json.loads((folder / "labels.json").read_text())
    labels["names"][:3] = [FORMULA, "@SUM(1)", "half \ud800 pair"]
    (folder / "labels.json").write_text(json.dumps(labels))
    for file in (folder / "samples.jsonl", folder / "records" / "plain.jsonl"):
        rows = read_lines(file)
        for row in rows[:9]:
            for key in ("text", "adversarial"):
                if row.get(key):
                    row[key] = f"+1+1 \ud800\n{row[key]}"
        write_lines(file, rows)
    return folder


@pytest.fixture(scope="module")
def campaign(folder: Path) -> Campaign:
    return read_campaign(folder)


def test_the_columns_are_those_of_textattack() -> None:
    """Read from the source, as importing TextAttack takes long."""
    from importlib.util import find_spec

    spec = find_spec("textattack")
    assert spec is not None and spec.origin is not None
    source = (Path(spec.origin).parent / "loggers" / "csv_logger.py").read_text(encoding="utf-8")
    row = source[source.index("row = {") : source.index("self.row_list.append")]
    assert [line.split('"')[1] for line in row.splitlines() if '": ' in line] == list(COLUMNS)


def test_textattack_csv_has_every_result(folder: Path, campaign: Campaign) -> None:
    rows = list(csv.DictReader(textattack_csv(campaign, campaign.models[0]).splitlines(keepends=True)))
    records = [row for row in read_lines(folder / "records" / "plain.jsonl") if row["outcome"] != "error"]
    assert len(rows) == len(records)
    for row, record in zip(rows, records, strict=True):
        reached = record["outcome"] == "succeeded" and record["change_rate"] <= 0.1
        kind = "Skipped" if record["outcome"] == "skipped" else ("Successful" if reached else "Failed")
        assert row["result_type"] == kind
        assert float(row["num_queries"]) == record["queries"]
        assert csv_text_read(row["ground_truth_output"])[:5] == campaign.label_names[record["target"]][:5]
        text = campaign.samples[record["sample"]].text.replace("\ud800", "\ufffd").replace("\n", "<SPLIT>")
        assert csv_text_read(row["original_text"]).replace("[[", "").replace("]]", "") == text
        assert ("[[" in row["perturbed_text"]) == (record["adversarial"] is not None)
        for cell in row.values():
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


def test_parquet_has_every_record_with_its_counts(folder: Path, campaign: Campaign, tmp_path: Path) -> None:
    with (tmp_path / "records.parquet").open("wb") as file:
        write_parquet([campaign], file)
    rows = pyarrow.parquet.read_table(tmp_path / "records.parquet").to_pylist()
    records = [row for name in ("plain", "pw-cb") for row in read_lines(folder / "records" / f"{name}.jsonl")]
    assert len(rows) == len(records)
    for row, record in zip(rows, records, strict=True):
        attacked = record["outcome"] in ("succeeded", "failed")
        assert (row["outcome"], row["queries"], row["change_rate"]) == (
            record["outcome"],
            record["queries"],
            record["change_rate"],
        )
        assert row["success"] == (
            (record["outcome"] == "succeeded" and record["change_rate"] <= 0.1) if attacked else None
        )
        assert row["similarity_cosine"] == (record["similarity"] or {}).get("cosine")
        assert row["frequency"] == campaign.label_counts[record["target"]]
    assert {row["target"] for row in rows} >= {FORMULA}, "a table of types has no formulas to fear"


def test_junit_tells_rates_and_only_a_gate_fails(campaign: Campaign) -> None:
    root = ET.fromstring(junit_report([campaign]).encode())
    assert [suite.get("name") for suite in root] == ["small, plain", "small, pw-cb"]
    assert root.get("failures") == "0"
    cases = root.findall("testsuite/testcase")
    assert len(cases) == 2 * (6 + 1) == int(str(root.get("tests")))
    errors = [case for case in cases if case.find("error") is not None]
    assert all(case.get("name") == "every sample has a result" for case in errors)
    output = root.find("testsuite/testcase[@name='all labels']/system-out")
    assert output is not None and str(output.text).startswith("success rate ")
    strict = ET.fromstring(junit_report([campaign], checks([campaign], 0.0, "all")).encode())
    failed = strict.findall("testsuite/testcase[failure]")
    assert [case.get("name") for case in failed] == ["all labels", "all labels"]
    undecided = ET.fromstring(junit_report([campaign], checks([campaign], 0.0, "tail")).encode())
    assert len(undecided.findall("testsuite/testcase[@name='label frequency 1 to 2 (tail)']/error")) == 2


def test_junit_holds_any_text() -> None:
    text = "<b> & \x00 \ud800 ]]>"
    root = ET.fromstring(junit_xml([(text, [Case(text, output=text, failure=text)])]).encode())
    failure = root.find("testsuite/testcase/failure")
    assert failure is not None and failure.text == "<b> & \ufffd \ufffd ]]>"
