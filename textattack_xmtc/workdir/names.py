"""Names inside a folder: the one place that decides which file a name means, and that it lies in the folder."""

from __future__ import annotations

import os
import re
from pathlib import Path

from textattack_xmtc.errors import DataError

_LONGEST = 240
"""Bytes of a name: most file systems allow 255, and files written beside it have longer names."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DEVICES = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE | re.DOTALL)
_UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')


def inside(folder: Path | str, *names: str) -> Path:
    """The path of a file, or folder, below a folder that may come from elsewhere.

    Each name must be one plain file name, on every system: no separator of POSIX or Windows, no `..`, no control
    character, no name of a Windows device. What is there already must lie in the folder too: a symbolic link out of
    it is refused, and so is a device or a pipe.

    Args:
        folder: the folder that the user named. It may itself be a symbolic link.
        names: a file name, or the names of subfolders and a file name.

    Returns:
        The path; nothing needs to be there yet.

    Raises:
        DataError: a name that is not plain, or a path that leaves the folder.

    Example:
        >>> inside("runs/fragile", "records", "plain.jsonl").as_posix()
        'runs/fragile/records/plain.jsonl'
        >>> inside("runs/fragile", "records", "../../precious.jsonl")
        Traceback (most recent call last):
        textattack_xmtc.errors.DataError: '../../precious.jsonl' is not the name of a file in 'runs/fragile'; ...
    """
    path = Path(folder)
    root = path.resolve()
    for name in names:
        if problem := _problem(name):
            raise DataError(
                f"{name!r} is not the name of a file in {str(folder)!r}",
                f"{problem}: do not use this folder if it comes from somebody else",
            )
        path = path / name
        if path.is_symlink() and not _leads_into(path, root):
            raise DataError(
                f"{str(path)!r} is a symbolic link out of {str(folder)!r}",
                "remove the link, and put the file itself into the folder",
            )
        if path.exists() and not path.is_file() and not path.is_dir():
            raise DataError(f"{str(path)!r} is neither a file nor a folder", "remove it")
    return path


def distinct(names: list[str], folder: Path | str) -> None:
    """Refuse names of which two would be the same file where capitals do not count (Windows, macOS).

    Raises:
        DataError: two of them are.
    """
    seen: dict[str, str] = {}
    for name in names:
        if name.casefold() in seen:
            raise DataError(
                f"{name!r} and {seen[name.casefold()]!r} in {str(folder)!r} can be one file",
                "do not use this folder if it comes from somebody else",
            )
        seen[name.casefold()] = name


def plain_name(name: str) -> str:
    """A name that `inside` takes, as near to `name` as possible; room for a number and an ending is left.

    Example:
        >>> plain_name("runs/plain"), plain_name("nul"), plain_name("..")
        ('runs-plain', 'nul-', 'model')
    """
    name = _UNSAFE.sub("-", os.fsencode(name).decode("utf-8", "replace"))
    while len(name.encode()) > _LONGEST - 40:
        name = name[:-1]
    name = name.rstrip(". ")
    return f"{name}-" if _DEVICES.fullmatch(name) else name or "model"


def _leads_into(link: Path, root: Path) -> bool:
    try:
        return link.resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # links in a circle
        return False


def _problem(name: object) -> str:
    """What keeps a name from being a plain file name; empty where nothing does."""
    if not isinstance(name, str) or not name or name in (".", ".."):
        return "a name must be a string of characters"
    if "/" in name or "\\" in name or (os.name == "nt" and ":" in name):
        return "a name must not hold a separator of folders"
    if _CONTROL.search(name):
        return "a name must not hold control characters"
    if _DEVICES.fullmatch(name):
        return "Windows has a device of this name"
    try:
        long = len(os.fsencode(name)) > _LONGEST
    except UnicodeEncodeError:
        return "a name must be valid Unicode"
    return f"a name must have at most {_LONGEST} bytes" if long else ""
