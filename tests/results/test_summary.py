"""What counts as a success, against counts from the JSON lines themselves."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from tests.toolkit.campaign_folders import change, read_lines, write_campaign, write_lines
from textattack_xmtc.errors import DataError
from textattack_xmtc.results.export.report import all_tables
from textattack_xmtc.results.folder import read_campaign
from textattack_xmtc.results.headline import further_headlines
from textattack_xmtc.results.records import Record
from textattack_xmtc.results.statistics import wilson
from textattack_xmtc.results.summary import (
    EVIDENCE_KEPT,
    FALLS,
    NO,
    SENSE_KEPT,
    SIMILAR,
    UNMEASURED,
    YES,
    Count,
    Limits,
)
from textattack_xmtc.results.tables.formats import as_html, as_markdown


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_campaign(tmp_path_factory.mktemp("summary") / "small", samples_per_bin=60)


def plain_counts(
    folder: Path, name: str, bin_number: Any, threshold: Any = None, wrong_counts: bool = False, measure: str = "cosine"
) -> tuple[Any, Any]:
    """Successes and n of a model, one `if` at a time."""
    successes = n = 0
    for row in read_lines(folder / "records" / f"{name}.jsonl"):
        if bin_number is not None and row["bin"] != bin_number:
            continue
        if row["outcome"] == "skipped" and row["reason"] == "wrong before" and name != "plain" and wrong_counts:
            successes, n = successes + 1, n + 1
        if row["outcome"] == "failed":
            n += 1
        if row["outcome"] == "succeeded":
            n += 1
            similar = threshold is None or row["similarity"][measure] > threshold
            successes += row["change_rate"] <= 0.1 and similar
    return successes, n


@pytest.mark.parametrize("name", ["plain", "pw-cb"])
@pytest.mark.parametrize("bin_number", [None, 0, 3, 4])
@pytest.mark.parametrize("threshold", [None, 0.8, 0.95])
@pytest.mark.parametrize("wrong_counts", [False, True])
def test_rates_are_those_of_plain_counting(
    folder: Path, name: str, bin_number: int | None, threshold: float | None, wrong_counts: bool
) -> None:
    successes, n = plain_counts(folder, name, bin_number, threshold, wrong_counts)
    assert 0 < successes < n
    results = read_campaign(folder).results[name]
    rate = results.rate(bin_number, threshold=threshold, wrong_counts=wrong_counts)
    assert rate == wilson(successes, n)
    if threshold == 0.8:
        assert results.rate(bin_number, SIMILAR, wrong_counts=wrong_counts) == rate


def test_the_test_data_hold_what_the_rules_are_about(folder: Path) -> None:
    rows = [row for name in ("plain", "pw-cb") for row in read_lines(folder / "records" / f"{name}.jsonl")]
    assert {row["outcome"] for row in rows} == {"succeeded", "failed", "skipped", "error"}
    assert {row["reason"] for row in rows if row["outcome"] == "skipped"} == {"wrong before", "too short"}
    succeeded = [row for row in rows if row["outcome"] == "succeeded"]
    assert any(row["change_rate"] > 0.1 for row in succeeded), "some go over the limit of the change rate"
    assert any(row["similarity"]["cosine"] <= 0.8 for row in succeeded)


def test_the_change_rate_at_the_limit_is_within_it(tmp_path: Path) -> None:
    folder = write_campaign(tmp_path / "small", samples_per_bin=1, models=("plain",))
    path = folder / "records" / "plain.jsonl"
    row = next(row for row in read_lines(path) if row["outcome"] == "succeeded")
    write_lines(path, [row | {"change_rate": 3 / 30}])
    assert read_campaign(folder).results["plain"].passed().tolist() == [True]
    write_lines(path, [row | {"change_rate": 4 / 39}])
    assert read_campaign(folder).results["plain"].passed().tolist() == [False]


def test_the_published_similarity_is_used_where_the_campaign_says_so(tmp_path: Path) -> None:
    folder = write_campaign(tmp_path / "small", samples_per_bin=40)
    change(folder / "campaign.json", resolved={"similarity": "published"})
    successes, n = plain_counts(folder, "plain", None, 0.8, measure="published")
    assert successes < plain_counts(folder, "plain", None, 0.8)[0]
    assert read_campaign(folder).results["plain"].rate(threshold=0.8) == wilson(successes, n)


def test_a_success_without_a_similarity_is_not_measured_and_never_0(tmp_path: Path) -> None:
    folder = write_campaign(tmp_path / "small", samples_per_bin=1, models=("plain",))
    path = folder / "records" / "plain.jsonl"
    row = next(row for row in read_lines(path) if row["outcome"] == "succeeded" and row["change_rate"] < 0.1)
    write_lines(path, [row | {"similarity": None}])
    campaign = read_campaign(folder)
    results = campaign.results["plain"]
    assert results.rate().value == 1.0
    assert not results.rate(count=SIMILAR).measured and math.isnan(results.rate(count=SIMILAR).value)
    assert further_headlines(campaign)[0].endswith("encoder embedded): not measured.")
    table = next(table for table in all_tables([campaign]) if table.name == "positive-success")
    assert "<td" in as_html(table) and ">not measured<" in as_html(table) and "| not measured |" in as_markdown(table)
    write_lines(path, [row | {"similarity": None, "outcome": "failed"}])
    assert read_campaign(folder).results["plain"].rate(count=SIMILAR).value == 0.0, "nothing fell: nothing to measure"


def test_samples_that_the_reference_model_gets_wrong_do_not_count_for_it(tmp_path: Path) -> None:
    folder = write_campaign(tmp_path / "small", samples_per_bin=2)
    for name in ("plain", "pw-cb"):
        path = folder / "records" / f"{name}.jsonl"
        rows = read_lines(path)
        wrong = {"outcome": "skipped", "reason": "wrong before", "after": None}
        write_lines(path, [rows[0] | wrong, *(row | {"outcome": "error", "after": None} for row in rows[1:])])
    campaign = read_campaign(folder)
    assert campaign.results["plain"].rate().n == 0
    results = campaign.results["pw-cb"]
    assert (results.rate(wrong_counts=True).value, results.rate(wrong_counts=True).n) == (1.0, 1)
    assert results.rate().n == 0 and results.wrong_rate().value == 1.0
    outcomes = campaign.outcomes(campaign.model("plain"))
    assert (outcomes["error"], outcomes["skipped"], outcomes["wrong before"]) == (9, 1, 1)


def test_shared_texts_widen_the_interval(tmp_path: Path) -> None:
    once = read_campaign(write_campaign(tmp_path / "once", samples_per_bin=40)).results["plain"]
    twice = read_campaign(write_campaign(tmp_path / "twice", samples_per_bin=40, pairs_per_text=10)).results["plain"]
    assert once.rows["text"].is_unique and not twice.rows["text"].is_unique
    assert once.rate() == wilson(int(once.passed().sum()), len(once.rows))
    assert twice.rate() != wilson(int(twice.passed().sum()), len(twice.rows))


def test_bins_have_names(tmp_path: Path) -> None:
    campaign = read_campaign(write_campaign(tmp_path / "small", samples_per_bin=1))
    assert [campaign.bin_name(number) for number in (0, 1, 4)] == ["1 to 2 (tail)", "3 to 5", "41 to 400 (head)"]


def test_counts_nest_and_what_a_record_lacks_is_not_measured() -> None:
    """A count is asked only where the one that it stands within is passed."""
    limits = Limits(0.1, "cosine", 0.8)
    kept = Count(
        "kept",
        "Kept (%)",
        "evidence is kept",
        lambda record, _: record.adversarial and "x" in record.adversarial,  # type: ignore[return-value]
        FALLS,
    )
    judged = Count("judged", "Judged (%)", "a judge agrees", lambda record, _: record.queries > 5, kept)

    def record(outcome: str = "succeeded", text: str | None = "x", queries: int = 9) -> Record:
        return Record(0, outcome, None, None, None, 20, (1,), 0.05, text, {"cosine": 0.9}, queries, 0.1)

    found = [
        (count.of(one, limits))
        for one in (record(), record(queries=1), record(text="y"), record(text=None), record("failed", None))
        for count in (FALLS, kept, judged)
    ]
    assert found == [
        *(YES, YES, YES),
        *(YES, YES, NO),
        *(YES, NO, NO),
        *(YES, UNMEASURED, UNMEASURED),
        *(NO, NO, NO),
    ]


def test_statistics_agree_with_a_further_count_in_every_place(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A count that is added to the list is a column of the tables and a sentence, and nothing else changes."""
    long_text = Count("long", "Long text (%)", "the text is long", lambda record, _: record.words > 20, FALLS)
    for module in ("summary", "headline", "figures", "tables.success", "export.records"):
        monkeypatch.setattr(
            f"textattack_xmtc.results.{module}.COUNTS", (FALLS, SIMILAR, EVIDENCE_KEPT, SENSE_KEPT, long_text)
        )
    campaign = read_campaign(folder)
    tables = {table.name: table for table in all_tables([campaign])}
    for name in ("positive-success", "by-bin"):
        assert "long" in [column.key for column in tables[name].columns]
    assert further_headlines(campaign)[1].startswith("Counted only where the text is long: ")
    rows = read_lines(folder / "records" / "plain.jsonl")
    attacked = [row for row in rows if row["outcome"] in ("succeeded", "failed")]
    passed = [
        row for row in attacked if row["outcome"] == "succeeded" and row["change_rate"] <= 0.1 and row["words"] > 20
    ]
    assert campaign.results["plain"].rate(count=long_text) == wilson(len(passed), len(attacked))


def preserved(*changes: tuple[bool | None, bool | None]) -> dict[str, Any]:
    return {"changes": [{"position": n, "evidence": e, "sense": s} for n, (e, s) in enumerate(changes)]}


@pytest.mark.parametrize(
    ("changes", "evidence", "sense"),
    [
        ([(False, True)], YES, YES),
        ([(False, False)], YES, NO),
        ([(True, True), (False, None)], YES, UNMEASURED),
        ([(True, False), (None, None)], NO, NO),
        ([(True, None)], UNMEASURED, UNMEASURED),
        ([(None, None)], UNMEASURED, UNMEASURED),
        ([(None, None), (True, False)], NO, NO),
        (None, UNMEASURED, UNMEASURED),
    ],
)
def test_what_was_kept_of_the_label(changes: list[Any] | None, evidence: int, sense: int) -> None:
    preservation = None if changes is None else preserved(*changes)
    limits = Limits(0.1, "cosine", 0.8)
    one = Record(0, "succeeded", None, None, None, 20, (1,), 0.05, "x", None, 9, 0.1, preservation)
    assert (EVIDENCE_KEPT.of(one, limits), SENSE_KEPT.of(one, limits)) == (evidence, sense)
    failed = Record(0, "failed", None, None, None, 20, (1,), 0.05, None, None, 9, 0.1, preservation)
    assert EVIDENCE_KEPT.of(failed, limits) == SENSE_KEPT.of(failed, limits) == NO


@pytest.mark.parametrize("mode", ["frozen:0.2", "none"])
def test_counts_of_the_label_are_shown_of_campaigns_that_measured_them(mode: str, tmp_path: Path) -> None:
    folder = write_campaign(tmp_path / "kept", samples_per_bin=10)
    change(folder / "campaign.json", settings={"preserve": mode})
    rows = read_lines(folder / "records" / "plain.jsonl")
    for row in rows:
        row["preservation"] = preserved(*[(row["sample"] % 2 == 0, False)] * len(row["changes"]))
    write_lines(folder / "records" / "plain.jsonl", rows)
    campaign = read_campaign(folder)
    sentences = further_headlines(campaign)
    assert len(sentences) == 3 and "words that speak most for the label" in sentences[1]
    assert ("found without trying" in sentences[1]) == (mode == "none")
    table = {one.name: one for one in all_tables([campaign])}["positive-success"]
    assert {"evidence_kept", "sense_kept"} <= {column.key for column in table.columns}
    kept = [row for row in rows if row["outcome"] == "succeeded" and row["change_rate"] <= 0.1 and row["sample"] % 2]
    attacked = [row for row in rows if row["outcome"] in ("succeeded", "failed")]
    assert campaign.results["plain"].rate(count=EVIDENCE_KEPT) == wilson(len(kept), len(attacked))
    assert campaign.results["plain"].rate(count=SENSE_KEPT).value == 0


def test_counts_of_the_label_are_not_shown_where_nobody_measured_them(folder: Path) -> None:
    campaign = read_campaign(folder)
    assert len(further_headlines(campaign)) == 1 and not campaign.results["plain"].rate(count=EVIDENCE_KEPT).measured


def test_damaged_facts_of_the_label_are_refused(tmp_path: Path) -> None:
    folder = write_campaign(tmp_path / "damaged", samples_per_bin=10)
    rows = read_lines(folder / "records" / "plain.jsonl")
    rows[0]["preservation"] = {"changes": [{"evidence": "yes", "sense": None}]}
    write_lines(folder / "records" / "plain.jsonl", rows)
    with pytest.raises(DataError, match=r"plain\.jsonl"):
        read_campaign(folder)
