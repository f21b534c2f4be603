"""The tables of a campaign whose samples were drawn by label: how many labels have some, and what came of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from textattack_xmtc.results.campaign import Campaign, models_of
from textattack_xmtc.results.labels import (
    FALSE_DISCOVERIES,
    FRAGILE_SHARE,
    OWN_SAMPLES,
    TESTED_SAMPLES,
    coverage,
    label_results,
)
from textattack_xmtc.results.tables.table import BIN, MODEL, SAMPLES, Column, Names, Table, rate_column, table_of

ON_REPORT, ON_PAGE = 50, 2000
"""How many labels stand in the report, and on the page of labels; the CSV file has all."""

NAME, SECTION = "labels", "by-label"


def label_coverage(campaigns: Sequence[Campaign]) -> Table:
    """How many labels of each bin have samples."""
    columns = (
        Column(MODEL.key, MODEL.title, cell=lambda row: row[1]),
        Column(BIN.key, BIN.title, cell=lambda row: row[0].bin_name(row[2].bin)),
        *(
            Column(key, title, cell=lambda row, key=key: getattr(row[2], key))  # type: ignore[misc]
            for key, title in (
                *(("asked", "Labels asked for"), ("in_test", "In a test text"), ("right", "Right on one")),
                *(("attacked", "With a sample"), ("samples", "Samples")),
            )
        ),
    )
    rows = (
        (campaign, (campaign, model.name, part))
        for campaign, model in models_of(campaigns)
        for part in coverage(campaign, model)
    )
    note = (
        "Right: the reference model has the label among its k best. Labels below the rarest bin are counted in it. "
        "What has no sample is not judged; further texts may help (campaign --texts)."
    )
    return table_of(campaigns, "label-coverage", "How many labels have samples", columns, rows, note, SECTION)


def labels(campaigns: Sequence[Campaign]) -> Table:
    """What came of each label, the fragile ones first."""
    several = len({model.name for _, model in models_of(campaigns)}) > 1
    columns = (
        Column("label", "Label", cell=lambda row: Names((row[0].label_names[row[2].label],))),
        *((Column(MODEL.key, MODEL.title, cell=lambda row: row[1]),) if several else ()),
        _of("texts", "Training texts"),
        Column("fragile", "Fragile", cell=_fragile),
        rate_column("vulnerability", "Falls (% of its texts)", lambda row: row[2].vulnerability),
        Column("basis", "By", cell=lambda row: "bin and own" if row[2].is_pooled else "own samples"),
        Column("successes", "Fell", cell=lambda row: row[2].successes),
        Column(SAMPLES.key, SAMPLES.title, cell=lambda row: row[2].n),
        rate_column("preserving", "Falls, label kept (%)", lambda row: row[2].preserving),
        Column("fewest_words", "Fewest words changed (%)", 1, percent=True, cell=lambda row: row[2].fewest_words),
        Column("words", "Hangs on", cell=lambda row: ", ".join(f"{word} {share:.0%}" for word, share in row[2].words)),
        Column("confused", "Confused with", cell=_confused),
        Column("advice", "What to do", cell=lambda row: row[2].advice(row[0].label_names)),
        _of("in_test", "Test texts"),
        _of("right", "Right"),
        Column("chance", "p (corrected)", 4, cell=lambda row: row[2].chance),
    )
    rows = [
        (campaign, (campaign, model.name, result))
        for campaign, model in models_of(campaigns)
        if campaign.label_draw is not None
        for result in label_results(campaign, model)
    ]
    note = (
        f"Falls: the goal is reached within the change rate, on attacked samples (n). By own samples where there are "
        f"{OWN_SAMPLES} or more (Wilson's interval); with fewer, by the bin and its own (a beta-binomial model, for "
        "which a sample counts less where labels share texts). Fragile: an exact test on its own samples refuses "
        f"that the label falls in at most {FRAGILE_SHARE:.0%} of its texts; over all with {TESTED_SAMPLES} samples "
        f"or more, at most {FALSE_DISCOVERIES:.0%} of the list are expected to be wrong (Benjamini and Hochberg). "
        "Label kept: counted only where the words that speak for it stand and every exchanged word keeps its sense; "
        'measured by campaigns with --preserve. "Hangs on": words by the order in which the attack takes them, with '
        "their mean share of what masking single words takes from the label's score. Confused with: labels that came "
        "into the k best where it fell, and how often."
    )
    table = table_of(campaigns, NAME, _title(campaigns), columns, rows, note, SECTION)
    return replace(table, most=ON_REPORT)


def _title(campaigns: Sequence[Campaign]) -> str:
    """Coverage by bin, the first line of the table."""
    parts = []
    for campaign in campaigns:
        model = campaign.model(campaign.reference)
        listed = [
            f"{part.attacked:,} of {part.asked:,} of {campaign.bin_name(part.bin)} training texts"
            for part in (coverage(campaign, model) if model is not None else ())
        ]
        parts += (
            [f"{campaign.name}: {', '.join(listed)}" if len(campaigns) > 1 else ", ".join(listed)] if listed else []
        )
    return f"Labels with samples: {'; '.join(parts)}"


def _of(key: str, title: str) -> Column:
    return Column(key, title, cell=lambda row: getattr(row[2], key))


def _fragile(row: Any) -> str:
    result = row[2]
    return "too few samples" if result.chance is None else "yes" if result.fragile else "not shown"


def _confused(row: Any) -> str:
    campaign, _, result = row
    return ", ".join(f"{campaign.label_names[label]} ({times})" for label, times in result.confused)
