"""A corpus as TextAttack's `Dataset`: one row an example, true labels and targets encoded as ground truth."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

from textattack.datasets import Dataset

from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.targets import GroundTruth, LabelSpace, match_labels


class XMTCDataset(Dataset):
    """The examples that an attack works through.

    Where a text has targets, it is one example. Where it has none, the positive-targeted goal wants one
    example a true label, and the other goals one example a text, whose targets they choose themselves.
    Examples come in turns: all texts once, each with one of its labels, then all texts with another; so
    the first few examples show many texts, frequent labels and rare ones.

    Args:
        corpus: where the texts are.
        split: which of its splits.
        one_per_label: one example a true label, for texts without targets.

    Example:
        >>> from textattack_xmtc.datasets.corpus import Document
        >>> corpus = Corpus.from_documents("eggs", {"test": [Document("1", "how to boil an egg", ["eggs", "boiling"])]})
        >>> len(XMTCDataset(corpus)), len(XMTCDataset(corpus, one_per_label=False))
        (2, 1)
    """

    def __init__(self, corpus: Corpus, split: str = "test", one_per_label: bool = True) -> None:
        self.corpus = corpus
        self._rows = corpus.split(split)
        self._names: Sequence[str] = corpus.label_names
        # Labels travel by name: the victim may count them differently.
        super().__init__([], input_columns=["text"])
        self.aim(one_per_label)

    def match_labels(self, space: LabelSpace) -> str:
        """Call labels as a victim does (`targets.match_labels`).

        Returns:
            A line to show where integers were taken as indices, else "".

        Raises:
            InputError: the victim knows none of the labels.
        """
        self._names, note = match_labels(self.corpus.label_names, space, repr(self.corpus.name))
        return note

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self):,} examples of {self.corpus!r})"

    def aim(self, one_per_label: bool) -> None:
        """Lay the rows out anew for a goal that wants one example a true label, or one a text."""
        turns: list[tuple[int, int, int | None]] = []
        for row, (labels, targets) in enumerate(zip(self._rows["labels"], self._rows["targets"], strict=True)):
            if one_per_label and targets is None and labels:
                turns += [(turn, row, labels[(row + turn) % len(labels)]) for turn in range(len(labels))]
            else:
                turns.append((0, row, None))
        turns.sort(key=itemgetter(0))
        # Positions only: the texts stay in the corpus.
        self._dataset: list[tuple[int, int | None]] = [(row, label) for _, row, label in turns]

    def _format_as_dict(self, example: tuple[int, int | None]) -> Any:
        row, target = example
        document = self._rows[row]
        names = self._names
        targets = document["targets"] if target is None else [target]
        truth = GroundTruth(
            tuple(names[label] for label in document["labels"]),
            None if targets is None else tuple(names[label] for label in targets),
        )
        return super()._format_as_dict((document["text"], truth.encode()))
