"""One thing that was looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What was found of one thing.

    Attributes:
        part: what it belongs to: "package", "command", "extras", "devices", "encoders" or "caches".
        name: what was looked at.
        says: what was found.
        fine: whether there is nothing to do.
        needed: whether the main job, `textattack attack --recipe xmtc-positive --model xmtc-demo`, needs it.
        mend: the command, or what else is to be done, where it is not fine.
    """

    part: str
    name: str
    says: str
    fine: bool = True
    needed: bool = False
    mend: str = ""

    @property
    def stops(self) -> bool:
        """Whether the main job cannot run."""
        return self.needed and not self.fine
