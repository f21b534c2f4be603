"""Which tables a report has, and in which order."""

from __future__ import annotations

from collections.abc import Sequence

from textattack_xmtc.goal import GOALS
from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.tables.examples import examples, labels_of_successes, long_example
from textattack_xmtc.results.tables.judges import judges
from textattack_xmtc.results.tables.setup import bins, clusters, data, models, settings
from textattack_xmtc.results.tables.success import by_bin, cost, defence, not_attacked, success, thresholds
from textattack_xmtc.results.tables.table import Table
from textattack_xmtc.results.tables.transfer import transfers


def all_tables(campaigns: Sequence[Campaign], family: str = "other") -> list[Table]:
    """Every table of the report that has a row, in the order of the page.

    Args:
        campaigns: what to report.
        family: of their data sets, in `metrics.PROPENSITY_CONSTANTS`.
    """
    tables = [
        data(campaigns),
        bins(campaigns),
        *(success(campaigns, goal) for goal in GOALS),
        by_bin(campaigns),
        thresholds(campaigns),
        not_attacked(campaigns),
        judges(campaigns),
        *defence(campaigns),
        transfers(campaigns),
        clusters(campaigns),
        long_example(campaigns),
        examples(campaigns),
        *labels_of_successes(campaigns, family),
        cost(campaigns),
        models(campaigns),
        settings(campaigns),
    ]
    return [table for table in tables if table.rows]
