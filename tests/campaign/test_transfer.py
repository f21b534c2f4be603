"""Adversarial texts on models that they were not made for: verdicts, controls, resuming, and what is refused."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textattack.shared import AttackedText

from tests.toolkit.small_campaigns import OPTIONS, records
from tests.toolkit.victims import CountingVictim, bag
from textattack_xmtc.campaign import transfer as transferring
from textattack_xmtc.campaign.runner import run_campaign
from textattack_xmtc.campaign.transfer import Trials, adversarial_text, control_text, run_transfers
from textattack_xmtc.campaign.victims import Victim
from textattack_xmtc.campaign.workers.run import Workers
from textattack_xmtc.errors import DataError, InputError, ModelFolderError
from textattack_xmtc.models.folder import load_model
from textattack_xmtc.resources.function_words import ENGLISH
from textattack_xmtc.results.folder import read_campaign
from textattack_xmtc.results.records import Sample

pytestmark = pytest.mark.usefixtures("here")

LABELS = ("stones", "tools", "rocks", "unknown to the model")  # as the corpus counts them
OWN = ("tools", "rocks", "stones")  # as the model does
TEXT = "the amber and granite of a meadow"
WEIGHTS = {"amber": [0, 0, 4], "zinc": [0, 3, 0], "granite": [0, 2, 0], "meadow": [1, 0, 0]}
SAMPLE = Sample(3, "text 3", TEXT, (0, 2), 0, 1)


def trials(out: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "transfer" / f"{name}.jsonl").read_bytes().splitlines()]


def toy(goal: str = "positive", k: int = 1, model: CountingVictim | None = None) -> Trials:
    model = model or bag(WEIGHTS, [0, 0, 0], label_names=OWN)
    to_corpus = np.array([LABELS.index(name) for name in OWN])
    from_corpus = np.array([OWN.index(name) if name in OWN else -1 for name in LABELS])
    return Trials(Victim("toy", model, to_corpus, from_corpus), goal, k)


def verdict(goal: str, text: str, sample: Sample = SAMPLE, k: int = 1) -> tuple[str, str | None]:
    (row,) = toy(goal, k).records([adversarial_text("plain", sample, text)])
    return row["outcome"], row["reason"]


# One text -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("goal", "sample", "text", "k", "expected"),
    [
        ("positive", SAMPLE, TEXT.replace("amber", "zinc"), 1, ("succeeded", None)),
        ("positive", SAMPLE, TEXT.replace("meadow", "zinc"), 1, ("succeeded", None)),  # 5 against 4
        ("positive", SAMPLE, TEXT.replace("granite", "lantern"), 1, ("failed", None)),
        ("positive", replace(SAMPLE, target=2), TEXT.replace("amber", "zinc"), 1, ("skipped", "wrong before")),
        ("positive", replace(SAMPLE, labels=(3,), target=3), TEXT, 1, ("skipped", "wrong before")),
        ("negative", replace(SAMPLE, target=2), TEXT.replace("amber", "zinc"), 1, ("succeeded", None)),
        ("negative", replace(SAMPLE, target=1), TEXT.replace("amber", "zinc"), 1, ("failed", None)),
        ("negative", SAMPLE, TEXT.replace("amber", "zinc"), 1, ("skipped", "wrong before")),
        ("negative", replace(SAMPLE, target=3), TEXT.replace("amber", "zinc"), 1, ("skipped", "unknown label")),
        ("untargeted", SAMPLE, TEXT.replace("amber", "lantern"), 2, ("succeeded", None)),  # one of two has left
        ("untargeted", SAMPLE, TEXT.replace("meadow", "lantern"), 2, ("failed", None)),
        ("untargeted", replace(SAMPLE, labels=(1, 3)), TEXT.replace("amber", "zinc"), 1, ("skipped", "wrong before")),
    ],
)
def test_verdicts(goal: str, sample: Sample, text: str, k: int, expected: tuple[str, str | None]) -> None:
    assert verdict(goal, text, sample, k) == expected


def test_a_threshold_decides_what_is_shown() -> None:
    model = bag(WEIGHTS, [0, 0, 0], label_names=OWN)
    model.threshold = 3.5
    texts = [adversarial_text("plain", SAMPLE, TEXT.replace(old, "lantern")) for old in ("amber", "granite")]
    rows = toy("positive", 3, model).records(texts)
    assert [row["before"] for row in rows] == [[0], [0]]
    assert [(row["outcome"], row["after"]) for row in rows] == [("succeeded", []), ("failed", [0])]


def test_a_record() -> None:
    model = bag(WEIGHTS, [0, 0, 0], label_names=OWN)
    adversarial = adversarial_text("plain", SAMPLE, TEXT.replace("amber", "zinc"))
    (row,) = toy(model=model).records([adversarial])
    assert adversarial.control in (TEXT.replace("granite", "zinc"), TEXT.replace("meadow", "zinc"))
    reached = "meadow" not in str(adversarial.control)  # zinc and granite weigh more than amber
    assert json.loads(json.dumps(row)) == {
        **{"source": "plain", "sample": 3, "text_id": "text 3", "target": 0, "bin": 1, "goal": "positive"},
        **{"outcome": "succeeded", "reason": None, "before": [0], "after": [2], "queries": 3},
        "control": {"text": adversarial.control, "top_k": [2 if reached else 0], "reached": reached},
    }
    assert sorted(model.asked) == sorted([TEXT, adversarial.text, str(adversarial.control)])


def test_what_is_not_asked() -> None:
    """Nothing is asked of a text that the model gets wrong, and each distinct text is asked about once."""
    model = bag(WEIGHTS, [0, 0, 0], label_names=OWN)
    adversarial = adversarial_text("plain", SAMPLE, TEXT.replace("amber", "zinc"))
    wrong = adversarial_text("plain", replace(SAMPLE, target=2), "something else")
    rows = toy(model=model).records([adversarial, wrong, adversarial._replace(source="pw")])
    assert [row["queries"] for row in rows] == [3, 1, 3] and rows[1]["after"] is rows[1]["control"] is None
    assert sorted(model.asked) == sorted([TEXT, adversarial.text, str(adversarial.control)])


def test_a_text_over_which_the_model_fails_is_an_error_alone() -> None:
    def row(text: str) -> list[float]:
        return [np.nan] * 3 if "saddle" in text else [0, 0, float("amber" in text)]

    model = CountingVictim(row, label_names=OWN)
    texts = [TEXT.replace("amber", word) for word in ("zinc", "saddle", "violin")]
    rows = toy(model=model).records([adversarial_text("plain", SAMPLE, text) for text in texts])
    assert [row["outcome"] for row in rows] == ["succeeded", "error", "succeeded"]
    assert "VictimError: toy answered with a score that is not finite" in rows[1]["reason"]


def test_fewer_labels_than_k_are_shown() -> None:
    model = bag(WEIGHTS, [0, 0, 0], label_names=OWN)
    model._top_k = lambda texts, k: (np.array([[2, -1]] * len(texts)), np.array([[1.0, 0.0]] * len(texts)))  # type: ignore[method-assign]  # a victim that shows one
    (row,) = toy(k=2, model=model).records([adversarial_text("plain", SAMPLE, TEXT.replace("amber", "zinc"))])
    assert row["before"] == row["after"] == [0] and row["outcome"] == "failed"


@pytest.mark.parametrize("seed", range(20))
def test_controls_exchange_as_many_other_words(seed: int) -> None:
    random = np.random.default_rng(seed)
    words = random.choice(["the", "of", "granite", "meadow", "lantern", "harbour", "violin", "and"], 30).tolist()
    content = [place for place, word in enumerate(words) if word not in ENGLISH]
    places = random.choice(content, 4, replace=False).tolist()
    changed = [f"new{place}" if place in places else word for place, word in enumerate(words)]
    control = control_text(" ".join(words) + ".", " ".join(changed) + ".", seed)
    assert control is not None and control == control_text(" ".join(words) + ".", " ".join(changed) + ".", seed)
    words_of_control = AttackedText(control).words
    differ = [place for place, (old, new) in enumerate(zip(words, words_of_control, strict=True)) if old != new]
    assert len(differ) == 4 and not set(differ) & set(places) and set(differ) <= set(content)
    assert sorted(words_of_control[place] for place in differ) == sorted(changed[place] for place in places)


@pytest.mark.parametrize(
    ("original", "changed"),
    [("amber granite", "zinc copper"), ("the amber of the", "the zinc of the"), ("amber granite", "amber"), ("a", "a")],
)
def test_where_there_is_no_control(original: str, changed: str) -> None:
    assert control_text(original, changed, 0) is None


# A campaign -----------------------------------------------------------------------------------------------------------


def expected(out: Path, source: str, other: str) -> dict[int, tuple[str, bool | None]]:
    """Outcome and control of each adversarial text, one text at a time."""
    campaign, model = read_campaign(out), load_model(Path(other), "cpu")
    tried: dict[int, tuple[str, bool | None]] = {}

    def best(text: str) -> list[str]:
        return [model.label_names[label] for label in model.top_k([text], 2)[0][0]]

    for row in records(out)[source]:
        if row["outcome"] == "succeeded":
            sample = campaign.samples[row["sample"]]
            target = campaign.label_names[sample.target]
            control = control_text(sample.text, row["adversarial"], sample.number)
            if target not in best(sample.text):
                tried[sample.number] = ("skipped", None)
                continue
            outcome = "failed" if target in best(row["adversarial"]) else "succeeded"
            tried[sample.number] = (outcome, None if control is None else target not in best(control))
    return tried


def outcomes(out: Path, name: str, source: str) -> dict[int, tuple[str, bool | None]]:
    rows = [row for row in trials(out, name) if row["source"] == source]
    assert len({row["sample"] for row in rows}) == len(rows)
    return {row["sample"]: (row["outcome"], row["control"] and row["control"]["reached"]) for row in rows}


def test_a_finished_campaign_is_tried_on_its_own_other_model(copied: Path) -> None:
    before = {file.name: file.read_bytes() for file in (copied / "records").iterdir()}
    assert run_campaign(copied, {}, resume=True, transfer_to=["other"])
    assert {file.name: file.read_bytes() for file in (copied / "records").iterdir()} == before
    assert {row["source"] for row in trials(copied, "other")} == {"plain"}, "not on itself"
    tried = outcomes(copied, "other", "plain")
    assert tried == expected(copied, "plain", "other") and {"succeeded"} < {outcome for outcome, _ in tried.values()}
    (transfer,) = read_campaign(copied).transfers
    assert (
        transfer.name == "other"
        and transfer.facts["fingerprint"] == read_campaign(copied).models[1].facts["fingerprint"]
    )
    assert {number: (trial.outcome, trial.control) for (_, number), trial in transfer.trials.items()} == tried


def test_a_new_campaign_is_tried_when_its_attacks_are_done(small: Path, tmp_path: Path) -> None:
    """Also on a Python file, and on a folder of a name that is taken."""
    (tmp_path / "elsewhere").mkdir()
    shutil.copytree("other", tmp_path / "elsewhere" / "plain")
    file = tmp_path / "mine.py"
    file.write_text(
        "from textattack_xmtc.wrappers import ScorerWrapper\n"
        f"model = ScorerWrapper.from_folder({str(small / 'other')!r})\n"
    )
    sources = [str(tmp_path / "elsewhere" / "plain"), str(file), str(file)]
    out = tmp_path / "out"
    assert run_campaign(out, {**OPTIONS, "models": ["plain"]}, transfer_to=sources)
    campaign = read_campaign(out)
    assert [transfer.name for transfer in campaign.transfers] == ["plain-2", "mine"] and campaign.notes == ()
    assert outcomes(out, "plain-2", "plain") == outcomes(out, "mine", "plain") == expected(out, "plain", "other")
    facts = json.loads((out / "transfer.json").read_text())
    assert [(one["folder"], one["score_kind"], one["labels"]) for one in facts] == [
        (source, "probability", 18) for source in sources[:2]
    ]


class Impatient:
    """Asks for the end after some looks."""

    def __init__(self, looks: int) -> None:
        self.looks = looks

    @property
    def asked(self) -> bool:
        self.looks -= 1
        return self.looks < 0


def test_it_is_gone_on_with_wherever_it_ended(copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = tmp_path / "whole"
    shutil.copytree(copied, whole)
    run_campaign(whole, {}, resume=True, transfer_to=["other"])
    monkeypatch.setattr(transferring, "_AT_ONCE", 3)
    transferring.add_transfers(copied, read_campaign(copied), ["other"])
    assert not run_transfers(copied, read_campaign(copied), Impatient(2))
    assert trials(copied, "other") == trials(whole, "other")[:6]
    missing = len(trials(whole, "other")) - 6
    assert read_campaign(copied).notes == (f"{missing} of {missing + 6} adversarial texts are not tried on other yet.",)
    file = copied / "transfer" / "other.jsonl"
    file.write_bytes(file.read_bytes() + b'{"source": "pla')
    assert any("was cut off in writing" in note for note in read_campaign(copied).notes)
    assert run_campaign(copied, {}, resume=True), "the models need not be named again"
    assert trials(copied, "other") == trials(whole, "other") and read_campaign(copied).notes == ()
    assert run_campaign(copied, {}, resume=True, transfer_to=["other"])
    assert trials(copied, "other") == trials(whole, "other"), "nothing runs twice"


def test_errors_are_tried_again(copied: Path) -> None:
    run_campaign(copied, {}, resume=True, transfer_to=["other"])
    whole = trials(copied, "other")
    broken = [{**row, "outcome": "error", "control": None} if row["sample"] < 5 else row for row in whole]
    (copied / "transfer" / "other.jsonl").write_text("".join(json.dumps(row) + "\n" for row in broken))
    run_campaign(copied, {}, resume=True)
    assert trials(copied, "other") == broken
    run_campaign(copied, {}, resume=True, retry_errors=True)
    assert sorted(trials(copied, "other"), key=lambda row: row["sample"]) == whole


@pytest.mark.slow
def test_attacks_in_workers_and_trials_here(copied: Path, tmp_path: Path) -> None:
    run_campaign(copied, {}, resume=True, transfer_to=["other"])
    assert run_campaign(tmp_path / "new", OPTIONS, workers=Workers(2), transfer_to=["other"])
    assert trials(tmp_path / "new", "other") == trials(copied, "other")


# What is refused ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "source", "error", "message"),
    [
        ({}, "nowhere", ModelFolderError, "there is no model folder 'nowhere'"),
        ({}, "nowhere.py", InputError, "there is no file 'nowhere.py'"),
        (
            {},
            "plain",
            InputError,
            "'plain' is the model that the campaign attacks: its adversarial texts were found on",
        ),
    ],
)
def test_what_is_refused_before_anything_is_attacked(
    tmp_path: Path, options: dict[str, Any], source: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        run_campaign(tmp_path / "out", {**OPTIONS, "models": ["plain"], **options}, transfer_to=[source])
    assert not (tmp_path / "out" / "records").exists() and not (tmp_path / "out" / "transfer.json").exists()


def test_another_model_in_its_place(copied: Path, tmp_path: Path) -> None:
    shutil.copytree("other", tmp_path / "mine")
    run_campaign(copied, {}, resume=True, transfer_to=[str(tmp_path / "mine")])
    file = copied / "transfer" / "mine.jsonl"
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:2]))
    shutil.rmtree(tmp_path / "mine")
    with pytest.raises(InputError, match="mine' is gone; the campaign started with one of the fingerprint"):
        run_campaign(copied, {}, resume=True)
    shutil.copytree("plain", tmp_path / "mine")
    with pytest.raises(InputError, match=r"mine' is another model"):
        run_campaign(copied, {}, resume=True)


def damage(out: Path, facts: Sequence[Any] | None, row: dict[str, Any] | None) -> None:
    if facts is not None:
        (out / "transfer.json").write_text(json.dumps(facts))
    if row is not None:
        file = out / "transfer" / "other.jsonl"
        file.write_text(json.dumps({**json.loads(file.read_text().splitlines()[0]), **row}) + "\n")


@pytest.mark.parametrize(
    ("facts", "row", "message"),
    [
        ([3], None, r"transfer\.json is no list of models; remove it, and name the models again"),
        ([{"name": "other"}], None, r"transfer\.json is no list of models"),
        (
            [{"name": "../../other", "folder": "other", "fingerprint": "0"}],
            None,
            r"'\.\./\.\./other' is not the name of a file",
        ),
        (None, {"outcome": "won"}, r"other\.jsonl, line 1 is no trial \(outcome 'won'\)"),
        (None, {"control": {}}, r"other\.jsonl, line 1 is no trial \(no 'reached'\)"),
        (
            None,
            {"source": "nobody"},
            r"other\.jsonl, line 1 is no trial \(sample \d+ of 'nobody' is no success in records",
        ),
    ],
)
def test_damaged_files(copied: Path, facts: list[Any] | None, row: dict[str, Any] | None, message: str) -> None:
    run_campaign(copied, {}, resume=True, transfer_to=["other"])
    damage(copied, facts, row)
    with pytest.raises(DataError, match=message):
        read_campaign(copied)
