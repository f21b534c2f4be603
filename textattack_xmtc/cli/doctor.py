"""`textattack-xmtc doctor`: what is installed here and what is missing, with the command that mends it."""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Iterable

from textattack_xmtc.doctor import Finding, examine

MAIN_JOB = "textattack attack --recipe xmtc-positive --model xmtc-demo"

_WIDTH, _INDENT = 110, 28


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes: nothing."""


def run(arguments: argparse.Namespace) -> int:
    """Look and print; the exit status is 1 where the main job could not run."""
    findings = examine()
    print("\n".join(lines(findings)))
    return int(any(finding.stops for finding in findings))


def lines(findings: Iterable[Finding]) -> list[str]:
    """The findings as text: the parts, below each a line a finding, and what would mend it.

    Example:
        >>> print("\\n".join(lines([Finding("command", "textattack", "is missing", False, True, "pip install it")])))
        command
          MISSING  textattack       is missing
                                    -> pip install it
        cannot run: textattack attack --recipe xmtc-positive --model xmtc-demo
    """
    found = list(findings)
    shown, part = [], ""
    for finding in found:
        if finding.part != part:
            part = finding.part
            shown.append(part)
        state = "ok" if finding.fine else "MISSING" if finding.needed else "-"
        start = f"  {state:7}  {finding.name:16} "
        shown += textwrap.wrap(
            finding.says, _WIDTH, initial_indent=start, subsequent_indent=" " * _INDENT, break_long_words=False
        )
        if finding.mend and not finding.fine:
            shown.append(f"{' ' * _INDENT}-> {finding.mend}")
    can = "cannot run" if any(finding.stops for finding in found) else "can run"
    return [*shown, f"{can}: {MAIN_JOB}"]
