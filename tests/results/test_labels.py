"""What is said of each label: against a plain count over the records, one label at a time."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import replace
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.toolkit.campaign_folders import make_by_label, read_lines, write_campaign, write_lines
from textattack_xmtc.errors import DataError
from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.folder import read_campaign
from textattack_xmtc.results.headline import further_headlines
from textattack_xmtc.results.labels import (
    OWN_SAMPLES,
    TESTED_SAMPLES,
    LabelResult,
    coverage,
    label_results,
    label_sentences,
)
from textattack_xmtc.results.pooled import pooled
from textattack_xmtc.results.statistics import NO_SAMPLE, wilson
from textattack_xmtc.results.tables.labels import label_coverage, labels


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_by_label(write_campaign(tmp_path_factory.mktemp("labels") / "small", 60, pairs_per_text=2))


@pytest.fixture(scope="module")
def campaign(folder: Path) -> Campaign:
    return read_campaign(folder)


def results_of(campaign: Campaign, name: str = "plain") -> list[LabelResult]:
    model = campaign.model(name)
    assert model is not None
    return label_results(campaign, model)


@pytest.mark.parametrize("name", ["plain", "pw-cb"])
def test_what_came_of_a_label(folder: Path, campaign: Campaign, name: str) -> None:
    samples = {row["sample"]: row for row in read_lines(folder / "samples.jsonl")}
    records = [r for r in read_lines(folder / "records" / f"{name}.jsonl") if r["outcome"] in ("succeeded", "failed")]
    results = {one.label: one for one in results_of(campaign, name)}
    assert results.keys() == {record["target"] for record in records}
    for label, one in results.items():
        of_label = [record for record in records if record["target"] == label]
        falls = [r for r in of_label if r["outcome"] == "succeeded" and r["change_rate"] <= 0.1]
        assert (one.n, one.successes) == (len(of_label), len(falls))
        newcomers = Counter(new for r in falls for new in r["after"]["top_k"] if new not in r["before"]["top_k"])
        assert all(newcomers[new] == times for new, times in one.confused)
        assert sorted(newcomers.values(), reverse=True)[:3] == [times for _, times in one.confused]
        words: Counter[str] = Counter()
        for record in of_label:
            for word, share in record["hangs_on"]:
                words[word] += share / len(of_label)
        assert one.words[0][1] == pytest.approx(max(words.values()))
        fewest = min((r["change_rate"] for r in falls), default=None)
        assert isnan(one.fewest_words) if fewest is None else one.fewest_words == fewest
        assert one.is_pooled == (one.n < OWN_SAMPLES)
        if not one.is_pooled:
            assert one.vulnerability == wilson(one.successes, one.n)
        assert not one.preserving.measured, "the campaign ran without --preserve"
        assert {samples[r["sample"]]["bin"] for r in of_label} == {one.bin}


def test_few_samples_are_pooled_with_their_bin_in_which_texts_count_once(campaign: Campaign) -> None:
    results = results_of(campaign)
    assert any(one.is_pooled for one in results)
    rows = campaign.results["plain"].of_bin().rows
    for number in {one.bin for one in results}:
        inside = [one for one in results if one.bin == number]
        weight = rows[rows["bin"] == number]["text"].nunique() / (rows["bin"] == number).sum()
        estimates = pooled(np.array([one.successes for one in inside]), np.array([one.n for one in inside]), weight)
        for one, estimate in zip(inside, estimates, strict=True):
            if one.is_pooled:
                assert one.vulnerability.value == pytest.approx(estimate.value)
    assert rows["text"].nunique() < len(rows)


def test_fragile_labels_come_first_and_rest_on_their_own_samples(campaign: Campaign) -> None:
    results = results_of(campaign)
    assert [one.fragile for one in results] == sorted((one.fragile for one in results), reverse=True)
    assert all((one.chance is None) == (one.n < TESTED_SAMPLES) for one in results)
    assert 0 < sum(one.fragile for one in results) < len(results)
    assert all(one.successes / one.n > 0.5 for one in results if one.fragile)
    assert 0.5**TESTED_SAMPLES <= 0.05 < 0.5 ** (TESTED_SAMPLES - 1)


def test_what_is_kept_of_the_label(folder: Path, tmp_path: Path) -> None:
    again = make_by_label(write_campaign(tmp_path / "kept", 20, models=("plain",), preserve="none"))
    file = again / "records" / "plain.jsonl"
    records = read_lines(file)
    for record in records:
        kept = record["sample"] % 3 == 0
        changes = [{"position": c["position"], "evidence": not kept, "sense": kept} for c in record["changes"]]
        record["preservation"] = {"changes": changes}
    del records[-1]["preservation"]
    records[-1] |= {"outcome": "succeeded", "change_rate": 0.05, "after": records[-1]["after"] or records[0]["after"]}
    records[-1]["before"] = records[-1]["before"] or records[0]["before"]
    write_lines(file, records)
    for one in results_of(read_campaign(again)):
        if one.label == records[-1]["target"]:
            assert not one.preserving.measured
        else:
            assert one.preserving.measured and one.preserving.value <= one.vulnerability.value + 0.02


def test_coverage_counts_every_label_that_was_asked_for(folder: Path, campaign: Campaign) -> None:
    model = campaign.models[0]
    parts, draw = coverage(campaign, model), campaign.label_draw
    assert draw is not None and sum(part.asked for part in parts) == len(draw.asked) == 38
    attacked = {record.target for record in campaign.results["plain"].of_bin().rows.itertuples()}
    for part, of_bin in zip(parts, campaign.bins, strict=True):
        inside = [label for label in range(38) if of_bin.lowest <= campaign.label_counts[label] <= of_bin.highest]
        assert part.asked == len(inside) and part.attacked == len(attacked & set(inside))
        assert part.in_test == sum(draw.in_test[label] > 0 for label in inside)
        assert part.right == sum(draw.right[label] > 0 for label in inside)
    assert label_coverage([campaign]).rows


BASE = LabelResult(0, 0, 4, 5, NO_SAMPLE, NO_SAMPLE, True, None, 0.1, (("kernel", 0.3),), ((1, 1),), 30, 10, 8)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"successes": 0}, "Never fell"),
        ({"words": (("kernel", 0.5),)}, "Hangs on one word, “kernel”"),
        ({"words": (("kernel", 0.9),), "n": 1}, "No rule"),
        ({"confused": ((1, 2),)}, "Has a twin, “matrix”, which came in 2 of 4 times"),
        ({"confused": ((1, 2),), "successes": 5}, "No rule"),
        ({"confused": ((1, 1),), "successes": 1}, "No rule"),
        ({"texts": 5}, r"Few texts \(5\)"),
        ({"right": 4}, "Missed on 6 of 10 test texts"),
        ({"right": 1, "in_test": 4}, "No rule"),
        ({}, "No rule"),
    ],
)
def test_advice_is_given_by_rule(changes: dict[str, Any], expected: str) -> None:
    assert re.match(expected, replace(BASE, **changes).advice(["kernel", "matrix"]))


def test_sentences_and_table(campaign: Campaign) -> None:
    table = labels([campaign])
    assert table.title.startswith("Labels with samples: 8 of 8 of 1 to 2 (tail) training texts, ")
    assert table.columns[0].title == "Label" and "Model" in [column.title for column in table.columns]
    assert len(table.rows) > 50 == len(table.shown().rows)
    assert table.shown().note.startswith(f"The first 50 of {len(table.rows)} rows; all are in labels.csv.")
    first, second = label_sentences(campaign)
    fragile = sum(one.fragile for one in results_of(campaign))
    assert first.startswith(f"{fragile} of ") and second.startswith(
        f"{len(results_of(campaign))} of 38 labels are judged"
    )
    assert further_headlines(campaign)[:2] == [first, second]


def test_other_campaigns_have_nothing_of_it(tmp_path: Path) -> None:
    other = read_campaign(write_campaign(tmp_path / "other", 3))
    assert label_sentences(other) == [] and not labels([other]).rows and not label_coverage([other]).rows


@pytest.mark.parametrize(("key", "value"), [("asked", [99]), ("right", [1]), ("in_test", [1] * 41)])
def test_damaged_labels(folder: Path, tmp_path: Path, key: str, value: list[int]) -> None:
    again = make_by_label(write_campaign(tmp_path / "again", 1))
    facts = json.loads((again / "labels.json").read_text())
    (again / "labels.json").write_text(json.dumps({**facts, key: value}))
    with pytest.raises(DataError, match=r"labels\.json"):
        read_campaign(again)
