"""`textattack-xmtc judge` on a real campaign: who may judge, what is asked, and what comes of it."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.campaign.conftest import working_in
from tests.toolkit.small_campaigns import OPTIONS, make_all
from tests.toolkit.wordnet import needs_wordnet
from textattack_xmtc.campaign.runner import run_campaign
from textattack_xmtc.cli import judge as command
from textattack_xmtc.cli.main import main
from textattack_xmtc.datasets.load import load_corpus
from textattack_xmtc.judges.cases import cases_of
from textattack_xmtc.judges.person import digest_of, kept_items
from textattack_xmtc.results.folder import read_campaign
from textattack_xmtc.results.judgements import ADVERSARIAL, ORIGINAL, RANDOM, REMOVED, read_judgements

pytestmark = needs_wordnet


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_all(tmp_path_factory.mktemp("judged"))
    with working_in(root):
        assert run_campaign("campaign", {**OPTIONS, "models": ["plain"], "samples_per_bin": 8})
    return root


@pytest.fixture
def here(small: Path) -> Iterator[Path]:
    with working_in(small):
        yield small


def test_the_nearest_texts_judge(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["judge", "run", "campaign", "--judge", "nearest:embedded", "--judge", "model:other"])
    shown = capsys.readouterr().out
    assert "Does the label still fit the changed text?" in shown and "nearest:embedded" in shown
    campaign = read_campaign("campaign")
    nearest = next(one for one in read_judgements(Path("campaign")) if one.judge == "nearest:embedded")
    assert nearest.training_data == campaign.corpus["fingerprint"]
    conditions = [verdict.condition for verdict in nearest.verdicts]
    succeeded = sum(campaign.reached(record) for record in campaign.models[0].records.values())
    assert conditions.count(ADVERSARIAL) == conditions.count(ORIGINAL) == succeeded > 3
    accepted = {c: [v.accepts for v in nearest.verdicts if v.condition == c] for c in (ORIGINAL, REMOVED)}
    assert False not in accepted[ORIGINAL], "it has an opinion only where it is right on the original"
    assert 0 < accepted[REMOVED].count(True) < accepted[REMOVED].count(False), "most without evidence do not fit"
    # Further texts without evidence differ in as many words as adversarial texts do.
    changed = {c: {v.changed for v in nearest.verdicts if v.condition == c} for c in (ADVERSARIAL, REMOVED)}
    further = [verdict for verdict in nearest.verdicts if verdict.sample < 0]
    assert further and {verdict.condition for verdict in further} == {REMOVED}
    assert changed[ADVERSARIAL] & changed[REMOVED]
    # The texts have hardly a word with a synonym, so there are too few controls for a verdict.
    assert status == 1 and "no judge tells controls that fit from others" in shown


def test_a_model_of_the_campaign_does_not_judge_it(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["judge", "run", "campaign", "--judge", "model:plain"]) == 2
    assert "is not independent of the victim 'plain'" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["nearest", "nearest:", "oracle:x", "", "model"])
def test_unknown_judges(name: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["judge", "run", "campaign", "--judge", name]) == 2
    assert "is unknown; choose nearest:ENCODER" in capsys.readouterr().err


def test_other_data_are_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("elsewhere.jsonl").write_text('{"text": "a text", "labels": ["x"]}\n')
    Path("other-data").mkdir(exist_ok=True)
    for split in ("train", "test"):
        Path("other-data", f"{split}.jsonl").write_text('{"text": "a text", "labels": ["x"]}\n')
    assert main(["judge", "run", "campaign", "--judge", "nearest:embedded", "--data", "other-data"]) == 2
    assert "are not those of the campaign" in capsys.readouterr().err


def test_people_are_asked_and_answer(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["judge", "make", "campaign", "--n", "4"]) == 2
    assert "50 texts of the kind" in capsys.readouterr().err
    monkeypatch.setattr(command, "CONTROLS", 0)
    assert main(["judge", "make", "campaign", "--n", "4"]) == 0
    assert "judge add campaign ANSWERS" in capsys.readouterr().out
    assert "Does this label fit this text?" in Path("campaign/judges/page.html").read_text()
    items = kept_items(Path("campaign"))
    for rater in ("ann", "ben"):  # a rule answers: every label fits
        answers = {item.id: {"answer": "yes", "seconds": 3.0} for item in items}
        payload = json.dumps({"digest": digest_of(items), "rater": rater, "answers": answers})
        outer = {"format": 1, "checksum": f"{zlib.crc32(payload.encode()):08x}", "payload": payload}
        Path(f"{rater}.json").write_text(json.dumps(outer))
    assert main(["judge", "add", "campaign", "ann.json", "ben.json"]) == 0
    shown = capsys.readouterr().out
    assert "adversarial" in shown and "100%" in shown and "2 raters, Krippendorff's alpha not defined, 3 s" in shown
    assert main(["judge", "make", "campaign", "--n", "4"]) == 0, "the same page again"
    capsys.readouterr()
    assert main(["judge", "make", "campaign", "--n", "5"]) == 2
    assert "has a page already" in capsys.readouterr().err
    assert main(["judge", "add", "campaign", "ann.json", "ben.json"]) == 0, "its answers still fit"
    assert main(["judge", "add", "campaign", "ann.json", "ann.json"]) == 2
    assert "both have the rater id 'ann'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [(["--n", "0"], "invalid --n 0"), (["--n", "-1"], "invalid --n -1"), (["--seed", "-1"], "--seed -1")],
)
def test_numbers_that_a_page_cannot_have(
    options: list[str], message: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["judge", "make", "campaign", *options]) == 2
    assert message in capsys.readouterr().err


def test_words_that_are_split_count_as_one(here: Path) -> None:
    """All words behind a split stand at other places of the text, and are not changed."""
    options = {**OPTIONS, "models": ["plain"], "candidate_source": "splits", "max_change_rate": 0.3}
    assert run_campaign("splits", options)
    campaign = read_campaign("splits")
    changed = {
        record.sample: record.changed for record in campaign.models[0].records.values() if campaign.reached(record)
    }
    cases = cases_of(campaign, load_corpus("data"))
    assert {case.sample: case.changed for case in cases if case.condition == ADVERSARIAL} == changed
    assert max(changed.values()) <= 6 and all(case.changed <= 6 for case in cases if case.condition == RANDOM)


def test_labels_that_an_attack_puts_in_are_not_judged(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_campaign("negative", {**OPTIONS, "models": ["plain"], "goal": "negative", "cluster": False})
    assert main(["judge", "run", "negative", "--judge", "nearest:embedded"]) == 2
    assert "has the goal negative: its labels did not fit before" in capsys.readouterr().err
