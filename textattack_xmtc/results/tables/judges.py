"""The table of what judges say of adversarial texts: does the label still fit?"""

from __future__ import annotations

from collections.abc import Sequence

from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.judgements import Judged, judged, read_judgements
from textattack_xmtc.results.statistics import Estimate
from textattack_xmtc.results.tables.table import Cell, Column, Table, rate_column, table_of_campaigns
from textattack_xmtc.results.validity import LEAST_YOUDEN, SENSITIVITY_LOSS


def judges(campaigns: Sequence[Campaign]) -> Table:
    """Does the label still fit? By judge, model and number of changed words."""
    columns = (
        Column("judge", "Judge"),
        Column("model", "Attacked model"),
        Column("changed", "Words changed"),
        rate_column("sensitivity", "Accepts controls that fit (%)"),
        rate_column("specificity", "Rejects controls that do not (%)"),
        Column("usable", "Usable"),
        Column("found", "Adversarial texts (n)"),
        rate_column("accepted", "Accepts of these (%)"),
        rate_column("valid", "Valid, corrected (%)"),
        Column("bound", "Valid, if it misses more (%)", 1, percent=True),
        rate_column("random", "Accepts of random exchanges (%)"),
        rate_column("more", "More than of random ones (points)"),
        Column("data", "Learnt from"),
    )
    rows: list[tuple[str, tuple[Cell, ...]]] = []
    for campaign in campaigns:
        for judgement in read_judgements(campaign.folder):
            same = judgement.training_data == campaign.corpus.get("fingerprint")
            data = "the same texts" if same else "other texts" if judgement.training_data else "no texts"
            for model in campaign.models:
                for row in judged(campaign, judgement, model.name):
                    if row.found:
                        rows.append((campaign.name, (*_cells(row), data)))
    note = (
        "A control that fits has as many words exchanged for words of the same sense, which no search chose; one that "
        "does not fit has all evidence of the label exchanged for another label's. A judge whose sensitivity + "
        f"specificity - 1 is under {LEAST_YOUDEN:g} on controls with as many changed words, or that has too few of "
        "them, is not usable and judges nothing. Corrected: Rogan and Gladen's correction for the judge's errors, the "
        "interval by a bootstrap over texts and controls. If it misses more: the same where the judge's sensitivity on "
        f"adversarial texts is lower by {SENSITIVITY_LOSS:g}. A judge has an opinion only where it is right on the "
        "original text."
    )
    title = "Does the label still fit the changed text?"
    return table_of_campaigns("judges", title, columns, rows, len(campaigns) > 1, note, "validity")


def _cells(row: Judged) -> tuple[Cell, ...]:
    changed = str(row.lowest) if row.lowest == row.highest else f"{row.lowest} to {row.highest}"
    unknown: Estimate | None = None
    return (
        row.judge,
        row.model,
        changed if row.highest < 10**6 else f"{row.lowest} or more",
        row.point.sensitivity,
        row.point.specificity,
        "yes" if row.usable else "no",
        row.found,
        row.valid.uncorrected if row.valid else unknown,
        row.valid.corrected if row.valid else unknown,
        row.valid.bound if row.valid else None,
        row.random,
        row.more_than_random,
    )
