"""What is installed on this machine, what is missing, and what fixes it; looks without importing what it looks for."""

from __future__ import annotations

from textattack_xmtc.doctor.check import Check
from textattack_xmtc.doctor.installation import command, extras, interpreter, requirements
from textattack_xmtc.doctor.machine import caches, devices, encoders, words

__all__ = ["Check", "run_checks"]


def run_checks() -> list[Check]:
    """All checks, in the order in which they depend on each other; `Check.blocks` says which stop the main job."""
    parts = (interpreter, requirements, command, extras, devices, encoders, words, caches)
    return [check for part in parts for check in part()]
