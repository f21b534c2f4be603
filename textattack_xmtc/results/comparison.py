"""Two models on the same samples, bin by bin, with a paired test (section 4.3.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from textattack_xmtc.errors import InputError
from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.records import SKIPPED, Model
from textattack_xmtc.results.statistics import Estimate, difference_of, share_of
from textattack_xmtc.results.summary import SampleResults
from textattack_xmtc.results.tables.table import BIN, Column, Table, rate_column, table_of

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

_MUST_AGREE = ("goal", "k", "max_change_rate")
_MUST_AGREE_RESOLVED = ("encoder", "similarity", "threshold", "shown", "thresholds")


@dataclass(frozen=True)
class Side:
    """One of the two models that are compared, with the campaign that attacked it, and what to call it."""

    campaign: Campaign
    model: Model
    name: str


@dataclass(frozen=True)
class Row:
    """The comparison on one bin, or on all of them.

    Attributes:
        similarity: what the similarity of a success must be: `any`, or above the threshold.
        difference: the first less the second, on samples that count for both.
        p: McNemar's p-value; None where samples share texts.
        wrong_first: how many of the samples the first model got wrong before the attack.
        wrong_second: the second.
    """

    similarity: str
    bin: str
    first: Estimate
    second: Estimate
    difference: Estimate
    p: float | None
    wrong_first: int
    wrong_second: int


def sides(campaigns: list[Campaign], first: str, second: str) -> tuple[Side, Side]:
    """The two models that these names mean, in one of some campaigns that were read.

    Raises:
        InputError: no campaign has models of both names.
    """
    for campaign in campaigns:
        one, other = campaign.model(first), campaign.model(second)
        if one is not None and other is not None:
            return Side(campaign, one, one.name), Side(campaign, other, other.name)
    known = sorted({model.name for campaign in campaigns for model in campaign.models})
    raise InputError(
        f"no campaign has both models {first!r} and {second!r}; there are {', '.join(known)}",
        "name two models of one campaign, or give two campaign folders and no other",
    )


def only_model(campaign: Campaign) -> Side:
    """The model of a campaign of one model.

    Raises:
        InputError: it has several.
    """
    if len(campaign.models) != 1:
        names = ", ".join(model.name for model in campaign.models)
        raise InputError(
            f"{campaign.folder} has {len(campaign.models)} models ({names}), and which to compare is not said",
            f"compare two of them by `textattack-xmtc report {campaign.folder} --compare A B`",
        )
    return Side(campaign, campaign.models[0], campaign.models[0].name)


def compare(first: Side, second: Side, both_right: bool = False) -> list[Row]:
    """The rates of success on each bin and on all, over the same samples of both models, and how they differ.

    A success is a goal that was reached within the change rate that is allowed; rows on similar texts follow. The
    primary figure (section 4.3.2) is over all samples that the first campaign's reference model gets right: one that a
    model gets wrong before the attack counts as a success of the attack on it. Samples that are missing, skipped for
    another reason or ended with an error on either model are left out.

    Args:
        second: another one, of the same campaign or of one with the same samples.
        both_right: the secondary figure, which leaves out samples that either model gets wrong before the attack.

    Raises:
        InputError: the two campaigns differ in their samples or in what a success is; a model has no records.
    """
    check_comparable(first, second)
    one, other = _common(first, second)
    if both_right:
        right = ~(one["wrong_before"] | other["wrong_before"])
        one, other = one[right], other[right]
    threshold = first.campaign.threshold
    rows = []
    for condition, above in (("any", None), (f"> {threshold:g}", threshold)):
        for number in first.campaign.bin_numbers:
            sides = [SampleResults(part).of_bin(number, wrong_counts=True) for part in (one, other)]
            texts, wrong = sides[0].rows["text"], [np.asarray(side.rows["wrong_before"]) for side in sides]
            # Lost: wrong before the attack, or the attack succeeds (section 4.3.2).
            one_lost, other_lost = (
                side.passed(threshold=above) | before for side, before in zip(sides, wrong, strict=True)
            )
            difference, p = difference_of(one_lost, other_lost, texts)
            rows.append(
                Row(
                    condition,
                    first.campaign.bin_name(number),
                    share_of(one_lost, texts),
                    share_of(other_lost, texts),
                    difference,
                    p if len(texts) else None,
                    int(wrong[0].sum()),
                    int(wrong[1].sum()),
                )
            )
    return rows


def check_comparable(first: Side, second: Side) -> None:
    """Refuse a comparison of what is not the same experiment; raises as `compare` says."""
    for side in (first, second):
        if not side.model.records:
            raise InputError(
                f"model {side.name} of {side.campaign.folder} has no records", "let the campaign run on with --resume"
            )
    if first.campaign is second.campaign:
        return
    for part, keys in (("settings", _MUST_AGREE), ("resolved", _MUST_AGREE_RESOLVED)):
        for key in keys:
            one, other = (getattr(side.campaign, part).get(key) for side in (first, second))
            if one != other:
                raise InputError(
                    f"{key} is {one!r} in {first.campaign.folder} and {other!r} in {second.campaign.folder}",
                    "compare campaigns with the same goal, limits and encoder",
                )
    drawn = [
        {number: (sample.text_id, sample.target, sample.bin) for number, sample in side.campaign.samples.items()}
        for side in (first, second)
    ]
    if drawn[0] != drawn[1] or first.campaign.label_names != second.campaign.label_names:
        shared = len({pair[:2] for pair in drawn[0].values()} & {pair[:2] for pair in drawn[1].values()})
        raise InputError(
            f"{first.campaign.folder} and {second.campaign.folder} have different samples: "
            f"{shared:,} of {len(drawn[0]):,} (text, label) pairs are in both, and a paired test needs all",
            "attack both models in one campaign, or on the samples of the first one",
        )


def other_differences(first: Side, second: Side) -> list[str]:
    """The settings in which two campaigns differ beside the models, in words."""
    differences = []
    for part in ("settings", "resolved"):
        one, other = (getattr(side.campaign, part) for side in (first, second))
        for key in dict.fromkeys([*one, *other]):
            if key not in ("models", "reference_model", "out") and one.get(key) != other.get(key):
                differences.append(f"{key}: {one.get(key)} and {other.get(key)}")
    return differences


def comparison_table(first: Side, second: Side, name: str, both_right: bool = False) -> Table:
    """The comparison as a table called `name`; takes and raises what `compare` does."""
    rows = compare(first, second, both_right)
    columns: tuple[Column, ...] = (
        *(BIN, Column("similarity", "Similarity"), Column("n", "n", cell=lambda row: row.difference.n)),
        rate_column("first", f"Success on {first.name} (%)"),
        rate_column("second", f"Success on {second.name} (%)"),
        rate_column("difference", "Difference (points)"),
        Column("p", "McNemar's p", 4),
    )
    if both_right:
        which = "samples that both models get right"
        note = f"Only the samples that neither {first.name} nor {second.name} gets wrong before the attack."
    else:
        which = f"all samples that {first.campaign.reference} gets right"
        columns += (
            Column("wrong_first", f"Wrong before: {first.name}"),
            Column("wrong_second", f"Wrong before: {second.name}"),
        )
        note = "A sample that a model gets wrong before the attack counts as a success of the attack on it."
    note += (
        f" Difference: {first.name} less {second.name}; above 0, the attack succeeds less often on {second.name}. "
        "Intervals are 95%. McNemar's test is exact, two-sided, and not corrected for the number of bins."
    )
    if any(row.p is None and row.first.n for row in rows):
        note += " Samples share texts: intervals are a bootstrap over texts, and there is no p."
    if differences := other_differences(first, second):
        note += f" The two campaigns also differ in {'; '.join(differences)}."
    title = f"{first.name} and {second.name}, {which}"
    return table_of([], name, title, columns, [(first.campaign, row) for row in rows], note, "defence")


def _common(first: Side, second: Side) -> list[pd.DataFrame]:
    """The rows of the samples that count for both models, row by row the same samples."""
    baseline = first.campaign.reference
    rows = [
        side.campaign.results_of(side.model, side.campaign is not first.campaign or side.model.name != baseline).rows
        for side in (first, second)
    ]
    common = rows[0].index.intersection(rows[1].index)
    reference = first.campaign.model(baseline)
    if reference is not None and baseline not in (first.model.name, second.model.name):
        common = common.difference(reference.rows.index[reference.rows["outcome"] == SKIPPED])
    return [part.loc[common] for part in rows]
