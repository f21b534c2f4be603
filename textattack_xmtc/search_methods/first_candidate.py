"""Words ranked by what their first candidate brings: where new words help, not where old ones are missed."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from textattack.shared import AttackedText

from textattack_xmtc.search_methods.masked_delta import MaskedDelta
from textattack_xmtc.words import word_spans

_TOGETHER = 16  # places whose candidates are made at once; all but the first of each are dropped


class FirstCandidate(MaskedDelta):
    """The search of `MaskedDelta` with words ranked by exchanging each for its first candidate.

    A mask tells what a text loses with a word. Where a label is to be raised by words of its own, it matters what the
    text wins with one of them there: every word that may be changed is exchanged once, in the original text, for the
    first of its candidates, and words are tried in the order of how much nearer to the goal that brings the text; ties
    by position. Words without a candidate are not tried. It costs at most as many queries as masking every word.

    Raises:
        InputError: as `MaskedDelta`.
    """

    def _order(self, original: AttackedText, score: float) -> Iterator[int]:
        indices = self._changeable(original, word_spans(original.text, original.words))
        places: list[int] = []
        gains: list[float] = []
        for start in range(0, len(indices), _TOGETHER):
            firsts = self._firsts(original, indices[start : start + _TOGETHER])
            nearness = self.goal_function.objective_values([text.text for text in firsts.values()])
            # Fewer answers than places where queries ran out.
            for place, near in zip(firsts, nearness, strict=False):
                places.append(place)
                gains.append(float(near) - score)
        yield from (places[position] for position in np.argsort(-np.array(gains), kind="stable"))

    def _firsts(self, original: AttackedText, indices: list[int]) -> dict[int, AttackedText]:
        """The first candidate at each place that has one, by place."""
        firsts: dict[int, AttackedText] = {}
        for text in self._candidates(original, original, indices):
            (place,) = text.attack_attrs["newly_modified_indices"]
            firsts.setdefault(place, text)
        return dict(sorted(firsts.items()))
