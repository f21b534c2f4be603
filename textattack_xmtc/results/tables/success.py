"""The tables of what the attack reached: success, by label frequency, over thresholds; what was not attacked; cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import nan
from typing import Any, NamedTuple

import numpy as np

from textattack_xmtc.goal import GOALS, NEGATIVE, POSITIVE
from textattack_xmtc.results.campaign import Campaign, models_of
from textattack_xmtc.results.comparison import Side, comparison_table
from textattack_xmtc.results.headline import percent, rate_text
from textattack_xmtc.results.records import ERROR, SKIPPED, WRONG_BEFORE, Model
from textattack_xmtc.results.summary import COUNTS, Count, shown_counts
from textattack_xmtc.results.tables.formats import text_table
from textattack_xmtc.results.tables.table import BIN, DATASET, MODEL, SAMPLES, Column, Table, rate_column, table_of

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)
"""The similarity thresholds of the table; the figure has all between."""

INTERVALS = "95% intervals: Wilson's, or a bootstrap over texts where samples share texts."

_WRONG_BEFORE = Column("wrong_before", "Wrong before", cell=lambda part: part.outcomes[WRONG_BEFORE])
_SKIPPED = Column("skipped", "Skipped", cell=lambda part: part.outcomes[SKIPPED] - part.outcomes[WRONG_BEFORE])
_ERRORS = Column("errors", "Errors", cell=lambda part: part.outcomes[ERROR])


class _Part:
    """What came of the samples of a bin (None: of all) on a model; `reached` are the rows of successes."""

    def __init__(self, campaign: Campaign, model: Model, number: int | None = None) -> None:
        self.model, self.dataset, self.number = model.name, str(campaign.corpus["name"]), number
        self.bin = campaign.bin_name(number)
        self.cluster = "yes" if campaign.settings.get("cluster") else "no"
        self.results, self.outcomes = campaign.results[model.name], campaign.outcomes(model, number)
        self.n = len(self.results.of_bin(number).rows)
        self.reached = self.results.rows[self.results.passed()]


def success(campaigns: Sequence[Campaign], goal: str) -> Table:
    """Table 3 (positive-targeted), Table 5 (negative-targeted) and their like for untargeted attacks."""
    chosen = [campaign for campaign in campaigns if campaign.goal == goal]
    number = {POSITIVE: "Table 3. ", NEGATIVE: "Table 5. "}.get(goal, "")
    counts = shown_counts(COUNTS, [campaign.settings for campaign in chosen])
    columns = (
        *(MODEL, DATASET, *((Column("cluster", "Within a cluster"),) if goal == NEGATIVE else ()), SAMPLES),
        *_rates(counts),
        Column(
            "similarity_of_successes", "Similarity, successes", 2, cell=lambda part: _mean(part.reached["similarity"])
        ),
        Column(
            "similarity_of_all",
            "Similarity, all",
            2,
            cell=lambda part: _ratio(part.reached["similarity"].sum(), part.n),
        ),
        Column("change_rate", "Change rate (%)", 2, percent=True, cell=lambda part: _mean(part.reached["change_rate"])),
        *(_WRONG_BEFORE, _SKIPPED, _ERRORS),
    )
    limits = ", ".join(sorted({percent(campaign.max_change_rate) for campaign in chosen}))
    note = (
        f"Over the samples that the model was attacked on. A success reaches the goal with at most {limits} of the "
        f"words changed. {_count_notes(counts)}Similarity: the mean over successes, and, as the "
        "paper's tables have it, their sum over all n. Change rate: the mean over successes. Wrong before: samples "
        "that the model gets wrong without an attack; they, skipped samples and errors are not in n. "
        f"{INTERVALS}"
    )
    title = f"{number}Success of {GOALS[goal].title} attacks"
    rows = ((campaign, _Part(campaign, model)) for campaign, model in models_of(chosen))
    return table_of(campaigns, f"{goal}-success", title, columns, rows, note)


def by_bin(campaigns: Sequence[Campaign]) -> Table:
    """The numbers of Figure 2: success by label frequency."""
    counts = shown_counts(COUNTS, [campaign.settings for campaign in campaigns])
    wrong = Column(
        "wrong_share", "Wrong before (%)", 1, True, cell=lambda part: part.results.wrong_rate(part.number).value
    )
    columns = (MODEL, BIN, SAMPLES, *_rates(counts), _WRONG_BEFORE, wrong, _SKIPPED, _ERRORS)
    rows = (
        (campaign, _Part(campaign, model, number))
        for campaign, model in models_of(campaigns)
        for number in campaign.bin_numbers
    )
    note = (
        "Over the samples that a model was attacked on (n). Wrong before: samples that the reference model gets right "
        "and this model gets wrong without an attack; they are not in n, and their share is of them and n together. "
        f"Skipped samples and errors are not in n. {_count_notes(counts)}{INTERVALS}"
    )
    return table_of(campaigns, "by-bin", "Success by label frequency (the numbers of Figure 2)", columns, rows, note)


def thresholds(campaigns: Sequence[Campaign]) -> Table:
    """Success over similarity thresholds, on the tail, the head and all."""

    def column(key: str, title: str, threshold: float | None) -> Column:
        return Column(key, title, 1, True, cell=lambda part: part.results.rate(part.number, threshold=threshold).value)

    above = (column(f"above_{value:g}", f"> {value:g}", value) for value in THRESHOLDS)
    rows = (
        (campaign, _Part(campaign, model, number))
        for campaign, model in models_of(campaigns)
        for number in dict.fromkeys((campaign.bins[0].number, campaign.bins[-1].number, None))
    )
    kinds = ", ".join(sorted({campaign.similarity_kind for campaign in campaigns}))
    note = f"A success counts where its similarity ({kinds}) is above the threshold in the heading; any: without one."
    title, columns = (
        "Success rate (%) over similarity thresholds",
        (MODEL, BIN, SAMPLES, column("any", "any", None), *above),
    )
    return table_of(campaigns, "thresholds", title, columns, rows, note)


def defence(campaigns: Sequence[Campaign]) -> list[Table]:
    """Each other model beside the reference model, primary and secondary figure (section 4.3.2)."""
    tables = []
    for place, campaign in enumerate(campaigns, start=1):
        reference = campaign.model(campaign.reference)
        others = [model for model in campaign.models if model is not reference and model.records]
        if reference is None or not reference.records:
            continue
        for number, model in enumerate(others, start=1):
            name = f"defence-{place}-{number}" if len(campaigns) > 1 else f"defence-{number}"
            first, second = Side(campaign, reference, reference.name), Side(campaign, model, model.name)
            tables.append(comparison_table(first, second, name))
            tables.append(comparison_table(first, second, f"{name}-both-right", both_right=True))
    return tables


class _Reason(NamedTuple):
    model: str
    outcome: str
    reason: str
    samples: int


def not_attacked(campaigns: Sequence[Campaign]) -> Table:
    """The records that are no attack, by their reason."""
    columns = (MODEL, Column("outcome", "Outcome"), Column("reason", "Reason"), Column("samples", "Samples"))
    rows = [
        (campaign, _Reason(campaign.reference, "not drawn", reason, number))
        for campaign in campaigns
        for reason, number in campaign.left_out.items()
        if number
    ]
    rows += [
        (campaign, _Reason(model.name, *kind, number))
        for campaign, model in models_of(campaigns)
        for kind, number in campaign.not_attacked(model).items()
    ]
    note = (
        "Not drawn: samples that the reference model gets right, which an attack could not change. Wrong before: the "
        "model gets the sample wrong without an attack. Samples with an error run again with --resume --retry-errors."
    )
    return table_of(campaigns, "not-attacked", "What was not attacked, and why", columns, rows, note)


class _Cost:
    """What the attacks on a model cost."""

    def __init__(self, campaign: Campaign, model: Model) -> None:
        attacked = campaign.results[model.name].of_bin().rows
        self.model, self.attacks, self.successes = (
            model.name,
            len(attacked),
            int(campaign.results[model.name].passed().sum()),
        )
        self.all_queries, self.all_seconds = attacked["queries"], attacked["seconds"]
        self.queries, self.seconds = int(attacked["queries"].sum()), float(attacked["seconds"].sum())


def cost(campaigns: Sequence[Campaign]) -> Table:
    """Queries and seconds, per attack and per success."""
    columns = (
        MODEL,
        *(Column("attacks", "Attacks"), Column("successes", "Successes"), Column("queries", "Queries")),
        Column("queries_per_attack", "Queries per attack", 1, cell=lambda one: _mean(one.all_queries)),
        Column("queries_median", "Queries, median", 1, cell=lambda one: float(one.all_queries.median())),
        Column("queries_per_success", "Queries per success", 1, cell=lambda one: _ratio(one.queries, one.successes)),
        Column("seconds", "Seconds", 1),
        Column("seconds_per_attack", "Seconds per attack", 2, cell=lambda one: _mean(one.all_seconds)),
        Column("seconds_per_success", "Seconds per success", 2, cell=lambda one: _ratio(one.seconds, one.successes)),
        Column("queries_per_second", "Queries per second", 1, cell=lambda one: _ratio(one.queries, one.seconds)),
    )
    note = (
        "A query is a distinct text sent to the model. Failed attacks count; skipped samples and errors do not. "
        "Per success: all queries, or seconds, over the number of successes."
    )
    rows = ((campaign, _Cost(campaign, model)) for campaign, model in models_of(campaigns))
    return table_of(campaigns, "cost", "Cost", columns, rows, note, section="cost")


def terminal_summary(campaign: Campaign) -> str:
    """For each model, how often the attack succeeded in each bin and what was wrong before, as text for a terminal."""
    parts = []
    for model in campaign.models:
        results = campaign.results[model.name]
        reference = " (reference)" if model.name == campaign.reference else ""
        wrong = results.rows["wrong_before"].any()
        titles = ["  label frequency", "n", "success", *(["wrong without an attack"] if wrong else [])]
        rows = []
        for number in campaign.bin_numbers:
            rate, of_bin = results.rate(number), results.of_bin(number, wrong_counts=True).rows["wrong_before"]
            cells = [f"  {campaign.bin_name(number)}", f"{rate.n:,}", rate_text(rate)]
            rows.append([*cells, f"{of_bin.sum():,} of {len(of_bin):,}"][: len(titles)])
        lines = [f"{model.name}{reference}", text_table(titles, rows, [False, True, False, False][: len(titles)])]
        for (outcome, reason), number in campaign.not_attacked(model).items():
            if reason != WRONG_BEFORE or not wrong:
                lines.append(f"  {outcome}: {number:,} ({reason})")
        parts.append("\n".join(lines))
    return "\n".join(parts)


def _rates(counts: Iterable[Count]) -> list[Column]:
    """A column for each count, of a `_Part`."""

    def rate(count: Count) -> Column:
        return rate_column(count.key, count.title, lambda part: part.results.rate(part.number, count))

    return [rate(count) for count in counts]


def _count_notes(counts: Sequence[Count]) -> str:
    return "".join(f"{count.title.removesuffix(' (%)')}: also, {count.phrase}. " for count in counts[1:])


def _mean(values: Any) -> float:
    return float(np.mean(values)) if len(values) else nan


def _ratio(of: float, number: float) -> float:
    return float(of / number) if number else nan
