"""The folder of a campaign: written once when it starts, and resumed with the same configuration only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from textattack_xmtc.campaign.plan import Plan
from textattack_xmtc.campaign.samples import Drawn
from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.datasets.statistics import corpus_statistics
from textattack_xmtc.errors import DataError, InputError
from textattack_xmtc.goal import NEGATIVE
from textattack_xmtc.results import folder as results_folder
from textattack_xmtc.results.folder import (
    BINS,
    CAMPAIGN,
    CLUSTERS,
    FORMAT,
    LABELS,
    RECORDS,
    RESUMED,
    RESUMED_BEFORE,
    SAMPLES,
    TRIALS,
    read_transfers,
    record_file,
)
from textattack_xmtc.results.records import ERROR
from textattack_xmtc.workdir.files import repair, write_json, write_lines, writing
from textattack_xmtc.workdir.lock import LOCK
from textattack_xmtc.workdir.names import distinct
from textattack_xmtc.workdir.provenance import changed_versions, versions
from textattack_xmtc.workdir.resume import check_config
from textattack_xmtc.wrappers.naming import fingerprint_of

_DRAWN = (LABELS, BINS, CLUSTERS, SAMPLES)

JSON = dict[str, Any]


def exists(out: Path, resume: bool) -> bool:
    """Whether the folder holds a campaign to resume; where not, a new one may start in it.

    Raises:
        InputError: a campaign is there and `resume` is not given, or something else is there.
    """
    if (out / CAMPAIGN).exists():
        if resume:
            return True
        raise InputError(
            f"there is a campaign in {str(out)!r} already",
            "resume it (--resume), or choose another folder with --out",
        )
    # What a run that was killed before its first attack has left is written anew.
    others = [
        entry.name
        for entry in sorted(out.iterdir())
        if entry.name != LOCK and entry.name.removeprefix(".").removesuffix(".new") not in (*_DRAWN, CAMPAIGN)
    ]
    if others:
        raise InputError(
            f"{str(out)!r} has {others[0]!r} in it, and no {CAMPAIGN}", "choose an empty or a new folder with --out"
        )
    return False


def write_campaign(
    out: Path,
    plan: Plan,
    corpus: Corpus,
    drawn: Drawn,
    models: list[JSON],
    resolved: JSON,
    precision: JSON,
    right: np.ndarray,
) -> None:
    """Write down everything that shapes the results; `campaign.json` comes last and says that the rest is there.

    Args:
        precision: P@1 to P@k of each model, by its name.
        right: on how many test texts the reference model gets each label right, shape `(labels,)`.

    Raises:
        XMTCError: it cannot be written.
    """
    facts = {
        "format": FORMAT,
        "settings": plan.settings(),
        "resolved": resolved,
        "versions": versions(),
        "corpus": {
            "name": corpus.name,
            "fingerprint": corpus.fingerprint,
            "statistics": asdict(corpus_statistics(corpus)),
        },
        "models": models,
        "precision": precision,
        "reference": next(model["name"] for model in models if model["folder"] == plan.reference_model),
    }
    counts = corpus.label_counts.tolist()
    samples = [_renamed(asdict(sample), number="sample") for sample in drawn.samples]
    bins = [_renamed(asdict(part), number="bin", lowest="from", highest="to") for part in drawn.bins]
    fix = "make room there, or choose another folder with --out"
    with writing(f"the campaign in {str(out)!r}", fix):
        names = list(corpus.label_names)
        labels: JSON = {"names": names, "counts": counts, "n_train": len(corpus.split("train"))}
        if drawn.asked is not None:
            in_test = np.bincount(corpus.label_matrix("test").indices, minlength=len(names))
            labels |= {"asked": drawn.asked, "in_test": in_test.tolist(), "right": right.tolist()}
        write_json(out / LABELS, labels)
        write_json(out / BINS, bins)
        (out / CLUSTERS).unlink(missing_ok=True)
        if plan.goal == NEGATIVE:
            write_json(out / CLUSTERS, [{"labels": labels} for labels in drawn.clusters])
        write_lines(out / SAMPLES, samples)
        write_json(out / CAMPAIGN, facts)


def resume_plan(out: Path, options: Mapping[str, Any]) -> tuple[Plan, list[str]]:
    """The plan of the campaign in a folder, and what its user must know before it resumes.

    Names in the folder are checked first. Then a last line of records that was cut off is removed. Options that are
    given again must be what they were.

    Raises:
        DataError: `campaign.json` cannot be read, or a name leads out of the folder.
        InputError: an option differs.
    """
    facts = read_facts(out)
    files = record_files(out, facts)
    settings = facts["settings"]
    check_config(
        f"the campaign in {str(out)!r}",
        settings,
        {name: _as_before(value, settings.get(name)) for name, value in options.items()},
        "repeat the options that it started with (or none: they are kept), or choose another folder with --out",
    )
    plan, notes = Plan.of(settings), []
    for file in files:
        cut = repair(file)
        if cut is not None:
            notes.append(f"the last line of {file} was cut off after {len(cut):,} characters: that sample runs again")
    now = versions()
    if changed := changed_versions(facts["versions"], now):
        notes.append(f"the records so far were made with other versions ({changed}); that is noted in {CAMPAIGN}")
        earlier = facts.get(RESUMED) or facts.get(RESUMED_BEFORE) or []
        kept = {key: value for key, value in facts.items() if key != RESUMED_BEFORE}
        if now not in earlier:
            write_json(out / CAMPAIGN, {**kept, RESUMED: [*earlier, now]})
    return plan, notes


def record_files(out: Path, facts: Mapping[str, Any]) -> list[Path]:
    """The files of records that a campaign's folder names, those of transfers too, whether they exist or not.

    Raises:
        DataError: the list of transfers is damaged, a name leads out of the folder, or two names can be one file.
    """
    files = []
    for folder, models in ((RECORDS, facts["models"]), (TRIALS, read_transfers(out))):
        files += [record_file(out, folder, model["name"]) for model in models]
        distinct([model["name"] for model in models], out / folder)
    return files


def _as_before(value: Any, before: Any) -> Any:
    """An option as the campaign has it, where it names the same models by other paths."""
    if isinstance(value, (list, tuple)) and isinstance(before, list) and len(value) == len(before):
        pairs = [(Path(one), Path(other)) for one, other in zip(value, before, strict=True)]
        same = all(one == other or (one.exists() and one.resolve() == other.resolve()) for one, other in pairs)
        return before if same else list(value)
    return value


def forget_errors(out: Path) -> int:
    """Remove the records that are errors, so that their samples are attacked again.

    Returns:
        How many there were.

    Raises:
        DataError: a line of records cannot be read.
        XMTCError: they cannot be written; what was there before is.
    """
    n_errors = 0
    for file in record_files(out, read_facts(out)):
        if not file.exists():
            continue
        try:
            records = [json.loads(line) for line in file.read_bytes().split(b"\n") if line.strip()]
            kept = [record for record in records if record["outcome"] != ERROR]
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{file} has a line that is not a record ({error})", "remove the line") from error
        if len(kept) < len(records):
            with writing(file):
                write_lines(file, kept)
        n_errors += len(records) - len(kept)
    return n_errors


def check_files(model: Mapping[str, Any]) -> None:
    """Refuse a model, or masked LM, whose files are no longer those that the campaign started with.

    Args:
        model: its `folder` (or Python file) and `fingerprint`, as `campaign.json` has them.

    Raises:
        InputError: they differ, or are gone.
    """
    source = str(model["folder"])
    current = fingerprint_of(source)
    if current != model["fingerprint"]:
        raise InputError(
            f"{source!r} is {f'another model ({current})' if current else 'gone'}; "
            f"the campaign started with one of the fingerprint {model['fingerprint']}",
            "put the same files back (from the same working folder), or choose another folder with --out",
        )


def read_facts(out: Path) -> JSON:
    """What `campaign.json` says, where the campaign can be resumed by it.

    Raises:
        DataError: it is damaged, or of another format.
    """
    try:
        facts = results_folder.read_facts(out)
        if missing := {"settings", "resolved", "versions", "models", "reference"} - facts.keys():
            raise KeyError(min(missing))
        _ = [model["name"] for model in facts["models"]], dict(facts["settings"]), dict(facts["versions"])
    except (DataError, ValueError, KeyError, TypeError) as error:
        problem = (
            error.problem if isinstance(error, DataError) else f"{out / CAMPAIGN}: {type(error).__name__}: {error}"
        )
        raise DataError(f"{problem}: it cannot be resumed", "start again in another folder with --out") from error
    return facts


def _renamed(fields: JSON, **names: str) -> JSON:
    return {names.get(name, name): value for name, value in fields.items()}
