"""Resuming: what a command left unfinished, and whether it has the same configuration now."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from textattack_xmtc.errors import InputError


def check_config(what: str, before: Mapping[str, Any], now: Mapping[str, Any], fix: str) -> None:
    """Refuse to resume with another configuration.

    Args:
        what: what is resumed, for the message: "the campaign in 'runs/fragile'".
        now: the options that are given now; those that are not given stay as they were.
        fix: what the user can do.

    Raises:
        InputError: an option differs; the message names the first one and both values.

    Example:
        >>> check_config("the campaign in 'runs/a'", {"k": 5}, {"k": 3}, "choose another folder with --out")
        Traceback (most recent call last):
        textattack_xmtc.errors.InputError: the campaign in 'runs/a' has k=5, and k=3 was asked for; choose ...
    """
    for name, value in now.items():
        value = list(value) if isinstance(value, tuple) else value
        if before.get(name) != value:
            raise InputError(f"{what} has {name}={before.get(name)!r}, and {name}={value!r} was asked for", fix)


def unfinished_folder(out: Path, what: str, resume: bool) -> Path:
    """The folder beside `out` that keeps the state of a run until `out` is complete: `OUT.unfinished`.

    Args:
        what: what runs ("training"), for the messages.
        resume: whether an unfinished run may be there.

    Raises:
        InputError: `out` exists, or an unfinished run exists and `resume` is not given.
    """
    unfinished = out.with_name(f"{out.name}.unfinished")
    if out.exists():
        raise InputError(f"{str(out)!r} exists", "choose another folder, or remove it first")
    if not resume and unfinished.exists() and any(unfinished.iterdir()):
        raise InputError(
            f"there is an unfinished {what} in {str(unfinished)!r}", "resume it (--resume), or remove that folder"
        )
    return unfinished
