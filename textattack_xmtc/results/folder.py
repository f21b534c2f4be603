"""Reads a campaign folder, finished or not, and says what in it cannot be."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from textattack_xmtc.errors import DataError
from textattack_xmtc.goal import GOALS
from textattack_xmtc.results.campaign import Campaign, LabelDraw
from textattack_xmtc.results.lines import Lines, frame_of
from textattack_xmtc.results.records import (
    SIMILARITIES,
    Model,
    Record,
    Sample,
    Transfer,
    Trial,
    bin_of,
    record_of,
    sample_of,
    trial_of,
)
from textattack_xmtc.results.summary import row_of, row_types
from textattack_xmtc.workdir.names import distinct, inside
from textattack_xmtc.workdir.provenance import changed_versions

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

FORMAT = 1
CAMPAIGN, LABELS, BINS, CLUSTERS = "campaign.json", "labels.json", "bins.json", "clusters.json"
SAMPLES, RECORDS = "samples.jsonl", "records"
TRANSFERS, TRIALS = "transfer.json", "transfer"
RESUMED = "resumed_with"
"""The key of the versions that a campaign was resumed with."""
RESUMED_BEFORE = "went_on_with"
"""The same in campaigns of 0.1.0."""

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
        damage: where given, damaged lines of records are left out and listed here, and so are the transfers of the
            adversarial texts that were in them.

    Raises:
        DataError: the folder or one of its files is missing, damaged or of another format; records do not belong to
            the samples.
    """
    folder = Path(folder)
    facts = read_facts(folder)
    with _about(folder):
        campaign = read_drawn(folder)
        notes: list[str] = []
        distinct([model["name"] for model in facts["models"]], folder)
        models = tuple(_model(campaign, model, notes, damage) for model in facts["models"])
        if campaign.reference not in {model.name for model in models}:
            raise ValueError(f"the reference model {campaign.reference!r} is none of its models")
        for versions in facts.get(RESUMED) or facts.get(RESUMED_BEFORE) or ():
            notes.append(
                f"The campaign was resumed with other versions: {changed_versions(campaign.versions, versions)}."
            )
        campaign = replace(campaign, models=models)
        transfers = tuple(_transfer(campaign, facts, notes, damage) for facts in read_transfers(folder))
    return replace(campaign, transfers=transfers, notes=tuple(dict.fromkeys(notes)))


def read_facts(folder: Path) -> dict[str, Any]:
    """What `campaign.json` says.

    Raises:
        DataError: it is missing, damaged or of another format.
    """
    if not (folder / CAMPAIGN).is_file():
        raise DataError(
            f"{folder} is not the folder of a campaign: it has no {CAMPAIGN}",
            "give the folder that `textattack-xmtc campaign --out` wrote",
        )
    facts = _json(folder / CAMPAIGN)
    version = facts.get("format") if isinstance(facts, dict) else None
    if version != FORMAT:
        raise DataError(
            f"{folder / CAMPAIGN} has format {version!r}, and this version reads format {FORMAT}",
            "use the version that ran the campaign",
        )
    return dict(facts)


def read_drawn(folder: Path) -> Campaign:
    """A campaign without its models: what was chosen and drawn.

    Raises:
        DataError: a file is missing or damaged, or they do not belong together.
    """
    facts, labels, bins = read_facts(folder), _json(folder / LABELS), _json(folder / BINS)
    clusters = _json(folder / CLUSTERS) if (folder / CLUSTERS).exists() else []
    with _about(folder):
        samples = _samples(folder / SAMPLES, len(labels["names"]), {part["bin"] for part in bins})
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
            bins=tuple(sorted(map(bin_of, bins), key=lambda part: part.number)),
            clusters=tuple(tuple(map(int, cluster["labels"])) for cluster in clusters),
            samples=Lines(folder / SAMPLES, sample_of, samples["offset"]),
            drawn=samples,
            notes=(),
            precision=dict(facts.get("precision", {})),
        )
        if "asked" in labels:
            parts = (np.array(labels[key], dtype=np.int64) for key in ("asked", "in_test", "right"))
            campaign = replace(campaign, label_draw=LabelDraw(*parts))
        _check(campaign)
    return campaign


def read_samples_file(file: Path) -> Iterator[Sample]:
    """The samples of a `samples.jsonl`, in its order.

    Raises:
        DataError: it is missing, or a line of it is no sample.
        OSError: it cannot be read.
    """
    return (sample for _, sample in _lines(file, sample_of, "sample"))


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
    listed = _json(path)
    if not isinstance(listed, list) or not all(
        isinstance(facts, dict) and {"name", "folder", "fingerprint"} <= facts.keys() for facts in listed
    ):
        raise DataError(f"{path} is no list of models", "remove it, and name the models again with --transfer-to")
    return listed


def _check(campaign: Campaign) -> None:
    """Refuse what the rest of the report stands on and would fail on later, far from its cause."""
    if campaign.goal not in GOALS:
        raise ValueError(f"the goal {campaign.goal!r} is unknown: choose {', '.join(GOALS)}")
    if campaign.similarity_kind not in SIMILARITIES:
        raise ValueError(f"the similarity {campaign.similarity_kind!r} is none of {', '.join(SIMILARITIES)}")
    _ = campaign.k, campaign.max_change_rate, campaign.threshold, campaign.corpus["name"]
    if not campaign.bins or not campaign.samples:
        raise ValueError(f"{BINS} has {len(campaign.bins)} bins and {SAMPLES} {len(campaign.samples)} samples")
    n_labels = len(campaign.label_names)
    if len(campaign.label_counts) != n_labels:
        raise ValueError(f"{LABELS} has {n_labels} names and {len(campaign.label_counts)} counts")
    if (draw := campaign.label_draw) is not None:
        for counts in (draw.in_test, draw.right):
            if len(counts) != n_labels:
                raise ValueError(f"{LABELS} has {n_labels} names and {len(counts)} counts of test texts")
        if not all(0 <= label < n_labels for label in draw.asked.tolist()):
            raise ValueError(f"{LABELS} asks for a label outside 0 to {n_labels - 1}")
    if not all(0 <= label < n_labels for cluster in campaign.clusters for label in cluster):
        raise ValueError(f"{CLUSTERS} has a label outside 0 to {n_labels - 1}")


def _samples(file: Path, n_labels: int, bins: Collection[int]) -> pd.DataFrame:
    """Where each sample stands, with its bin, its target and a number for its text."""
    texts: dict[str, int] = {}

    def read(row: Any) -> Sample:
        sample = sample_of(row)
        if sample.bin not in bins:
            raise ValueError(f"sample {sample.number} is in bin {sample.bin}, which {BINS} does not have")
        if not all(0 <= label < n_labels for label in (sample.target, *sample.labels)):
            raise ValueError(f"sample {sample.number} has a label outside 0 to {n_labels - 1}")
        return sample

    rows = (
        (one.number, offset, one.bin, one.target, texts.setdefault(one.text_id, len(texts)))
        for offset, one in _lines(file, read, "sample")
    )
    frame = frame_of(rows, dict.fromkeys(("sample", "offset", "bin", "target", "text"), "int64"))
    return frame[~frame.index.duplicated(keep="last")]


def _model(campaign: Campaign, facts: Mapping[str, Any], notes: list[str], damage: Damage | None) -> Model:
    """A model with its records, by sample; none where it has not been attacked yet."""
    path, limits = record_file(campaign.folder, RECORDS, facts["name"]), campaign.limits
    if not path.exists():
        notes.append(f"Model {facts['name']} has no records yet.")

    def read(row: Any) -> Record:
        record = record_of(row)
        if record.sample not in campaign.drawn.index:
            raise ValueError(f"sample {record.sample}, which {SAMPLES} does not have")
        labels = [label for one in (record.before, record.after) if one is not None for label in one.top_k]
        if not all(0 <= label < len(campaign.label_names) for label in labels):
            raise ValueError(f"sample {record.sample} has a label that {LABELS} does not have")
        return record

    lines = _lines(path, read, "record", notes, damage) if path.exists() else ()
    rows = frame_of((row_of(record, offset, limits) for offset, record in lines), row_types())
    for number in rows.index[rows.index.duplicated()]:
        notes.append(f"Sample {number} is twice in {RECORDS}/{path.name}; the later record counts.")
    rows = rows[~rows.index.duplicated(keep="last")].sort_index()  # workers leave them in any order
    rows = rows.join(campaign.drawn[["bin", "target", "text"]])
    return Model(facts["name"], facts, Lines(path, record_of, rows["offset"]), rows)


def _transfer(campaign: Campaign, facts: dict[str, Any], notes: list[str], damage: Damage | None) -> Transfer:
    """What came of the adversarial texts on one other model."""
    name = facts["name"]
    path = record_file(campaign.folder, TRIALS, name)
    possible = {(model.name, number) for model, number in campaign.to_transfer(facts)}

    def read(row: Any) -> Trial:
        trial = trial_of(row)
        if (trial.source, trial.sample) not in possible:
            raise ValueError(f"sample {trial.sample} of {trial.source!r} is no success in {RECORDS}")
        return trial

    lines = _lines(path, read, "trial", notes, damage) if path.exists() else ()
    trials = {(trial.source, trial.sample): trial for _, trial in lines}
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
    path: Path,
    read: Callable[[Any], _Read],
    what: str,
    notes: list[str] | None = None,
    damage: Damage | None = None,
) -> Iterator[tuple[int, _Read]]:
    """What is read from each line of a JSON Lines file, with the byte where the line begins.

    With `notes`, a last line that was cut off in writing is left out and noted.
    """
    if not path.is_file():
        raise DataError(f"{path} is missing", "copy the campaign's folder again, whole")
    end = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):  # a line at a time: a large campaign has gigabytes
            start, end = end, end + len(line)
            if not line.strip():
                continue
            cause: Exception
            try:
                value = json.loads(line)
            except (ValueError, RecursionError) as error:  # the first also of bytes that are not UTF-8
                # Only a line without its end can have been cut off.
                if notes is not None and not line.endswith(b"\n"):
                    where = f"{path.parent.name}/{path.name}"
                    notes.append(f"The last line of {where} was cut off in writing and is left out.")
                    return
                problem, cause = f"is not JSON ({error})", error
            else:
                try:
                    parsed = read(value)
                except _UNFIT as error:
                    detail = f"no {error}" if isinstance(error, KeyError) else str(error)
                    problem, cause = f"is no {what} ({detail})", error
                else:
                    yield start, parsed
                    continue
            if damage is None:
                raise DataError(f"{path}, line {number} {problem}", _REPAIR.format(_folder_of(path))) from cause
            damage.setdefault(path, set()).add(number)


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
