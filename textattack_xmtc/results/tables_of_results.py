"""The tables of what the attack reached: success, comparison with the reference model, cost."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan

import numpy as np

from textattack_xmtc.goal import GOALS, NEGATIVE, POSITIVE
from textattack_xmtc.results import side_effects
from textattack_xmtc.results.comparison import Side, comparison_table
from textattack_xmtc.results.summary import (
    ERROR,
    FAILED,
    SKIPPED,
    SUCCEEDED,
    WRONG_BEFORE,
    Campaign,
    models_of,
)
from textattack_xmtc.results.tables import Cell, Column, Table, across
from textattack_xmtc.results.wording import percent

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)
"""The similarity thresholds of the table; the figure has all between."""

INTERVALS = "95% intervals: Wilson's, or a bootstrap over texts where samples share texts."


def success(campaigns: Sequence[Campaign], goal: str) -> Table:
    """Table 3 (positive-targeted), Table 5 (negative-targeted) and their like for untargeted attacks."""
    chosen = [campaign for campaign in campaigns if campaign.goal == goal]
    number = {POSITIVE: "Table 3. ", NEGATIVE: "Table 5. "}.get(goal, "")
    clustered = (Column("cluster", "Within a cluster"),) if goal == NEGATIVE else ()
    columns = (
        Column("model", "Model"),
        Column("dataset", "Dataset"),
        *clustered,
        Column("n", "n"),
        Column("success", "Success rate (%)", 1, percent=True, interval=True),
        Column("similar_success", "Success, similar text (%)", 1, percent=True, interval=True),
        Column("similarity_of_successes", "Similarity, successes", 2),
        Column("similarity_of_all", "Similarity, all", 2),
        Column("change_rate", "Change rate (%)", 2, percent=True),
        Column("wrong_before", "Wrong before"),
        Column("skipped", "Skipped"),
        Column("errors", "Errors"),
    )
    rows: list[tuple[str, tuple[Cell, ...]]] = []
    for campaign, model in models_of(chosen):
        verdicts, counted = campaign.verdicts[model.name], campaign.outcomes(model)
        reached = side_effects.successful(campaign, model)
        rate = verdicts.rate(right_only=True)
        similarity = np.array([campaign.similarity(record) for record in reached])
        similarity = similarity[~np.isnan(similarity)]
        rows.append((campaign.name, (
            model.name,
            str(campaign.corpus["name"]),
            *(("yes" if campaign.settings.get("cluster") else "no",) if clustered else ()),
            rate.n,
            rate,
            verdicts.rate(threshold=campaign.threshold, right_only=True),
            _mean(similarity),
            float(similarity.sum()) / rate.n if rate.n else nan,
            _mean([record.change_rate for record in reached]),
            counted[WRONG_BEFORE],
            counted[SKIPPED] - counted[WRONG_BEFORE],
            counted[ERROR],
        )))  # fmt: skip
    limits = ", ".join(sorted({percent(campaign.limit) for campaign in chosen}))
    note = (
        f"Over the samples that the model itself gets right. A success reaches the goal with at most {limits} of the "
        "words changed. Similar: also above the similarity threshold. Similarity: the mean over successes, and, as the "
        "paper's tables have it, their sum over all n. Change rate: the mean over successes. Wrong before: samples "
        "that the model gets wrong without an attack; they, skipped samples and errors are not in n. "
        f"{INTERVALS}"
    )
    title = f"{number}Success of {GOALS[goal].title} attacks"
    return across(f"{goal}-success", title, columns, rows, len(campaigns) > 1, note)


def by_bin(campaigns: Sequence[Campaign]) -> Table:
    """The numbers of Figure 2: success by label frequency."""
    columns = (
        Column("model", "Model"),
        Column("bin", "Label frequency (training texts)"),
        Column("n", "n"),
        Column("success", "Success rate (%)", 1, percent=True, interval=True),
        Column("similar_success", "Success, similar text (%)", 1, percent=True, interval=True),
        Column("wrong_before", "Wrong before"),
        Column("skipped", "Skipped"),
        Column("errors", "Errors"),
    )
    rows: list[tuple[str, tuple[Cell, ...]]] = []
    for campaign, model in models_of(campaigns):
        verdicts = campaign.verdicts[model.name]
        for number in [*(part.number for part in campaign.bins), None]:
            rate, counted = verdicts.rate(number), campaign.outcomes(model, number)
            rows.append((campaign.name, (
                model.name,
                "all" if number is None else campaign.bin_name(number),
                rate.n,
                rate,
                verdicts.rate(number, campaign.threshold),
                counted[WRONG_BEFORE],
                counted[SKIPPED] - counted[WRONG_BEFORE],
                counted[ERROR],
            )))  # fmt: skip
    note = (
        "Over all samples that the reference model gets right: on another model, a sample that it gets wrong before "
        "the attack counts as a success of the attack (section 4.3.2); their number is given. Skipped samples and "
        f"errors are not in n. Similar: also above the similarity threshold. {INTERVALS}"
    )
    return across(
        "by-bin", "Success by label frequency (the numbers of Figure 2)", columns, rows, len(campaigns) > 1, note
    )


def thresholds(campaigns: Sequence[Campaign]) -> Table:
    """Success over similarity thresholds, on the tail, the head and all."""
    columns = (
        Column("model", "Model"),
        Column("bin", "Label frequency (training texts)"),
        Column("n", "n"),
        Column("any", "any", 1, percent=True),
        *(Column(f"above_{value:g}", f"> {value:g}", 1, percent=True) for value in THRESHOLDS),
    )
    rows: list[tuple[str, tuple[Cell, ...]]] = []
    for campaign, model in models_of(campaigns):
        verdicts = campaign.verdicts[model.name]
        for number in [*dict.fromkeys(part.number for part in (campaign.bins[0], campaign.bins[-1])), None]:
            rates = [verdicts.rate(number, threshold) for threshold in (None, *THRESHOLDS)]
            name = "all" if number is None else campaign.bin_name(number)
            rows.append((campaign.name, (model.name, name, rates[0].n, *(rate.value for rate in rates))))
    measures = ", ".join(sorted({campaign.measure for campaign in campaigns}))
    note = (
        f"A success counts where its similarity ({measures}) is above the threshold in the heading; any: without one."
    )
    return across("thresholds", "Success rate (%) over similarity thresholds", columns, rows, len(campaigns) > 1, note)


def defence(campaigns: Sequence[Campaign]) -> list[Table]:
    """Each other model beside the reference model, primary and secondary figure (section 4.3.2)."""
    found = []
    for place, campaign in enumerate(campaigns, start=1):
        reference = campaign.model(campaign.reference)
        others = [model for model in campaign.models if model is not reference and model.records]
        if reference is None or not reference.records:
            continue
        for number, model in enumerate(others, start=1):
            name = f"defence-{place}-{number}" if len(campaigns) > 1 else f"defence-{number}"
            first, second = Side(campaign, reference, reference.name), Side(campaign, model, model.name)
            found.append(comparison_table(first, second, name))
            found.append(comparison_table(first, second, f"{name}-both-right", both_right=True))
    return found


def cost(campaigns: Sequence[Campaign]) -> Table:
    """Queries and seconds, per attack and per success."""
    columns = (
        Column("model", "Model"),
        Column("attacks", "Attacks"),
        Column("successes", "Successes"),
        Column("queries", "Queries"),
        Column("queries_per_attack", "Queries per attack", 1),
        Column("queries_median", "Queries, median", 1),
        Column("queries_per_success", "Queries per success", 1),
        Column("seconds", "Seconds", 1),
        Column("seconds_per_attack", "Seconds per attack", 2),
        Column("seconds_per_success", "Seconds per success", 2),
        Column("queries_per_second", "Queries per second", 1),
    )
    rows: list[tuple[str, tuple[Cell, ...]]] = []
    for campaign, model in models_of(campaigns):
        attacked = [record for record in model.records.values() if record.outcome in (SUCCEEDED, FAILED)]
        reached = len(side_effects.successful(campaign, model))
        queries, seconds = [record.queries for record in attacked], [record.seconds for record in attacked]
        rows.append((campaign.name, (
            model.name,
            len(attacked),
            reached,
            sum(queries),
            _mean(queries),
            float(np.median(queries)) if queries else nan,
            sum(queries) / reached if reached else nan,
            sum(seconds),
            _mean(seconds),
            sum(seconds) / reached if reached else nan,
            sum(queries) / sum(seconds) if sum(seconds) else nan,
        )))  # fmt: skip
    note = (
        "A query is a distinct text sent to the model. Failed attacks count; skipped samples and errors do not. "
        "Per success: all queries, or seconds, over the number of successes."
    )
    return across("cost", "Cost", columns, rows, len(campaigns) > 1, note)


def _mean(values: Sequence[float] | np.ndarray) -> float:
    return float(np.mean(values)) if len(values) else nan
