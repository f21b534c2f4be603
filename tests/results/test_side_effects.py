"""What happened to the other labels, against plain sums."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.toolkit.campaign_folders import change, read_lines, write_campaign, write_lines
from textattack_xmtc.metrics import propensities
from textattack_xmtc.results.folder import read_campaign
from textattack_xmtc.results.tables.examples import moved, precision, successes_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_campaign(tmp_path_factory.mktemp("effects") / "small", samples_per_bin=30)


def plain_rows(folder: Path, name: str) -> list[Any]:
    samples = {row["sample"]: row for row in read_lines(folder / "samples.jsonl")}
    rows = read_lines(folder / "records" / f"{name}.jsonl")
    return [
        (row, samples[row["sample"]]) for row in rows if row["outcome"] == "succeeded" and row["change_rate"] <= 0.1
    ]


@pytest.mark.parametrize(("family", "a", "b"), [("other", 0.55, 1.5), ("wikipedia", 0.5, 0.4), ("amazon", 0.6, 2.6)])
@pytest.mark.parametrize("without_target", [False, True])
@pytest.mark.parametrize("name", ["plain", "pw-cb"])
def test_precision_is_that_of_plain_sums(
    folder: Path, name: str, without_target: bool, family: str, a: float, b: float
) -> None:
    campaign = read_campaign(folder)
    after = precision(campaign, successes_of(campaign, campaign.model(name)), without_target, family)
    rows = plain_rows(folder, name)
    weight = 1 / propensities(campaign.label_counts, 1000, a, b)
    for side, value, psp in (("before", after.p_before, after.psp_before), ("after", after.p_after, after.psp_after)):
        hits = gained = possible = 0.0
        for row, sample in rows:
            true = {label for label in sample["labels"] if not (without_target and label == sample["target"])}
            right = [label for label in row[side]["top_k"] if label in true]
            hits += len(right) / 5
            gained += sum(weight[label] for label in right)
            possible += sum(sorted((weight[label] for label in true), reverse=True)[:5])
        assert value == pytest.approx(hits / len(rows))
        assert psp == pytest.approx(gained / possible)
    assert (after.p_before > after.p_after) or without_target


@pytest.mark.parametrize("inwards", [True, False])
def test_moved_labels_are_counted_without_the_targets(folder: Path, inwards: bool) -> None:
    campaign = read_campaign(folder)
    times: Counter[Any] = Counter()
    true: Counter[Any] = Counter()
    for row, sample in plain_rows(folder, "plain"):
        before, after = set(row["before"]["top_k"]), set(row["after"]["top_k"])
        labels = (after - before if inwards else before - after) - {sample["target"]}
        times.update(labels)
        true.update(labels & set(sample["labels"]))
    labels_moved = moved(successes_of(campaign, campaign.model("plain")), inwards)
    assert {row.Index: (row.times, row.true) for row in labels_moved.itertuples()} == {
        label: (n, true[label]) for label, n in times.items()
    }
    assert labels_moved["times"].tolist() == sorted(times.values(), reverse=True) and labels_moved["true"].any()


def test_a_model_that_gives_fewer_than_k_labels_is_measured_all_the_same(folder: Path, tmp_path: Path) -> None:
    folder = write_campaign(tmp_path / "small", samples_per_bin=4, models=("plain",))
    path = folder / "records" / "plain.jsonl"
    row = next(row for row in read_lines(path) if row["outcome"] == "succeeded" and row["change_rate"] <= 0.1)
    target = row["target"]
    write_lines(path, [row | {"before": row["before"] | {"top_k": [target]}, "after": row["after"] | {"top_k": []}}])
    campaign = read_campaign(folder)
    after = precision(campaign, successes_of(campaign, campaign.model("plain")), without_target=False)
    assert (after.p_before, after.p_after) == (pytest.approx(1 / 5), 0.0)


def test_without_propensities_there_is_no_psp(tmp_path: Path) -> None:
    folder = write_campaign(tmp_path / "small", samples_per_bin=8)
    change(folder / "labels.json", n_train=2)
    campaign = read_campaign(folder)
    after = precision(campaign, successes_of(campaign, campaign.model("plain")), without_target=False)
    assert after.p_before > 0 and after.psp_before is None and after.psp_after is None
