"""A campaign as plain objects, and the share of its samples on which the attack succeeded.

Nothing is computed here by a victim or an attack: `results/reading.py` reads the files, and these hold all that is
needed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from textattack_xmtc.results.statistics import Estimate, share_of

SUCCEEDED, FAILED, SKIPPED, ERROR = OUTCOMES = ("succeeded", "failed", "skipped", "error")
WRONG_BEFORE = "wrong before"
"""Why a sample is skipped that the model gets wrong without an attack."""

MEASURES = ("cosine", "angular", "published")
"""The similarities that a record holds; a campaign's threshold is about one of them."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said about the target, and its best labels.

    Attributes:
        rank: the target's rank, 1 for the best; None where it is beyond the labels that the model looks at.
        beyond: how many labels the model looks at, where the rank is None.
        score: the target's score.
        top_k: the k best labels, best first.
    """

    rank: int | None
    beyond: int | None
    score: float
    top_k: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """A drawn text with its target; `labels` are the true ones, `bin` counts from the rarest."""

    number: int
    text_id: str
    text: str
    labels: tuple[int, ...]
    target: int
    bin: int


@dataclass(frozen=True, slots=True)
class Record:
    """What the attack did to one sample on one model: a line of the records, with the number of changed words."""

    sample: int
    outcome: str
    reason: str | None
    before: Answer | None
    after: Answer | None
    words: int
    changed: int
    change_rate: float
    adversarial: str | None
    similarity: Mapping[str, float] | None
    queries: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Bin:
    """A range of label frequencies, in training texts; `right` samples were there, `drawn` of them were drawn."""

    number: int
    lowest: int
    highest: int
    labels: int
    right: int
    drawn: int


@dataclass(frozen=True)
class Model:
    """A model of a campaign: what `campaign.json` says of it, and its records by the number of the sample."""

    name: str
    facts: Mapping[str, Any]
    records: Mapping[int, Record]


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of an adversarial text that was found on one model, on another.

    Attributes:
        source: the model that it was found on.
        sample: the number of the sample.
        outcome: one of `OUTCOMES`; skipped where the other model gets the original text wrong.
        control: whether the goal was also reached by a text in which as many other words were exchanged for the same
            new ones; None where there is no such text, or it was not asked about.
    """

    source: str
    sample: int
    outcome: str
    control: bool | None


@dataclass(frozen=True)
class Transfer:
    """A model that the adversarial texts of a campaign were tried on: its facts, and trials by source and sample."""

    name: str
    facts: Mapping[str, Any]
    trials: Mapping[tuple[str, int], Trial]


@dataclass(frozen=True)
class Verdicts:
    """What came of the samples that count, a row each: those that were attacked or that the model got wrong before.

    Attributes:
        samples: number of the sample.
        bins: its bin.
        texts: a number for its text.
        reached: whether the goal was reached within the change rate that the campaign allows.
        similarity: of the final to the original text, in the campaign's measure; NaN where it was not measured.
        change_rate: share of the words that the attack changed.
        wrong_before: whether the model got the sample wrong without an attack, and the attack had nothing to do.
    """

    samples: np.ndarray
    bins: np.ndarray
    texts: np.ndarray
    reached: np.ndarray
    similarity: np.ndarray
    change_rate: np.ndarray
    wrong_before: np.ndarray

    def successes(self, threshold: float | None = None, limit: float | None = None) -> np.ndarray:
        """Whether each sample is a success of the attack: wrong before, or reached (and under these conditions).

        Args:
            threshold: the changed text must be more similar than that.
            limit: at most this share of the words may be changed. An attack stops at its limit and does not look at
                it before, so that its record tells what would have come of it under a lower one.
        """
        counts = self.reached
        if threshold is not None:
            counts = counts & (self.similarity > threshold)
        if limit is not None:
            counts = counts & (self.change_rate <= limit)
        return np.asarray(self.wrong_before | counts)

    def rows(self, bin_number: int | None = None, right_only: bool = False) -> np.ndarray:
        """Which rows belong to a bin (None: to any); `right_only` leaves out those that were wrong before."""
        chosen = np.ones(len(self.bins), dtype=bool) if bin_number is None else self.bins == bin_number
        return np.asarray(chosen & ~self.wrong_before if right_only else chosen)

    def rate(
        self,
        bin_number: int | None = None,
        threshold: float | None = None,
        right_only: bool = False,
        limit: float | None = None,
    ) -> Estimate:
        """The share of successes, with its interval.

        Args:
            bin_number: of one bin; of all by default.
            threshold: the similarity must be above it; any will do by default.
            right_only: leave out the samples that the model got wrong before the attack.
            limit: at most this share of the words may be changed; what the campaign allows by default.
        """
        rows = self.rows(bin_number, right_only)
        return share_of(self.successes(threshold, limit)[rows], self.texts[rows])


@dataclass(frozen=True)
class Campaign:
    """A campaign folder, read.

    Attributes:
        folder: where it is.
        name: what a report calls it.
        settings: what was chosen.
        resolved: what came of choices left to the program.
        versions: of the software.
        corpus: its name, fingerprint and statistics.
        models: the models, in their order.
        reference: the name of the model that decides which samples are right.
        label_names: the label names, by index.
        label_counts: training texts of each label, shape `(labels,)`.
        n_train: training texts.
        bins: the ranges of label frequency, from the rarest.
        clusters: some label clusters, of a negative goal.
        samples: the drawn samples, by number.
        notes: what was odd about the files, in sentences.
        transfers: the models that adversarial texts were tried on.
    """

    folder: Path
    name: str
    settings: Mapping[str, Any]
    resolved: Mapping[str, Any]
    versions: Mapping[str, Any]
    corpus: Mapping[str, Any]
    models: tuple[Model, ...]
    reference: str
    label_names: tuple[str, ...]
    label_counts: np.ndarray
    n_train: int
    bins: tuple[Bin, ...]
    clusters: tuple[tuple[int, ...], ...]
    samples: Mapping[int, Sample]
    notes: tuple[str, ...]
    transfers: tuple[Transfer, ...] = ()

    @property
    def goal(self) -> str:
        """One of `textattack_xmtc.goal.GOALS`."""
        return str(self.settings["goal"])

    @property
    def k(self) -> int:
        """How many of the best labels count."""
        return int(self.settings["k"])

    @property
    def limit(self) -> float:
        """The share of words that may be changed."""
        return float(self.settings["max_change_rate"])

    @property
    def measure(self) -> str:
        """Which of the recorded similarities counts: `cosine` or `published`."""
        return str(self.resolved["similarity"])

    @property
    def threshold(self) -> float:
        """Above this similarity a text counts as similar."""
        return float(self.resolved["threshold"])

    @cached_property
    def verdicts(self) -> dict[str, Verdicts]:
        """What came of the samples on each model, by its name.

        A sample that a model gets wrong before the attack counts as a success of the attack (section 4.3.2), except
        on the reference model, which was to get all of them right. Errors and other skipped samples do not count.
        """
        return {model.name: self.verdicts_of(model, model.name != self.reference) for model in self.models}

    def verdicts_of(self, model: Model, wrong_counts: bool) -> Verdicts:
        """The verdicts on one model; `wrong_counts` tells whether samples that it got wrong before are among them."""
        text_ids = dict.fromkeys(sample.text_id for sample in self.samples.values())
        text_numbers = {text_id: number for number, text_id in enumerate(text_ids)}
        counted = []
        for number, record in sorted(model.records.items()):
            wrong = record.outcome == SKIPPED and record.reason == WRONG_BEFORE
            if record.outcome in (SUCCEEDED, FAILED) or (wrong and wrong_counts):
                sample = self.samples[number]
                text = text_numbers[sample.text_id]
                similarity, changed = self.similarity(record), record.change_rate
                counted.append((number, sample.bin, text, self.reached(record), similarity, changed, wrong))
        columns = list(zip(*counted, strict=True)) or [()] * 7
        types = (np.int64, np.int64, np.int64, np.bool_, np.float64, np.float64, np.bool_)
        return Verdicts(*(np.array(column, dtype=kind) for column, kind in zip(columns, types, strict=True)))

    def reached(self, record: Record) -> bool:
        """Whether the goal was reached within the change rate that is allowed."""
        return record.outcome == SUCCEEDED and record.change_rate <= self.limit

    def similarity(self, record: Record) -> float:
        """The record's similarity in the campaign's measure; NaN where there is none."""
        value = (record.similarity or {}).get(self.measure)
        return float("nan") if value is None else float(value)

    def model(self, name: str) -> Model | None:
        """The model of this name, if there is one."""
        return next((model for model in self.models if model.name == name), None)

    def found_for(self, facts: Mapping[str, Any]) -> list[tuple[Model, Record]]:
        """The adversarial texts that can be tried on a model: those of all other models, as told by fingerprints."""
        others = [model for model in self.models if model.facts.get("fingerprint") != facts.get("fingerprint")]
        return [
            (model, record)
            for model in others
            for _, record in sorted(model.records.items())
            if self.reached(record) and record.adversarial is not None
        ]

    def outcomes(self, model: Model, bin_number: int | None = None) -> Counter[str]:
        """How many records of a bin (None: of all) have each outcome; those wrong before also under that name."""
        counted: Counter[str] = Counter()
        for number, record in model.records.items():
            if bin_number in (None, self.samples[number].bin):
                counted[record.outcome] += 1
                counted[WRONG_BEFORE] += record.outcome == SKIPPED and record.reason == WRONG_BEFORE
        return counted

    def bin_name(self, bin_number: int) -> str:
        """A bin in words: its label frequencies, and whether it is the tail or the head.

        One bin is neither.
        """
        chosen = next(part for part in self.bins if part.number == bin_number)
        ends = f"{chosen.lowest:,}" if chosen.lowest == chosen.highest else f"{chosen.lowest:,} to {chosen.highest:,}"
        place = ""
        if len(self.bins) > 1:
            place = {self.bins[0].number: " (tail)", self.bins[-1].number: " (head)"}.get(bin_number, "")
        return ends + place


def models_of(campaigns: Iterable[Campaign]) -> list[tuple[Campaign, Model]]:
    """Every model of some campaigns, with its campaign."""
    return [(campaign, model) for campaign in campaigns for model in campaign.models]
