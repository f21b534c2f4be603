"""Texts without labels beside the training texts: which are taken, how they are labelled, that they are trained on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.toolkit.hardening import NAMES, corpus, trained
from textattack_xmtc.datasets.corpus import Corpus, Document
from textattack_xmtc.errors import InputError
from textattack_xmtc.hardening import harden
from textattack_xmtc.hardening.harden import harden_folder
from textattack_xmtc.hardening.options import HardeningOptions
from textattack_xmtc.hardening.rounds import Rounds
from textattack_xmtc.hardening.schedule import Clock
from textattack_xmtc.hardening.unlabelled import own_labels, texts_beside
from textattack_xmtc.models.folder import load_model

OPTIONS = HardeningOptions(steps=8, round_steps=4, k=1, held_out=5)


@pytest.fixture(scope="module", params=["attention-xml", "attention-xml-tree", "aplc-xlnet"])
def victim(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(tmp_path_factory.mktemp("victims") / request.param, request.param)


def documents(*texts: str) -> list[Document]:
    return [Document(str(number), text, ["anything"]) for number, text in enumerate(texts)]


def test_new_texts_are_taken_once() -> None:
    known = Corpus.from_documents("known", {"train": documents("a b"), "test": documents("c d")}, ["anything"])
    splits = {"train": documents("e", "a b", " ", "f"), "test": documents("c d", "f", "g")}
    assert texts_beside(Corpus.from_documents("further", splits, ["anything"]), known) == ["e", "f", "g"]
    with pytest.raises(InputError, match="of the 2 texts of 'known', 'known' has every one, or they are blank"):
        texts_beside(known, known)


def test_their_labels_are_the_best_of_the_model(victim: Path) -> None:
    model, texts = load_model(victim, "cpu"), ["the acorn of some", "falcon falconx and the"]
    best = model.top_k(texts, 3)[0].tolist()
    assert own_labels(model, texts, [[0], [1], [2, 3]]) == [row[:1] for row in best]
    assert own_labels(model, texts, [[0, 1], [1, 2], [3, 4, 5], [3, 4]]) == [row[:2] for row in best]
    assert own_labels(model, texts, [[], []]) == [row[:1] for row in best]


def test_they_are_trained_on_and_kept_apart_in_the_record(
    victim: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = [f"{NAMES[number % len(NAMES)]} of some number{number}" for number in range(40)]
    further = Corpus.from_documents("further", {"test": documents(*new)}, ["anything"])
    seen: set[str] = set()
    prepare = Rounds.prepare

    def noting(self: Rounds, number: int) -> None:
        prepare(self, number)
        seen.update(self.state["texts"])

    monkeypatch.setattr(Rounds, "prepare", noting)
    out = tmp_path / "out"
    made = harden_folder(victim, corpus(), OPTIONS, out, unlabelled=further, device="cpu")
    assert seen & set(new) and seen - set(new) <= set(corpus().split("train")["text"])
    kept = json.loads((out / "training.json").read_text())
    of_further = {"fingerprint": further.fingerprint, "texts": 40}
    assert made["hardened"]["unlabelled"] == kept["hardened"]["unlabelled"] == of_further
    assert kept["corpus"]["train"] == len(corpus().split("train"))


def test_what_is_resumed_has_the_same_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    victim = trained(tmp_path / "victim")
    further = Corpus.from_documents("further", {"test": documents("acorn of some", "badger badgerx")}, ["anything"])
    whole = tmp_path / "whole"
    options = replace(OPTIONS, share=0.0)
    parts = {"device": "cpu"}
    harden_folder(victim, corpus(), options, whole, unlabelled=further, **parts)
    prepare = Rounds.prepare

    def stopping(self: Rounds, number: int) -> None:
        if number == 2:
            raise KeyboardInterrupt
        prepare(self, number)

    out = tmp_path / "out"
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Rounds, "prepare", stopping)
        harden_folder(victim, corpus(), options, out, unlabelled=further, **parts)
    with pytest.raises(InputError, match="has unlabelled="):
        harden_folder(victim, corpus(), options, out, resume=True, **parts)
    harden_folder(victim, corpus(), options, out, unlabelled=further, resume=True, **parts)
    assert (out / "model.safetensors").read_bytes() == (whole / "model.safetensors").read_bytes()


def test_the_time_that_labelling_takes_is_part_of_the_budget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    victim = trained(tmp_path / "victim")
    seconds = json.loads((victim / "training.json").read_text())["seconds"]
    further = Corpus.from_documents("further", {"test": documents("acorn of some")}, ["anything"])

    def slowly(*_: object) -> list[list[int]]:
        clock = Clock()
        while clock.seconds < seconds:
            sum(range(10_000))
        return [[0]]

    monkeypatch.setattr(harden, "own_labels", slowly)
    options = HardeningOptions(budget=1.0, k=1, held_out=5)
    with pytest.raises(InputError, match="is over before the first steps"):
        harden_folder(victim, corpus(), options, tmp_path / "out", unlabelled=further, device="cpu")
