"""What successful attacks did to the other labels: P@k and PSP@k before and after, and the labels that moved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd  # type: ignore[import-untyped]

from textattack_xmtc.metrics import PROPENSITY_CONSTANTS, label_matrix, precision_at_k, propensities, psp_at_k
from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.records import Model


@dataclass(frozen=True)
class Successes:
    """The labels of the texts whose attack reached its goal within the allowed change rate, by sample.

    Attributes:
        true: the true labels of each text.
        targets: the target of each.
        before: the k best labels of the original text, -1 where a model had no further label to give, shape `(n, k)`.
        after: the same of the final text.
    """

    true: list[tuple[int, ...]]
    targets: list[int]
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
    k, tops = campaign.k, (np.full((len(numbers), campaign.k), -1), np.full((len(numbers), campaign.k), -1))
    for place, record in enumerate(model.records.of(numbers)):
        for top, prediction in zip(tops, (record.before, record.after), strict=True):
            labels = prediction.top_k[:k] if prediction else ()
            top[place, : len(labels)] = labels
    true = [sample.labels for sample in campaign.samples.of(numbers)]
    return Successes(true, model.rows["target"].loc[numbers].tolist(), *tops)


def precision(campaign: Campaign, successes: Successes, without_target: bool, family: str = "other") -> Precision:
    """P@k and PSP@k over some successes, with all true labels or without the target of each.

    Propensities are those of Jain et al. (2016) with the A and B of a data set's family (`PROPENSITY_CONSTANTS`), from
    the training texts of each label; at fewer than 3 training texts there are none.
    """
    rows = [
        [label for label in labels if not (without_target and label == target)]
        for labels, target in zip(successes.true, successes.targets, strict=True)
    ]
    truth, tops, k = label_matrix(rows, len(campaign.label_names)), (successes.before, successes.after), campaign.k
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
    rows: list[tuple[int, bool]] = []
    for true, target, before, after in zip(
        successes.true, successes.targets, successes.before, successes.after, strict=True
    ):
        old, new = set(before.tolist()), set(after.tolist())
        rows += [(label, label in true) for label in (new - old if inwards else old - new) - {target, -1}]
    frame = pd.DataFrame(rows, columns=["label", "true"]).astype({"label": "int64", "true": "int64"})
    groups = frame.groupby("label")["true"].agg(times="size", true="sum")
    return groups.sort_values(["times", "label"], ascending=[False, True])
