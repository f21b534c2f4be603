"""Which tables a report has, and in which order."""

from __future__ import annotations

from collections.abc import Sequence

from textattack_xmtc.goal import GOALS
from textattack_xmtc.results.summary import Campaign
from textattack_xmtc.results.tables import Table
from textattack_xmtc.results.tables_of_examples import examples, long_example, moved_labels, other_labels
from textattack_xmtc.results.tables_of_results import by_bin, cost, defence, success, thresholds
from textattack_xmtc.results.tables_of_setup import bins, clusters, data, models, settings
from textattack_xmtc.results.tables_of_transfer import transfers


def all_tables(campaigns: Sequence[Campaign], family: str = "other") -> list[Table]:
    """Every table of the report that has a row, in the order of the page.

    Args:
        campaigns: what to report.
        family: of their data sets, in `metrics.PROPENSITY_CONSTANTS`.
    """
    found = [
        data(campaigns),
        bins(campaigns),
        *(success(campaigns, goal) for goal in GOALS),
        by_bin(campaigns),
        thresholds(campaigns),
        *defence(campaigns),
        transfers(campaigns),
        clusters(campaigns),
        long_example(campaigns),
        examples(campaigns),
        other_labels(campaigns, family),
        moved_labels(campaigns, inwards=True),
        moved_labels(campaigns, inwards=False),
        cost(campaigns),
        models(campaigns),
        settings(campaigns),
    ]
    return [table for table in found if table.rows]
