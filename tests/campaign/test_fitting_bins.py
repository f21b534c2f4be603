"""Samples that allow no change are not drawn (E1), and bins fit the corpus (E2): on corpora of every shape."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from textattack.shared import AttackedText

from textattack_xmtc.campaign.equal_draws import equal_draws
from textattack_xmtc.campaign.pairs import attackable_texts
from textattack_xmtc.campaign.plan import Plan
from textattack_xmtc.campaign.samples import FEWEST_SAMPLES, MOST_BINS, Drawn, draw_samples
from textattack_xmtc.datasets.corpus import Corpus, Document
from textattack_xmtc.datasets.frequency_bins import frequency_bins, labels_per_bin_for
from textattack_xmtc.errors import InputError
from textattack_xmtc.goal import GoalName
from textattack_xmtc.words import change_budget

PLAN = Plan(("model",), "corpus", k=2)
LONG = "one two three four five six seven eight nine ten eleven twelve"


def corpus_of(counts: Sequence[int], tests_per_label: int, text: str = LONG, short_every: int = 0) -> Corpus:
    """Labels with so many training texts each, and test texts with one label each; some have three words."""
    train = [Document(f"a{i}-{n}", f"{text} {i} {n}", [str(i)]) for i, count in enumerate(counts) for n in range(count)]
    test = [
        Document(
            f"b{i}-{n}",
            f"three short words{i}x{n}" if short_every and n % short_every == 0 else f"{text} {i} {n}",
            [str(i)],
        )
        for i in range(len(counts))
        for n in range(tests_per_label)
    ]
    return Corpus.from_documents("made", {"train": train, "test": test}, [str(i) for i in range(len(counts))])


def draw(corpus: Corpus, plan: Plan = PLAN) -> Drawn:
    """Drawn where the model gets every text right (positive), or predicts the next label (negative)."""
    labels = len(corpus.label_names)
    top = np.array([[row[0]] for row in corpus.split("test")["labels"]])
    return draw_samples(corpus, top, plan, np.full(labels, True))


def test_texts_that_allow_no_change_are_not_drawn_and_counted() -> None:
    corpus = corpus_of([5] * 20 + [50] * 20, 6, short_every=2)
    drawn = draw(corpus)
    assert all(len(sample.text.split()) > 9 for sample in drawn.samples)
    assert drawn.left_out == {"too short, under 10 words at a change rate of 0.1": 3 * 40}
    assert "120 samples are not drawn: too short, under 10 words at a change rate of 0.1" in drawn.notes
    assert drawn.facts()["left_out"] == drawn.left_out
    assert not draw(corpus, replace(PLAN, max_change_rate=0.5)).left_out, "two words allow a change at this rate"


@pytest.mark.parametrize("rate", [0.05, 0.1, 0.15, 0.25, 1.0])
def test_long_enough_is_what_the_attack_says(rate: float) -> None:
    """Against TextAttack's own count of words, on texts of signs, hyphens, other scripts and few words."""
    texts = [
        "a b c",
        "- - - - - - - - - - -",
        "well-known can't _x_ * ** x@y.org 1 2 3 4",
        "数据库 管理 系统 的 查询",
        "",
    ]
    texts += [" ".join(["word"] * n) for n in (3, 4, 6, 7, 9, 10, 19, 20, 21)]
    texts += ["x.y.z/a/b/c,d;e:f g", "é ß ñ ü ö ä å ø æ œ"]
    documents = [Document(str(n), text or " ", ["a"]) for n, text in enumerate(texts)]
    corpus = Corpus.from_documents("made", {"train": documents, "test": documents})
    plan = replace(PLAN, max_change_rate=rate)
    expected = [change_budget(rate, AttackedText(text or " ").num_words) >= 1 for text in texts]
    assert attackable_texts(corpus, plan).tolist() == expected


def test_in_mode_adv_xmtc_a_tenth_is_too_much() -> None:
    """Its limit is strict: one of ten words is not below a tenth."""
    documents = [Document(str(n), " ".join(["word"] * n), ["a"]) for n in (9, 10, 11)]
    corpus = Corpus.from_documents("made", {"train": documents, "test": documents})
    assert attackable_texts(corpus, PLAN).tolist() == [False, True, True]
    assert attackable_texts(corpus, replace(PLAN, mode="adv-xmtc")).tolist() == [False, False, True]


def test_where_every_text_is_too_short_the_error_says_so() -> None:
    with pytest.raises(InputError, match=r"all 6 samples of made .* under 10 words.*choose a larger --max-change-rate"):
        draw(corpus_of([3, 2], 3, text="two words"))


def test_too_short_texts_change_no_other_draw() -> None:
    """The order is that of all pairs, so that a seed keeps the draws that it may keep."""
    texts = [np.arange(200)]
    usable = np.arange(200) % 5 > 0
    every = equal_draws(texts, 40, 1, np.random.default_rng(1))[0]
    some = equal_draws(texts, 40, 1, np.random.default_rng(1), [usable])[0]
    kept = [position for position in every.tolist() if usable[position]]
    assert some.tolist()[: len(kept)] == kept and usable[some].all() and len(some) == 40


@pytest.mark.parametrize("goal", ["positive", "negative", "untargeted"])
@pytest.mark.parametrize("cluster", [True, False])
def test_bins_fit_by_default(goal: GoalName, cluster: bool) -> None:
    corpus = corpus_of(np.random.default_rng(0).zipf(1.6, 240).clip(1, 60).tolist(), 3)
    drawn = draw(corpus, replace(PLAN, goal=goal, cluster=cluster))
    assert 3 <= len(drawn.bins) <= MOST_BINS + 1 and drawn.labels_per_bin is not None
    assert len({part.drawn for part in drawn.bins}) == 1 and drawn.bins[0].drawn >= FEWEST_SAMPLES
    assert drawn.bins[0].highest < drawn.bins[-1].lowest
    assert any(note.startswith(f"labels_per_bin={drawn.labels_per_bin}: ") for note in drawn.notes)
    again = draw(corpus, replace(PLAN, goal=goal, cluster=cluster, labels_per_bin=drawn.labels_per_bin))
    assert again.samples == drawn.samples and again.bins == drawn.bins, "the number that is recorded gives this draw"


@pytest.mark.parametrize(
    ("counts", "tests", "bins"),
    [
        ([7], 5, 1),  # one label
        ([1] * 50, 4, 1),  # all of one frequency
        ([1, 2], 1, 2),  # a tiny corpus
        ([1] * 30 + [2] * 3, 1, 2),  # nearly all rare
        ([1] * 100 + [2] * 50 + [9] * 40, 1, 3),
        ([1] * 10 + [2] * 10 + [3] * 20, 2, 2),  # three bins would have 20 samples each, two have 40
    ],
)
def test_corpora_of_every_shape(counts: list[int], tests: int, bins: int) -> None:
    drawn = draw(corpus_of(counts, tests))
    assert len(drawn.bins) == bins
    assert Counter(sample.bin for sample in drawn.samples) == {part.number: part.drawn for part in drawn.bins}
    assert all(part.drawn for part in drawn.bins)


def test_a_bin_of_short_texts_alone_takes_nothing_from_the_others() -> None:
    """With explicit options: equal draws of a bin that has none would be none of all."""
    train = [
        Document(f"a{i}-{n}", f"{LONG} {i} {n}", [str(i)]) for i, count in enumerate([1, 1, 9, 9]) for n in range(count)
    ]
    test = [Document(f"b{i}", "short" if i < 2 else f"{LONG} {i}", [str(i)]) for i in range(4)]
    corpus = Corpus.from_documents("made", {"train": train, "test": test}, list("0123"))
    drawn = draw(corpus, replace(PLAN, labels_per_bin=2))
    assert [part.drawn for part in drawn.bins] == [2] and drawn.bins[0].lowest == 9


def test_the_largest_number_that_gives_so_many_bins() -> None:
    """Against trying every number."""
    rng = np.random.default_rng(4)
    for _ in range(40):
        counts, usable = rng.integers(0, 12, 60), rng.random(60) < 0.7
        for wanted in (1, 2, 3, 5, 9):
            bins_by_size = [(n, frequency_bins(counts, usable, n).max() + 1) for n in range(1, int(usable.sum()) + 1)]
            enough = [n for n, bins in bins_by_size if bins >= wanted]
            assert labels_per_bin_for(counts, usable, wanted) == (enough[-1] if enough else 1)
