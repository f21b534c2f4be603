"""The options of a certification."""

from __future__ import annotations

from dataclasses import dataclass

from textattack_xmtc.errors import InputError
from textattack_xmtc.options import option


@dataclass(frozen=True)
class CertifyOptions:
    """What is certified."""

    k: int = option(5, "labels that count as shown")
    segments: int = option(5, "segments that a text is cut into")
    votes: int = option(1, "labels that a segment votes for")
    texts: int | None = option(None, "texts that are drawn of the split; by default all")
    seed: int = option(0, "of that draw", flags=("--seed", "--random-seed"))
    split: str = option("test", "the split of the data", metavar="NAME")

    def __post_init__(self) -> None:
        for name in ("k", "segments", "votes", "texts"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise InputError(f"invalid {name}={value}", "choose 1 or more")
        if self.seed < 0:
            raise InputError(f"invalid seed={self.seed}", "choose 0 or more")
