"""Which labels are fragile, and why: what came of the samples of each label, where a campaign drew them by label."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from math import ceil, log, nan
from operator import itemgetter
from typing import TYPE_CHECKING

import numpy as np

from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.pooled import above_chances, pooled
from textattack_xmtc.results.records import Model
from textattack_xmtc.results.statistics import Estimate, wilson
from textattack_xmtc.results.summary import FALLS, SENSE_KEPT, UNMEASURED, YES, Count

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

OWN_SAMPLES = 10
"""Attacked samples from which on a label's estimate rests on these alone; with fewer, it is pooled with its bin's."""

FRAGILE_SHARE, FALSE_DISCOVERIES = 0.5, 0.05
"""A label is fragile where it is shown to fall in more than this share of its texts; the share of the list of fragile
labels that is expected to be wrong, at most.
"""

TESTED_SAMPLES = ceil(log(FALSE_DISCOVERIES) / log(FRAGILE_SHARE))
"""Attacked samples from which on a label is tested: with fewer, none could be shown fragile."""

ONE_WORD, TWIN, OFTEN_MISSED = 0.5, 0.5, 0.5
FEW_TEXTS, SEVERAL = 5, 2
"""Limits of the rules of `LabelResult.advice`, which says what they are about."""

_NAMED = 8  # fragile labels in a sentence


@dataclass(frozen=True)
class LabelResult:
    """What came of the samples of a label on a model.

    Attributes:
        successes: samples on which it fell, of `n` attacked.
        vulnerability: the share of its texts on which it falls.
        preserving: the same, counted only where the label still fits (`SENSE_KEPT`).
        is_pooled: whether both are pooled with the label's bin.
        chance: the p-value of "falls in at most `FRAGILE_SHARE` of its texts", corrected for the number of tested
            labels; None where the label has under `TESTED_SAMPLES` samples.
        fewest_words: the smallest share of a text's words that made it fall; NaN where it never fell.
        words: the words that it hangs on, each with its mean share over texts; empty where records do not say.
        confused: labels that came in where it fell, and how often.
        texts: its training texts.
        in_test: its test texts.
        right: those of them that the reference model gets right.
    """

    label: int
    bin: int
    successes: int
    n: int
    vulnerability: Estimate
    preserving: Estimate
    is_pooled: bool
    chance: float | None
    fewest_words: float
    words: tuple[tuple[str, float], ...]
    confused: tuple[tuple[int, int], ...]
    texts: int
    in_test: int
    right: int

    @property
    def fragile(self) -> bool:
        """Whether it is on the list of fragile labels."""
        return self.chance is not None and self.chance <= FALSE_DISCOVERIES

    def advice(self, names: Sequence[str]) -> str:
        """What its owner may do: the first rule that applies.

        It hangs on one word: one word has half of what all words of its texts carry. It has a twin: one label came in
        at half of its falls, and at two or more. It has few texts: five or fewer to train on. Its texts are noisy: the
        model misses it on more than half of its test texts.
        """
        if not self.successes:
            return "Never fell: nothing to do."
        if self.words and self.words[0][1] >= ONE_WORD and self.n >= SEVERAL:
            return f"Hangs on one word, “{self.words[0][0]}”: add training texts that say it in other words."
        if self.confused and self.confused[0][1] >= max(SEVERAL, TWIN * self.successes):
            twin, times = names[self.confused[0][0]], f"{self.confused[0][1]} of {self.successes}"
            return f"Has a twin, “{twin}”, which came in {times} times: write down what tells them apart."
        if self.texts <= FEW_TEXTS:
            return f"Few texts ({self.texts}): add training texts."
        if self.in_test >= FEW_TEXTS and self.right < OFTEN_MISSED * self.in_test:
            missed = f"{self.in_test - self.right} of {self.in_test}"
            return f"Missed on {missed} test texts without an attack: check how its texts are labelled."
        return "No rule applies: look at its adversarial texts."


@dataclass
class _Tally:
    """Words, newcomers and change rates of a label, as records come."""

    words: Counter[str] = field(default_factory=Counter)
    with_words: int = 0
    newcomers: Counter[int] = field(default_factory=Counter)
    fewest: float = nan


def label_results(campaign: Campaign, model: Model) -> list[LabelResult]:
    """The labels that have an attacked sample: fragile ones first, then by the lower end of their vulnerability.

    Records are read once for a campaign object. There are none where samples were not drawn by label.
    """
    if model.name not in campaign.label_results:
        campaign.label_results[model.name] = _results(campaign, model)
    return list(campaign.label_results[model.name])


def _results(campaign: Campaign, model: Model) -> list[LabelResult]:
    draw, rows = campaign.label_draw, campaign.results[model.name].of_bin().rows
    if draw is None or not len(rows):
        return []
    # Without the setting, a record that is no success passes no count, and yet nothing was measured.
    judged = campaign.settings.get(SENSE_KEPT.setting) is not None
    falls, preserved = _of_labels(rows, FALLS), _of_labels(rows, SENSE_KEPT) if judged else {}
    labels = rows.groupby("target")["bin"].agg(["first", "size"])
    successes = np.array([falls[label][1] for label in labels.index])
    sizes = labels["size"].to_numpy()
    tested = sizes >= TESTED_SAMPLES
    chances = iter(above_chances(successes[tested], sizes[tested], FRAGILE_SHARE).tolist())
    results = []
    tallies = _tallies(campaign, model, rows)
    for place, ((label, bin_number, n), tally) in enumerate(zip(labels.itertuples(), tallies, strict=True)):
        words = ((word, share / tally.with_words) for word, share in tally.words.most_common(3))
        results.append(
            LabelResult(
                label=int(label),
                bin=int(bin_number),
                successes=int(successes[place]),
                n=int(n),
                vulnerability=falls[label][0],
                preserving=preserved[label][0] if judged else Estimate(nan, nan, nan, int(n), measured=False),
                is_pooled=n < OWN_SAMPLES,
                chance=next(chances) if tested[place] else None,
                fewest_words=tally.fewest,
                words=tuple(words),
                confused=tuple(tally.newcomers.most_common(3)),
                texts=int(campaign.label_counts[label]),
                in_test=int(draw.in_test[label]),
                right=int(draw.right[label]),
            )
        )
    return sorted(results, key=lambda one: (not one.fragile, -one.vulnerability.low, -one.texts, one.label))


def _of_labels(rows: pd.DataFrame, count: Count) -> dict[int, tuple[Estimate, int]]:
    """The share of each label's samples that pass a count, and how many do; pooled within bins where they are few."""
    shares: dict[int, tuple[Estimate, int]] = {}
    for _, of_bin in rows.groupby("bin"):
        groups = of_bin.groupby("target")[count.key]
        # A sample of a label is a text of its own; labels share texts, and so does what they tell of the bin.
        weight = of_bin["text"].nunique() / len(of_bin)
        n, successes = groups.size(), (of_bin[count.key] == YES).groupby(of_bin["target"]).sum()
        measured = groups.min() != UNMEASURED
        known = measured.to_numpy()
        estimates = iter(pooled(successes.to_numpy()[known], n.to_numpy()[known], weight) if known.any() else ())
        for label in n.index:
            size, number = int(n[label]), int(successes[label])
            if not measured[label]:
                shares[label] = (Estimate(nan, nan, nan, size, measured=False), number)
                continue
            estimate = next(estimates)
            shares[label] = (estimate if size < OWN_SAMPLES else wilson(number, size), number)
    return shares


def _tallies(campaign: Campaign, model: Model, rows: pd.DataFrame) -> Iterator[_Tally]:
    """What records say of each label, in the order of labels: one label's at a time is in memory."""
    rows = rows.sort_values("target", kind="stable")
    records = zip(rows["target"].tolist(), model.records.of(rows.index), strict=True)
    for _, of_label in groupby(records, key=itemgetter(0)):
        tally = _Tally()
        for _, record in of_label:
            tally.with_words += bool(record.hangs_on)
            for word, share in record.hangs_on:
                tally.words[word] += share  # type: ignore[assignment]  # a Counter of floats
            if campaign.reached(record) and record.before and record.after:
                tally.newcomers.update(set(record.after.top_k) - set(record.before.top_k))
                tally.fewest = float(np.fmin(tally.fewest, record.change_rate))
        yield tally


@dataclass(frozen=True)
class Coverage:
    """How many labels of a bin the samples are about.

    Attributes:
        bin: its number; labels without a sample are in the bin of their frequency.
        asked, in_test, right, attacked: labels that were asked for, that occur in the test texts, that the reference
            model gets right on one, and that have an attacked sample.
        samples: attacked samples.
    """

    bin: int
    asked: int
    in_test: int
    right: int
    attacked: int
    samples: int


def coverage(campaign: Campaign, model: Model) -> list[Coverage]:
    """The coverage of each bin, from the rarest; none where samples were not drawn by label."""
    draw = campaign.label_draw
    if draw is None:
        return []
    highest = np.array([part.highest for part in campaign.bins[:-1]])
    bins = np.searchsorted(highest, campaign.label_counts[draw.asked])
    rows = campaign.results[model.name].of_bin().rows
    attacked = np.isin(draw.asked, rows["target"].unique())
    parts = []
    for place, part in enumerate(campaign.bins):
        inside = bins == place
        labels = draw.asked[inside]
        parts.append(
            Coverage(
                part.number,
                asked=len(labels),
                in_test=int((draw.in_test[labels] > 0).sum()),
                right=int((draw.right[labels] > 0).sum()),
                attacked=int(attacked[inside].sum()),
                samples=int((rows["bin"] == part.number).sum()),
            )
        )
    return parts


def label_sentences(campaign: Campaign) -> list[str]:
    """What a reader must know of the labels, reference model; none where samples were not drawn by label."""
    model = campaign.model(campaign.reference)
    if campaign.label_draw is None or model is None:
        return []
    results, parts = label_results(campaign, model), coverage(campaign, model)
    fragile = [campaign.label_names[one.label] for one in results if one.fragile]
    more = len(fragile) - _NAMED
    names = ", ".join(fragile[:_NAMED]) + (f" and {more:,} more" if more > 0 else "")
    tested = sum(one.chance is not None for one in results)
    listed = f"{len(fragile):,} of {tested:,} labels with {TESTED_SAMPLES} or more samples are fragile"
    listed += f": {names}" if fragile else ""
    asked = sum(part.asked for part in parts)
    return [
        f"{listed}. They are shown to fall in more than {FRAGILE_SHARE:.0%} of their texts; at most "
        f"{FALSE_DISCOVERIES:.0%} of the list are expected to be wrong.",
        f"{len(results):,} of {asked:,} labels are judged ({parts[0].attacked:,} of {parts[0].asked:,} of the rarest); "
        "the others have no sample.",
    ]
