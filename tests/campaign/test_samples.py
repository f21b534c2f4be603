"""Which pairs may be drawn, against a plain reading of section 4; and what is drawn of them."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from tests.toolkit.drawn_samples import ALL, N_LABELS, N_TEXTS, PLAN, truth_of
from textattack_xmtc.campaign.pairs import (
    SMALLEST_CLUSTER,
    any_pairs,
    clustered_pairs,
    right_pairs,
    text_numbers,
    training_clusters,
)
from textattack_xmtc.campaign.samples import draw_samples
from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.errors import InputError


def test_right_means_true_and_among_the_best(corpus: Corpus, top: np.ndarray) -> None:
    pairs = right_pairs(corpus.label_matrix("test"), top)
    plain = {(row, label) for row, labels in enumerate(truth_of(corpus)) for label in labels & set(top[row].tolist())}
    assert set(zip(pairs.rows.tolist(), pairs.labels.tolist(), strict=True)) == plain and len(pairs.rows) == len(plain)
    assert pairs.available.tolist() == [sum(label == one for _, one in plain) for label in range(N_LABELS)]


def test_a_clusters_wrong_labels_are_near(corpus: Corpus, top: np.ndarray) -> None:
    """Equation 4.5 and the conditions of its footnote, one text and one label at a time."""
    random = np.random.default_rng(2)
    for _ in range(5):
        clusters, allowed = random.integers(-1, 9, N_LABELS), random.random(N_LABELS) < 0.8
        plain = {
            (row, label)
            for row, labels in enumerate(truth_of(corpus))
            for label in range(N_LABELS)
            if allowed[label]
            and label not in labels
            and label not in top[row]
            and clusters[label] >= 0
            and any(clusters[true] == clusters[label] for true in labels)
        }
        pairs = clustered_pairs(corpus.label_matrix("test"), top, clusters, allowed)
        assert set(zip(pairs.rows.tolist(), pairs.labels.tolist(), strict=True)) == plain
        assert len(pairs.rows) == len(plain) > 50
        assert pairs.available.tolist() == [sum(label == one for _, one in plain) for label in range(N_LABELS)]


def test_clusters_are_learnt_on_training_texts_only(corpus: Corpus) -> None:
    clusters = training_clusters(corpus, seed=0)
    assert (clusters[corpus.label_counts == 0] == -1).all() and (corpus.label_counts == 0).sum() == 3
    sizes = np.bincount(clusters[clusters >= 0])
    assert sizes.min() >= SMALLEST_CLUSTER and sizes.max() < 2 * SMALLEST_CLUSTER
    same_word = np.mean([clusters[4 * group] == clusters[4 * group + 1] for group in range(8)])
    assert same_word > 0.5, "labels of the same words are mostly in one cluster: by chance 1 in 9"
    other = replace(corpus, splits={**corpus.splits, "test": corpus.split("test").select([0])})
    assert training_clusters(other, seed=0).tolist() == clusters.tolist()


@pytest.mark.parametrize("goal", ["positive", "negative", "untargeted"])
@pytest.mark.parametrize("cluster", [True, False])
def test_what_is_drawn(corpus: Corpus, top: np.ndarray, goal: str, cluster: bool) -> None:
    plan = replace(PLAN, goal=goal, cluster=cluster)
    drawn = draw_samples(corpus, top, plan, ALL)
    counts, rows = corpus.label_counts, {row["id"]: row for row in corpus.split("test")}
    place = {text_id: number for number, text_id in enumerate(corpus.split("test")["id"])}
    clusters = training_clusters(corpus, 0)
    assert [sample.number for sample in drawn.samples] == list(range(len(drawn.samples)))
    assert len(drawn.bins) > 2 and {part.drawn for part in drawn.bins} == {6}
    assert Counter(sample.bin for sample in drawn.samples) == {part.number: 6 for part in drawn.bins}
    assert len({sample.text for sample in drawn.samples}) == len(drawn.samples), "one pair a text"
    for sample in drawn.samples:
        row, best = rows[sample.text_id], top[place[sample.text_id]].tolist()
        assert (sample.text, list(sample.labels)) == (row["text"], row["labels"])
        part = drawn.bins[sample.bin]
        assert part.lowest <= counts[sample.target] <= part.highest
        if goal != "negative":
            assert sample.target in sample.labels and sample.target in best
        else:
            assert sample.target not in sample.labels and sample.target not in best and counts[sample.target] > 0
            near = any(clusters[label] == clusters[sample.target] for label in sample.labels)
            assert near or not cluster
    for lower, higher in zip(drawn.bins[:-1], drawn.bins[1:], strict=True):
        assert lower.highest < higher.lowest and lower.labels >= 8
    assert bool(drawn.clusters) == (goal == "negative" and cluster)
    targets = {sample.target for sample in drawn.samples}
    assert all(targets & set(labels) and len(labels) >= SMALLEST_CLUSTER for labels in drawn.clusters)


def test_the_seed_decides(corpus: Corpus, top: np.ndarray) -> None:
    for goal in ("positive", "negative"):
        for cluster in (True, False):
            plan = replace(PLAN, goal=goal, cluster=cluster)
            first = draw_samples(corpus, top, plan, ALL)
            assert draw_samples(corpus, top, plan, ALL) == first
            assert draw_samples(corpus, top, replace(plan, seed=1), ALL).samples != first.samples


def test_fewer_where_a_bin_cannot_give_more_and_it_is_said(corpus: Corpus, top: np.ndarray) -> None:
    drawn = draw_samples(corpus, top, replace(PLAN, samples_per_bin=500), ALL)
    (given,) = {part.drawn for part in drawn.bins}
    assert given == min(part.right for part in drawn.bins) or len(drawn.samples) <= N_TEXTS
    assert (
        f"the {len(drawn.bins)} bins cannot give 500 samples each: {given} are drawn from each, the most that all can"
        in drawn.notes[0]
    )
    two = draw_samples(corpus, top, replace(PLAN, samples_per_bin=500, pairs_per_text=2, goal="negative"), ALL)
    texts = [sample.text for sample in two.samples]
    assert max(Counter(texts).values()) == 2
    order = [text for place, text in enumerate(texts) if place == 0 or texts[place - 1] != text]
    assert len(order) == len(set(texts)), "samples of one text stand together"


def test_so_many_of_all_bins_together(corpus: Corpus, top: np.ndarray) -> None:
    drawn = draw_samples(corpus, top, replace(PLAN, total=10, samples_per_bin=1), ALL)
    assert {part.drawn for part in drawn.bins} == {round(10 / len(drawn.bins))}


def test_labels_without_training_text(corpus: Corpus, top: np.ndarray) -> None:
    best = top.copy()
    best[0, 0] = N_LABELS - 3  # true for the first test text, and never seen in training
    positive = draw_samples(corpus, best, PLAN, ALL)
    assert "1 labels without a training text are right somewhere: they are in the rarest bin" in positive.notes
    assert positive.bins[0].lowest == 0
    negative = draw_samples(corpus, best, replace(PLAN, goal="negative"), ALL)
    assert "3 labels have no training text: they are in no cluster and no target" in negative.notes
    assert negative.bins[0].lowest > 0


def test_what_the_reference_model_does_not_know_is_no_negative_target(corpus: Corpus, top: np.ndarray) -> None:
    known = np.arange(N_LABELS) % 2 == 0
    for cluster in (True, False):
        drawn = draw_samples(corpus, top, replace(PLAN, goal="negative", cluster=cluster, labels_per_bin=3), known)
        assert all(sample.target % 2 == 0 for sample in drawn.samples)


def test_negatives_anywhere_are_counted_whole(corpus: Corpus, top: np.ndarray) -> None:
    truth = corpus.label_matrix("test")
    pairs = any_pairs(truth, top, corpus.label_counts, corpus.label_counts > 0, PLAN, np.full(N_TEXTS, True))
    wrong = [set(range(N_LABELS)) - labels - set(top[row].tolist()) for row, labels in enumerate(truth_of(corpus))]
    plain = [sum(label in free for free in wrong) for label in range(N_LABELS)]
    assert pairs.available[:-3].tolist() == plain[:-3] and pairs.available[-3:].tolist() == [0, 0, 0]


def test_equal_texts_have_one_number(corpus: Corpus) -> None:
    numbers = text_numbers(corpus.split("test"))
    assert numbers[6] == numbers[7] and len(set(numbers.tolist())) == N_TEXTS - 1


def test_nothing_to_draw_is_an_error(corpus: Corpus, top: np.ndarray) -> None:
    wrong = np.full_like(top, N_LABELS - 1)  # which is true for the third text only
    wrong[2] = N_LABELS - 2
    with pytest.raises(InputError, match="no text of made has a label that a positive attack with k=3 could work on"):
        draw_samples(corpus, wrong, PLAN, ALL)
