"""The table of what judges say of adversarial texts: does the label still fit?"""

from __future__ import annotations

from collections.abc import Sequence

from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.judgements import Judged, judged, read_judgements
from textattack_xmtc.results.tables.table import Column, Table, rate_column, table_of
from textattack_xmtc.results.validity import LEAST_YOUDEN, SENSITIVITY_LOSS


def judges(campaigns: Sequence[Campaign]) -> Table:
    """Does the label still fit? By judge, model and number of changed words."""
    columns = (
        Column("judge", "Judge", cell=lambda row: row[0].judge),
        Column("model", "Attacked model", cell=lambda row: row[0].model),
        Column("changed", "Words changed", cell=lambda row: _changed(row[0])),
        rate_column("sensitivity", "Accepts controls that fit (%)", lambda row: row[0].point.sensitivity),
        rate_column("specificity", "Rejects controls that do not (%)", lambda row: row[0].point.specificity),
        Column("usable", "Usable", cell=lambda row: "yes" if row[0].usable else "no"),
        Column("found", "Adversarial texts (n)", cell=lambda row: row[0].adversarial),
        rate_column("accepted", "Accepts of these (%)", lambda row: row[0].valid and row[0].valid.uncorrected),
        rate_column("valid", "Valid, corrected (%)", lambda row: row[0].valid and row[0].valid.corrected),
        Column("bound", "Valid, if it misses more (%)", 1, True, cell=lambda row: row[0].valid and row[0].valid.bound),
        rate_column("random", "Accepts of random exchanges (%)", lambda row: row[0].random),
        rate_column("more", "More than of random ones (points)", lambda row: row[0].more_than_random),
        Column("data", "Learnt from", cell=lambda row: row[1]),
    )
    rows: list[tuple[Campaign, tuple[Judged, str]]] = []
    for campaign in campaigns:
        for judgement in read_judgements(campaign.folder):
            same = judgement.training_data == campaign.corpus.get("fingerprint")
            data = "the same texts" if same else "other texts" if judgement.training_data else "no texts"
            for model in campaign.models:
                rows += [(campaign, (row, data)) for row in judged(campaign, judgement, model.name) if row.adversarial]
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
    return table_of(campaigns, "judges", title, columns, rows, note, "validity")


def _changed(row: Judged) -> str:
    if row.highest >= 10**6:
        return f"{row.lowest} or more"
    return str(row.lowest) if row.lowest == row.highest else f"{row.lowest} to {row.highest}"
