"""What a judge is: it says whether a label fits a text, without being the victim."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Case:
    """A text and a label that a judge is asked about.

    Attributes:
        sample: the number of the campaign's sample that it stems from; negative for another text of the corpus.
        condition: one of `results.judgements.CONDITIONS`.
        label: the label's index in the campaign.
        changed: how many words differ from the original text.
        model: the model that the attack was made on; None for controls.
        original: the text before the change, where it is not the sample's.
    """

    sample: int
    condition: str
    text: str
    label: int
    changed: int = 0
    model: str | None = None
    original: str | None = None


class Judge(Protocol):
    """Says whether labels fit texts.

    Attributes:
        lineage: what it descends from (`judges.independence`).
        training_data: the fingerprint of the corpus that it learnt from; None where it learnt from none.
    """

    name: str
    lineage: frozenset[str]
    training_data: str | None

    def accepts(self, cases: Sequence[Case], originals: Sequence[str]) -> list[bool | None]:
        """Whether the label fits the text, for each case.

        Returns:
            None where the judge has no opinion: it is wrong on the original text already.
        """
        ...
