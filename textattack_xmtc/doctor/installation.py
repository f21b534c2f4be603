"""What is installed: this package, what it needs and may use, and how TextAttack's command finds it."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from importlib import metadata, util
from pathlib import Path

from textattack_xmtc._version import __version__
from textattack_xmtc.doctor.check import Check

PACKAGE = "textattack-xmtc"
SWITCH = "TEXTATTACK_XMTC_AUTORUN"
TESTED = ((3, 11),)
"""The versions of Python that the tests are run with."""

_AGAIN = f"pip install --force-reinstall --no-deps {PACKAGE}"


def interpreter() -> Iterator[Check]:
    """Python, and this package's own installation."""
    known = ", ".join(f"{major}.{minor}" for major, minor in TESTED)
    tested = "" if sys.version_info[:2] in TESTED else f" (tests are run with {known})"
    yield Check("package", "Python", f"{platform.python_version()} on {platform.platform(terse=True)}{tested}")
    try:
        installed = metadata.version(PACKAGE)
    except metadata.PackageNotFoundError:
        message = f"{__version__} is imported from {Path(__file__).parents[1]}, and not installed"
        yield Check("package", PACKAGE, message, ok=False, required=True, fix=f"pip install {PACKAGE}")
        return
    yield Check("package", PACKAGE, installed)


def requirements() -> Iterator[Check]:
    """What the package needs: all that is right in one check, and one for each that is not."""
    right = []
    for requirement, problem in _needs(""):
        if problem:
            fix = f"pip install '{requirement.partition(';')[0].strip()}'"
            yield Check("package", _name(requirement), problem, ok=False, required=True, fix=fix)
        else:
            right.append(f"{_name(requirement)} {metadata.version(_name(requirement))}")
    if right:
        yield Check("package", "needs", f"{', '.join(sorted(right))}", required=True)


def extras() -> Iterator[Check]:
    """Each optional part, with what of it is missing."""
    try:
        names = metadata.metadata(PACKAGE).get_all("Provides-Extra") or []
    except metadata.PackageNotFoundError:
        return
    for name in sorted(set(names) - {"dev"}):
        needs = list(_needs(name))
        wrong = [f"{_name(requirement)} {problem}" for requirement, problem in needs if problem]
        have = ", ".join(f"{_name(one)} {metadata.version(_name(one))}" for one, problem in needs if not problem)
        fix = f"pip install '{PACKAGE}[{name}]'"
        yield Check("extras", name, "; ".join(wrong) or have, ok=not wrong, fix=fix if wrong else "")


def command() -> Iterator[Check]:
    """TextAttack's command, and the hook that makes this package known to it."""
    scripts = Path(sysconfig.get_path("scripts"))
    path = shutil.which("textattack", path=str(scripts)) or shutil.which("textattack")
    if path is None:
        fix = "pip install --force-reinstall --no-deps textattack"
        yield Check("command", "textattack", f"is not in {scripts}", ok=False, required=True, fix=fix)
    else:
        on_path = shutil.which("textattack")
        message = path if on_path else f"{path}, which is not on PATH: call it by its whole name"
        yield Check("command", "textattack", message, required=True)
    if os.environ.get(SWITCH) == "0":
        yield _hook(f"is switched off by {SWITCH}=0", f"unset {SWITCH}")
    elif not any(type(finder).__name__ == "TextAttackWatcher" for finder in sys.meta_path):
        yield _hook("did not run when this interpreter started", _AGAIN)
    else:
        yield Check("command", "start-up hook", "runs: the recipes are known to `textattack`", required=True)


def _hook(message: str, fix: str) -> Check:
    return Check("command", "start-up hook", message, ok=False, required=True, fix=fix)


def _needs(extra: str) -> Iterator[tuple[str, str]]:
    """Each requirement of the package, or of one of its extras, and what is wrong with it ("" for nothing)."""
    try:
        listed: Sequence[str] = metadata.requires(PACKAGE) or []
    except metadata.PackageNotFoundError:
        return
    if util.find_spec("packaging") is None:  # what is needed to read the others
        yield from [("packaging", "is not installed")] * (not extra)
        return
    from packaging.requirements import Requirement

    for text in listed:
        requirement = Requirement(text)
        asked_for = requirement.marker is None or requirement.marker.evaluate({"extra": extra})
        if not asked_for or (extra and (requirement.marker is None or requirement.marker.evaluate({"extra": ""}))):
            continue
        try:
            installed = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            yield text, "is not installed"
            continue
        fits = requirement.specifier.contains(installed, prereleases=True)
        yield text, "" if fits else f"{installed} is installed, and {requirement.specifier} is needed"


def _name(requirement: str) -> str:
    """The name that a requirement starts with.

    Example:
        >>> _name("datasets>=2.19; extra == 'dev'")
        'datasets'
    """
    return re.split(r"[^\w.-]", requirement.strip(), maxsplit=1)[0]
