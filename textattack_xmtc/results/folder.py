"""Reads a campaign folder, finished or not, and says what in it cannot be."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from textattack_xmtc.errors import DataError
from textattack_xmtc.goal import GOALS
from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.records import (
    ERROR,
    OUTCOMES,
    SIMILARITIES,
    SKIPPED,
    Bin,
    Model,
    Prediction,
    Record,
    Sample,
    Transfer,
    Trial,
)
from textattack_xmtc.workdir.names import distinct, inside
from textattack_xmtc.workdir.provenance import changed_versions

FORMAT = 1
_SIMILARITY_RANGES = {"cosine": (-1, 1), "angular": (0, 1), "published": (1 - math.pi, 1)}
CAMPAIGN, LABELS, BINS, CLUSTERS = "campaign.json", "labels.json", "bins.json", "clusters.json"
SAMPLES, RECORDS = "samples.jsonl", "records"
TRANSFERS, TRIALS = "transfer.json", "transfer"
RESUMED = "resumed_with"
"""The key of the versions that a campaign was resumed with."""

_REPAIR = "make it again: textattack-xmtc campaign --out {} --resume"

# What comes of JSON that is other than it should be; the last of a number that is infinite, or too large for an index.
_UNFIT = (KeyError, TypeError, ValueError, AttributeError, OverflowError)
_Read = TypeVar("_Read")


Damage = dict[Path, set[int]]
"""Damaged lines, counted from 1, of the files of records."""


def read_campaign(folder: Path | str, damage: Damage | None = None) -> Campaign:
    """Read the files of a campaign folder.

    A last line of a records file that was cut off in writing is left out, a sample that was recorded twice counts as
    recorded last; `notes` say so.

    Args:
        folder: the folder.
        damage: where given, damaged lines of records are left out and listed here, and so are the transfers of the
            adversarial texts that were in them.

    Raises:
        DataError: the folder or one of its files is missing, damaged or of another format; records do not belong to
            the samples.
    """
    folder = Path(folder)
    if not (folder / CAMPAIGN).is_file():
        raise DataError(
            f"{folder} is not the folder of a campaign: it has no {CAMPAIGN}",
            "give the folder that `textattack-xmtc campaign --out` wrote",
        )
    facts = _json(folder / CAMPAIGN)
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        found = facts.get("format") if isinstance(facts, dict) else None
        raise DataError(
            f"{folder / CAMPAIGN} has format {found!r}, and this version reads format {FORMAT}",
            "report with the version that ran the campaign",
        )
    labels, bins = _json(folder / LABELS), _json(folder / BINS)
    clusters = _json(folder / CLUSTERS) if (folder / CLUSTERS).exists() else []
    samples = {sample.number: sample for _, sample in _lines(folder / SAMPLES, _sample)[0]}
    with _about(folder):
        campaign = Campaign(
            folder=folder,
            name=folder.resolve().name,
            settings=dict(facts["settings"]),
            resolved=dict(facts["resolved"]),
            versions=dict(facts.get("versions", {})),
            corpus=dict(facts["corpus"]),
            models=(),
            reference=str(facts["reference"]),
            label_names=tuple(map(str, labels["names"])),
            label_counts=np.array(labels["counts"], dtype=np.int64),
            n_train=int(labels["n_train"]),
            bins=tuple(sorted(map(_bin, bins), key=lambda part: part.number)),
            clusters=tuple(tuple(map(int, cluster["labels"])) for cluster in clusters),
            samples=samples,
            notes=(),
        )
        _check(campaign)
        notes: list[str] = []
        distinct([model["name"] for model in facts["models"]], folder)
        models = tuple(
            Model(model["name"], model, _records(campaign, model["name"], notes, damage)) for model in facts["models"]
        )
        if campaign.reference not in {model.name for model in models}:
            raise ValueError(f"the reference model {campaign.reference!r} is none of its models")
        for versions in facts.get(RESUMED) or facts.get("went_on_with") or ():
            notes.append(
                f"The campaign was resumed with other versions: {changed_versions(campaign.versions, versions)}."
            )
        campaign = replace(campaign, models=models)
        transfers = tuple(_transfer(campaign, facts, notes, damage) for facts in read_transfers(folder))
    return replace(campaign, transfers=transfers, notes=tuple(dict.fromkeys(notes)))


def record_file(folder: Path, part: str, name: str) -> Path:
    """The file with the records of a model (`part` is `RECORDS`), or of what was tried on it (`TRIALS`).

    Raises:
        DataError: the name leads out of the folder.
    """
    inside(folder, part, name)
    return inside(folder, part, f"{name}.jsonl")


def read_transfers(folder: Path) -> list[dict[str, Any]]:
    """What a campaign's folder says of the models that its adversarial texts are tried on.

    Raises:
        DataError: that file is damaged.
    """
    path = folder / TRANSFERS
    if not path.exists():
        return []
    found = _json(path)
    if not isinstance(found, list) or not all(
        isinstance(facts, dict) and {"name", "folder", "fingerprint"} <= facts.keys() for facts in found
    ):
        raise DataError(f"{path} is no list of models", "remove it, and name the models again with --transfer-to")
    return found


def _check(campaign: Campaign) -> None:
    """Refuse what the rest of the report stands on and would fail on later, far from its cause."""
    if campaign.goal not in GOALS:
        raise ValueError(f"the goal {campaign.goal!r} is unknown: choose {', '.join(GOALS)}")
    if campaign.similarity_kind not in SIMILARITIES:
        raise ValueError(f"the similarity {campaign.similarity_kind!r} is none of {', '.join(SIMILARITIES)}")
    _ = campaign.k, campaign.max_change_rate, campaign.threshold, campaign.corpus["name"]
    if not campaign.bins or not campaign.samples:
        raise ValueError(f"{BINS} has {len(campaign.bins)} bins and {SAMPLES} {len(campaign.samples)} samples")
    n_labels, known_bins = len(campaign.label_names), {part.number for part in campaign.bins}
    if len(campaign.label_counts) != n_labels:
        raise ValueError(f"{LABELS} has {n_labels} names and {len(campaign.label_counts)} counts")
    for sample in campaign.samples.values():
        if sample.bin not in known_bins:
            raise ValueError(f"sample {sample.number} is in bin {sample.bin}, which {BINS} does not have")
        if not all(0 <= label < n_labels for label in (sample.target, *sample.labels)):
            raise ValueError(f"sample {sample.number} has a label outside 0 to {n_labels - 1}")
    if not all(0 <= label < n_labels for cluster in campaign.clusters for label in cluster):
        raise ValueError(f"{CLUSTERS} has a label outside 0 to {n_labels - 1}")


def _records(campaign: Campaign, name: str, notes: list[str], damage: Damage | None) -> dict[int, Record]:
    """The records of one model, by sample; none where it has not been attacked yet."""
    path = record_file(campaign.folder, RECORDS, name)
    if not path.exists():
        notes.append(f"Model {name} has no records yet.")
        return {}
    lines, cut_off = _lines(path, _record, True, damage)
    if cut_off:
        notes.append(f"The last line of {RECORDS}/{path.name} was cut off in writing and is left out.")
    records: dict[int, Record] = {}
    for number, record in lines:
        if problem := _unfit(campaign, record):
            if damage is None:
                raise ValueError(f"{RECORDS}/{path.name}{problem}")
            damage.setdefault(path, set()).add(number)
            continue
        if record.sample in records:
            notes.append(f"Sample {record.sample} is twice in {RECORDS}/{path.name}; the later record counts.")
        records[record.sample] = record
    return dict(sorted(records.items()))  # workers leave them in any order


def _unfit(campaign: Campaign, record: Record) -> str:
    """What keeps a record from belonging to the campaign; empty where nothing does."""
    if record.sample not in campaign.samples:
        return f" has sample {record.sample}, which {SAMPLES} does not have"
    predictions = [prediction for prediction in (record.before, record.after) if prediction is not None]
    if not all(0 <= label < len(campaign.label_names) for prediction in predictions for label in prediction.top_k):
        return f": sample {record.sample} has a label that {LABELS} does not have"
    return ""


def _transfer(campaign: Campaign, facts: dict[str, Any], notes: list[str], damage: Damage | None) -> Transfer:
    """What came of the adversarial texts on one other model."""
    name = facts["name"]
    path = record_file(campaign.folder, TRIALS, name)
    lines: list[tuple[int, Trial]] = []
    if path.exists():
        lines, cut_off = _lines(path, _trial, True, damage)
        if cut_off:
            notes.append(f"The last line of {TRIALS}/{path.name} was cut off in writing and is left out.")
    possible = {(model.name, record.sample) for model, record in campaign.found_for(facts)}
    trials = {}
    for number, trial in lines:
        if (trial.source, trial.sample) in possible:
            trials[trial.source, trial.sample] = trial
        elif damage is None:
            raise ValueError(
                f"{TRIALS}/{path.name} has sample {trial.sample} of {trial.source!r}, which is no success in {RECORDS}"
            )
        else:
            damage.setdefault(path, set()).add(number)
    if missing := len(possible) - len(trials):
        notes.append(f"{missing:,} of {len(possible):,} adversarial texts are not tried on {name} yet.")
    return Transfer(name, facts, trials)


def _json(path: Path) -> Any:
    if not path.is_file():
        raise DataError(f"{path} is missing", "copy the campaign's folder again, whole")
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path} is not JSON ({error})", "copy the campaign's folder again") from error


def _lines(
    path: Path, read: Callable[[Any], _Read], may_be_cut_off: bool = False, damage: Damage | None = None
) -> tuple[list[tuple[int, _Read]], bool]:
    """The lines of a JSON Lines file by number, read; and whether the last line was cut off and left out."""
    if not path.is_file():
        raise DataError(f"{path} is missing", "copy the campaign's folder again, whole")
    values: list[tuple[int, _Read]] = []
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):  # a line at a time: a large campaign has gigabytes
            if not line.strip():
                continue
            cause: Exception
            try:
                value = json.loads(line)
            except (ValueError, RecursionError) as error:  # the first also of bytes that are not UTF-8
                # Only a line without its end can have been cut off.
                if may_be_cut_off and not line.endswith(b"\n"):
                    return values, True
                problem, cause = f"is not JSON ({error})", error
            else:
                try:
                    values.append((number, read(value)))
                    continue
                except _UNFIT as error:
                    detail = f"no {error}" if isinstance(error, KeyError) else str(error)
                    problem, cause = f"is no {read.__name__[1:]} ({detail})", error
            if damage is None:
                raise DataError(f"{path}, line {number} {problem}", _REPAIR.format(_folder_of(path))) from cause
            damage.setdefault(path, set()).add(number)
    return values, False


def _folder_of(path: Path) -> Path:
    return path.parent.parent if path.parent.name in (RECORDS, TRIALS) else path.parent


@contextmanager
def _about(folder: Path) -> Iterator[None]:
    try:
        yield
    except DataError:
        raise
    except _UNFIT as error:
        problem = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise DataError(f"{folder} cannot be read: {problem}", _REPAIR.format(folder)) from error


def _sample(row: Any) -> Sample:
    labels = tuple(map(int, row["labels"]))
    return Sample(
        int(row["sample"]), str(row["text_id"]), str(row["text"]), labels, int(row["target"]), int(row["bin"])
    )


def _bin(row: Any) -> Bin:
    return Bin(*(int(row[key]) for key in ("bin", "from", "to", "labels", "right", "drawn")))


def _record(row: Any) -> Record:
    outcome = str(row["outcome"])
    if outcome not in OUTCOMES:
        raise ValueError(f"outcome {outcome!r}")
    before, after = _prediction(row["before"]), _prediction(row["after"])
    if outcome not in (SKIPPED, ERROR) and (before is None or after is None):
        raise ValueError(f"{outcome}, but nothing before or after the attack")
    words, changed = int(_within("words", row["words"])), len(row["changes"] or ())
    if changed > words:
        raise ValueError(f"words={words}, and {changed} of them changed")
    for name, (least, most) in _SIMILARITY_RANGES.items():
        if row["similarity"] and row["similarity"].get(name) is not None:
            _within(name, row["similarity"][name], least - 1e-3, most + 1e-3)  # computed in float32
    return Record(
        sample=int(row["sample"]),
        outcome=sys.intern(outcome),
        reason=None if row["reason"] is None else sys.intern(str(row["reason"])),
        before=before,
        after=after,
        words=words,
        changed=changed,
        change_rate=_within("change_rate", row["change_rate"] or 0, most=1),
        adversarial=row["adversarial"],
        similarity=row["similarity"],
        queries=int(_within("queries", row["queries"])),
        seconds=_within("seconds", row["seconds"], most=sys.float_info.max),
        preservation=_preservation(row.get("preservation")),
    )


def _within(name: str, value: Any, least: float = 0, most: float = float("inf")) -> float:
    """A number that an attack can have had."""
    number = float(value)
    if not least <= number <= most:
        raise ValueError(f"{name}={value!r}, expected {least:g} to {most:g}")
    return number


def _preservation(row: Any) -> dict[str, Any] | None:
    """What was kept of the label, once it is clear that each change says what counts ask."""
    if row is None:
        return None
    for change in row["changes"]:
        if not {change["evidence"], change["sense"]} <= {True, False, None}:
            raise ValueError(f"the change {change!r}")
    return dict(row)


def _prediction(row: Any) -> Prediction | None:
    if row is None:
        return None
    rank = None if row.get("rank") is None else int(_within("rank", row["rank"], 1))
    beyond = None if row.get("beyond") is None else int(_within("beyond", row["beyond"]))
    score = _within("score", row["score"], -sys.float_info.max, sys.float_info.max)
    return Prediction(rank, beyond, score, tuple(map(int, row["top_k"])))


def _trial(row: Any) -> Trial:
    outcome, control = str(row["outcome"]), row["control"]
    if outcome not in OUTCOMES:
        raise ValueError(f"outcome {outcome!r}")
    return Trial(
        source=str(row["source"]),
        sample=int(row["sample"]),
        outcome=outcome,
        control=None if control is None else bool(control["reached"]),
    )
