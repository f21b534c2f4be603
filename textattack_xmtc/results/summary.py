"""What is counted: named counts over records, and their rates over the samples of a model, by bin.

A `Count` is a name and a test of one record. Counts nest: a record passes a count only if it passes the one that it
stands within. Where a record lacks what a test needs, the count is *not measured*, which is never 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np

from textattack_xmtc.results.records import SUCCEEDED, Record
from textattack_xmtc.results.statistics import Estimate, exact_share, share_of

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

YES, NO, UNMEASURED = 1, 0, -1


@dataclass(frozen=True)
class Limits:
    """What a campaign asks of a success.

    Attributes:
        similarity: which of the recorded similarities is compared.
        threshold: a text is similar above it.
    """

    max_change_rate: float
    similarity: str
    threshold: float

    def similarity_of(self, record: Record) -> float | None:
        """The record's similarity; None where it was not measured."""
        value = (record.similarity or {}).get(self.similarity)
        return None if value is None else float(value)


@dataclass(frozen=True)
class Count:
    """Something that a sample may be counted for.

    Attributes:
        key: its name in files: the column of a table, the end of a figure's name.
        phrase: what it asks, after "Counted only where", for a sentence.
        test: whether a record passes; None where the record lacks what the test needs.
        within: the count that a record has to pass first.
        setting: the setting of a campaign without which the count is not shown.

    Example:
        >>> short = Count("short", "Short (%)", "the text is short", lambda record, _: record.words < 50, within=FALLS)
        >>> short.within.key
        'success'
    """

    key: str
    title: str
    phrase: str
    test: Callable[[Record, Limits], bool | None]
    within: Count | None = None
    setting: str = ""

    def of(self, record: Record, limits: Limits) -> int:
        """`YES`, `NO` or `UNMEASURED` for one record."""
        outer = YES if self.within is None else self.within.of(record, limits)
        if outer != YES:
            return outer
        passed = self.test(record, limits)
        return UNMEASURED if passed is None else int(passed)


def _falls(record: Record, limits: Limits) -> bool:
    return record.outcome == SUCCEEDED and record.change_rate <= limits.max_change_rate


def _similar(record: Record, limits: Limits) -> bool | None:
    value = limits.similarity_of(record)
    return None if value is None else value > limits.threshold


FALLS = Count("success", "Success rate (%)", "the goal is reached within the change rate", _falls)
"""The goal is reached within the change rate that the campaign allows."""

SIMILAR = Count("similar_success", "Success, similar text (%)", "the whole text stays similar", _similar, FALLS)
"""The changed text is also similar to the original, above the campaign's threshold."""


def _evidence_kept(record: Record, _: Limits) -> bool | None:
    """Whether no word of the evidence was exchanged but for one of the same sense."""
    if record.preservation is None:
        return None
    kept: bool | None = True
    for change in record.preservation["changes"]:
        if change["evidence"] is None or (change["evidence"] and change["sense"] is None):
            kept = None
        elif change["evidence"] and not change["sense"]:
            return False
    return kept


def _sense_kept(record: Record, _: Limits) -> bool | None:
    """Whether every exchanged word keeps its sense."""
    if record.preservation is None:
        return None
    senses = [change["sense"] for change in record.preservation["changes"]]
    return False if False in senses else None if None in senses else True


EVIDENCE_KEPT = Count(
    "evidence_kept",
    "Evidence kept (%)",
    "the words that speak most for the label stand, or are exchanged for words of the same sense",
    _evidence_kept,
    FALLS,
    setting="preserve",
)
"""The label is lost although its evidence stands, or says the same (docs/validity.md)."""

SENSE_KEPT = Count(
    "sense_kept",
    "Sense kept (%)",
    "every exchanged word keeps its sense, by the filter that docs/validity.md rates",
    _sense_kept,
    EVIDENCE_KEPT,
    setting="preserve",
)
"""In addition, every exchanged word keeps its sense."""

COUNTS = (FALLS, SIMILAR, EVIDENCE_KEPT, SENSE_KEPT)
"""Every count, in the order of headlines, tables and figures; the first is what the gate and comparisons look at."""


def shown_counts(counts: Sequence[Count], settings: Iterable[Mapping[str, Any]]) -> tuple[Count, ...]:
    """The counts that some campaign with these settings can show."""
    given = {name for chosen in settings for name, value in chosen.items() if value is not None}
    return tuple(count for count in counts if not count.setting or count.setting in given)


def row_types() -> dict[str, str]:
    """The columns of `Model.rows` with their types; similarity is the campaign's, and NaN where there is none."""
    return {
        **{"sample": "int64", "offset": "int64", "outcome": "string", "reason": "string", "words": "int64"},
        **{"changed": "int64", "change_rate": "float64", "similarity": "float64", "queries": "int64"},
        **{"seconds": "float64", "adversarial": "bool", "wrong_before": "bool"},
        **{count.key: "int8" for count in COUNTS},
    }


def row_of(record: Record, offset: int, limits: Limits) -> tuple[Any, ...]:
    """A record as a row of `row_types`; `offset` is where its line begins."""
    similarity = limits.similarity_of(record)
    return (
        *(record.sample, offset, record.outcome, record.reason, record.words, record.changed, record.change_rate),
        *(nan if similarity is None else similarity, record.queries, record.seconds, record.adversarial is not None),
        *(record.wrong_before, *(count.of(record, limits) for count in COUNTS)),
    )


@dataclass(frozen=True)
class SampleResults:
    """What came of the samples on one model: those that were attacked or that it got wrong before.

    Attributes:
        rows: a row each by the number of the sample: `row_types`, `YES`, `NO` or `UNMEASURED` for each count by its
            key, the bin, the target, and a number for the text.
    """

    rows: pd.DataFrame

    def passed(self, count: Count = FALLS, threshold: float | None = None, limit: float | None = None) -> np.ndarray:
        """Whether each row passes a count, under further conditions; what was wrong before does not.

        Args:
            threshold: the changed text must also be more similar than that.
            limit: at most this share of the words may be changed. An attack stops at its limit and does not look at
                it before, so that its record tells what would have come of it under a lower one.
        """
        rows = self.rows
        passed = (rows[count.key] == YES) & ~rows["wrong_before"]
        if threshold is not None:
            passed &= rows["similarity"] > threshold
        if limit is not None:
            passed &= rows["change_rate"] <= limit
        return np.asarray(passed)

    def of_bin(self, bin_number: int | None = None, wrong_counts: bool = False) -> SampleResults:
        """The rows of a bin (None: of any), those that were wrong before only where `wrong_counts`."""
        rows = self.rows if bin_number is None else self.rows[self.rows["bin"] == bin_number]
        return SampleResults(rows if wrong_counts else rows[~rows["wrong_before"]])

    def rate(
        self,
        bin_number: int | None = None,
        count: Count = FALLS,
        *,
        threshold: float | None = None,
        limit: float | None = None,
        wrong_counts: bool = False,
        exact: bool = False,
    ) -> Estimate:
        """The share of attacked samples that pass a count, with its interval.

        Args:
            threshold: the similarity must be above it; any will do by default.
            limit: at most this share of the words may be changed; what the campaign allows by default.
            wrong_counts: samples that the model gets wrong without an attack are in n, and count as lost (section
                4.3.2); by default they are left out.
            exact: the interval is that of verdicts (`exact_share`), not that of tables (`share_of`).

        Returns:
            NaN where there is no sample; not measured where a record that passes the outer counts lacks what this one
            needs.
        """
        chosen = self.of_bin(bin_number, wrong_counts)
        if (chosen.of_bin().rows[count.key] == UNMEASURED).any():
            return Estimate(nan, nan, nan, len(chosen.rows), measured=False)
        passed = chosen.passed(count, threshold, limit) | np.asarray(chosen.rows["wrong_before"])
        return (exact_share if exact else share_of)(passed, np.asarray(chosen.rows["text"]))

    def wrong_rate(self, bin_number: int | None = None) -> Estimate:
        """The share of the samples that the model gets wrong without an attack, of these and the attacked ones."""
        rows = self.of_bin(bin_number, wrong_counts=True).rows
        return share_of(np.asarray(rows["wrong_before"]), rows["text"])
