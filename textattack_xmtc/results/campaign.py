"""A campaign's folder as one object: what was chosen, what was drawn, and what came of it on each model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from textattack_xmtc.results.lines import Lines
from textattack_xmtc.results.records import (
    ERROR,
    FAILED,
    SKIPPED,
    SUCCEEDED,
    WRONG_BEFORE,
    Bin,
    Model,
    Record,
    Sample,
    Transfer,
)
from textattack_xmtc.results.summary import FALLS, YES, Limits, SampleResults

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]


@dataclass(frozen=True)
class LabelDraw:
    """What samples were drawn of, where they were drawn by label.

    Attributes:
        asked: the labels that were asked for, ascending.
        in_test: test texts of each label, shape `(labels,)`.
        right: those on which the reference model gets the label right, shape `(labels,)`.
    """

    asked: np.ndarray
    in_test: np.ndarray
    right: np.ndarray


@dataclass(frozen=True)
class Campaign:
    """A campaign folder, read.

    Attributes:
        settings: what was chosen.
        resolved: what came of choices left to the program.
        reference: the name of the model that decides which samples are right.
        label_counts: training texts of each label, shape `(labels,)`.
        bins: the ranges of label frequency, from the rarest.
        samples: the drawn samples by number, each read when it is asked for.
        drawn: bin, target and a number for the text of each sample, by its number.
        notes: what was odd about the files, in sentences.
        transfers: the models that adversarial texts were tried on.
        precision: of each model by its name, P@1 to P@k on the test texts, as `prepare.precision_of` has it; older
            folders do not say.
        label_draw: where samples were drawn by label, of which.
        label_results: what came of each label, by model, once `labels.label_results` has computed it.
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
    samples: Lines[Sample]
    drawn: pd.DataFrame
    notes: tuple[str, ...]
    transfers: tuple[Transfer, ...] = ()
    precision: Mapping[str, Any] = field(default_factory=dict)
    label_draw: LabelDraw | None = None
    label_results: dict[str, list[Any]] = field(default_factory=dict, repr=False, compare=False)

    @property
    def goal(self) -> str:
        """One of `textattack_xmtc.goal.GOALS`."""
        return str(self.settings["goal"])

    @property
    def k(self) -> int:
        """How many of the best labels count."""
        return int(self.settings["k"])

    @property
    def max_change_rate(self) -> float:
        """The share of words that may be changed."""
        return float(self.settings["max_change_rate"])

    @property
    def shown(self) -> str:
        """Which labels count as predicted, in words: `top 5`, or those of them with at least a score."""
        return str(self.resolved.get("shown", f"top {self.k}"))

    @property
    def similarity_kind(self) -> str:
        """Which of the recorded similarities counts: `cosine` or `published`."""
        return str(self.resolved["similarity"])

    @property
    def threshold(self) -> float:
        """Above this similarity a text counts as similar."""
        return float(self.resolved["threshold"])

    @property
    def limits(self) -> Limits:
        """What is asked of a success."""
        return Limits(self.max_change_rate, self.similarity_kind, self.threshold)

    @property
    def left_out(self) -> Mapping[str, int]:
        """How many right samples could not be drawn, by their reason; older folders do not say."""
        reasons = self.resolved.get("left_out")
        return {str(reason): int(number) for reason, number in reasons.items()} if isinstance(reasons, Mapping) else {}

    @cached_property
    def results(self) -> dict[str, SampleResults]:
        """What came of the samples on each model, by its name. Errors and other skipped samples are not in them.

        The reference model gets every drawn sample right; what it does not, after all, is left out as well.
        """
        return {model.name: self.results_of(model, model.name != self.reference) for model in self.models}

    def results_of(self, model: Model, with_wrong: bool) -> SampleResults:
        """The results on one model; `with_wrong` tells whether samples that it got wrong before are among them."""
        rows = model.rows
        return SampleResults(rows[rows["outcome"].isin((SUCCEEDED, FAILED)) | (rows["wrong_before"] & with_wrong)])

    def texts(self, numbers: Iterable[int]) -> np.ndarray:
        """A number for the text of each of these samples, the same for equal texts."""
        return np.asarray(self.drawn["text"].loc[list(numbers)])

    def reached(self, record: Record) -> bool:
        """Whether the goal was reached within the change rate that is allowed."""
        return FALLS.of(record, self.limits) == YES

    def similarity(self, record: Record) -> float:
        """The record's similarity as the campaign measures it; NaN where there is none."""
        value = self.limits.similarity_of(record)
        return float("nan") if value is None else value

    def model(self, name: str) -> Model | None:
        """The model of this name, if there is one."""
        return next((model for model in self.models if model.name == name), None)

    def to_transfer(self, facts: Mapping[str, Any]) -> list[tuple[Model, int]]:
        """The adversarial texts that can be tried on a model, as model and number of the sample.

        They are those of all other models, as told by fingerprints.
        """
        others = [model for model in self.models if model.facts.get("fingerprint") != facts.get("fingerprint")]
        return [(model, number) for model in others for number in model.adversarial]

    def outcomes(self, model: Model, bin_number: int | None = None) -> Counter[str]:
        """How many records of a bin (None: of all) have each outcome; those wrong before also under that name."""
        rows = model.rows if bin_number is None else model.rows[model.rows["bin"] == bin_number]
        return Counter(rows["outcome"].value_counts().to_dict()) + Counter(
            {WRONG_BEFORE: int(rows["wrong_before"].sum())}
        )

    def not_attacked(self, model: Model) -> dict[tuple[str, str], int]:
        """Outcome and reason of the records that are no attack, and how many there are of each; most frequent first.

        What differs from text to text is left out of a reason: errors of one type stand under the first message.
        """
        rows = model.rows[model.rows["outcome"].isin((ERROR, SKIPPED))]
        reasons, errors = rows["reason"].fillna("no reason is recorded"), rows["outcome"] == ERROR
        kinds = reasons.str.split(", ", n=1).str[0].where(~errors, reasons.str.split(":", n=1).str[0])
        rows = rows.assign(kind=kinds, shown=reasons.where(errors, kinds))
        groups = rows.groupby(["outcome", "kind"]).agg(number=("shown", "size"), shown=("shown", "first")).reset_index()
        groups = groups.sort_values(["number", "outcome", "kind"], ascending=[False, True, True])
        return {(group.outcome, group.shown): int(group.number) for group in groups.itertuples()}

    def bin_name(self, bin_number: int | None) -> str:
        """A bin in words: its label frequencies, and whether it is the tail or the head; `all` for None.

        One bin is neither.
        """
        if bin_number is None:
            return "all"
        chosen = next(part for part in self.bins if part.number == bin_number)
        ends = f"{chosen.lowest:,}" if chosen.lowest == chosen.highest else f"{chosen.lowest:,} to {chosen.highest:,}"
        place = ""
        if len(self.bins) > 1:
            place = {self.bins[0].number: " (tail)", self.bins[-1].number: " (head)"}.get(bin_number, "")
        return ends + place

    @property
    def bin_numbers(self) -> tuple[int | None, ...]:
        """The bins from the rarest, and None for all of them: the rows of a table by label frequency."""
        return (*(part.number for part in self.bins), None)


def models_of(campaigns: Iterable[Campaign]) -> list[tuple[Campaign, Model]]:
    """Every model of some campaigns, with its campaign."""
    return [(campaign, model) for campaign in campaigns for model in campaign.models]
