"""Whole campaigns on small trained models: the same twice, resumed, refused, reused."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import filelock
import pytest

from tests.toolkit.small_campaigns import LABELS, OPTIONS, TEST, TRAIN, records
from textattack_xmtc.campaign.attack import SampleAttack
from textattack_xmtc.campaign.runner import run_campaign
from textattack_xmtc.errors import DataError, InputError, XMTCError
from textattack_xmtc.models.folder import load_model
from textattack_xmtc.results.folder import read_campaign

FILES = ["bins.json", "campaign.json", "labels.json", "records", "samples.jsonl"]

pytestmark = pytest.mark.usefixtures("here")


def drawn(out: Path) -> list[str]:
    return [(out / name).read_text(encoding="utf-8") for name in FILES if name != "records"]


def facts(out: Path) -> dict[str, Any]:
    return json.loads((out / "campaign.json").read_text())


def cut(out: Path, name: str, kept: int, beyond: bytes = b"") -> None:
    """Take a campaign back to its first records of a model, and some bytes."""
    file = out / "records" / f"{name}.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:kept]) + beyond)


# What comes out -------------------------------------------------------------------------------------------------------


def test_the_folder_says_what_was_done(whole: Path) -> None:
    campaign = read_campaign(whole)
    assert sorted(entry.name for entry in whole.iterdir() if entry.name != ".lock") == FILES
    assert campaign.notes == ()
    written = facts(whole)
    assert written["reference"] == "plain" and [model["name"] for model in written["models"]] == ["plain", "other"]
    assert {name: written["settings"][name] for name in OPTIONS} == OPTIONS
    assert written["settings"]["reference_model"] == "plain" and written["settings"]["seed"] == 0
    assert written["resolved"]["masked_lm"] == "plain/masked_lm" and written["resolved"]["encoder"] == "embedded"
    assert (written["resolved"]["similarity"], written["resolved"]["threshold"]) == ("cosine", 0.8)
    assert written["corpus"]["statistics"]["train"] == TRAIN and written["corpus"]["statistics"]["test"] == TEST
    assert {"textattack-xmtc", "textattack", "torch", "transformers", "numpy", "python"} <= set(written["versions"])
    assert campaign.n_train == TRAIN and len(campaign.label_names) == LABELS and campaign.label_counts.sum() == 480
    for model in written["models"]:
        assert model["architecture"] == "attention-xml" and model["right"] > 50 and len(model["fingerprint"]) == 16
    assert len({model["fingerprint"] for model in written["models"]}) == 2


def test_every_sample_is_attacked_on_every_model(whole: Path) -> None:
    campaign = read_campaign(whole)
    assert len(campaign.samples) == 12 and [part.drawn for part in campaign.bins] == [4, 4, 4]
    for model in campaign.models:
        assert list(model.records) == list(campaign.samples)
        outcomes = Counter(record.outcome for record in model.records.values())
        assert outcomes["succeeded"] > 0 and outcomes["error"] == 0
    assert all(record.outcome != "skipped" for record in campaign.models[0].records.values()), "it gets all right"


def test_records_hold_no_dense_scores_and_the_models_own_answers(whole: Path) -> None:
    """The second model counts labels in another order: its records count as the corpus does."""
    campaign = read_campaign(whole)
    for name, rows in records(whole).items():
        model = load_model(Path(name), "cpu")
        for row in rows:
            sample = campaign.samples[row["sample"]]
            assert len(row["before"]["top_k"]) == len(row["before"]["top_k_scores"]) == 2
            assert (row["text_id"], row["target"], row["bin"]) == (sample.text_id, sample.target, sample.bin)
            for text, answer in ((sample.text, row["before"]), (row["adversarial"], row["after"])):
                if answer and text:
                    best = model.top_k([text], 2)[0][0]
                    names = [campaign.label_names[label] for label in answer["top_k"]]
                    assert names == [model.label_names[label] for label in best]
                    own = model.label_names.index(campaign.label_names[sample.target])
                    assert answer["rank"] == model.rank([text], [own])[0, 0]
                    assert answer["score"] == pytest.approx(model.score([text], [own])[0, 0], abs=1e-6)
            if row["outcome"] == "succeeded":
                assert row["after"]["rank"] > 2 >= row["before"]["rank"]
                words, final = sample.text.split(), row["adversarial"].split()
                changes = [
                    {"position": place, "from": old, "to": new}
                    for place, (old, new) in enumerate(zip(words, final, strict=True))
                    if old != new
                ]
                assert row["changes"] == changes and row["change_rate"] == len(changes) / 20 <= 0.2


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"goal": "negative", "pairs_per_text": 2, "models": ["plain"]},
        {"mode": "adv-xmtc", "models": ["other"], "masked_lm": "words"},
    ],
)
def test_the_same_options_give_the_same_records(whole: Path, tmp_path: Path, changes: dict[str, Any]) -> None:
    options = {**OPTIONS, **changes}
    first = tmp_path / "first" if changes else whole
    if changes:
        run_campaign(first, options)
    run_campaign(tmp_path / "again", options)
    assert records(tmp_path / "again") == records(first) and drawn(tmp_path / "again") == drawn(first)
    assert "error" not in {row["outcome"] for rows in records(first).values() for row in rows}


def test_another_seed_draws_others(whole: Path, tmp_path: Path) -> None:
    run_campaign(tmp_path / "other", {**OPTIONS, "models": ["plain"], "seed": 1})
    assert (tmp_path / "other" / "samples.jsonl").read_text() != (whole / "samples.jsonl").read_text()


def test_clusters_are_kept_of_a_negative_campaign(tmp_path: Path) -> None:
    run_campaign(tmp_path / "out", {**OPTIONS, "models": ["plain"], "goal": "negative", "mode": "adv-xmtc"})
    campaign = read_campaign(tmp_path / "out")
    targets = {sample.target for sample in campaign.samples.values()}
    assert campaign.clusters and all(targets & set(cluster) for cluster in campaign.clusters)
    assert campaign.similarity_kind == "published"


# Resuming -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("beyond", [b"", b"{", b'{"sample": 3, "text_id": "t', b'{"sample": 3}', b"\x00\x00"])
def test_a_run_that_was_killed_goes_on(
    whole: Path, copied: Path, beyond: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    cut(copied, "plain", 3, beyond)
    (copied / "records" / "other.jsonl").unlink()
    assert run_campaign(copied, {}, resume=True)
    assert records(copied) == records(whole) and drawn(copied) == drawn(whole)
    printed = capsys.readouterr().err
    assert ("was cut off after" in printed) == bool(beyond)
    assert "3 of 24 records are there" in printed
    assert run_campaign(copied, OPTIONS, resume=True), "nothing is left to do"
    assert records(copied) == records(whole)


def test_a_run_that_was_killed_before_its_first_attack_begins_anew(whole: Path, copied: Path) -> None:
    shutil.rmtree(copied / "records")
    (copied / "campaign.json").unlink()
    (copied / "clusters.json").write_text("[]")
    (copied / ".bins.json.new").write_text("[{")
    (copied / "samples.jsonl").write_text("{}")
    assert run_campaign(copied, OPTIONS, resume=True)
    assert records(copied) == records(whole) and drawn(copied) == drawn(whole)
    assert not (copied / "clusters.json").exists()


def test_interrupted_it_ends_after_the_example_and_goes_on(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, seen = SampleAttack.record, []

    def record(self: SampleAttack, sample: Any) -> dict[str, Any]:
        seen.append(sample.number)
        if len(seen) in (5, 6 + 12):
            os.kill(os.getpid(), signal.SIGINT)
        return real(self, sample)

    monkeypatch.setattr(SampleAttack, "record", record)
    before = signal.getsignal(signal.SIGINT)
    assert not run_campaign(tmp_path / "out", OPTIONS)
    assert len(records(tmp_path / "out")["plain"]) == 5
    assert signal.getsignal(signal.SIGINT) is before
    assert not run_campaign(tmp_path / "out", {}, resume=True)
    assert len(records(tmp_path / "out")["other"]) == 6
    assert run_campaign(tmp_path / "out", {}, resume=True)
    assert records(tmp_path / "out") == records(whole) and seen == [*range(12), *range(12)]


def test_the_second_interruption_does_not_wait(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def record(self: SampleAttack, sample: Any) -> dict[str, Any]:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError("this example is not ended")

    cut(copied, "plain", 3)
    monkeypatch.setattr(SampleAttack, "record", record)
    with pytest.raises(KeyboardInterrupt):
        run_campaign(copied, {}, resume=True)
    assert len(records(copied)["plain"]) == 3


def test_an_error_in_one_example_is_recorded_and_not_run_again(
    copied: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = SampleAttack._attacked

    def attacked(self: SampleAttack, sample: Any) -> dict[str, Any]:
        if sample.number == 4:
            raise MemoryError("no room")
        return real(self, sample)

    monkeypatch.setattr(SampleAttack, "_attacked", attacked)
    cut(copied, "plain", 3)
    assert run_campaign(copied, {}, resume=True)
    monkeypatch.undo()
    of_plain = records(copied)["plain"]
    assert (of_plain[4]["outcome"], of_plain[4]["reason"]) == ("error", "MemoryError: no room")
    assert [*of_plain[:4], *of_plain[5:]] == [*records(whole)["plain"][:4], *records(whole)["plain"][5:]]
    assert run_campaign(copied, {}, resume=True) and records(copied)["plain"] == of_plain
    assert run_campaign(copied, {}, resume=True, retry_errors=True), "unless it is asked for"
    again = {model: sorted(rows, key=lambda row: row["sample"]) for model, rows in records(copied).items()}
    assert again == records(whole)


def test_other_versions_are_said_and_noted(
    copied: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(copied)
    written = facts(copied)
    now = written["versions"]["numpy"]
    written["versions"]["numpy"] = "0.9"
    (copied / "campaign.json").write_text(json.dumps(written))
    assert run_campaign(copied, {}, resume=True)
    assert f"made with other versions (numpy 0.9 -> {now})" in capsys.readouterr().err
    assert facts(copied)["resumed_with"][0]["numpy"] == now and facts(copied)["versions"]["numpy"] == "0.9"


# Refusals -------------------------------------------------------------------------------------------------------------


def test_a_campaign_is_not_started_twice(whole: Path) -> None:
    with pytest.raises(InputError, match=r"there is a campaign in 'whole' already; resume it \(--resume\)"):
        run_campaign("whole", OPTIONS)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"k": 3}, "has k=2, and k=3 was asked for"),
        ({"models": ["plain"]}, r"has models=\['plain', 'other'\], and models=\['plain'\] was asked for"),
        ({"goal": "negative"}, "has goal='positive', and goal='negative' was asked for"),
        ({"reference_model": "other"}, "has reference_model='plain', and reference_model='other'"),
    ],
)
def test_another_configuration_is_refused_by_name(whole: Path, change: dict[str, Any], message: str) -> None:
    before = records(whole)
    with pytest.raises(InputError, match=message):
        run_campaign("whole", {**OPTIONS, **change}, resume=True)
    assert records(whole) == before


def test_another_model_in_the_same_folder_is_refused(
    copied: Path, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut(copied, "plain", 3)
    place = copied / "models"
    for name in ("plain", "other"):
        shutil.copytree(small / name, place / name)
    monkeypatch.chdir(place)
    labels = json.loads((place / "plain" / "labels.json").read_text())
    (place / "plain" / "labels.json").write_text(json.dumps(labels[::-1]))
    with pytest.raises(
        InputError, match=r"'plain' is another model \(.*\); the campaign started with one of the finger"
    ):
        run_campaign(copied, {}, resume=True)
    shutil.rmtree(place / "plain")
    with pytest.raises(InputError, match=r"'plain/masked_lm' is gone|'plain' is gone"):
        run_campaign(copied, {}, resume=True)


def test_a_folder_with_something_else_in_it(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(InputError, match=r"has 'thesis.tex' in it, and no campaign.json"):
        run_campaign(tmp_path, OPTIONS)
    (tmp_path / "file").write_text("precious")
    with pytest.raises(XMTCError, match="file' cannot be written"):
        run_campaign(tmp_path / "file", OPTIONS)


def test_two_campaigns_on_one_folder(copied: Path) -> None:
    cut(copied, "plain", 3)
    with filelock.FileLock(copied / ".lock"), pytest.raises(InputError, match="another campaign is running in"):
        run_campaign(copied, {}, resume=True)
    assert len(records(copied)["plain"]) == 3


def test_a_damaged_campaign_file(copied: Path) -> None:
    (copied / "campaign.json").write_text('{"format": 1, "settings"')
    with pytest.raises(DataError, match=r"campaign\.json is not JSON .*: it cannot be resumed"):
        run_campaign(copied, {}, resume=True)
    (copied / "campaign.json").write_text('{"format": 99}')
    with pytest.raises(DataError, match="has format 99, and this version reads format 1: it cannot be resumed"):
        run_campaign(copied, {}, resume=True)
