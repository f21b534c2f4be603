"""What is installed on this machine, what is missing, and what mends it; looks without importing what it looks for."""

from __future__ import annotations

from textattack_xmtc.doctor.finding import Finding
from textattack_xmtc.doctor.installation import command, extras, interpreter, requirements
from textattack_xmtc.doctor.machine import caches, devices, encoders

__all__ = ["Finding", "examine"]


def examine() -> list[Finding]:
    """All findings, in the order of what stands on what; those that are `needed` and not `fine` stop the main job."""
    parts = (interpreter, requirements, command, extras, devices, encoders, caches)
    return [finding for part in parts for finding in part()]
