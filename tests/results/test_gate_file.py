"""A gate of several conditions: what is refused, and verdicts that know their error."""

from __future__ import annotations

import json
import shutil
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from tests.toolkit.campaign_folders import make_by_label, read_lines, write_campaign, write_lines
from textattack_xmtc.errors import DataError, InputError
from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.export.junit import junit_report
from textattack_xmtc.results.folder import read_campaign
from textattack_xmtc.results.gate import FAILED, PASSED, UNDECIDED, Check, verdict_of
from textattack_xmtc.results.gate_file import Gate
from textattack_xmtc.results.statistics import Estimate, exact_share, wilson

PRECISION = {name: [{"k": 1, "value": 0.5, "error": 0.02, "n": 600}] for name in ("plain", "pw-cb")}


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    folder = make_by_label(write_campaign(tmp_path_factory.mktemp("gate") / "small", 120, models=("plain",)))
    facts = json.loads((folder / "campaign.json").read_text())
    (folder / "campaign.json").write_text(json.dumps({**facts, "precision": PRECISION}))
    return read_campaign(folder)


def gate(tmp_path: Path, content: str) -> Gate:
    file = tmp_path / "gate.toml"
    file.write_text(content, encoding="utf-8")
    return Gate.read(file)


def labels(at_most: float, *names: str) -> str:
    return f"[labels]\nat-most = {at_most}\nnames = {json.dumps(names)}"


def checks(tmp_path: Path, campaign: Campaign, content: str) -> list[Check]:
    return gate(tmp_path, content).checks([campaign])


@pytest.mark.parametrize(("share", "verdict"), [(-0.15, FAILED), (0.15, PASSED), (0.02, UNDECIDED), (-0.02, UNDECIDED)])
def test_the_interval_of_a_rate_decides(tmp_path: Path, campaign: Campaign, share: float, verdict: str) -> None:
    rate = campaign.results["plain"].rate(4)
    (check,) = checks(tmp_path, campaign, f"[vulnerability]\nhead = {rate.value + share}")
    assert (check.verdict, check.where) == (verdict, "vulnerability, label frequency 41 to 400 (head)")
    assert f"n = {rate.n}; " in check.reason
    assert ("samples would tell" in check.reason) == (verdict == UNDECIDED)


def test_how_many_samples_would_tell() -> None:
    for successes, n, limit in ((80, 100, 0.85), (40, 100, 0.35), (12, 60, 0.3), (20, 20, 0.95), (0, 20, 0.02)):
        verdict, needed = verdict_of(wilson(successes, n), limit)
        assert verdict == UNDECIDED and needed is not None and needed > n
        value = successes / n
        assert verdict_of(wilson(round(value * needed * 1.25), round(needed * 1.25)), limit)[0] != UNDECIDED
        assert verdict_of(wilson(round(value * needed * 0.7), round(needed * 0.7)), limit)[0] == UNDECIDED
    assert verdict_of(wilson(60, 100), 0.6) == (UNDECIDED, None)
    assert verdict_of(Estimate(0.5, 0.4, 0.6, 9), 0.3, at_most=False)[0] == PASSED
    assert verdict_of(Estimate(0.5, 0.4, 0.6, 9), 0.7, at_most=False)[0] == FAILED


@pytest.mark.parametrize("n", [1, 2, 5, 14, 30, 51, 107])
@pytest.mark.parametrize("limit", [0.02, 0.2, 0.5, 0.7, 0.8, 0.96, 0.98])
def test_wrong_verdicts_are_rare(n: int, limit: float) -> None:
    """At the limit itself both verdicts are wrong, and each comes at most one time in forty."""
    chances = {PASSED: 0.0, FAILED: 0.0, UNDECIDED: 0.0}
    for number in range(n + 1):
        rate = exact_share(np.arange(n) < number, np.arange(n))
        ends = binomtest(number, n).proportion_ci(method="exact")
        assert (rate.low, rate.high) == pytest.approx((ends.low, ends.high), abs=1e-9)
        chances[verdict_of(rate, limit)[0]] += binom.pmf(number, n, limit)
    assert max(chances[PASSED], chances[FAILED]) <= 0.025 + 1e-9


def test_labels_fail_where_a_test_shows_it_for_all_of_them_together(tmp_path: Path, campaign: Campaign) -> None:
    names = campaign.label_names
    listed = checks(
        tmp_path, campaign, f"[labels]\nat-most = 0.5\nnames = {json.dumps([names[0], names[30], names[35]])}"
    )
    assert [check.where for check in listed] == [f"labels, {names[label]}" for label in (0, 30, 35)]
    assert listed[0].verdict == FAILED and "falls in 100% (" in listed[0].reason
    for label, check in zip((0, 30, 35), listed, strict=True):
        rows = campaign.results["plain"].of_bin().rows
        of_label = rows[rows["target"] == label]
        rate = exact_share(np.asarray(of_label["success"] == 1), np.asarray(of_label["text"]))
        assert check.verdict in (verdict_of(rate, 0.5)[0], UNDECIDED) and f"n = {rate.n}; " in check.reason


def test_one_of_many_labels_may_fall_by_chance(tmp_path: Path) -> None:
    folder = make_by_label(write_campaign(tmp_path / "small", 40, models=("plain",)))
    names = json.loads((folder / "labels.json").read_text())["names"]
    file = folder / "records" / "plain.jsonl"
    rows = read_lines(file)
    done = [row for row in rows if row["outcome"] in ("succeeded", "failed")]
    of_label = [row for row in done if row["target"] == 0][:5]
    others = [row | {"outcome": "failed"} for row in done if row["target"] > 3]
    write_lines(file, [*of_label, *others])
    campaign = read_campaign(folder)
    alone = checks(tmp_path, campaign, labels(0.45, names[0]))[0]
    among = checks(tmp_path, campaign, labels(0.45, names[0], *names[8:30]))
    assert alone.verdict == FAILED and among[0].verdict == UNDECIDED
    assert among[0].reason.endswith("which one of 23 labels may be by chance")
    missing = checks(tmp_path, campaign, labels(0.5, names[1]))[0]
    assert (missing.verdict, missing.reason) == (UNDECIDED, "no sample of it was attacked")


@pytest.mark.parametrize(("limit", "verdict"), [(0.45, PASSED), (0.55, FAILED), (0.49, UNDECIDED)])
def test_precision(tmp_path: Path, campaign: Campaign, limit: float, verdict: str) -> None:
    (check,) = checks(tmp_path, campaign, f"[precision]\n1 = {limit}")
    assert (check.verdict, check.where) == (verdict, "precision, P@1") and "P@1 50.0% (46.0 to 54.0%)" in check.reason
    with pytest.raises(InputError, match="does not say P@2 of plain"):
        checks(tmp_path, campaign, "[precision]\n2 = 0.1")


def noise(
    tmp_path: Path, campaign: Campaign, width: float = 0.01, texts: int = 600, other: str = "", **losses: float
) -> None:
    curves = [
        {"model": "AttentionXML", "kind": kind, "texts": texts, "rates": [0.0, 0.05]}
        | {"losses": {"P@1": [{}, {"value": loss, "low": loss - width, "high": loss + width}]}}
        for kind, loss in losses.items()
    ]
    print_of = other or campaign.models[0].facts["fingerprint"]
    (tmp_path / "noise.json").write_text(json.dumps({"fingerprint": print_of, "noise": curves}))


def test_noise_of_another_model_is_refused(tmp_path: Path, campaign: Campaign) -> None:
    """The file of the release before would let this one pass."""
    noise(tmp_path, campaign, other="0123", typos=0.01)
    with pytest.raises(DataError, match=r"noise\.json is of a model that this campaign does not have; measure this"):
        checks(tmp_path, campaign, '[noise]\nfile = "noise.json"\nmeasure = "P@1"\nrate = 0.05\nat-most = 0.03')


@pytest.mark.parametrize(("texts", "verdict"), [(5, UNDECIDED), (40, UNDECIDED), (600, PASSED)])
def test_texts_that_all_agree_are_no_proof(tmp_path: Path, campaign: Campaign, texts: int, verdict: str) -> None:
    noise(tmp_path, campaign, 0.0, texts, typos=0.0)
    (check,) = checks(tmp_path, campaign, '[noise]\nfile = "noise.json"\nmeasure = "P@1"\nrate = 0.05\nat-most = 0.03')
    assert check.verdict == verdict and check.model == campaign.models[0].name
    facts = json.loads((campaign.folder / "campaign.json").read_text())
    row = [{"k": 1, "value": 1.0, "error": 0.0, "n": texts}]
    folder = Path(shutil.copytree(campaign.folder, tmp_path / "perfect"))
    (folder / "campaign.json").write_text(json.dumps({**facts, "precision": dict.fromkeys(PRECISION, row)}))
    assert checks(tmp_path, read_campaign(folder), "[precision]\n1 = 0.97")[0].verdict == verdict


def test_noise(tmp_path: Path, campaign: Campaign) -> None:
    noise(tmp_path, campaign, typos=0.01, case=0.05, ocr=0.035)
    content = '[noise]\nfile = "noise.json"\nmeasure = "P@1"\nrate = 0.05\nat-most = 0.03'
    verdicts = checks(tmp_path, campaign, content)
    assert [(check.where, check.verdict) for check in verdicts] == [
        ("noise, typos", PASSED),
        ("noise, case", FAILED),
        ("noise, ocr", UNDECIDED),
    ]
    assert "loss of P@1 at a rate of 5% 5.0% (4.0 to 6.0%), n = 600" in verdicts[1].reason
    for wrong in ('"P@2"', '"P@1"\nrate = 0.1'):
        changed = content.replace('"P@1"\nrate = 0.05' if "rate" in wrong else '"P@1"', wrong)
        with pytest.raises(DataError, match=r"noise\.json does not say what P@. loses .*evaluate --noise KIND"):
            checks(tmp_path, campaign, changed)
    noise(tmp_path, campaign)
    with pytest.raises(DataError, match="has no kind of noise"):
        checks(tmp_path, campaign, content)
    (tmp_path / "noise.json").unlink()
    with pytest.raises(DataError, match=r"noise\.json does not say"):
        checks(tmp_path, campaign, content)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "has no condition; give one of \\[vulnerability\\]"),
        ("[fragile]\nall = 1", r"unknown condition \[fragile\]"),
        ("vulnerability = 1", r"\[vulnerability\] has no limit"),
        ("[vulnerability]", r"\[vulnerability\] has no limit"),
        ("[vulnerability]\nall = 60", "all is 60; give a share"),
        ("[vulnerability]\nall = true", "all is True; give a share"),
        ("[vulnerability]\nall = nan", "all is nan; give a share"),
        ("[labels]\nat-most = 0.5", r"\[labels\] has at-most; give at-most, names"),
        ("[labels]\nat-most = 0.5\nnames = []", "values of another kind"),
        ('[labels]\nat-most = 0.5\nnames = ["a", "a"]', "values of another kind"),
        ('[labels]\nat-most = 0.5\nnames = "a"', "values of another kind"),
        ("[precision]\nall = 0.5", r"\[precision\] has 'all'; give k"),
        ("[precision]\n0 = 0.5", r"\[precision\] has '0'"),
        ("[noise]\nat-most = 0.5", r"\[noise\] has at-most; give file"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        gate(tmp_path, content)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for content in ("[vulnerability", None):
        file = tmp_path / "gate.toml"
        file.write_text(content) if content else file.unlink()
        with pytest.raises(DataError, match="cannot be read as TOML"):
            Gate.read(file)


@pytest.mark.parametrize(
    ("content", "settings", "message"),
    [
        ("[label-kept]\nall = 0.1", {}, r"cannot answer \[label-kept\]: .* run it with --preserve none"),
        ("[vulnerability]\nrare = 0.1", {}, "unknown bin rare"),
        ('[labels]\nat-most = 0.5\nnames = ["kernel", "x"]', {}, "no label of the data: 'kernel', 'x'"),
        ('[labels]\nat-most = 0.5\nnames = ["NAME"]', {"goal": "negative"}, "its goal is negative"),
        ("[precision]\n6 = 0.1", {}, r"cannot answer \[precision\] 6: it asks for the 5 best labels"),
    ],
)
def test_conditions_that_a_campaign_cannot_answer(
    tmp_path: Path, campaign: Campaign, content: str, settings: dict[str, Any], message: str
) -> None:
    chosen = {**campaign.settings, **settings}
    with pytest.raises(InputError, match=message):
        gate(tmp_path, content.replace("NAME", campaign.label_names[0])).check_campaign(
            chosen, campaign.label_names, campaign.bins, campaign.drawn["target"], []
        )


def test_too_few_samples_and_labels_without_one_are_refused_before_the_run(tmp_path: Path, campaign: Campaign) -> None:
    names = campaign.label_names
    listed = gate(tmp_path, labels(0.5, names[1], names[2]))
    with pytest.raises(InputError, match=f"cannot answer .labels.: no sample of '{names[2]}'; draw by label"):
        listed.check_campaign(campaign.settings, names, campaign.bins, [1], [])
    few = read_campaign(write_campaign(tmp_path / "few", 29, models=("plain",)))
    with pytest.raises(InputError, match=r"\[vulnerability\] tail: 29 samples are drawn, and a gate needs 30"):
        checks(tmp_path, few, "[vulnerability]\ntail = 0.5")
    assert checks(tmp_path, few, "[vulnerability]\nall = 0.1")


def test_what_is_kept_of_the_label(tmp_path: Path) -> None:
    folder = write_campaign(tmp_path / "kept", 40, models=("plain",), preserve="none")
    file = folder / "records" / "plain.jsonl"
    rows = read_lines(file)
    for row in rows:
        row["preservation"] = {"changes": [{"position": 0, "evidence": True, "sense": False}]}
    write_lines(file, rows)
    (check,) = checks(tmp_path, read_campaign(folder), "[label-kept]\nall = 0.1")
    assert check.verdict == PASSED and "success rate, label kept 0% (0 to 2%)" in check.reason
    done = next(row for row in rows if row["outcome"] == "succeeded" and row["change_rate"] <= 0.1)
    del done["preservation"]
    write_lines(file, rows)
    (check,) = checks(tmp_path, read_campaign(folder), "[label-kept]\nall = 0.1")
    assert check.verdict == UNDECIDED and "not measured" in check.reason


def test_junit_has_a_case_for_each_condition(tmp_path: Path, campaign: Campaign) -> None:
    content = "[vulnerability]\nall = 0\n[precision]\n1 = 0.45\n" + labels(1, campaign.label_names[0])
    root = ET.fromstring(junit_report([campaign], checks(tmp_path, campaign, content)).encode())
    assert [suite.get("name") for suite in root] == ["small, plain", "small, plain, gate"]
    cases = {case.get("name"): case for case in root.findall("testsuite/testcase")}
    assert cases["vulnerability, all labels"].find("failure") is not None
    assert cases["precision, P@1"].find("failure") is None and cases["precision, P@1"].find("error") is None
    assert root.get("failures") == "1"
