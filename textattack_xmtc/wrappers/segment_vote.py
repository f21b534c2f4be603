"""A victim that lets the segments of a text vote: an exchanged word reaches the votes of its segment only."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Unpack

import numpy as np
from textattack.shared.utils import words_from_text

from textattack_xmtc.errors import InputError
from textattack_xmtc.scores import NOTHING, check_count
from textattack_xmtc.words import word_spans
from textattack_xmtc.wrappers.base import VictimOptions, XMTCModelWrapper
from textattack_xmtc.wrappers.shortlist import ShortlistWrapper

_LARGEST = 1 - 2**-10  # what the shares of a label may come to: below a vote, also in float32


class SegmentVote(ShortlistWrapper):
    """Cuts a text into segments of consecutive words; each votes for the labels that a victim finds best in it.

    The score of a label is its votes plus its mean share over the segments, which is below 1 and breaks ties. The share
    is the label's probability in the segment where the victim gives probabilities, else one over its rank, for the
    `depth` best labels of the segment; other labels have none. Labels that no segment has among these are not shown.

    All segments together have the words of the text once, so a text costs about one pass of the victim. What it
    costs in precision, and what it proves: `textattack-xmtc certify`.

    Args:
        victim: what reads the segments.
        segments: how many a text is cut into; a text of fewer words has one a word.
        votes: labels that a segment votes for.
        depth: labels of a segment that have a share.
        options: as `VictimOptions` says.

    Raises:
        InputError: a number below 1, fewer `depth` than `votes`, or a victim whose number of labels is not known.

    Example:
        >>> from textattack_xmtc.wrappers.function import FunctionWrapper
        >>> kitchen = FunctionWrapper(
        ...     lambda texts: [[0.9 * ("egg" in text), 0.8 * ("pan" in text)] for text in texts],
        ...     scores="probability",
        ...     label_names=["eggs", "pans"],
        ... )
        >>> SegmentVote(kitchen, segments=3).score(["one egg, two eggs, a pan"], [0, 1]).astype(float).round(2).tolist()
        [[2.6, 1.27]]
    """

    def __init__(
        self,
        victim: XMTCModelWrapper,
        segments: int = 5,
        votes: int = 1,
        depth: int = 20,
        **options: Unpack[VictimOptions],
    ) -> None:
        size = victim.labels.size
        if size is None:
            raise InputError(f"{victim.name} does not say how many labels it has", "give it label_names")
        if "probability" in victim.score_kinds and victim.threshold is None:
            victim = victim.with_score_kind("probability")
        given: VictimOptions = {"name": f"{victim.name}, {segments} segments", "mask": victim.mask}
        given.update(options)
        super().__init__(None, "score", victim.labels.names, num_labels=size, floor=0.0, **given)
        self.victim, self.masked_lm_folder = victim, victim.masked_lm_folder
        self.segments, self.votes = check_count("segments", segments), check_count("votes", votes)
        self.depth = min(check_count("depth", depth), victim.shown or size)
        if self.depth < votes:
            raise InputError(f"{votes} votes a segment of {self.depth} labels", "choose fewer votes or a larger depth")

    def segment_votes(self, texts: Sequence[str]) -> list[list[list[int]]]:
        """The labels that each segment of each text votes for, best first; fewer where the victim shows fewer."""
        rows = []
        for labels, _ in self._asked(texts):
            rows.append([[label for label in row[: self.votes].tolist() if label != NOTHING] for row in labels])
        return rows

    def _best(self, texts: list[str]) -> Any:
        return [self._shares(labels, shares) for labels, shares in self._asked(texts)]

    def _shares(self, labels: np.ndarray, shares: np.ndarray) -> dict[int, float]:
        """The scores of a text, of its segments' best labels and their shares, each of shape `(segments, depth)`."""
        total: dict[int, float] = {}
        for row, of_row in zip(labels.tolist(), shares.tolist(), strict=True):
            for label, share in zip(row, of_row, strict=True):
                total[label] = total.get(label, 0.0) + share / len(labels)
        scores = {label: min(share, _LARGEST) for label, share in total.items() if label != NOTHING}
        for label in labels[:, : self.votes].ravel().tolist():
            if label != NOTHING:
                scores[label] += 1.0
        return scores

    def _asked(self, texts: Sequence[str]) -> list[tuple[np.ndarray, np.ndarray]]:
        """The best labels of each segment and their shares, by text."""
        cut = [segments_of(text, self.segments) for text in texts]
        labels, scores = self.victim.top_k([segment for row in cut for segment in row], self.depth)
        shares = scores.astype(np.float64)
        if self.victim.score_kind != "probability":
            shares = np.broadcast_to(1 / np.arange(1, self.depth + 1), scores.shape)
        ends = np.cumsum([len(row) for row in cut])[:-1]
        return list(zip(np.split(labels, ends), np.split(shares, ends), strict=True))


def segments_of(text: str, segments: int) -> list[str]:
    """A text in so many pieces with about as many words each, or one a word where it has fewer; joined, the text.

    Where a segment ends depends on the number of words only: exchanging words leaves the other segments as they are.

    Example:
        >>> segments_of("To be, or not to be.", 3)
        ['To be, ', 'or not ', 'to be.']
    """
    words = words_from_text(text)
    number = min(segments, len(words))
    if number < 2:
        return [text]
    spans = word_spans(text, words)
    starts = [0, *(spans[place * len(words) // number][0] for place in range(1, number)), len(text)]
    return [text[start:end] for start, end in pairwise(starts)]
