"""Certificates of the true labels of many texts: computed text by text, kept in a folder, resumed."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from textattack_xmtc.campaign.victims import Victim
from textattack_xmtc.certificates.bound import certified_words
from textattack_xmtc.certificates.options import CertifyOptions
from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.errors import DataError, InputError
from textattack_xmtc.scores import NOTHING
from textattack_xmtc.workdir.files import RecordWriter, remove_lines, repair, write_json, writing
from textattack_xmtc.workdir.interrupt import check
from textattack_xmtc.workdir.lock import LOCK, locked
from textattack_xmtc.workdir.names import inside
from textattack_xmtc.workdir.progress import say
from textattack_xmtc.workdir.resume import check_config
from textattack_xmtc.wrappers.segment_vote import SegmentVote

CONFIG, RECORDS = "config.json", "certificates.jsonl"
_AT_ONCE = 32
_VOTE, _PLAIN = "vote", "plain"


@dataclass(frozen=True)
class Certificate:
    """A true label of a text.

    Attributes:
        text: number of the text in the split.
        label: index of the label in the corpus.
        plain: whether the victim has it among its k best, reading the text as a whole.
        vote: whether the vote of the segments has it.
        words: how many words may be exchanged without the vote losing it; 0 where it has not.
        right_plain, right_vote: whether the best label of the text is a true one, for the victim and for the vote.
    """

    text: int
    label: int
    plain: bool
    vote: bool
    words: int
    right_plain: bool
    right_vote: bool


def certify(
    victim: Victim, fingerprint: str | None, corpus: Corpus, options: CertifyOptions, out: Path, resume: bool = False
) -> list[Certificate]:
    """Certify the true labels of texts, as the vote of their segments shows them.

    Args:
        fingerprint: of the victim's files; certificates of another one are refused.
        out: the folder for the certificates, one line a text.
        resume: go on with what is there.

    Returns:
        A certificate for each true label of each text; a label that the victim does not know is never shown.

    Raises:
        InputError: the folder holds certificates already, of something else, or other files; the split has no text with
            a label that the victim knows; k does not fit the victim.
        DataError: there is no such split; the folder's configuration is damaged.
    """
    rows, names = corpus.split(options.split), corpus.label_names
    vote = SegmentVote(victim.model, options.segments, options.votes)
    victim.model.check_k(options.k)
    chosen = np.arange(len(rows))
    if options.texts is not None and options.texts < len(rows):
        rng = np.random.default_rng(options.seed)
        chosen = np.sort(rng.choice(len(rows), options.texts, replace=False))
    config = {"victim": fingerprint, "corpus": corpus.fingerprint, **asdict(options)}
    with locked(out, "certification"):
        kept = _kept(out, config, resume)
        left = [int(place) for place in chosen if int(place) not in kept]
        with RecordWriter(inside(out, RECORDS)) as writer:
            for start in range(0, len(left), _AT_ONCE):
                check()
                places = left[start : start + _AT_ONCE]
                for row in _rows(victim, vote, [rows[place]["text"] for place in places], places, options.k):
                    writer.append(row)
                    kept[row["text"]] = row
                say(f"{len(kept):,} of {len(chosen):,} texts")
    certificates = []
    for place in chosen.tolist():
        labels = list(map(int, rows[place]["labels"]))
        certificates += [_certificate(kept[place], place, label, options.k, labels) for label in labels]
    if not any(victim.from_corpus[one.label] >= 0 for one in certificates):
        raise InputError(
            f"no text of {corpus.name}/{options.split} has a label that {victim.name} knows ({len(names):,} labels)",
            "give the data that the model was trained on",
        )
    return certificates


def _kept(out: Path, config: dict[str, Any], resume: bool) -> dict[int, dict[str, Any]]:
    """The lines that are there, by text; starts the folder where there is none."""
    file, records = inside(out, CONFIG), inside(out, RECORDS)
    if not file.is_file():
        if any(path.name != LOCK for path in out.iterdir()):
            raise InputError(f"{str(out)!r} is not empty, and holds no certificates", "choose another folder")
        with writing(file):
            write_json(file, config)
        return {}
    try:
        before = json.loads(file.read_bytes())
        if not isinstance(before, dict) or not {"victim", "segments"} <= before.keys():
            raise ValueError("no configuration of certificates")
    except (OSError, ValueError) as error:
        raise DataError(f"{file} cannot be read ({error})", "choose another folder") from error
    if not resume:
        raise InputError(f"{str(out)!r} holds certificates", "resume them (--resume), or choose another folder")
    check_config(f"the certification in {str(out)!r}", before, config, "choose another folder")
    with writing(records):
        repair(records)
    lines = records.read_bytes().splitlines() if records.is_file() else []
    kept, damaged = {}, []
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            certified_words(row["votes"], 0, 1)
            kept[int(row["text"])] = {**row, _PLAIN: list(row[_PLAIN]), _VOTE: list(row[_VOTE])}
        except (ValueError, KeyError, TypeError):
            damaged.append(number)
    if damaged:
        say(f"{records}: {len(damaged):,} damaged lines are removed: these texts are certified again")
        with writing(records):
            remove_lines(records, damaged)
    return kept


def _rows(victim: Victim, vote: SegmentVote, texts: list[str], places: list[int], k: int) -> list[dict[str, Any]]:
    """The k best labels of texts by the victim and by the vote, and the votes, in the label indices of the corpus."""
    plain = victim.in_corpus(victim.model.top_k(texts, k)[0]).tolist()
    voted = victim.in_corpus(vote.top_k(texts, k)[0]).tolist()
    ballots = [
        [victim.to_corpus[np.array(segment, dtype=np.int64)].tolist() for segment in segments]
        for segments in vote.segment_votes(texts)
    ]
    return [
        {"text": place, _PLAIN: best, _VOTE: by_vote, "votes": votes}
        for place, best, by_vote, votes in zip(places, plain, voted, ballots, strict=True)
    ]


def _certificate(row: dict[str, Any], place: int, label: int, k: int, labels: list[int]) -> Certificate:
    shown = label in row[_VOTE]
    right = {name: row[name][0] in labels and row[name][0] != NOTHING for name in (_PLAIN, _VOTE)}
    words = certified_words(row["votes"], label, k) if shown else 0
    return Certificate(place, label, label in row[_PLAIN], shown, words, right[_PLAIN], right[_VOTE])
