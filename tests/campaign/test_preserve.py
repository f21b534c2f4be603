"""Campaigns that keep the label: plans, records, and campaigns without it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.campaign.test_attack import LABELS, PLAN, SAMPLE, TEXT, toy, victim_of
from tests.toolkit.small_campaigns import OPTIONS
from tests.toolkit.victims import proposing
from tests.toolkit.wordnet import needs_wordnet
from textattack_xmtc.attack_recipes import XMTCPositive
from textattack_xmtc.campaign.attack import SampleAttack, Tools, load_tools
from textattack_xmtc.campaign.plan import Plan
from textattack_xmtc.campaign.runner import run_campaign
from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.encoders.embedded import EmbeddedEncoder
from textattack_xmtc.errors import InputError
from textattack_xmtc.evidence.names import NameEvidence
from textattack_xmtc.judges.run import campaign_lineage
from textattack_xmtc.results.folder import read_campaign


def record(preserve: str | None, names: dict[str, str] | None = None, **options: object) -> dict[str, Any]:
    evidence = NameEvidence(LabelNames(by_label=names or {"stones": "Ambers"}))
    tools = Tools(EmbeddedEncoder(), proposing("zinc", "ambers"), "toy words", evidence=evidence)
    plan = Plan(**{**vars(PLAN), "preserve": preserve, **options})  # type: ignore[arg-type]  # values of every kind
    return SampleAttack(plan, victim_of(toy()), LABELS, tools).record(SAMPLE)


@needs_wordnet
def test_a_record_says_what_was_kept() -> None:
    recorded = record("none")
    assert recorded["outcome"] == "succeeded"
    kept = recorded["preservation"]
    assert json.loads(json.dumps(kept)) == kept
    amber = [i for i, word in enumerate(TEXT.split()) if word == "amber"]
    assert len(kept["evidence"]) == 1
    assert set(kept["evidence"]) < set(amber)
    assert (kept["mode"], kept["protected"], kept["backed"], kept["content"]) == ("none", [], 1, 5)
    assert [(one["position"], one["evidence"], one["sense"]) for one in kept["changes"]] == [
        (change["position"], change["position"] in kept["evidence"], False) for change in recorded["changes"]
    ]
    assert all(one["window"] < 1 for one in kept["changes"])


@needs_wordnet
def test_frozen_words_stay() -> None:
    recorded = record("frozen:0.3")
    assert recorded["outcome"] == "failed"
    assert {"amber"}.isdisjoint(change["from"] for change in recorded["changes"])
    assert recorded["preservation"]["protected"] == recorded["preservation"]["evidence"]
    drawn = [record("random:0.3", preserve_seed=seed)["preservation"] for seed in range(4)]
    assert len({tuple(one["protected"]) for one in drawn}) > 1
    assert {len(one["protected"]) for one in drawn} == {2}
    assert [one["seed"] for one in drawn] == [0, 1, 2, 3]


@needs_wordnet
def test_words_of_the_same_sense_need_no_masked_lm() -> None:
    tools = load_tools(
        Plan(("any",), "any", candidate_source="same-sense", encoder="embedded", masked_lm="absent"), None
    )
    facts = tools.facts(PLAN)
    assert (tools.masked_lm, facts["masked_lm"], facts["masked_lm_fingerprint"]) == (None, None, None)
    with pytest.raises(InputError, match="absent"):
        load_tools(Plan(("any",), "any", encoder="embedded", masked_lm="absent"), None)


@needs_wordnet
def test_a_label_without_evidence_is_skipped_with_the_reason() -> None:
    nameless = {"stones": "4026801-9"}
    recorded = record("frozen", nameless)
    assert (recorded["outcome"], recorded["reason"]) == ("skipped", "no evidence")
    assert record("random", nameless)["outcome"] != "skipped"
    assert record("none", nameless)["preservation"]["known"] is False
    assert {one["evidence"] for one in record("none", nameless)["preservation"]["changes"]} == {None}


def test_without_the_option_records_are_as_before() -> None:
    assert "preservation" not in record(None)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"preserve": "frosty"}, "unknown preserve='frosty'"),
        ({"preserve": "frozen:7"}, "not a share of the content words"),
        ({"preserve": "frozen", "mode": "adv-xmtc"}, "keeps nothing of the label"),
        ({"preserve_seed": -1}, "preserve_seed=-1"),
        ({"evidence": "names"}, "unknown evidence='names'"),
        ({"senses": "last"}, "unknown senses='last'"),
    ],
)
def test_plans_are_checked(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Plan.of({"models": ["m"], "data": "d", **options})


@needs_wordnet
@pytest.mark.usefixtures("here")
def test_a_campaign_keeps_labels_and_resumes(tmp_path: Path) -> None:
    # Labels of this corpus are called by words that no text has; their own words are in its training texts.
    options = {**OPTIONS, "models": ["plain"], "preserve": "frozen:0.3", "evidence": "texts"}
    out = tmp_path / "kept"
    assert run_campaign(out, options)
    campaign = read_campaign(out)
    assert campaign.resolved["evidence"] == "training texts"
    lines = [json.loads(line) for line in (out / "records" / "plain.jsonl").read_text().splitlines()]
    attacked = [line for line in lines if line["outcome"] in ("succeeded", "failed")]
    assert attacked
    for line in attacked:
        kept = line["preservation"]
        assert not {change["position"] for change in line["changes"]} & set(kept["protected"])
        assert len(kept["protected"]) == int(0.3 * kept["content"] + 0.5)
    # The same again, half of it from a resumed folder.
    records = out / "records" / "plain.jsonl"
    half = records.read_text().splitlines(keepends=True)[: len(lines) // 2]
    records.write_text("".join(half))
    assert run_campaign(out, {}, resume=True)
    again = [json.loads(line) for line in records.read_text().splitlines()]
    assert [{**line, "seconds": 0} for line in again] == [{**line, "seconds": 0} for line in lines]
    with pytest.raises(InputError, match="preserve"):
        run_campaign(out, {"preserve": "frozen:0.4"}, resume=True)


def noisy(preserve: str | None, kind: str) -> dict[str, Any]:
    tools = Tools(EmbeddedEncoder(), None, None, evidence=NameEvidence(LabelNames(by_label={"stones": "Ambers"})))
    plan = Plan(**{**vars(PLAN), "preserve": preserve, "candidate_source": kind})
    return SampleAttack(plan, victim_of(toy()), LABELS, tools).record(SAMPLE)


@pytest.mark.parametrize(("kind", "sense"), [("typos", None), ("invisible", True), ("splits", None)])
def test_noise_on_evidence_is_counted_apart_with_what_its_kind_keeps(kind: str, sense: bool | None) -> None:
    recorded = noisy("none", kind)
    assert recorded["changes"]
    kept = recorded["preservation"]
    assert [one["position"] for one in kept["changes"]] == [one["position"] for one in recorded["changes"]]
    assert {one["sense"] for one in kept["changes"]} == {sense}
    assert [one["evidence"] for one in kept["changes"]] == [
        one["position"] in kept["evidence"] for one in recorded["changes"]
    ]
    assert len(recorded["changes"]) <= PLAN.max_change_rate * recorded["words"]
    frozen = noisy("frozen:0.3", kind)
    protected = frozen["preservation"]["protected"]
    assert protected and not set(protected) & {one["position"] for one in frozen["changes"]}


def test_noise_has_no_words_of_the_same_sense() -> None:
    with pytest.raises(InputError, match="noise has no words of the same sense"):
        noisy("paraphrased", "typos")


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("kind", ["typos", "joins"])
def test_a_campaign_of_noise_resumes(tmp_path: Path, kind: str) -> None:
    options = {**OPTIONS, "models": ["plain"], "candidate_source": kind, "masked_lm": "absent", "seed": 5}
    out = tmp_path / "noise"
    assert run_campaign(out, options)
    assert read_campaign(out).resolved["masked_lm"] is None
    records = out / "records" / "plain.jsonl"
    lines = [json.loads(line) for line in records.read_text().splitlines()]
    assert sum(line["outcome"] == "succeeded" for line in lines) > 3
    for line in lines:
        assert line["change_rate"] <= 0.2 and len(line["changes"]) == round(line["change_rate"] * (line["words"] or 1))
    records.write_text("".join(records.read_text().splitlines(keepends=True)[: len(lines) // 2]))
    assert run_campaign(out, {}, resume=True)
    again = [json.loads(line) for line in records.read_text().splitlines()]
    assert [{**line, "seconds": 0} for line in again] == [{**line, "seconds": 0} for line in lines]


@needs_wordnet
@pytest.mark.usefixtures("here")
def test_evidence_by_meaning_or_by_another_model_never_asks_the_victim(tmp_path: Path) -> None:
    options = {**OPTIONS, "models": ["plain"], "preserve": "frozen:0.3"}
    out = tmp_path / "kept"
    assert run_campaign(out, {**options, "evidence": "meaning-texts:embedded"})
    campaign = read_campaign(out)
    assert campaign.resolved["evidence"] == "meaning-texts (embedded)"
    assert "the campaign's evidence" in campaign_lineage(campaign)
    copy = shutil.copytree("plain", "a-copy")
    with pytest.raises(InputError, match="asks the victim 'plain' itself"):
        run_campaign(tmp_path / "itself", {**options, "evidence": f"model:{copy}"})


@needs_wordnet
@pytest.mark.parametrize("preserve", [None, "none"])
def test_senses_are_those_that_were_chosen(preserve: str | None) -> None:
    """Also where nothing is kept of the label, and the candidates are words of the same sense."""
    tools = Tools(EmbeddedEncoder(), None, None, evidence=NameEvidence())
    for senses in ("first", "all"):
        chosen = {"preserve": preserve, "candidate_source": "same-sense", "senses": senses}
        run: Any = SampleAttack(Plan(**{**vars(PLAN), **chosen}), victim_of(toy()), LABELS, tools)._attack
        inside = [cell.cell_contents for cell in run.__closure__]
        (recipe,) = (value for value in inside if isinstance(value, XMTCPositive))
        assert recipe.transformation.sense.senses == senses
