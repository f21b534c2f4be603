"""The tables of what was attacked and how: data, bins, clusters, models, settings."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from textattack_xmtc.results.campaign import Campaign, models_of
from textattack_xmtc.results.tables.table import Cell, Column, Names, Table, table_of_campaigns


def data(campaigns: Sequence[Campaign]) -> Table:
    """Table 2: the corpora, each once."""
    columns = (
        Column("dataset", "Dataset"),
        Column("train", "Training texts"),
        Column("test", "Test texts"),
        Column("labels", "Labels"),
        Column("texts_per_label", "APpL", 1),
        Column("labels_per_text", "ALpP", 2),
        Column("tail_share", "Tail labels (%)", 1, percent=True),
        Column("unseen_labels", "Labels without training text"),
    )
    rows: dict[Any, tuple[Cell, ...]] = {}
    tails = set()
    for campaign in campaigns:
        numbers = campaign.corpus.get("statistics", {})
        name, fingerprint = str(campaign.corpus["name"]), campaign.corpus.get("fingerprint")
        rows[name, str(fingerprint)] = (name, *(numbers.get(column.key) for column in columns[1:]))
        tails.add(numbers.get("tail_at_most"))
    note = (
        "APpL: average number of training texts a label. ALpP: average number of labels a training text. "
        f"Tail labels have at most {' or '.join(sorted(map(str, tails)))} training texts."
    )
    return Table("data", "Table 2. The data", columns, tuple(rows.values()), note, "data")


def bins(campaigns: Sequence[Campaign]) -> Table:
    """The bins of label frequency (section 4.1)."""
    columns = (
        Column("bin", "Label frequency (training texts)"),
        Column("labels", "Labels with a right sample"),
        Column("right", "Right samples"),
        Column("drawn", "Drawn"),
    )
    rows = [
        (campaign.name, (campaign.bin_name(part.number), part.labels, part.right, part.drawn))
        for campaign in campaigns
        for part in campaign.bins
    ]
    note = "A sample is a test text with a target label; right by the reference model."
    return table_of_campaigns("bins", "Bins of label frequency", columns, rows, len(campaigns) > 1, note, "data")


def clusters(campaigns: Sequence[Campaign]) -> Table:
    """Table 4: some clusters."""
    columns = (Column("cluster", "Cluster"), Column("labels", "Labels"))
    rows = [
        (campaign.name, (str(number), Names(tuple(campaign.label_names[label] for label in cluster))))
        for campaign in campaigns
        for number, cluster in enumerate(campaign.clusters, start=1)
    ]
    note = "A text is attacked for a target only if one of its true labels is in the target's cluster (Eq. 4.5)."
    return table_of_campaigns(
        "clusters", "Table 4. Some label clusters", columns, rows, len(campaigns) > 1, note, "data"
    )


def models(campaigns: Sequence[Campaign]) -> Table:
    """What was attacked."""
    columns = (
        Column("model", "Model"),
        Column("reference", "Reference"),
        Column("architecture", "Architecture"),
        Column("score_kind", "Scores"),
        Column("right", "Right pairs"),
        Column("folder", "Folder"),
        Column("fingerprint", "Fingerprint"),
    )
    rows: list[tuple[str, tuple[Cell, ...]]] = []
    for campaign, model in models_of(campaigns):
        facts = [model.facts.get(key) for key in ("architecture", "score_kind")]
        texts = [None if fact is None else str(fact) for fact in facts]
        right, folder, fingerprint = (model.facts.get(key) for key in ("right", "folder", "fingerprint"))
        is_reference = "yes" if model.name == campaign.reference else "no"
        rows.append((campaign.name, (model.name, is_reference, *texts, right, str(folder), str(fingerprint))))
    note = "Right pairs: test texts with a true label that is among the model's k best."
    return table_of_campaigns("models", "The models", columns, rows, len(campaigns) > 1, note, "method")


def settings(campaigns: Sequence[Campaign]) -> Table:
    """Every choice and every version."""
    columns = (Column("setting", "Setting"), Column("value", "Value"), Column("origin", "What it is"))
    rows: list[tuple[str, tuple[Cell, ...]]] = []
    for campaign in campaigns:
        corpus = {key: value for key, value in campaign.corpus.items() if key != "statistics"}
        parts = (
            ("chosen", campaign.settings),
            ("resolved", campaign.resolved),
            ("data", corpus),
            ("version", campaign.versions),
        )
        rows += [
            (campaign.name, (str(key), _text(value), part)) for part, facts in parts for key, value in facts.items()
        ]
    title = "Every choice, and the versions"
    return table_of_campaigns("settings", title, columns, rows, len(campaigns) > 1, section="method")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
