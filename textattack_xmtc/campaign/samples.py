"""Which texts are attacked on which label: pairs that the reference model gets right, drawn equally from bins (4.1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from textattack_xmtc.campaign.equal_draws import equal_draws
from textattack_xmtc.campaign.label_draws import asked_labels, draw_by_label, named
from textattack_xmtc.campaign.pairs import (
    DRAWS,
    ORDER,
    Pairs,
    any_pairs,
    attackable_texts,
    bins_of,
    clustered_pairs,
    fewest_words,
    right_pairs,
    text_numbers,
    training_clusters,
    wanted_samples,
)
from textattack_xmtc.campaign.plan import Plan
from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.datasets.frequency_bins import labels_per_bin_for
from textattack_xmtc.errors import InputError
from textattack_xmtc.goal import GOALS
from textattack_xmtc.results.records import TOO_SHORT, Bin, Sample

MOST_BINS, FEWEST_SAMPLES = 6, 30
"""Bins that fit a corpus: at most so many, and at least so many samples of each where the corpus has them."""

LABELS_TO_POOL = 20
"""Labels that a bin has at least where samples are drawn by label: so many tell what labels of a bin have in common."""

_SHOWN_CLUSTERS = 20


@dataclass(frozen=True)
class Drawn:
    """What a campaign works on.

    Attributes:
        samples: the samples in the order of attack; samples of one text stand together.
        bins: the bins that they are from, the rarest first.
        clusters: labels of some clusters that targets were drawn from (negative goal).
        notes: what came out otherwise than asked for, in sentences.
        labels_per_bin: labels after which a bin closed; None where the samples were given.
        left_out: how many samples could not be drawn, by their reason.
        asked: the labels that samples were asked of, where they were drawn by label; None otherwise.
    """

    samples: list[Sample]
    bins: list[Bin]
    clusters: list[list[int]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    labels_per_bin: int | None = None
    left_out: dict[str, int] = field(default_factory=dict)
    asked: list[int] | None = None

    def facts(self) -> dict[str, Any]:
        """What is written down of the draw."""
        return {"labels_per_bin": self.labels_per_bin, "left_out": self.left_out}


def draw_samples(corpus: Corpus, top: np.ndarray, plan: Plan, known: np.ndarray) -> Drawn:
    """Draw the samples of a campaign from the test split, seeded by the plan.

    Positive and untargeted goal: pairs of a text and a true label that is among the k best. Negative goal: pairs of a
    text and a label that is not true, not among the k best, has training texts and, with clusters, shares one with a
    true label of the text (Eq. 4.5).

    Args:
        top: the reference model's k best labels of each test text, `NOTHING` where it shows fewer, shape `(texts, k)`.
        known: whether the reference model knows a label, shape `(labels,)`.

    Raises:
        InputError: there is no pair to draw.
    """
    counts, truth = corpus.label_counts, corpus.label_matrix("test")
    attackable, texts = attackable_texts(corpus, plan), text_numbers(corpus.split("test"))
    notes, clusters, pairs = [], None, None
    if GOALS[plan.goal].true_targets:
        pairs = right_pairs(truth, top)
        if plan.per_label is not None:
            return _drawn_by_label(corpus, pairs, attackable, texts, plan)
    else:
        allowed = known & (counts > 0)
        if unseen := int((counts == 0).sum()):
            notes.append(f"{unseen:,} labels have no training text: they are in no cluster and no target")
        if plan.cluster:
            clusters = training_clusters(corpus, plan.seed)
            pairs = clustered_pairs(truth, top, clusters, allowed)
    if pairs is not None:
        _check_pairs(corpus, pairs, attackable, plan)

    def draw(labels_per_bin: int) -> _Draw:
        chosen = replace(plan, labels_per_bin=labels_per_bin)
        if pairs is None:
            anywhere = any_pairs(truth, top, counts, allowed, chosen, attackable)
            _check_pairs(corpus, anywhere, attackable, plan)
            return _draw(anywhere, anywhere.bins(counts, chosen, attackable), texts, attackable, chosen)
        return _draw(pairs, pairs.bins(counts, chosen, attackable), texts, attackable, chosen)

    if plan.labels_per_bin is None:
        usable = allowed if pairs is None else pairs.only(attackable).available > 0
        drawn = _fitting_draw(draw, counts, usable)
        notes.append(
            f"labels_per_bin={drawn.labels_per_bin}: {len(drawn.positions)} bins of label frequency fit the corpus; "
            "--labels-per-bin sets another number"
        )
    else:
        drawn = draw(plan.labels_per_bin)
    left_out = _left_out(drawn.pairs if pairs is not None else None, attackable, plan)
    notes += [f"{number:,} samples are not drawn: {reason}" for reason, number in left_out.items()]
    if len(drawn.positions[0]) < drawn.wanted:
        all_bins = "the one bin" if len(drawn.positions) == 1 else f"the {len(drawn.positions)} bins"
        notes.append(
            f"{all_bins} cannot give {drawn.wanted:,} samples each: "
            f"{len(drawn.positions[0]):,} are drawn from each, the most that all can give"
        )
    unseen_right = int(((counts == 0) & (drawn.bins == 0)).sum())
    if unseen_right and GOALS[plan.goal].true_targets:
        notes.append(f"{unseen_right:,} labels without a training text are right somewhere: they are in the rarest bin")
    samples = _numbered(corpus, drawn.pairs, drawn.positions, texts, plan)
    some_clusters = [] if clusters is None else _clusters_of(samples, clusters)
    bins = _bin_facts(drawn.bins, counts, drawn.pairs, drawn.positions)
    return Drawn(samples, bins, some_clusters, notes, drawn.labels_per_bin, left_out)


def _drawn_by_label(corpus: Corpus, pairs: Pairs, attackable: np.ndarray, texts: np.ndarray, plan: Plan) -> Drawn:
    """Up to `plan.per_label` samples of each label, in bins of the labels that have some."""
    _check_pairs(corpus, pairs, attackable, plan)
    asked, counts = asked_labels(corpus, plan), corpus.label_counts
    of_asked = asked[pairs.labels]
    chosen = draw_by_label(pairs, texts, of_asked & attackable[pairs.rows], plan)
    drawn = np.bincount(pairs.labels[chosen], minlength=len(counts)) > 0
    missing = [corpus.label_names[label] for label in np.flatnonzero(asked & ~drawn)]
    fewest = "no text is" if plan.min_right == 1 else f"fewer than {plan.min_right} texts are"
    why = f"{fewest} right and long enough for a change"
    if not drawn.any():
        raise InputError(
            f"none of the {int(asked.sum()):,} labels has a sample ({why}): {named(missing)}",
            "ask for other labels (--labels), for a smaller --min-right, or use a corpus with more test texts",
        )
    labels_per_bin = plan.labels_per_bin
    if labels_per_bin is None:
        wanted = max(1, min(MOST_BINS, int(drawn.sum()) // LABELS_TO_POOL))
        labels_per_bin = labels_per_bin_for(counts, drawn, wanted)
    bins = bins_of(counts, drawn, replace(plan, labels_per_bin=labels_per_bin))
    positions = [chosen[bins[pairs.labels[chosen]] == number] for number in range(bins.max() + 1)]
    left_out = _left_out(Pairs(pairs.rows[of_asked], pairs.labels[of_asked], pairs.available), attackable, plan)
    notes = [f"{number:,} samples are not drawn: {reason}" for reason, number in left_out.items()]
    if missing:
        notes.append(f"{len(missing):,} of {int(asked.sum()):,} labels have no sample ({why}): {named(missing)}")
    samples = _numbered(corpus, pairs, positions, texts, plan)
    facts = _bin_facts(bins, counts, pairs, positions)
    return Drawn(samples, facts, [], notes, labels_per_bin, left_out, np.flatnonzero(asked).tolist())


def _check_pairs(corpus: Corpus, pairs: Pairs, attackable: np.ndarray, plan: Plan) -> None:
    if not len(pairs.rows):
        raise InputError(
            f"no text of {corpus.name} has a label that a {plan.goal} attack with k={plan.k} could work on",
            "check that the reference model was trained on this corpus, or choose another k",
        )
    if not attackable[pairs.rows].any():
        raise InputError(
            f"all {len(pairs.rows):,} samples of {corpus.name} that could be attacked have under "
            f"{fewest_words(plan)} words, too few for a single change at --max-change-rate {plan.max_change_rate:g}",
            "choose a larger --max-change-rate, or a corpus of longer texts",
        )


def _left_out(pairs: Pairs | None, attackable: np.ndarray, plan: Plan) -> dict[str, int]:
    """How many pairs, or texts where any label may be a target, are too short for a change."""
    number = int((~attackable if pairs is None else ~attackable[pairs.rows]).sum())
    reason = f"{TOO_SHORT}, under {fewest_words(plan)} words at a change rate of {plan.max_change_rate:g}"
    return {reason: number} if number else {}


def _fitting_draw(draw: Callable[[int], _Draw], counts: np.ndarray, usable: np.ndarray) -> _Draw:
    """The draw with the most bins, up to `MOST_BINS`, that still gives `FEWEST_SAMPLES` samples, or those asked for, of
    each bin; where none does, that with two bins.
    """
    tried: dict[int, _Draw] = {}
    for wanted in range(MOST_BINS, 1, -1):
        labels_per_bin = labels_per_bin_for(counts, usable, wanted)
        if labels_per_bin not in tried:
            tried[labels_per_bin] = draw(labels_per_bin)
        drawn = tried[labels_per_bin]
        if len(drawn.positions[0]) >= min(FEWEST_SAMPLES, drawn.wanted):
            break
    return drawn


@dataclass(frozen=True)
class _Draw:
    """One draw: the bin of each label, the positions of the drawn pairs of each bin, and how many were wanted."""

    pairs: Pairs
    bins: np.ndarray
    positions: list[np.ndarray]
    wanted: int
    labels_per_bin: int


def _draw(pairs: Pairs, bins: np.ndarray, texts: np.ndarray, attackable: np.ndarray, plan: Plan) -> _Draw:
    bin_of_pair = bins[pairs.labels]
    inside = [np.flatnonzero(bin_of_pair == number) for number in range(bins.max() + 1)]
    wanted = wanted_samples(plan, len(inside))
    numbers = [texts[pairs.rows[positions]] for positions in inside]
    usable = [attackable[pairs.rows[positions]] for positions in inside]
    rng = np.random.default_rng([plan.seed, DRAWS])
    drawn = equal_draws(numbers, wanted, plan.pairs_per_text, rng, usable)
    assert plan.labels_per_bin is not None
    positions = [part[chosen] for part, chosen in zip(inside, drawn, strict=True)]
    return _Draw(pairs, bins, positions, wanted, plan.labels_per_bin)


def _numbered(corpus: Corpus, pairs: Pairs, drawn: Sequence[np.ndarray], texts: np.ndarray, plan: Plan) -> list[Sample]:
    """The samples, texts in random order, so that a campaign that is cut short has some of every bin."""
    chosen = [(position, number) for number, positions in enumerate(drawn) for position in positions.tolist()]
    distinct = sorted({int(texts[pairs.rows[position]]) for position, _ in chosen})
    rng = np.random.default_rng([plan.seed, ORDER])
    turn = dict(zip(distinct, rng.permutation(len(distinct)).tolist(), strict=True))
    chosen.sort(key=lambda pair: (turn[int(texts[pairs.rows[pair[0]]])], pair[1], pair[0]))
    rows = corpus.split("test").select([int(pairs.rows[position]) for position, _ in chosen])
    return [
        Sample(place, str(row["id"]), row["text"], tuple(row["labels"]), int(pairs.labels[position]), number)
        for place, ((position, number), row) in enumerate(zip(chosen, rows, strict=True))
    ]


def _bin_facts(bins: np.ndarray, counts: np.ndarray, pairs: Pairs, drawn: Sequence[np.ndarray]) -> list[Bin]:
    parts = []
    for number, chosen in enumerate(drawn):
        labels = np.flatnonzero(bins == number)
        lowest, highest = int(counts[labels].min()), int(counts[labels].max())
        parts.append(Bin(number, lowest, highest, len(labels), int(pairs.available[labels].sum()), len(chosen)))
    return parts


def _clusters_of(samples: Sequence[Sample], clusters: np.ndarray) -> list[list[int]]:
    numbers = dict.fromkeys(int(clusters[sample.target]) for sample in samples)
    return [np.flatnonzero(clusters == number).tolist() for number in list(numbers)[:_SHOWN_CLUSTERS]]
