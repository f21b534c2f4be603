"""The table of what adversarial texts do to other models, against plain counts from the files."""

import json
from collections import Counter

import pytest

from tests.toolkit.campaign_folders import read_lines, write_campaign, write_lines, write_transfer
from textattack_xmtc.results.export.report import all_tables, write_report
from textattack_xmtc.results.folder import read_campaign
from textattack_xmtc.results.statistics import wilson


@pytest.fixture
def folder(tmp_path):
    return write_campaign(tmp_path / "small", samples_per_bin=40)


def table_of(folder):
    return next(table for table in all_tables([read_campaign(folder)]) if table.name == "transfer")


def test_every_bin_of_every_pair(folder):
    trials = write_transfer(folder)
    bins = {row["sample"]: row["bin"] for row in read_lines(folder / "samples.jsonl")}
    table, campaign = table_of(folder), read_campaign(folder)
    assert len(table.rows) == 2 * 6
    rows = iter(table.rows)
    for source in ("plain", "pw-cb"):
        for number in (0, 1, 2, 3, 4, None):
            chosen = [row for row in trials if row["source"] == source and number in (None, bins[row["sample"]])]
            counts = Counter(row["outcome"] for row in chosen)
            n = counts["succeeded"] + counts["failed"]
            controls = [row["control"]["reached"] for row in chosen if row["control"]]
            paired = [row["outcome"] == "succeeded" for row in chosen if row["control"]]
            found_on, tried_on, name, found, right, success, control, difference, errors = next(rows)
            assert (found_on, tried_on) == (source, "aplc")
            assert name == ("all" if number is None else campaign.bin_name(number))
            assert (found, right, errors) == (len(chosen), n, counts["error"])
            assert success == wilson(counts["succeeded"], n) and control == wilson(sum(controls), len(controls))
            assert difference.n == len(controls)
            assert difference.value == pytest.approx((sum(paired) - sum(controls)) / len(controls))
            assert difference.low < difference.value < difference.high


def test_texts_that_are_shared_widen_the_interval(tmp_path):
    folder = write_campaign(tmp_path / "small", samples_per_bin=40, pairs_per_text=2, models=("plain",))
    trials = []
    for record in read_lines(folder / "records" / "plain.jsonl"):
        if record["outcome"] == "succeeded" and record["change_rate"] <= 0.1:
            outcome = "succeeded" if record["sample"] // 2 % 2 else "failed"  # both of a text alike
            trials.append({"source": "plain", "sample": record["sample"], "outcome": outcome, "control": None})
    (folder / "transfer.json").write_text(json.dumps([{"name": "aplc", "folder": "aplc", "fingerprint": "another"}]))
    write_lines(folder / "transfer" / "aplc.jsonl", trials)
    success = table_of(folder).rows[-1][5]
    plain = wilson(round(success.value * success.n), success.n)
    assert success.high - success.low > 1.1 * (plain.high - plain.low)


def test_it_is_on_the_page_and_beside_it(folder, tmp_path):
    names = [table.name for table in all_tables([read_campaign(folder)])]
    assert "transfer" not in names, "nothing was tried"
    write_transfer(folder, "<b>aplc")
    page = write_report([read_campaign(folder)], tmp_path / "report").read_text(encoding="utf-8")
    section = page[page.index('<section id="transfer">') :].partition("</section>")[0]
    assert "The same texts on other models" in section and "&lt;b&gt;aplc" in section
    header, *lines = (tmp_path / "report" / "tables" / "transfer.csv").read_text().splitlines()
    assert header.startswith(
        "source,model,bin,found,n,success_percent,success_percent_low,success_percent_high,control"
    )
    assert len(lines) == 12
    assert "Do attacks transfer to other models?" in (tmp_path / "report" / "report.md").read_text()


def test_what_is_not_tried_yet_is_said(folder):
    trials = write_transfer(folder)
    write_lines(folder / "transfer" / "aplc.jsonl", trials[:-3])
    assert f"3 of {len(trials):,} adversarial texts are not tried on aplc yet." in read_campaign(folder).notes
    (folder / "transfer" / "aplc.jsonl").unlink()
    campaign = read_campaign(folder)
    assert f"{len(trials):,} of {len(trials):,} adversarial texts are not tried on aplc yet." in campaign.notes
    assert "transfer" not in [table.name for table in all_tables([campaign])]
