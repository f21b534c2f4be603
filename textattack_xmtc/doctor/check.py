"""One thing that `textattack-xmtc doctor` looks at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """The result of one check.

    Attributes:
        part: what it belongs to: "package", "command", "extras", "devices", "encoders", "words" or "caches".
        ok: whether there is nothing to do.
        required: whether the main job, `textattack attack --recipe xmtc-positive --model xmtc-demo`, needs it.
        fix: the command, or what else is to be done, where it is not ok.
    """

    part: str
    name: str
    message: str
    ok: bool = True
    required: bool = False
    fix: str = ""

    @property
    def blocks(self) -> bool:
        """Whether the main job cannot run."""
        return self.required and not self.ok
