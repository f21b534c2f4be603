"""What the attack did to the other labels: P@k and PSP@k before and after, and which labels came in and went out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from textattack_xmtc.metrics import PROPENSITY_CONSTANTS, label_matrix, precision_at_k, propensities, psp_at_k
from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.records import Model, Record


@dataclass(frozen=True, slots=True)
class Precision:
    """P@k and PSP@k before and after the attack; the PSP@k are None where propensities are not defined.

    Attributes:
        before: P@k on the original texts.
        after: P@k on the final texts.
        psp_before: PSP@k, normalised, on the original texts.
        psp_after: PSP@k on the final texts.
    """

    before: float
    after: float
    psp_before: float | None
    psp_after: float | None


@dataclass(frozen=True, slots=True)
class Moved:
    """A label that came into the top k of some texts, or left it.

    Attributes:
        label: its index.
        times: in how many successful attacks it moved.
        true: in how many of them it is a true label of the text.
    """

    label: int
    times: int
    true: int


def successful(campaign: Campaign, model: Model) -> list[Record]:
    """The records whose goal was reached within the allowed change rate, by sample."""
    return [record for _, record in sorted(model.records.items()) if campaign.reached(record)]


def precision(campaign: Campaign, records: Sequence[Record], without_target: bool, family: str = "other") -> Precision:
    """P@k and PSP@k over some successful records, with all true labels or without the target of each.

    Propensities are those of Jain et al. (2016) with the A and B of a data set's family (`PROPENSITY_CONSTANTS`), from
    the training texts of each label; at fewer than 3 training texts there are none.
    """
    samples = [campaign.samples[record.sample] for record in records]
    rows = [[label for label in sample.labels if not (without_target and label == sample.target)] for sample in samples]
    truth = label_matrix(rows, len(campaign.label_names))
    tops = [
        np.array(
            [_padded(prediction.top_k, campaign.k) for prediction in predictions if prediction is not None],
            dtype=np.int64,
        )
        for predictions in ([record.before for record in records], [record.after for record in records])
    ]
    before, after = (precision_at_k(top, truth, campaign.k) for top in tops)
    if campaign.n_train < 3:
        return Precision(before, after, None, None)
    propensity = propensities(campaign.label_counts, campaign.n_train, *PROPENSITY_CONSTANTS[family])
    return Precision(before, after, *(psp_at_k(top, truth, propensity, campaign.k) for top in tops))


def moved(campaign: Campaign, records: Sequence[Record], inwards: bool) -> list[Moved]:
    """The labels beside the target that came into the top k, or left it; those that moved most often first."""
    times: Counter[int] = Counter()
    true: Counter[int] = Counter()
    for record in records:
        sample = campaign.samples[record.sample]
        if record.before is None or record.after is None:
            continue
        old, new = set(record.before.top_k[: campaign.k]), set(record.after.top_k[: campaign.k])
        labels = (new - old if inwards else old - new) - {sample.target}
        times.update(labels)
        true.update(labels & set(sample.labels))
    return [
        Moved(label, count, true[label]) for label, count in sorted(times.items(), key=lambda item: (-item[1], item[0]))
    ]


def _padded(labels: Sequence[int], k: int) -> list[int]:
    """The k best labels; -1 where a model had no further label to give."""
    return [*labels[:k], *[-1] * (k - len(labels))]
