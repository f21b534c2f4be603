"""Campaigns on models that show every label above a score: samples, records and words against plain definitions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.toolkit.small_campaigns import OPTIONS, records
from textattack_xmtc.campaign.plan import Plan
from textattack_xmtc.campaign.runner import run_campaign
from textattack_xmtc.datasets.load import load_corpus
from textattack_xmtc.errors import InputError
from textattack_xmtc.models.folder import load_model
from textattack_xmtc.results.folder import read_campaign
from textattack_xmtc.results.headline import headline, method
from textattack_xmtc.wrappers import ScorerWrapper

pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture
def thresholds(small: Path, tmp_path: Path) -> Path:
    """A threshold for each label by its name."""
    names = load_corpus(small / "data").label_names
    file = tmp_path / "thresholds.json"
    file.write_text(json.dumps({name: 0.1 + 0.02 * number for number, name in enumerate(names)}))
    return file


@pytest.mark.parametrize("goal", ["positive", "negative", "untargeted"])
def test_what_is_shown_is_what_a_plain_definition_says(goal: str, thresholds: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    options = {**OPTIONS, "goal": goal, "k": 6, "threshold": str(thresholds), "cluster": False}
    assert run_campaign(out, options)
    campaign = read_campaign(out)
    names, least = campaign.label_names, json.loads(thresholds.read_text())
    done = 0
    for name, rows in records(out).items():
        victim = ScorerWrapper(load_model(name))

        def shown(text: str, victim: ScorerWrapper = victim) -> list[int]:
            (row,) = victim([text])
            label_names = victim.labels.names or []
            best = sorted(range(len(row)), key=lambda label: (-row[label], label))[:6]
            return [names.index(label_names[label]) for label in best if row[label] >= least[label_names[label]]]

        for row in rows:
            sample = campaign.samples[row["sample"]]
            before = shown(sample.text)
            assert row["before"]["top_k"] == before
            right = (sample.target in before) == (goal != "negative")
            assert (row["reason"] == "wrong before") == (not right)
            assert right or name != "plain"  # the reference model decides what is drawn
            if row["outcome"] == "skipped":
                continue
            after = shown(row["adversarial"] or sample.text)
            assert row["after"]["top_k"] == after
            lost = {label for label in sample.labels if label in before} - set(after)
            reached = {
                "positive": sample.target not in after,
                "negative": sample.target in after,
                "untargeted": bool(lost),
            }[goal]
            assert (row["outcome"] == "succeeded") == reached
            done += 1
    assert done > 20
    assert "the top 6 with a score of at least its own threshold" in headline(campaign) + method(campaign)[0]


def test_other_thresholds_than_the_campaign_began_with_are_refused(thresholds: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert run_campaign(out, {**OPTIONS, "threshold": str(thresholds)})
    file = out / "records" / "plain.jsonl"
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:3]))
    kept = thresholds.read_text()
    thresholds.write_text(kept.replace("0.1,", "0.2,"))
    with pytest.raises(InputError, match=r"thresholds\.json does not hold the thresholds that the campaign began with"):
        run_campaign(out, {}, resume=True)
    thresholds.write_text(kept)
    assert run_campaign(out, {}, resume=True)


def test_what_does_not_fit_is_refused(small: Path, tmp_path: Path) -> None:
    for value, message in [
        ("1.5", "invalid threshold=1.5"),
        ("nan", "invalid threshold=nan"),
        ("none", "No such file"),
    ]:
        with pytest.raises(InputError, match=message):
            run_campaign(tmp_path / "out", {**OPTIONS, "threshold": value})
    with pytest.raises(InputError, match="mode adv-xmtc counts the k best alone"):
        Plan.of({**OPTIONS, "mode": "adv-xmtc", "threshold": "0.5"})
