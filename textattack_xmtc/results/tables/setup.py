"""The tables of what was attacked and how: data, bins, clusters, models, settings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

from textattack_xmtc.results.campaign import Campaign, models_of
from textattack_xmtc.results.tables.table import BIN, DATASET, MODEL, Column, Names, Table, table_of


def data(campaigns: Sequence[Campaign]) -> Table:
    """Table 2: the corpora, each once."""
    numbers = (
        *(("train", "Training texts"), ("test", "Test texts"), ("labels", "Labels"), ("texts_per_label", "APpL", 1)),
        *(("labels_per_text", "ALpP", 2), ("tail_share", "Tail labels (%)", 1, True)),
        ("unseen_labels", "Labels without training text"),
    )
    columns = (DATASET, *(Column(*number) for number in numbers))
    rows = {}
    tails = set()
    for campaign in campaigns:
        statistics, name = campaign.corpus.get("statistics", {}), str(campaign.corpus["name"])
        cells = (name, *(statistics.get(column.key) for column in columns[1:]))
        rows[name, str(campaign.corpus.get("fingerprint"))] = cells
        tails.add(statistics.get("tail_at_most"))
    note = (
        "APpL: average number of training texts a label. ALpP: average number of labels a training text. "
        f"Tail labels have at most {' or '.join(sorted(map(str, tails)))} training texts."
    )
    return Table("data", "Table 2. The data", columns, tuple(rows.values()), note, "data")


def bins(campaigns: Sequence[Campaign]) -> Table:
    """The bins of label frequency (section 4.1)."""
    columns = (
        Column(BIN.key, BIN.title, cell=lambda row: row[0].bin_name(row[1].number)),
        Column("labels", "Labels with a right sample", cell=lambda row: row[1].labels),
        Column("right", "Right samples", cell=lambda row: row[1].right),
        Column("drawn", "Drawn", cell=lambda row: row[1].drawn),
    )
    rows = ((campaign, (campaign, part)) for campaign in campaigns for part in campaign.bins)
    note = "A sample is a test text with a target label; right by the reference model."
    return table_of(campaigns, "bins", "Bins of label frequency", columns, rows, note, "data")


def clusters(campaigns: Sequence[Campaign]) -> Table:
    """Table 4: some clusters."""
    columns = (
        Column("cluster", "Cluster", cell=lambda row: str(row[0])),
        Column("labels", "Labels", cell=lambda row: Names(row[1])),
    )
    rows = (
        (campaign, (number, tuple(campaign.label_names[label] for label in cluster)))
        for campaign in campaigns
        for number, cluster in enumerate(campaign.clusters, start=1)
    )
    note = "A text is attacked for a target only if one of its true labels is in the target's cluster (Eq. 4.5)."
    return table_of(campaigns, "clusters", "Table 4. Some label clusters", columns, rows, note, "data")


def models(campaigns: Sequence[Campaign]) -> Table:
    """What was attacked."""

    def fact(key: str, title: str) -> Column:
        return Column(key, title, cell=lambda row: None if row[1].facts.get(key) is None else str(row[1].facts[key]))

    columns = (
        Column(MODEL.key, MODEL.title, cell=lambda row: row[1].name),
        Column("reference", "Reference", cell=lambda row: "yes" if row[1].name == row[0].reference else "no"),
        *(fact("architecture", "Architecture"), fact("score_kind", "Scores")),
        Column("right", "Right pairs", cell=lambda row: row[1].facts.get("right")),
        *(fact("folder", "Folder"), fact("fingerprint", "Fingerprint")),
    )
    rows = ((campaign, (campaign, model)) for campaign, model in models_of(campaigns))
    note = "Right pairs: test texts with a true label that is among the model's k best."
    return table_of(campaigns, "models", "The models", columns, rows, note, "method")


class _Setting(NamedTuple):
    setting: str
    value: str
    origin: str


def settings(campaigns: Sequence[Campaign]) -> Table:
    """Every choice and every version."""
    columns = (Column("setting", "Setting"), Column("value", "Value"), Column("origin", "What it is"))
    rows = []
    for campaign in campaigns:
        corpus = {key: value for key, value in campaign.corpus.items() if key != "statistics"}
        parts = {"chosen": campaign.settings, "resolved": campaign.resolved, "data": corpus}
        for part, facts in {**parts, "version": campaign.versions}.items():
            rows += [(campaign, _Setting(str(key), _text(value), part)) for key, value in facts.items()]
    return table_of(campaigns, "settings", "Every choice, and the versions", columns, rows, section="method")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
