"""Certificates of a corpus: what is counted, what is kept, what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from textattack_xmtc.campaign.victims import Victim
from textattack_xmtc.certificates.bound import certified_words
from textattack_xmtc.certificates.options import CertifyOptions
from textattack_xmtc.certificates.run import RECORDS, certify
from textattack_xmtc.certificates.table import certificate_table
from textattack_xmtc.cli.main import main
from textattack_xmtc.datasets.corpus import Corpus, Document
from textattack_xmtc.errors import DataError, InputError, XMTCError
from textattack_xmtc.results.tables.formats import as_text
from textattack_xmtc.wrappers import FunctionWrapper, SegmentVote
from textattack_xmtc.wrappers.segment_vote import segments_of

LABELS = ["tea", "egg", "soup", "never"]
TEXTS = [
    ("tea and tea and more tea with tea", ["tea"]),
    ("an egg beside some tea", ["egg", "tea"]),
    ("soup of eggs: soup, soup and soup", ["soup"]),
    ("nothing here", ["never"]),
]


def corpus() -> Corpus:
    rows = [Document(str(place), text, labels) for place, (text, labels) in enumerate(TEXTS)]
    return Corpus.from_documents("kitchen", {"train": rows, "test": rows})


def victim() -> Victim:
    """Counts words; its labels stand in another order than the corpus's."""
    known = LABELS[2::-1]
    model = FunctionWrapper(
        lambda texts: [[min(0.3 * text.count(name), 1.0) for name in known] for text in texts],
        scores="probability",
        label_names=known,
    )
    order = corpus().label_names
    to_corpus = np.array([order.index(name) for name in known])
    from_corpus = np.full(len(order), -1)
    from_corpus[to_corpus] = np.arange(len(known))
    return Victim("counter", model, to_corpus, from_corpus)


def test_certificates_are_those_of_the_votes(tmp_path: Path) -> None:
    data, options = corpus(), CertifyOptions(k=1, segments=4)
    certificates = certify(victim(), "print", data, options, tmp_path / "out")
    by_hand = {}
    for place, (text, labels) in enumerate(TEXTS):
        votes = []
        for segment in segments_of(text, 4):
            scores = {name: min(0.3 * segment.count(name), 1.0) for name in LABELS[2::-1]}
            votes.append([max(scores, key=lambda name: scores[name])])
        for name in labels:
            by_hand[place, name] = certified_words(votes, name, 1) if name != "never" else 0
    assert {(one.text, data.label_names[one.label]): one.words for one in certificates} == by_hand
    assert by_hand[0, "tea"] == 1
    assert all(one.vote for one in certificates if one.words)


def test_certificates_resume_to_the_same(tmp_path: Path) -> None:
    options = CertifyOptions(k=1, segments=4)
    whole = certify(victim(), "print", corpus(), options, tmp_path / "out")
    file = tmp_path / "out" / RECORDS
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:2]) + lines[2][:9])
    with pytest.raises(InputError, match="holds certificates"):
        certify(victim(), "print", corpus(), options, tmp_path / "out")
    assert certify(victim(), "print", corpus(), options, tmp_path / "out", resume=True) == whole
    assert [json.loads(line)["text"] for line in file.read_bytes().splitlines()] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "damage", [b"xx\n", b'{"text": 1}\n', b'{"text": 1, "votes": [[{}]], "plain": [0], "vote": 3}\n']
)
def test_damaged_lines_are_certified_again(damage: bytes, tmp_path: Path) -> None:
    options = CertifyOptions(k=1, segments=4)
    whole = certify(victim(), "print", corpus(), options, tmp_path / "out")
    file = tmp_path / "out" / RECORDS
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(lines[0] + damage + b"".join(lines[2:]))
    assert certify(victim(), "print", corpus(), options, tmp_path / "out", resume=True) == whole


def test_folders_that_hold_something_else_are_refused(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").touch()
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "config.json").write_text('{"labels": 3}')
    for folder, message in (("full", "is not empty, and holds no certificates"), ("model", "no configuration of")):
        with pytest.raises(XMTCError, match=message):
            certify(victim(), "print", corpus(), CertifyOptions(k=1), tmp_path / folder, resume=True)
        assert len(list((tmp_path / folder).iterdir())) <= 2


def test_nothing_outside_the_folder_is_written(tmp_path: Path) -> None:
    """A folder from elsewhere, whose file of certificates is a link."""
    certify(victim(), "print", corpus(), CertifyOptions(k=1), tmp_path / "out")
    (tmp_path / "precious").touch()
    (tmp_path / "out" / RECORDS).unlink()
    (tmp_path / "out" / RECORDS).symlink_to(tmp_path / "precious")
    with pytest.raises(DataError, match="is a symbolic link out of"):
        certify(victim(), "print", corpus(), CertifyOptions(k=1), tmp_path / "out", resume=True)
    assert not (tmp_path / "precious").read_bytes()


def test_certificates_of_another_victim_are_refused(tmp_path: Path) -> None:
    certify(victim(), "print", corpus(), CertifyOptions(k=1), tmp_path / "out")
    with pytest.raises(InputError, match="victim='print'"):
        certify(victim(), "other", corpus(), CertifyOptions(k=1), tmp_path / "out", resume=True)


def test_a_victim_that_knows_no_label_is_refused(tmp_path: Path) -> None:
    stranger = replace(victim(), from_corpus=np.full(4, -1))
    with pytest.raises(InputError, match="has a label that counter knows"):
        certify(stranger, None, corpus(), CertifyOptions(k=1), tmp_path / "out")


def test_the_table_counts_all_true_labels(tmp_path: Path) -> None:
    data = corpus()
    certificates = certify(victim(), "print", data, CertifyOptions(k=1, segments=4), tmp_path / "out")
    table = certificate_table(certificates, data.label_counts, 1, 4, 1)
    every = table.rows[-1]
    assert every[1] == 5, "a label that the victim does not know is a true label, and not shown: as evaluate counts"
    assert (
        every[2].value == pytest.approx(np.mean([one.plain for one in certificates]))
        and "P@1 on these 4 texts: 75.0% of the model" in table.note
    )
    assert every[4].value == pytest.approx(np.mean([one.words >= 1 for one in certificates]))
    assert "4 segments" in as_text(table)


@pytest.mark.parametrize("option", ["k", "segments", "votes", "texts"])
def test_options_below_one_are_refused(option: str) -> None:
    with pytest.raises(InputError, match=f"invalid {option}=0"):
        CertifyOptions(**{option: 0})


def test_exchanged_words_change_no_more_than_the_certificate_says() -> None:
    """Every exchange of one word of a certified text, by every word of a small vocabulary."""
    model = victim().model
    vote = SegmentVote(model, segments=4)
    text = "tea and tea and more tea with tea"
    (votes,) = vote.segment_votes([text])
    assert certified_words(votes, model.labels.names.index("tea"), 1) == 1
    words = text.split()
    for place in range(len(words)):
        for new in ("egg", "soup", "tea", "tea-egg-soup"):
            changed = " ".join([*words[:place], new, *words[place + 1 :]])
            assert vote.top_k([changed], 1)[0][0, 0] == model.labels.names.index("tea")


def test_a_seed_without_a_draw_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["certify", "absent", "--data", "absent", "--out", "absent", "--seed", "3"]) == 2
    assert "--seed would change nothing: all texts are certified" in capsys.readouterr().err
