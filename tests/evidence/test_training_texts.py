"""Log-odds with a prior, against a plain computation over all texts."""

from __future__ import annotations

import math
import re
from itertools import pairwise

import numpy as np
import pytest

from textattack_xmtc.datasets.corpus import Corpus, Document
from textattack_xmtc.errors import DataError, InputError
from textattack_xmtc.evidence.training_texts import TrainingTextEvidence

VOCABULARY = [f"w{first}{second}" for first in "abcde" for second in "fghij"]


def corpus(texts: int = 80) -> Corpus:
    rng = np.random.default_rng(3)
    shares = rng.dirichlet(np.full(len(VOCABULARY), 0.3))
    rows = [
        Document(
            str(number),
            "the " + " ".join(rng.choice(VOCABULARY, rng.integers(1, 12), p=shares)),
            [f"label {own}" for own in rng.choice(6, rng.integers(0, 3), replace=False)],
        )
        for number in range(texts)
    ]
    return Corpus.from_documents("drawn", {"train": rows}, [*(f"label {own}" for own in range(6)), "never"])


def plainly(data: Corpus, label: str, prior_texts: float) -> dict[str, tuple[float, int]]:
    """The z-score and the number of texts of each word of a label: the formula, term by term."""
    index = data.label_names.index(label)
    rows = [(set(re.findall(r"w\w+", row["text"])), index in row["labels"]) for row in data.split("train")]
    background = {word: sum(word in words for words, _ in rows) for words, _ in rows for word in words}
    of_label = {word: sum(word in words for words, mine in rows if mine) for word in background}
    total_background, total_own = sum(background.values()), sum(of_label.values())
    prior = prior_texts * total_background / len(rows)
    scores = {}
    for word, count in of_label.items():
        if not count:
            continue
        a = prior * background[word] / total_background
        ratio = (count + a) / (total_own + prior - count - a)
        delta = math.log(ratio) - math.log(background[word] / (total_background - background[word]))
        scores[word] = (max(delta / math.sqrt(1 / (count + a) + 1 / background[word]), 0.0), count)
    return scores


@pytest.mark.parametrize("prior_texts", [0.5, 10, 300])
def test_weights_are_the_formulas(prior_texts: float) -> None:
    data = corpus()
    source = TrainingTextEvidence(data, prior_texts)
    for label in data.label_names[:6]:
        expected = plainly(data, label, prior_texts)
        weighed = source.weigh("", VOCABULARY, label)
        assert weighed is not None
        np.testing.assert_allclose(weighed.weights, [expected.get(word, (0.0, 0))[0] for word in VOCABULARY], atol=1e-9)
        backed = [expected.get(word, (0, 0))[0] >= 1.96 and expected[word][1] >= 2 for word in VOCABULARY]
        assert weighed.backed.tolist() == backed
        assert source.texts_of(label) == int(data.label_counts[data.label_names.index(label)])


def test_one_text_backs_nothing_and_more_texts_weigh_more() -> None:
    weights, backed = [], []
    for texts in (1, 2, 5, 20):
        of_robotics = [Document(f"own {i}", "robots learn", ["robotics"]) for i in range(texts)]
        rest = [Document(f"rest {i}", f"texts learn number{i}", ["other"]) for i in range(50)]
        source = TrainingTextEvidence(Corpus.from_documents("c", {"train": of_robotics + rest}))
        weighed = source.weigh("", ["robots", "learn"], "robotics")
        assert weighed is not None
        assert weighed.weights[0] > weighed.weights[1]
        backed.append(weighed.backed.tolist())
        weights.append(weighed.weights[0])
    assert all(before < after for before, after in pairwise(weights))
    assert backed == [[False, False], [False, False], [True, False], [True, False]]


def test_inflections_and_hyphens_count_as_their_stems() -> None:
    rows = [Document(str(i), text, [label]) for i, (text, label) in enumerate([("robot arms", "r"), ("egg", "e")] * 3)]
    source = TrainingTextEvidence(Corpus.from_documents("c", {"train": rows}))
    weighed = source.weigh("", ["Robots", "robot-like", "eggs"], "r")
    assert weighed is not None
    assert weighed.weights[0] == weighed.weights[1] > 0 == weighed.weights[2]


@pytest.mark.parametrize("label", ["never", "unheard of", -1, 99])
def test_a_label_without_training_texts_is_unknown(label: str | int) -> None:
    source = TrainingTextEvidence(corpus())
    assert source.weigh("waf", ["waf"], label) is None
    assert source.texts_of(label) == 0


def test_a_corpus_of_one_word_weighs_nothing() -> None:
    source = TrainingTextEvidence(Corpus.from_documents("c", {"train": [Document("1", "egg", ["a"])]}))
    weighed = source.weigh("egg", ["egg"], "a")
    assert weighed is not None
    assert weighed.weights.tolist() == [0.0]


def test_bad_input_is_refused() -> None:
    with pytest.raises(InputError, match=r"invalid prior_texts=0"):
        TrainingTextEvidence(corpus(), 0)
    with pytest.raises(DataError, match="no training texts"):
        TrainingTextEvidence(Corpus.from_documents("c", {"test": [Document("1", "egg", ["a"])]}))
