"""`textattack-xmtc doctor`: what is installed here and what is missing, with the command that fixes it."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterable

from textattack_xmtc.doctor import Check, run_checks

MAIN_JOB = "textattack attack --recipe xmtc-positive --model xmtc-demo"

_WIDTH, _INDENT = 110, 28


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes: nothing."""


def run(arguments: argparse.Namespace) -> int:
    """Look and print; the exit status is 1 where the main job could not run."""
    checks = run_checks()
    print("\n".join(lines(checks)))
    return int(any(check.blocks for check in checks))


def lines(checks: Iterable[Check]) -> list[str]:
    """The checks as text: the parts, below each a line a check, and what would fix it.

    Example:
        >>> print("\\n".join(lines([Check("command", "textattack", "is missing", False, True, "pip install it")])))
        command
          MISSING  textattack       is missing
                                    -> pip install it
        cannot run: textattack attack --recipe xmtc-positive --model xmtc-demo
    """
    listed = list(checks)
    shown, part = [], ""
    for check in listed:
        if check.part != part:
            part = check.part
            shown.append(part)
        state = "ok" if check.ok else "MISSING" if check.required else "-"
        start = f"  {state:7}  {check.name:16} "
        shown += textwrap.wrap(
            check.message, _WIDTH, initial_indent=start, subsequent_indent=" " * _INDENT, break_long_words=False
        )
        if check.fix and not check.ok:
            shown.append(f"{' ' * _INDENT}-> {check.fix}")
    can = "cannot run" if any(check.blocks for check in listed) else "can run"
    return [*shown, f"{can}: {MAIN_JOB}"]
