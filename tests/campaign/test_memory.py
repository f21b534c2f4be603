"""Attacks in a row keep nothing of one another but what is bounded."""

from __future__ import annotations

import gc
from dataclasses import replace
from pathlib import Path

import pytest

from textattack_xmtc.campaign.plan import Plan
from textattack_xmtc.campaign.prepare import attack_on, tools_of
from textattack_xmtc.encoders.embedded import _word_vector
from textattack_xmtc.results.folder import read_campaign

pytestmark = pytest.mark.usefixtures("here")


def test_attacks_in_a_row_keep_no_objects(whole: Path) -> None:
    """Results, texts and answers of an attack are gone after it (some thousands of objects each)."""
    campaign = read_campaign(whole)
    plan = Plan.of(campaign.settings)
    attack = attack_on(plan, campaign, campaign.models[0], tools_of(plan, campaign))
    samples, alive = list(campaign.samples.values()), []
    for number in range(36):
        sample = samples[number % len(samples)]
        record = attack.record(replace(sample, number=number, text=f"{sample.text} granite{number}"))
        assert record["outcome"] in ("succeeded", "failed")
        if number in (11, 35):
            gc.collect()
            alive.append(len(gc.get_objects()))
    assert alive[1] - alive[0] < 24 * 50
    assert _word_vector.cache_info().maxsize is not None
