"""The ranking pass of a text, kept from one target of it to the next."""

from __future__ import annotations

from collections import OrderedDict

from textattack_xmtc.scores import TopK

Scores = dict[bytes, tuple[float, ...]]
"""Scores of the k best labels of an original, ascending by label, for texts made from it."""

_ORIGINALS = 256  # about 20 MB where texts have 300 words


class SharedScores:
    """Scores of the texts that depend on an original alone (its masked texts), for all of its k best labels.

    Attacks on several targets of a text begin with the same texts, and to score a few more labels costs next to
    nothing: so the first attack asks for all labels that may become targets, and the others need not ask at all. Each
    number belongs to one label and one text, so nothing that one target learnt answers for another.

    Args:
        originals: for how many texts scores are kept; those that were not asked about for longest go first.

    Example:
        >>> kept = SharedScores()
        >>> kept.of(b"text", TopK((7, 2), (0.9, 0.5)))[b"masked"] = (0.4, 0.8)
        >>> kept.of(b"text", TopK((7, 2), (0.9, 0.5)))
        {b'masked': (0.4, 0.8)}
        >>> kept.of(b"text", TopK((7, 2), (0.9, 0.6)))
        {}
    """

    def __init__(self, originals: int = _ORIGINALS) -> None:
        self._originals = originals
        self._kept: OrderedDict[bytes, tuple[TopK, Scores]] = OrderedDict()

    def of(self, original: bytes, top: TopK) -> Scores:
        """What is kept for a text, to be read and added to.

        Args:
            original: stands for the text.
            top: what the victim answers for it today. Where that is not what it was, the victim has been trained in
                the meantime, and everything that was kept for this text is forgotten.
        """
        before, scores = self._kept.pop(original, (top, {}))
        if before != top:
            scores = {}
        self._kept[original] = (top, scores)
        while len(self._kept) > self._originals:
            self._kept.popitem(last=False)
        return scores
