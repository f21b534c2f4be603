"""The sentences of a report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.toolkit.campaign_folders import change, read_lines, write_campaign, write_lines
from textattack_xmtc.results.folder import read_campaign
from textattack_xmtc.results.headline import (
    description,
    further_headlines,
    headline,
    left_out,
    method,
    model_headline,
    progress,
    rank,
)
from textattack_xmtc.results.records import Prediction


def campaign_of(folder: Path, successes: Any, n: int = 10, **settings: Any) -> Any:
    """A campaign on which the attack succeeds so often in the first and in the last bin."""
    write_campaign(folder, samples_per_bin=n, models=("plain",), **settings)
    path = folder / "records" / "plain.jsonl"
    template = next(row for row in read_lines(path) if row["outcome"] == "succeeded" and row["change_rate"] <= 0.1)
    rows = []
    for sample in read_lines(folder / "samples.jsonl"):
        won = sample["sample"] // 5 < successes.get(sample["bin"], 0)
        outcome = {"outcome": "succeeded" if won else "failed", "sample": sample["sample"], "bin": sample["bin"]}
        rows.append(template | outcome | {"similarity": {"cosine": 0.9 if sample["sample"] % 2 else 0.5}})
    write_lines(path, rows)
    return read_campaign(folder)


@pytest.mark.parametrize(
    ("goal", "sentence"),
    [
        (
            "positive",
            "Changing at most 10% of the words removes a correct tail label from the top 5 in 80% of texts "
            "(49 to 94%, n = 10), a head label in 30% (11 to 60%, n = 10).",
        ),
        (
            "negative",
            "Changing at most 10% of the words brings a wrong tail label into the top 5 in 80% of texts "
            "(49 to 94%, n = 10), a head label in 30% (11 to 60%, n = 10).",
        ),
        (
            "untargeted",
            "Changing at most 10% of the words pushes a correct label out of the top 5 for 80% of the texts drawn for "
            "a tail label (49 to 94%, n = 10), and 30% of those drawn for a head label (11 to 60%, n = 10).",
        ),
    ],
)
def test_the_headline_of_each_goal(tmp_path: Path, goal: str, sentence: str) -> None:
    # 8 of 10 by Wilson: 0.490 to 0.943; 3 of 10: 0.108 to 0.603.
    assert headline(campaign_of(tmp_path, {0: 8, 4: 3}, goal=goal)) == sentence


def test_the_headline_on_similar_texts(tmp_path: Path) -> None:
    (sentence,) = further_headlines(campaign_of(tmp_path, {0: 8, 4: 3}))
    # Those with odd numbers are similar: 5, 15, 25 and 35 of the tail, and one of 4, 9 and 14.
    assert sentence == (
        "Counted only where the whole text stays similar (cosine above 0.8, encoder embedded): "
        "40% (17 to 69%) of tail texts and 10% (2 to 40%) of head texts."
    )


def test_one_bin_has_neither_tail_nor_head(tmp_path: Path) -> None:
    campaign_of(tmp_path, {0: 8})
    (tmp_path / "bins.json").write_text('[{"bin": 0, "from": 1, "to": 9, "labels": 8, "right": 30, "drawn": 10}]')
    for name in ("samples.jsonl", "records/plain.jsonl"):
        write_lines(tmp_path / name, [row for row in read_lines(tmp_path / name) if row["bin"] == 0])
    campaign = read_campaign(tmp_path)
    assert headline(campaign) == (
        "Changing at most 10% of the words removes a correct label from the top 5 in 80% of texts (49 to 94%, n = 10)."
    )
    assert further_headlines(campaign)[0].endswith("40% (17 to 69%) of texts.")
    assert campaign.bin_name(0) == "1 to 9"
    assert description(campaign).endswith("10 samples in 1 bin of label frequency")


def test_a_bin_without_samples_has_no_rate(tmp_path: Path) -> None:
    campaign_of(tmp_path, {0: 8})
    path = tmp_path / "records" / "plain.jsonl"
    write_lines(path, [row for row in read_lines(path) if row["bin"] != 4])
    campaign = read_campaign(tmp_path)
    assert "(no sample yet)." in headline(campaign)
    assert "nan" not in " ".join([headline(campaign), *further_headlines(campaign)])
    assert progress(campaign) == "Preliminary: of 50 samples, some are not attacked yet (plain 10 to go)."


def test_what_does_not_count_is_said(tmp_path: Path) -> None:
    campaign = read_campaign(write_campaign(tmp_path, samples_per_bin=30))
    for model in campaign.models:
        rows = read_lines(tmp_path / "records" / f"{model.name}.jsonl")
        errors = sum(row["outcome"] == "error" for row in rows)
        short = sum(row["reason"] == "too short" for row in rows)
        were = "was" if short == 1 else "were"
        assert left_out(campaign, model) == (
            f"Not in n, {model.name}: {errors} ended with an error, {short} {were} skipped (too short)."
        )
    wrong = sum(row["reason"] == "wrong before" for row in rows)
    sentence = model_headline(campaign, campaign.models[1])
    assert f"of the {148 - wrong} samples that it was attacked on; it gets {wrong} of 148 (" in sentence
    assert sentence.endswith("%) wrong without an attack, and these are not in n.")
    assert progress(campaign) == ""


def test_how_it_was_measured_names_what_was_chosen(tmp_path: Path) -> None:
    write_campaign(tmp_path, samples_per_bin=1, k=3)
    change(tmp_path / "campaign.json", resolved={"similarity": "published", "threshold": 0.7})
    text = " ".join(method(read_campaign(tmp_path)))
    for words in (
        "top 3",
        "10% of the words",
        "encoder embedded",
        "above 0.7 (1 - arccos(cosine))",
        "plain is the reference",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (Prediction(1, None, 0.5, ()), "1"),
        (Prediction(1234, None, 0.5, ()), "1,234"),
        (Prediction(None, 50, 0, ()), "> 50"),
    ],
)
def test_ranks_are_given_as_far_as_they_are_known(answer: Prediction, words: str) -> None:
    assert rank(answer) == words
