"""The tables of single texts and labels: adversarial examples, and what successful attacks did to the other labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from types import SimpleNamespace

import numpy as np
import pandas as pd  # type: ignore[import-untyped]
from scipy import sparse

from textattack_xmtc.metrics import PROPENSITY_CONSTANTS, label_matrix, precision_at_k, propensities, psp_at_k
from textattack_xmtc.results.campaign import Campaign, models_of
from textattack_xmtc.results.examples import CHOICE, excerpt, marked, striking
from textattack_xmtc.results.headline import rank
from textattack_xmtc.results.records import Model, Prediction, Record
from textattack_xmtc.results.tables.table import MODEL, Cell, Column, Names, Table, table_of

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
            before, after = (one.top_k if one else () for one in (record.before, record.after))
            parts = {"True labels": sample.labels, "Predicted (real)": before, "Predicted (adv.)": after}
            rows += [
                ("Sample", marked(sample.text, str(record.adversarial))),
                ("Target", Names((campaign.label_names[sample.target],), frozenset({0}))),
                *((part, marked_names(campaign, labels, sample.target)) for part, labels in parts.items()),
            ]
        if rows:
            break
    note = "The target is in bold. The sample is the first of Table 6 on the reference model."
    return Table("example", "Table 1. An adversarial example", columns, tuple(rows), note, "examples")


def examples(campaigns: Sequence[Campaign]) -> Table:
    """Table 6: adversarial examples of each model."""
    columns = (
        MODEL,
        Column("text", "Text, with the changed words"),
        Column("target", "Target"),
        Column("frequency", "Training texts"),
        Column("rank_real", "RR"),
        Column("rank_adversarial", "RA"),
        Column("changed", "Changed words"),
        Column("words", "Words"),
        Column("similarity", "Similarity", 3),
    )
    rows = [
        (campaign, _Example(campaign, model, record))
        for campaign, model in models_of(campaigns)
        for record in striking(campaign, model, EXAMPLES)
    ]
    note = f"RR and RA: the target's rank on the real and on the adversarial text. Chosen: {CHOICE}."
    return table_of(campaigns, "examples", "Table 6. Adversarial examples", columns, rows, note, "examples")


class _Example:
    """A row of Table 6."""

    def __init__(self, campaign: Campaign, model: Model, record: Record) -> None:
        sample = campaign.samples[record.sample]
        self.model, self.text = model.name, excerpt(marked(sample.text, str(record.adversarial)))
        self.target = Names((campaign.label_names[sample.target],))
        self.frequency = int(campaign.label_counts[sample.target])
        self.rank_real, self.rank_adversarial = _rank(record.before), _rank(record.after)
        self.changed, self.words, self.similarity = record.changed, record.words, campaign.similarity(record)


@dataclass(frozen=True)
class Successes:
    """The labels of the texts whose attack reached its goal within the allowed change rate, by sample.

    Attributes:
        true: the true labels of each text, shape `(n, labels)`.
        targets: the target of each, shape `(n,)`.
        before: the k best labels of the original text, -1 where a model had no further label to give, shape `(n, k)`.
        after: the same of the final text.
    """

    true: sparse.csr_matrix
    targets: np.ndarray
    before: np.ndarray
    after: np.ndarray


@dataclass(frozen=True)
class Precision:
    """P@k before and after; PSP@k, normalised, where there are propensities."""

    p_before: float
    p_after: float
    psp_before: float | None = None
    psp_after: float | None = None


def successes_of(campaign: Campaign, model: Model) -> Successes:
    """Read what successful attacks on a model did to the k best labels."""
    numbers = model.rows.index[model.rows["success"] == 1].tolist()
    k, tops = campaign.k, [np.full((len(numbers), campaign.k), -1, dtype=np.int32) for _ in range(2)]
    for place, record in enumerate(model.records.of(numbers)):
        for top, prediction in zip(tops, (record.before, record.after), strict=True):
            labels = prediction.top_k[:k] if prediction else ()
            top[place, : len(labels)] = labels
    true = label_matrix((sample.labels for sample in campaign.samples.of(numbers)), len(campaign.label_names))
    return Successes(true, model.rows["target"].loc[numbers].to_numpy(), *tops)


def precision(campaign: Campaign, successes: Successes, without_target: bool, family: str = "other") -> Precision:
    """P@k and PSP@k over some successes, with all true labels or without the target of each.

    Propensities are those of Jain et al. (2016) with the A and B of a data set's family (`PROPENSITY_CONSTANTS`), from
    the training texts of each label; at fewer than 3 training texts there are none.
    """
    truth, tops, k = successes.true, (successes.before, successes.after), campaign.k
    if without_target:
        truth = truth - truth.multiply(label_matrix(successes.targets[:, None], truth.shape[1]))
        truth.eliminate_zeros()
    precisions = [precision_at_k(top, truth, k) for top in tops]
    if campaign.n_train < 3:
        return Precision(*precisions)
    propensity = propensities(campaign.label_counts, campaign.n_train, *PROPENSITY_CONSTANTS[family])
    return Precision(*precisions, *(psp_at_k(top, truth, propensity, k) for top in tops))


def moved(successes: Successes, inwards: bool) -> pd.DataFrame:
    """The labels beside the target that came into the top k, or left it; those that moved most often first.

    Returns:
        By label: `times`, in how many successes it moved, and `true`, in how many of them it is a true label.
    """
    here, there = (successes.after, successes.before) if inwards else (successes.before, successes.after)
    stays = np.zeros(here.shape, dtype=bool)
    for column in there.T:  # one by one: together they would be k times as large
        stays |= here == column[:, None]
    rows, columns = np.nonzero(~stays & (here != successes.targets[:, None]) & (here != -1))
    labels = here[rows, columns]
    true = np.asarray(successes.true[rows, labels]).ravel() > 0 if len(rows) else np.zeros(0, dtype=bool)
    frame = pd.DataFrame({"label": labels, "times": 1, "true": true}).groupby("label").sum().astype("int64")
    return frame.sort_values(["times", "label"], ascending=[False, True])


_OfModels = list[tuple[Campaign, Model, Successes]]


def labels_of_successes(campaigns: Sequence[Campaign], family: str = "other") -> list[Table]:
    """What the successful attacks did to the other labels: P@k and PSP@k, and the labels that moved most often.

    Args:
        family: of the data sets, in `metrics.PROPENSITY_CONSTANTS`.
    """
    successes = [(*pair, successes_of(*pair)) for pair in models_of(campaigns)]
    return [
        _other_labels(campaigns, successes, family),
        *(_moved_labels(campaigns, successes, one) for one in (True, False)),
    ]


def _other_labels(campaigns: Sequence[Campaign], successes: _OfModels, family: str) -> Table:
    """P@k and PSP@k before and after, with and without the target."""
    columns = (
        *(MODEL, Column("truth", "True labels"), Column("k", "k"), Column("n", "Successes")),
        Column("p_before", "P@k before (%)", 1, percent=True),
        Column("p_after", "P@k after (%)", 1, percent=True),
        Column("psp_before", "PSP@k before (%)", 1, percent=True),
        Column("psp_after", "PSP@k after (%)", 1, percent=True),
    )
    rows = []
    for campaign, model, one in successes:
        for truth, without in (("all", False), ("all but the target", True)):
            if len(one.targets):
                facts = {"model": model.name, "truth": truth, "k": campaign.k, "n": len(one.targets)}
                rows.append((campaign, SimpleNamespace(**facts, **asdict(precision(campaign, one, without, family)))))
    a, b = PROPENSITY_CONSTANTS[family]
    note = (
        "Over the successful attacks. PSP@k is divided by the best possible value; propensities after Jain et al. "
        f"(2016), A = {a:g}, B = {b:g}, from the training texts of each label."
    )
    title = "What the attack did to the other labels"
    return table_of(campaigns, "other-labels", title, columns, rows, note, "labels")


def _moved_labels(campaigns: Sequence[Campaign], successes: _OfModels, inwards: bool) -> Table:
    """The labels that came into the top k most often, or left it."""
    columns = (
        *(MODEL, Column("label", "Label"), Column("frequency", "Training texts"), Column("times", "Times")),
        Column("share", "of successes (%)", 1, percent=True),
        Column("true", "Times a true label"),
    )
    rows = []
    for campaign, model, one in successes:
        for row in moved(one, inwards).head(MOVED).itertuples():
            label, share = Names((campaign.label_names[row.Index],)), row.times / len(one.targets)
            facts = {"frequency": int(campaign.label_counts[row.Index]), "times": row.times, "true": row.true}
            rows.append((campaign, SimpleNamespace(model=model.name, label=label, share=share, **facts)))
    title = "Labels that came into the top k most often" if inwards else "Labels that left the top k most often"
    note = "Over the successful attacks; the targets themselves are left out."
    return table_of(campaigns, "labels-in" if inwards else "labels-out", title, columns, rows, note, "labels")


def marked_names(campaign: Campaign, labels: Sequence[int], target: int) -> Names:
    """The names of labels; the target's stands out."""
    chosen = tuple(campaign.label_names[label] for label in labels)
    return Names(chosen, frozenset(place for place, label in enumerate(labels) if label == target))


def _rank(prediction: Prediction | None) -> Cell:
    """A number where the rank is known, otherwise in words how far it is."""
    return rank(prediction) if prediction is None or prediction.rank is None else prediction.rank
