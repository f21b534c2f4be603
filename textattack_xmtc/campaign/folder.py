"""The folder of a campaign: held by one run at a time, begun once, and gone on with only by the same campaign."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import filelock
import torch

from textattack_xmtc._version import __version__
from textattack_xmtc.campaign.plan import Plan
from textattack_xmtc.campaign.samples import Drawn
from textattack_xmtc.campaign.victims import fingerprint
from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.datasets.statistics import corpus_statistics
from textattack_xmtc.errors import DataError, InputError, XMTCError
from textattack_xmtc.results.folder import BINS, CAMPAIGN, CLUSTERS, FORMAT, LABELS, RECORDS, SAMPLES, TRIALS
from textattack_xmtc.results.records import ERROR, NEGATIVE
from textattack_xmtc.workdir.files import repair, write_json, write_lines

_LOCK = ".lock"
_DRAWN = (LABELS, BINS, CLUSTERS, SAMPLES)

JSON = dict[str, Any]


@contextmanager
def held(out: Path) -> Iterator[None]:
    """Keep other campaigns out of a folder, which is made where it is missing.

    Raises:
        InputError: another process holds it.
        XMTCError: it cannot be made or written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(out / _LOCK)
        lock.acquire(timeout=0)
    except filelock.Timeout:
        raise InputError(
            f"another campaign is running in {str(out)!r}", "wait for it, or choose another folder with --out"
        ) from None
    except OSError as error:
        raise XMTCError(
            f"the folder {str(out)!r} cannot be written ({error.strerror or error})", "choose another with --out"
        ) from error
    try:
        yield
    finally:
        lock.release()


def begun(out: Path, resume: bool) -> bool:
    """Whether the folder holds a campaign that is to be gone on with; a new one may begin in it where not.

    Raises:
        InputError: a campaign is there and `resume` was not said, or something else is there.
    """
    if (out / CAMPAIGN).exists():
        if resume:
            return True
        raise InputError(
            f"there is a campaign in {str(out)!r} already",
            "go on with it (--resume), or choose another folder with --out",
        )
    # What a run that was killed before its first attack has left is written anew.
    others = [
        entry.name
        for entry in sorted(out.iterdir())
        if entry.name != _LOCK and entry.name.removeprefix(".").removesuffix(".new") not in (*_DRAWN, CAMPAIGN)
    ]
    if others:
        raise InputError(
            f"{str(out)!r} has {others[0]!r} in it, and no {CAMPAIGN}", "choose an empty or a new folder with --out"
        )
    return False


def begin(out: Path, plan: Plan, corpus: Corpus, drawn: Drawn, models: list[JSON], resolved: JSON) -> None:
    """Write down everything that shapes the results; `campaign.json` comes last and says that the rest is there.

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
        "reference": next(model["name"] for model in models if model["folder"] == plan.reference_model),
    }
    counts = corpus.label_counts.tolist()
    samples = [{"sample": sample.number, **_named(asdict(sample), "number")} for sample in drawn.samples]
    bins = [
        {
            "bin": part.number,
            "from": part.lowest,
            "to": part.highest,
            **_named(asdict(part), "number", "lowest", "highest"),
        }
        for part in drawn.bins
    ]
    try:
        names = list(corpus.label_names)
        write_json(out / LABELS, {"names": names, "counts": counts, "n_train": len(corpus.split("train"))})
        write_json(out / BINS, bins)
        (out / CLUSTERS).unlink(missing_ok=True)
        if plan.goal == NEGATIVE:
            write_json(out / CLUSTERS, [{"labels": labels} for labels in drawn.clusters])
        write_lines(out / SAMPLES, samples)
        write_json(out / CAMPAIGN, facts)
    except OSError as error:
        raise XMTCError(
            f"the campaign could not be written to {str(out)!r} ({error.strerror or error})",
            "make room there, or choose another folder with --out",
        ) from error


def go_on(out: Path, options: Mapping[str, Any]) -> tuple[Plan, list[str]]:
    """The plan of the campaign in a folder, and what has to be said before it goes on.

    A last line of records that was cut off is removed. Options that are given again must be what they were; the
    models' files, too, unless a model has been attacked to its end.

    Raises:
        DataError: `campaign.json` cannot be read.
        InputError: an option is another one now.
    """
    facts = read_facts(out)
    settings = facts["settings"]
    for name, value in options.items():
        before, now = settings.get(name), list(value) if name == "models" else value
        if before != now:
            raise InputError(
                f"the campaign in {str(out)!r} has {name}={before!r}, and {name}={now!r} was asked for",
                "repeat the options that it began with (or none: they are kept), or choose another folder with --out",
            )
    notes = []
    files = [out / RECORDS / f"{model['name']}.jsonl" for model in facts["models"]]
    for file in [*files, *sorted((out / TRIALS).glob("*.jsonl"))]:
        cut = repair(file)
        if cut is not None:
            notes.append(f"the last line of {file} was cut off after {len(cut):,} characters: that sample runs again")
    changed = {name: now for name, now in versions().items() if facts["versions"].get(name) != now}
    if changed:
        listed = ", ".join(f"{name} {facts['versions'].get(name)} -> {now}" for name, now in changed.items())
        notes.append(f"the records so far were made with other versions ({listed}); that is noted in {CAMPAIGN}")
        write_json(out / CAMPAIGN, {**facts, "went_on_with": [*facts.get("went_on_with", []), versions()]})
    return Plan.of(settings), notes


def forget_errors(out: Path) -> int:
    """Remove the records that are errors, so that their samples are attacked again.

    Returns:
        How many there were.

    Raises:
        DataError: a line of records cannot be read.
        XMTCError: they cannot be written; what was there before is.
    """
    found = 0
    for file in [*sorted((out / RECORDS).glob("*.jsonl")), *sorted((out / TRIALS).glob("*.jsonl"))]:
        try:
            records = [json.loads(line) for line in file.read_bytes().split(b"\n") if line.strip()]
            kept = [record for record in records if record["outcome"] != ERROR]
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{file} has a line that is no record ({error})", "mend or remove the line") from error
        try:
            if len(kept) < len(records):
                write_lines(file, kept)
        except OSError as error:
            raise XMTCError(f"{file} could not be written ({error.strerror or error})", "make room there") from error
        found += len(records) - len(kept)
    return found


def check_files(model: Mapping[str, Any]) -> None:
    """Refuse a model, or masked LM, whose files are no longer those that the campaign began with.

    Args:
        model: its `folder` (or Python file) and `fingerprint`, as `campaign.json` has them.

    Raises:
        InputError: they differ, or are gone.
    """
    source = str(model["folder"])
    found = fingerprint(source)
    if found != model["fingerprint"]:
        raise InputError(
            f"{source!r} is {f'another model ({found})' if found else 'gone'}; "
            f"the campaign began with one of the fingerprint {model['fingerprint']}",
            "put the same files back (from the same working folder), or choose another folder with --out",
        )


def read_facts(out: Path) -> JSON:
    """What `campaign.json` says.

    Raises:
        DataError: it is damaged, or of another format.
    """
    file = out / CAMPAIGN
    try:
        facts = json.loads(file.read_text(encoding="utf-8"))
        found = facts["format"]
        if found == FORMAT and {"settings", "resolved", "versions", "models"} <= facts.keys():
            return dict(facts)
        problem = f"it is of format {found!r}, and this version goes on with format {FORMAT}"
    except (OSError, ValueError, RecursionError, KeyError, TypeError) as error:
        problem = f"{type(error).__name__}: {error}"
    raise DataError(f"{file} cannot be gone on with ({problem})", "begin anew in another folder with --out")


def versions() -> dict[str, str]:
    """What the results were computed with."""
    packages = ("textattack", "torch", "transformers", "numpy")
    return {
        "textattack-xmtc": __version__,
        **{package: version(package) for package in packages},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "threads": str(torch.get_num_threads()),
    }


def _named(fields: JSON, *renamed: str) -> JSON:
    return {name: value for name, value in fields.items() if name not in renamed}
