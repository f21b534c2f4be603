"""The tables of what the attack reached: success, by label frequency, over thresholds; what was not attacked; cost."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan

import numpy as np

from textattack_xmtc.goal import GOALS, NEGATIVE, POSITIVE
from textattack_xmtc.results import side_effects
from textattack_xmtc.results.campaign import Campaign, models_of
from textattack_xmtc.results.comparison import Side, comparison_table
from textattack_xmtc.results.headline import percent, rate_text
from textattack_xmtc.results.records import ERROR, SKIPPED, WRONG_BEFORE
from textattack_xmtc.results.summary import COUNTS, Count, shown_counts
from textattack_xmtc.results.tables.formats import text_table
from textattack_xmtc.results.tables.table import Cell, Column, Table, rate_column, table_of_campaigns

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)
"""The similarity thresholds of the table; the figure has all between."""

INTERVALS = "95% intervals: Wilson's, or a bootstrap over texts where samples share texts."


def success(campaigns: Sequence[Campaign], goal: str) -> Table:
    """Table 3 (positive-targeted), Table 5 (negative-targeted) and their like for untargeted attacks."""
    chosen = [campaign for campaign in campaigns if campaign.goal == goal]
    number = {POSITIVE: "Table 3. ", NEGATIVE: "Table 5. "}.get(goal, "")
    clustered = (Column("cluster", "Within a cluster"),) if goal == NEGATIVE else ()
    counts = shown_counts(COUNTS, [campaign.settings for campaign in chosen])
    columns = (
        Column("model", "Model"),
        Column("dataset", "Dataset"),
        *clustered,
        Column("n", "n"),
        *(rate_column(count.key, count.title) for count in counts),
        Column("similarity_of_successes", "Similarity, successes", 2),
        Column("similarity_of_all", "Similarity, all", 2),
        Column("change_rate", "Change rate (%)", 2, percent=True),
        Column("wrong_before", "Wrong before"),
        Column("skipped", "Skipped"),
        Column("errors", "Errors"),
    )
    rows: list[tuple[str, tuple[Cell, ...]]] = []
    for campaign, model in models_of(chosen):
        results, outcomes = campaign.results[model.name], campaign.outcomes(model)
        reached = side_effects.successful(campaign, model)
        rates = [results.rate(count=count) for count in counts]
        similarity = np.array([campaign.similarity(record) for record in reached])
        similarity = similarity[~np.isnan(similarity)]
        rows.append((campaign.name, (
            model.name,
            str(campaign.corpus["name"]),
            *(("yes" if campaign.settings.get("cluster") else "no",) if clustered else ()),
            rates[0].n,
            *rates,
            _mean(similarity),
            float(similarity.sum()) / rates[0].n if rates[0].n else nan,
            _mean([record.change_rate for record in reached]),
            outcomes[WRONG_BEFORE],
            outcomes[SKIPPED] - outcomes[WRONG_BEFORE],
            outcomes[ERROR],
        )))  # fmt: skip
    limits = ", ".join(sorted({percent(campaign.max_change_rate) for campaign in chosen}))
    note = (
        f"Over the samples that the model was attacked on. A success reaches the goal with at most {limits} of the "
        f"words changed. {_count_notes(counts)}Similarity: the mean over successes, and, as the "
        "paper's tables have it, their sum over all n. Change rate: the mean over successes. Wrong before: samples "
        "that the model gets wrong without an attack; they, skipped samples and errors are not in n. "
        f"{INTERVALS}"
    )
    title = f"{number}Success of {GOALS[goal].title} attacks"
    return table_of_campaigns(f"{goal}-success", title, columns, rows, len(campaigns) > 1, note)


def by_bin(campaigns: Sequence[Campaign]) -> Table:
    """The numbers of Figure 2: success by label frequency."""
    counts = shown_counts(COUNTS, [campaign.settings for campaign in campaigns])
    columns = (
        Column("model", "Model"),
        Column("bin", "Label frequency (training texts)"),
        Column("n", "n"),
        *(rate_column(count.key, count.title) for count in counts),
        Column("wrong_before", "Wrong before"),
        Column("wrong_share", "Wrong before (%)", 1, percent=True),
        Column("skipped", "Skipped"),
        Column("errors", "Errors"),
    )
    rows: list[tuple[str, tuple[Cell, ...]]] = []
    for campaign, model in models_of(campaigns):
        results = campaign.results[model.name]
        for number in campaign.bin_numbers:
            rates, outcomes = [results.rate(number, count) for count in counts], campaign.outcomes(model, number)
            rows.append((campaign.name, (
                model.name,
                campaign.bin_name(number),
                rates[0].n,
                *rates,
                outcomes[WRONG_BEFORE],
                results.wrong_rate(number).value,
                outcomes[SKIPPED] - outcomes[WRONG_BEFORE],
                outcomes[ERROR],
            )))  # fmt: skip
    note = (
        "Over the samples that a model was attacked on (n). Wrong before: samples that the reference model gets right "
        "and this model gets wrong without an attack; they are not in n, and their share is of them and n together. "
        f"Skipped samples and errors are not in n. {_count_notes(counts)}{INTERVALS}"
    )
    title = "Success by label frequency (the numbers of Figure 2)"
    return table_of_campaigns("by-bin", title, columns, rows, len(campaigns) > 1, note)


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
        results = campaign.results[model.name]
        for number in dict.fromkeys((campaign.bins[0].number, campaign.bins[-1].number, None)):
            rates = [results.rate(number, threshold=threshold) for threshold in (None, *THRESHOLDS)]
            shares: list[Cell] = [rate.value for rate in rates]
            rows.append((campaign.name, (model.name, campaign.bin_name(number), rates[0].n, *shares)))
    kinds = ", ".join(sorted({campaign.similarity_kind for campaign in campaigns}))
    note = f"A success counts where its similarity ({kinds}) is above the threshold in the heading; any: without one."
    title = "Success rate (%) over similarity thresholds"
    return table_of_campaigns("thresholds", title, columns, rows, len(campaigns) > 1, note)


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


def not_attacked(campaigns: Sequence[Campaign]) -> Table:
    """The records that are no attack, by their reason."""
    columns = (
        Column("model", "Model"),
        Column("outcome", "Outcome"),
        Column("reason", "Reason"),
        Column("samples", "Samples"),
    )
    rows: list[tuple[str, tuple[Cell, ...]]] = [
        (campaign.name, (campaign.reference, "not drawn", reason, number))
        for campaign in campaigns
        for reason, number in campaign.left_out.items()
        if number
    ]
    rows += [
        (campaign.name, (model.name, outcome, reason, number))
        for campaign, model in models_of(campaigns)
        for (outcome, reason), number in campaign.not_attacked(model).items()
    ]
    note = (
        "Not drawn: samples that the reference model gets right, which an attack could not change. Wrong before: the "
        "model gets the sample wrong without an attack. Samples with an error run again with --resume --retry-errors."
    )
    title = "What was not attacked, and why"
    return table_of_campaigns("not-attacked", title, columns, rows, len(campaigns) > 1, note)


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
        attacked = [record for record in model.records.values() if record.attacked]
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
    return table_of_campaigns("cost", "Cost", columns, rows, len(campaigns) > 1, note, section="cost")


def terminal_summary(campaign: Campaign) -> str:
    """For each model, how often the attack succeeded in each bin and what was wrong before, as text for a terminal."""
    parts = []
    for model in campaign.models:
        results = campaign.results[model.name]
        reference = " (reference)" if model.name == campaign.reference else ""
        wrong = results.wrong_before.any()
        titles = ["  label frequency", "n", "success", *(["wrong without an attack"] if wrong else [])]
        rows = []
        for number in campaign.bin_numbers:
            rate, wrong_rate = results.rate(number), results.wrong_rate(number)
            cells = [f"  {campaign.bin_name(number)}", f"{rate.n:,}", rate_text(rate)]
            if wrong:
                lost = int(results.wrong_before[results.rows(number, wrong_counts=True)].sum())
                cells.append(f"{lost:,} of {wrong_rate.n:,}")
            rows.append(cells)
        lines = [f"{model.name}{reference}", text_table(titles, rows, [False, True, False, False][: len(titles)])]
        for (outcome, reason), number in campaign.not_attacked(model).items():
            if reason != WRONG_BEFORE or not wrong:
                lines.append(f"  {outcome}: {number:,} ({reason})")
        parts.append("\n".join(lines))
    return "\n".join(parts)


def _count_notes(counts: Sequence[Count]) -> str:
    return "".join(f"{count.title.removesuffix(' (%)')}: also, {count.phrase}. " for count in counts[1:])


def _mean(values: Sequence[float] | np.ndarray) -> float:
    return float(np.mean(values)) if len(values) else nan
