"""The tables of single texts and labels: adversarial examples, and what happened to the other labels."""

from __future__ import annotations

from collections.abc import Sequence

from textattack_xmtc.metrics import PROPENSITY_CONSTANTS
from textattack_xmtc.results import side_effects
from textattack_xmtc.results.campaign import Campaign, models_of
from textattack_xmtc.results.examples import CHOICE, excerpt, marked, striking
from textattack_xmtc.results.headline import rank
from textattack_xmtc.results.records import Prediction
from textattack_xmtc.results.tables.table import Cell, Column, Names, Table, table_of_campaigns

EXAMPLES = 5
"""How many adversarial examples of each model are shown."""

MOVED = 8
"""How many of the labels that came in or left are shown."""


def long_example(campaigns: Sequence[Campaign]) -> Table:
    """Table 1: one adversarial example of the first campaign's reference model, with all that changed."""
    columns = (Column("part", "Part"), Column("content", "Content"))
    rows: list[tuple[Cell, ...]] = []
    for campaign in campaigns:
        reference = campaign.model(campaign.reference)
        for record in striking(campaign, reference, 1) if reference else []:
            sample = campaign.samples[record.sample]
            rows += [
                ("Sample", marked(sample.text, str(record.adversarial))),
                ("Target", Names((campaign.label_names[sample.target],), frozenset({0}))),
                ("True labels", _names(campaign, sample.labels, sample.target)),
                ("Predicted (real)", _names(campaign, record.before.top_k if record.before else (), sample.target)),
                ("Predicted (adv.)", _names(campaign, record.after.top_k if record.after else (), sample.target)),
            ]
        if rows:
            break
    note = "The target is in bold. The sample is the first of Table 6 on the reference model."
    return Table("example", "Table 1. An adversarial example", columns, tuple(rows), note, "examples")


def examples(campaigns: Sequence[Campaign]) -> Table:
    """Table 6: adversarial examples of each model."""
    columns = (
        Column("model", "Model"),
        Column("text", "Text, with the changed words"),
        Column("target", "Target"),
        Column("frequency", "Training texts"),
        Column("rank_real", "RR"),
        Column("rank_adversarial", "RA"),
        Column("changed", "Changed words"),
        Column("words", "Words"),
        Column("similarity", "Similarity", 3),
    )
    rows: list[tuple[str, tuple[Cell, ...]]] = []
    for campaign, model in models_of(campaigns):
        for record in striking(campaign, model, EXAMPLES):
            sample = campaign.samples[record.sample]
            rows.append((campaign.name, (
                model.name,
                excerpt(marked(sample.text, str(record.adversarial))),
                Names((campaign.label_names[sample.target],)),
                int(campaign.label_counts[sample.target]),
                _rank(record.before),
                _rank(record.after),
                record.changed,
                record.words,
                campaign.similarity(record),
            )))  # fmt: skip
    note = f"RR and RA: the target's rank on the real and on the adversarial text. Chosen: {CHOICE}."
    title = "Table 6. Adversarial examples"
    return table_of_campaigns("examples", title, columns, rows, len(campaigns) > 1, note, "examples")


def other_labels(campaigns: Sequence[Campaign], family: str = "other") -> Table:
    """P@k and PSP@k before and after the successful attacks, with and without the target.

    Args:
        campaigns: what to report.
        family: of the data sets, in `metrics.PROPENSITY_CONSTANTS`.
    """
    columns = (
        Column("model", "Model"),
        Column("truth", "True labels"),
        Column("k", "k"),
        Column("n", "Successes"),
        Column("p_before", "P@k before (%)", 1, percent=True),
        Column("p_after", "P@k after (%)", 1, percent=True),
        Column("psp_before", "PSP@k before (%)", 1, percent=True),
        Column("psp_after", "PSP@k after (%)", 1, percent=True),
    )
    rows: list[tuple[str, tuple[Cell, ...]]] = []
    for campaign, model in models_of(campaigns):
        records = side_effects.successful(campaign, model)
        for name, without in (("all", False), ("all but the target", True)):
            if records:
                precision = side_effects.precision(campaign, records, without, family)
                values = (precision.before, precision.after, precision.psp_before, precision.psp_after)
                rows.append((campaign.name, (model.name, name, campaign.k, len(records), *values)))
    a, b = PROPENSITY_CONSTANTS[family]
    note = (
        "Over the successful attacks. PSP@k is divided by the best possible value; propensities after Jain et al. "
        f"(2016), A = {a:g}, B = {b:g}, from the training texts of each label."
    )
    title = "What the attack did to the other labels"
    return table_of_campaigns("other-labels", title, columns, rows, len(campaigns) > 1, note, "labels")


def moved_labels(campaigns: Sequence[Campaign], inwards: bool) -> Table:
    """The labels that came into the top k most often, or left it."""
    columns = (
        Column("model", "Model"),
        Column("label", "Label"),
        Column("frequency", "Training texts"),
        Column("times", "Times"),
        Column("share", "of successes (%)", 1, percent=True),
        Column("true", "Times a true label"),
    )
    rows: list[tuple[str, tuple[Cell, ...]]] = []
    for campaign, model in models_of(campaigns):
        records = side_effects.successful(campaign, model)
        for label in side_effects.moved(campaign, records, inwards)[:MOVED]:
            name, count = campaign.label_names[label.label], int(campaign.label_counts[label.label])
            share = label.times / len(records)
            rows.append((campaign.name, (model.name, Names((name,)), count, label.times, share, label.true)))
    title = "Labels that came into the top k most often" if inwards else "Labels that left the top k most often"
    note = "Over the successful attacks; the targets themselves are left out."
    name = "labels-in" if inwards else "labels-out"
    return table_of_campaigns(name, title, columns, rows, len(campaigns) > 1, note, "labels")


def _names(campaign: Campaign, labels: Sequence[int], target: int) -> Names:
    names = tuple(campaign.label_names[label] for label in labels)
    return Names(names, frozenset(place for place, label in enumerate(labels) if label == target))


def _rank(prediction: Prediction | None) -> Cell:
    """A number where the rank is known, otherwise in words how far it is."""
    return rank(prediction) if prediction is None or prediction.rank is None else prediction.rank
