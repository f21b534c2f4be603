"""Code that a campaign runs: only what a command line has named, since a campaign's folder may come from elsewhere.

A campaign's folder names its models, and a model may be a Python file. Whoever resumes a folder of somebody else must
not run that file unawares. So the files that a command line names are written down in the user's own cache folder, with
the folder of the campaign and a digest of each file. `--resume` alone runs what is written down there and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from textattack_xmtc.cache import cache_folder
from textattack_xmtc.errors import DataError, InputError
from textattack_xmtc.hubs import DEFAULT_SBERT, DEFAULT_USE
from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.workdir.files import write_json
from textattack_xmtc.wrappers.naming import HUB_PREFIX
from textattack_xmtc.wrappers.victim_files import is_victim_file, split_name

_FOLDER = "named-code"
_LONGEST = 255  # bytes of a file's name
_MOST = 1_000  # campaigns that are remembered
_RUNS_CODE = ("use:", "sbert:")  # encoders from a folder or hub: what they load may bring code of its own
_DEFAULTS = (f"use:{DEFAULT_USE}", f"sbert:{DEFAULT_SBERT}")


def check_named(out: Path, code: Iterable[str], campaign: Mapping[str, Any]) -> None:
    """Refuse to run code that no command line has named for this campaign.

    Raises:
        InputError: there is such code; the message has the command that names it.
    """
    code, known = list(code), _remembered(out)
    for source in code:
        if known.get(_place(source)) != _digest(source):
            changed = _place(source) in known
            raise InputError(
                f"the campaign in {str(out)!r} runs {source!r}, "
                + (
                    "which has changed since a command line named it" if changed else "and no command line has named it"
                ),
                f"look at it, and name it if you trust it: {_command(out, code, campaign)}",
            )


def code_to_run(campaign: Campaign) -> list[str]:
    """What is left to do of a campaign runs this code: Python files, and encoders that may bring code.

    Raises:
        DataError: what is named as a model can be none.
    """
    todo = [model for model in campaign.models if len(model.records) < len(campaign.samples)]
    sources = [_source_of(model.facts) for model in todo]
    for transfer in campaign.transfers:
        if todo or len(transfer.trials) < len(campaign.to_transfer(transfer.facts)):
            sources.append(_source_of(transfer.facts))
    return code_among([*sources, *([str(campaign.resolved["encoder"])] if todo else [])])


def _source_of(facts: Mapping[str, Any]) -> str:
    """What a campaign's folder names as a model.

    Raises:
        DataError: it can be none.
    """
    source = facts.get("folder")
    try:
        short = isinstance(source, str) and all(len(os.fsencode(part)) <= _LONGEST for part in Path(source).parts)
        if isinstance(source, str) and short and "\0" not in source:
            return source
    except UnicodeEncodeError:
        pass
    raise DataError(
        f"{source!r:.80} is not the name of a model", "do not use this folder if it comes from somebody else"
    )


def code_among(sources: Iterable[str]) -> list[str]:
    """Which of these models and encoders may run code of their own, each once.

    Example:
        >>> code_among(["runs/plain", "victims/tagger.py", "embedded", "sbert:my/encoder"])
        ['victims/tagger.py', 'sbert:my/encoder']
    """
    return [source for source in dict.fromkeys(sources) if _is_code(source)]


def remember(out: Path, sources: Iterable[str]) -> None:
    """Write down that a command line has named this code for a campaign; where that fails, it must name it again."""
    named = {_place(source): _digest(source) for source in code_among(sources)}
    if not named:
        return
    file = _file(out)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        kept = sorted(file.parent.glob("*.json"), key=lambda path: path.stat().st_mtime)
        for old in kept[: max(0, len(kept) - _MOST)]:
            old.unlink(missing_ok=True)
        write_json(file, {"campaign": str(out.resolve()), "code": {**_remembered(out), **named}})
    except OSError:  # a cache that cannot be written
        pass
    _named_here.setdefault(str(out.resolve()), {}).update(named)


_named_here: dict[str, dict[str, str]] = {}
"""The same for this process, whose cache may be read-only."""


def _remembered(out: Path) -> dict[str, str]:
    here = _named_here.get(str(out.resolve()), {})
    try:
        kept = json.loads(_file(out).read_text(encoding="utf-8"))
        if kept["campaign"] == str(out.resolve()):
            return {**{str(place): str(digest) for place, digest in kept["code"].items()}, **here}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    return dict(here)


def _file(out: Path) -> Path:
    return cache_folder() / _FOLDER / f"{hashlib.sha256(str(out.resolve()).encode()).hexdigest()[:32]}.json"


def _is_code(source: str) -> bool:
    # What a hub has under a name may be exchanged there, and asking for it tells the hub of it.
    return (
        is_victim_file(source)
        or source.startswith(HUB_PREFIX)
        or (source.startswith(_RUNS_CODE) and source not in _DEFAULTS)
    )


def _place(source: str) -> str:
    return source if source.startswith((*_RUNS_CODE, HUB_PREFIX)) else str(Path(source).resolve())


def _digest(source: str) -> str:
    path, _ = split_name(source)
    return hashlib.sha256(path.read_bytes()).hexdigest() if is_victim_file(source) and path.is_file() else ""


def _command(out: Path, code: Iterable[str], campaign: Mapping[str, Any]) -> str:
    words = ["textattack-xmtc", "campaign", "--out", str(out), "--resume"]
    models = [str(model["folder"]) for model in campaign["models"]]
    encoder = str(campaign["resolved"].get("encoder"))
    code = set(code)
    if code & set(models):
        words += [word for model in models for word in ("--model", model)]
    if encoder in code:
        words += ["--encoder", encoder]
    if others := sorted(code - {*models, encoder}):
        words += ["--transfer-to", *others]
    return shlex.join(words)
