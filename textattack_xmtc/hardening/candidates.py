"""The masked LM's words for the words of training texts: asked for many at once, computed once, kept on disk."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from textattack_xmtc.errors import InputError
from textattack_xmtc.transformations import XMTCWordSwapMaskedLM
from textattack_xmtc.words import Span

Place = tuple[str, Span]
"""A text, and where in it a word stands."""

BATCH = 32
"""Places of one call of the masked LM."""


class KeptCandidates:
    """What a masked LM proposes at places of texts that come again and again.

    A line of the file is one call of the masked LM, written when it has answered; a line that was cut short when the
    process was killed is dropped. So what a resumed hardening asks for comes in the same calls, and is the same.

    Args:
        swap: the masked LM, and how many candidates there are.
        file: where they are kept; None keeps them in memory only.

    Raises:
        InputError: the file was written with another masked LM or number of candidates.
    """

    def __init__(self, swap: XMTCWordSwapMaskedLM, file: Path | None = None) -> None:
        self._swap, self._file = swap, file
        self._known: dict[str, list[str]] = {}
        self.asked = 0  # places that the masked LM was asked about, by this process
        self._config = {"masked_lm": swap.masked_lm_source, "candidates": swap.max_candidates}
        if file is not None and file.is_file():
            self._read(file)

    def at(self, places: Sequence[Place]) -> list[list[str]]:
        """The candidates at each place, best first.

        Places are put into calls by their length, so that little is padded.
        """
        keys = [_key(place) for place in places]
        missing = {key: place for key, place in zip(keys, places, strict=True) if key not in self._known}
        order = sorted(missing, key=lambda key: (-len(missing[key][0]), key))
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            found = dict(zip(batch, self._swap.proposals([missing[key] for key in batch]), strict=True))
            self.asked += len(batch)
            self._known.update(found)
            self._write(found)
        return [self._known[key] for key in keys]

    def _write(self, found: dict[str, list[str]]) -> None:
        if self._file is None:
            return
        lines = [] if self._file.is_file() else [self._config]
        self._file.parent.mkdir(parents=True, exist_ok=True)
        with self._file.open("ab") as opened:
            for line in (*lines, found):
                opened.write(json.dumps(line, ensure_ascii=True).encode() + b"\n")
            opened.flush()
            os.fsync(opened.fileno())

    def _read(self, file: Path) -> None:
        whole, lines = 0, list(_complete_lines(file))
        for number, (end, line) in enumerate(lines):
            if number == 0 and line != self._config:
                raise InputError(
                    f"the candidates in {str(file)!r} were made with {line}, this hardening has {self._config}",
                    "repeat the command that started it, or choose another folder",
                )
            if number:
                self._known.update(line)
            whole = end
        if whole:
            with file.open("rb+") as opened:
                opened.truncate(whole)
        else:
            file.unlink()


def _complete_lines(file: Path) -> Iterator[tuple[int, Any]]:
    """The lines that can be read, each with the position behind it; the first broken one is the end."""
    end = 0
    with file.open("rb") as opened:
        for line in opened:
            try:
                value = json.loads(line) if line.endswith(b"\n") else None
            except (ValueError, RecursionError):
                value = None
            if not isinstance(value, dict):
                return
            end += len(line)
            yield end, value


def _key(place: Place) -> str:
    text, (start, end) = place
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
    return f"{digest} {start} {end}"
