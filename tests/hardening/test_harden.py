"""Hardening as a whole: what it keeps, what it resumes, and that attacks succeed less often after it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file

from tests.toolkit.hardening import LABELS, NAMES, corpus, sign, trained
from textattack_xmtc.datasets.corpus import Corpus, Document
from textattack_xmtc.errors import InputError, ModelFolderError
from textattack_xmtc.evidence.training_texts import TrainingTextEvidence
from textattack_xmtc.hardening.harden import harden_folder
from textattack_xmtc.hardening.held_out import SUCCESS, HeldOut
from textattack_xmtc.hardening.options import NOT_IN_0_1_0, HardeningOptions
from textattack_xmtc.hardening.protected_tokens import ProtectedTokens
from textattack_xmtc.hardening.rounds import Rounds
from textattack_xmtc.models.folder import load_model
from textattack_xmtc.models.loss_settings import LossSettings
from textattack_xmtc.models.training import plan
from textattack_xmtc.models.training.checkpoint import Checkpoint

OPTIONS = HardeningOptions(steps=60, round_steps=15, k=1, rate=0.5, share=0.5, held_out=20)


@pytest.fixture(scope="module", params=["attention-xml", "attention-xml-tree", "aplc-xlnet"])
def victim(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(tmp_path_factory.mktemp("victims") / request.param, request.param)


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(tmp_path_factory.mktemp("victims") / "flat")


def hardened(victim: Path, out: Path, options: HardeningOptions = OPTIONS, **more: Any) -> dict[str, Any]:
    return harden_folder(victim, corpus(), options, out, device="cpu", **more)


def success(folder: Path) -> float:
    """Of gradient attacks on all test texts that the model has right."""
    model, rows = load_model(folder, "cpu"), corpus().split("test")
    words = np.concatenate(model.encode(corpus().split("train")["text"]))
    options = replace(OPTIONS, exchanged=0.4, held_out=1000)
    train = corpus().split("train")
    evidence = TrainingTextEvidence(corpus())
    protected = ProtectedTokens(model, evidence, train["text"], train["labels"], 0.0, 0)
    held_out = HeldOut(model, rows["text"], rows["labels"], corpus().label_counts, options, words, protected)
    assert len(held_out.targets) > 20
    return held_out.measured()[SUCCESS]


@pytest.mark.slow
def test_attacks_succeed_less_often_on_hardened_models(tmp_path: Path) -> None:
    """Three victims, many of whose labels can be attacked away by exchanging words."""
    before, after = [], []
    for seed in range(3):
        plain, out = trained(tmp_path / f"plain{seed}", seed=seed), tmp_path / f"hardened{seed}"
        options = replace(OPTIONS, steps=300, round_steps=40, rate=1.0, exchanged=0.4, seed=seed)
        made = hardened(plain, out, options)
        before.append(success(plain))
        after.append(success(out))
        assert made["test"]["P@1"] > 0.9
        # Measured on eight texts that were held out, whose rate need not fall for every seed; the mean below has to.
        assert made["hardened"]["log"][-1][SUCCESS] <= made["hardened"]["before"][SUCCESS]
    assert np.mean(after) < np.mean(before) - 0.1, f"{before} -> {after}"


@pytest.mark.slow
def test_a_hardened_folder_is_a_victim_and_says_what_it_came_from(victim: Path, tmp_path: Path) -> None:
    out = tmp_path / "hardened"
    made = hardened(victim, out, loss=LossSettings("pw-cb"))
    kept = json.loads((out / "training.json").read_text())
    assert kept["hardened"] == json.loads(json.dumps(made["hardened"]))
    assert kept["hardened"]["from"]["folder"] == victim.name and kept["hardened"]["options"]["steps"] == 60
    assert kept["hardened"]["loss"]["reweight"] == "pw-cb" and kept["plan"]["loss"]["reweight"] == "none"
    assert len(kept["hardened"]["log"]) == 4 and kept["hardened"]["schedule"] == {"rounds": 4, "round_steps": 15}
    assert load_model(out, "cpu").label_names == load_model(victim, "cpu").label_names
    old, new = load_file(victim / "model.safetensors"), load_file(out / "model.safetensors")
    assert old.keys() == new.keys() and any((old[key] != new[key]).any() for key in old)
    levels = {key.split(".")[1] for key in old if key.startswith("levels.")}
    for level in levels:
        assert any((old[key] != new[key]).any() for key in old if key.startswith(f"levels.{level}.")), (
            "all levels learn"
        )
    assert not out.with_name("hardened.unfinished").exists()
    assert len((out / "test.jsonl").read_text().splitlines()) == 40


class Killed(Exception):
    pass


@pytest.mark.slow
def test_an_interrupted_hardening_ends_with_the_same_weights(
    victim: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hardened(victim, tmp_path / "whole")
    write, left = Checkpoint.write, [0]

    def killing(self: Checkpoint, state: Mapping[str, Any]) -> None:
        write(self, state)
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    monkeypatch.setattr(Checkpoint, "write", killing)
    out = tmp_path / "killed"
    for writes in (7, 8, 5, 20):  # within the first round; at its end; in the second
        left[0] = writes
        with pytest.raises(Killed):
            hardened(victim, out, checkpoint_seconds=0, resume=True)
    left[0] = -1
    hardened(victim, out, resume=True)
    first, second = (load_file(tmp_path / name / "model.safetensors") for name in ("whole", "killed"))
    assert all((value == second[key]).all() for key, value in first.items())


def test_an_unfinished_hardening_of_an_earlier_version_resumes_without_the_dropped_options(
    flat: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = HardeningOptions(steps=6, round_steps=3, k=1, **NOT_IN_0_1_0)  # type: ignore[arg-type]
    hardened(flat, tmp_path / "whole", options)

    def killing(self: Rounds, number: int) -> None:
        if number == 3:
            raise Killed
        prepare(self, number)

    prepare = Rounds.prepare
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(Rounds, "prepare", killing)
        hardened(flat, tmp_path / "old", options)
    work = tmp_path / "old.unfinished"
    stored = json.loads((work / "schedule.json").read_text())
    config, schedule = stored["config"], {"schedule": stored["schedule"]}
    older = {**config["options"], "fresh": 0.25, "changes": 2, "augment": "gradient"}
    older = {**config, "options": {name: value for name, value in older.items() if name not in NOT_IN_0_1_0}}
    older["masked_lm"] = "some-words"
    (work / "schedule.json").write_text(json.dumps({**stored, "config": older}))
    state = Checkpoint(work / "checkpoint.pt", {**config, **schedule}).read()
    assert state is not None
    Checkpoint(work / "checkpoint.pt", {**older, **schedule}).write(state)
    with pytest.raises(InputError, match=r"has options=.*'k': 1.*and options=.*'k': 2.*was asked for"):
        hardened(flat, tmp_path / "old", replace(options, k=2), resume=True)
    hardened(flat, tmp_path / "old", HardeningOptions(steps=6, round_steps=3, k=1), resume=True)
    whole, old = (load_file(tmp_path / name / "model.safetensors") for name in ("whole", "old"))
    assert all((value == old[key]).all() for key, value in whole.items())


def test_the_texts_of_a_round(flat: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare, seen = Rounds.prepare, []
    rows = corpus().split("train")
    truth = dict(zip(rows["text"], rows["labels"], strict=True))
    model = load_model(flat, "cpu")

    def noting(self: Rounds, number: int) -> None:
        prepare(self, number)
        seen.extend(self.state["texts"])
        for text, labels, aim, tokens in zip(*self.state.values(), strict=True):
            assert labels == truth[text], "what is attacked in its step is a training text until then"
            if aim is None:
                assert not tokens
                continue
            target, *rivals = aim
            assert target[0] in labels and target[1] == -1 and len(rivals) == 3
            assert not {label for label, _ in rivals} & set(labels) and sum(up for _, up in rivals) == 1
            (given_away,) = model.encode([sign(target[0])])
            assert set(given_away) <= set(tokens), "the word that gives the label away speaks most for it"
        attacked = sum(aim is not None for aim in self.state["aims"])
        assert attacked == self._options.share * len(self.state["texts"])

    monkeypatch.setattr(Rounds, "prepare", noting)
    for share in (0.8, 0.0):
        hardened(flat, tmp_path / str(share), HardeningOptions(steps=4, share=share, protect=0.5))
    assert seen


def test_scores_are_held_to_those_of_clean_texts(flat: Path, tmp_path: Path) -> None:
    """Of attacked texts, more with more of the loss on it: nearer to what the plain model gives the clean ones."""
    plain, rows = load_model(flat, "cpu"), corpus().split("test")
    before = plain.dense(rows["text"])
    apart = {}
    for hold in (0.0, 1.0):
        hardened(flat, tmp_path / str(hold), replace(OPTIONS, steps=120, hold=hold))
        apart[hold] = np.abs(load_model(tmp_path / str(hold), "cpu").dense(rows["text"]) - before).mean()
    assert 0 < apart[1.0] < apart[0.0]


@pytest.mark.parametrize("goal", ["negative", "both"])
def test_wrong_labels_can_be_the_targets(flat: Path, tmp_path: Path, goal: str) -> None:
    made = hardened(flat, tmp_path / "out", HardeningOptions(steps=8, goal=goal, k=1, held_out=20))  # type: ignore
    assert 0 <= made["hardened"]["before"][SUCCESS] <= 1


def test_a_budget_is_a_share_of_the_time_that_training_took(
    flat: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = json.loads((flat / "training.json").read_text())
    assert kept["seconds"] > 0
    made = hardened(flat, tmp_path / "one", HardeningOptions(budget=5.0, k=1, held_out=5))
    assert made["hardened"]["schedule"]["rounds"] >= 4
    assert "budget of" in capsys.readouterr().err
    with pytest.raises(InputError, match=r"a budget of 1e-06 of the .* is over before the first steps"):
        hardened(flat, tmp_path / "two", HardeningOptions(budget=1e-6, k=1))
    hardened(flat, tmp_path / "two", HardeningOptions(steps=4, k=1))
    (unknown := tmp_path / "unknown").mkdir()
    for file in flat.iterdir():
        if file.name != "training.json":
            (unknown / file.name).write_bytes(file.read_bytes())
    with pytest.raises(InputError, match="how long the model was trained is not known"):
        hardened(unknown, tmp_path / "three", HardeningOptions(budget=1.0, k=1))
    hardened(unknown, tmp_path / "four", HardeningOptions(steps=4, k=1))


def test_what_cannot_be_hardened(flat: Path, tmp_path: Path) -> None:
    (other := tmp_path / "pecos").mkdir()
    (other / "param.json").write_text("{}")
    with pytest.raises(InputError, match="is not a model folder that can be trained"):
        hardened(other, tmp_path / "out")
    with pytest.raises(ModelFolderError, match="there is no model folder"):
        hardened(tmp_path / "nothing", tmp_path / "out")
    with pytest.raises(InputError, match="exists"):
        hardened(flat, other)
    other_corpus = Corpus.from_documents("strange", {"train": [Document("1", "an egg", ["eggs"])]})
    with pytest.raises(InputError, match="such as 'eggs', are unknown to the model"):
        harden_folder(flat, other_corpus, OPTIONS, tmp_path / "out")
    assert len(NAMES) == LABELS


def test_another_hardening_is_not_resumed(flat: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise Killed

    monkeypatch.setattr(plan, "save_model", full)
    with pytest.raises(Exception, match="the trained model could not be saved"):
        hardened(flat, tmp_path / "out", HardeningOptions(steps=4, k=1))
    monkeypatch.undo()
    with pytest.raises(InputError, match=r"there is an unfinished hardening.*--resume"):
        hardened(flat, tmp_path / "out", HardeningOptions(steps=4, k=1))
    with pytest.raises(InputError, match=r"has options=.*'steps': 4.*and options=.*'steps': 5.*was asked for"):
        hardened(flat, tmp_path / "out", HardeningOptions(steps=5, k=1), resume=True)
    made = hardened(flat, tmp_path / "out", HardeningOptions(steps=4, k=1), resume=True)
    assert len(made["hardened"]["log"]) == 4
