"""What is counted: named counts over records, and their rates over the samples of a model, by bin.

A `Count` is a name and a test of one record. Counts nest: a record passes a count only if it passes the one that it
stands within. Where a record lacks what a test needs, the count is *not measured*, which is never 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np

from textattack_xmtc.results.records import SUCCEEDED, Record, Sample
from textattack_xmtc.results.statistics import Estimate, share_of

YES, NO, UNMEASURED = 1, 0, -1


@dataclass(frozen=True)
class Limits:
    """What a campaign asks of a success.

    Attributes:
        max_change_rate: share of the words that may be changed.
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
        title: the heading of its column.
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


@dataclass(frozen=True)
class SampleResults:
    """What came of the samples on one model, a row each: those that were attacked or that it got wrong before.

    Attributes:
        samples: number of the sample.
        bins: its bin.
        texts: a number for its text.
        counted: for each count by its key, `YES`, `NO` or `UNMEASURED`.
        similarity: of the final to the original text; NaN where it was not measured.
        change_rate: share of the words that the attack changed.
        wrong_before: whether the model got the sample wrong without an attack.
    """

    samples: np.ndarray
    bins: np.ndarray
    texts: np.ndarray
    counted: dict[str, np.ndarray]
    similarity: np.ndarray
    change_rate: np.ndarray
    wrong_before: np.ndarray

    @classmethod
    def of(cls, records: Iterable[tuple[Record, Sample, int]], limits: Limits) -> SampleResults:
        """The results of records that come with their sample and a number for its text, in this order."""
        rows = []
        for record, sample, text in records:
            if record.attacked or record.wrong_before:
                similarity = limits.similarity_of(record)
                passed = [count.of(record, limits) for count in COUNTS]
                similarity = nan if similarity is None else similarity
                head = (record.sample, sample.bin, text, similarity, record.change_rate, record.wrong_before)
                rows.append((*head, *passed))
        columns = list(zip(*rows, strict=True)) or [()] * (6 + len(COUNTS))
        samples, bins, texts = (np.array(column, dtype=np.int64) for column in columns[:3])
        similarity_column, change_rate = (np.array(column, dtype=np.float64) for column in columns[3:5])
        counted = {
            count.key: np.array(column, dtype=np.int8) for count, column in zip(COUNTS, columns[6:], strict=True)
        }
        wrong_before = np.array(columns[5], dtype=np.bool_)
        return cls(samples, bins, texts, counted, similarity_column, change_rate, wrong_before)

    def chosen(self, rows: np.ndarray) -> SampleResults:
        """Some of the rows, by their positions."""
        counted = {key: column[rows] for key, column in self.counted.items()}
        return SampleResults(
            self.samples[rows],
            self.bins[rows],
            self.texts[rows],
            counted,
            self.similarity[rows],
            self.change_rate[rows],
            self.wrong_before[rows],
        )

    def rows(self, bin_number: int | None = None, wrong_counts: bool = False) -> np.ndarray:
        """Which rows belong to a bin (None: to any), those that were wrong before only where `wrong_counts`."""
        chosen = np.ones(len(self.bins), dtype=bool) if bin_number is None else self.bins == bin_number
        return np.asarray(chosen if wrong_counts else chosen & ~self.wrong_before)

    def passed(self, count: Count = FALLS, threshold: float | None = None, limit: float | None = None) -> np.ndarray:
        """Whether each row passes a count, under further conditions; what was wrong before does not.

        Args:
            count: the count.
            threshold: the changed text must also be more similar than that.
            limit: at most this share of the words may be changed. An attack stops at its limit and does not look at
                it before, so that its record tells what would have come of it under a lower one.
        """
        passed = (self.counted[count.key] == YES) & ~self.wrong_before
        if threshold is not None:
            passed = passed & (self.similarity > threshold)
        if limit is not None:
            passed = passed & (self.change_rate <= limit)
        return np.asarray(passed)

    def rate(
        self,
        bin_number: int | None = None,
        count: Count = FALLS,
        *,
        threshold: float | None = None,
        limit: float | None = None,
        wrong_counts: bool = False,
    ) -> Estimate:
        """The share of attacked samples that pass a count, with its interval.

        Args:
            bin_number: of one bin; of all by default.
            count: what is counted.
            threshold: the similarity must be above it; any will do by default.
            limit: at most this share of the words may be changed; what the campaign allows by default.
            wrong_counts: samples that the model gets wrong without an attack are in n, and count as lost (section
                4.3.2); by default they are left out.

        Returns:
            NaN where there is no sample; not measured where a record that passes the outer counts lacks what this one
            needs.
        """
        rows = self.rows(bin_number, wrong_counts)
        if (self.counted[count.key][rows & ~self.wrong_before] == UNMEASURED).any():
            return Estimate(nan, nan, nan, int(rows.sum()), measured=False)
        passed = self.passed(count, threshold, limit)
        return share_of((passed | self.wrong_before if wrong_counts else passed)[rows], self.texts[rows])

    def wrong_rate(self, bin_number: int | None = None) -> Estimate:
        """The share of the samples that the model gets wrong without an attack, of these and the attacked ones."""
        rows = self.rows(bin_number, wrong_counts=True)
        return share_of(self.wrong_before[rows], self.texts[rows])
