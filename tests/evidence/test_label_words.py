"""Words of labels by their training texts, against a plain sum over all labels' TF-IDF rows."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from tests.toolkit.shared_folders import SHARED, needs_shared
from textattack_xmtc.datasets.corpus import Corpus, Document
from textattack_xmtc.datasets.label_clusters import label_vectors, tfidf
from textattack_xmtc.datasets.load import load_corpus
from textattack_xmtc.errors import DataError
from textattack_xmtc.evidence import label_texts
from textattack_xmtc.evidence.label_texts import TrainingWords


def corpus(texts: int = 60, labels: int = 7) -> Corpus:
    random = np.random.default_rng(1)
    words = [f"word{letter}" for letter in "abcdefghijklmnopqrst"] + ["Straße", "x", "42"]
    rows = [
        Document(
            str(number),
            ". ".join(random.choice(words, random.integers(0, 15))),
            [f"label {own}" for own in random.choice(labels, random.integers(0, 4), replace=False)],
        )
        for number in range(texts)
    ]
    known = [*(f"label {own}" for own in range(labels)), "never"]
    return Corpus.from_documents("drawn", {"train": rows, "test": rows[:3]}, known)


def plainly(data: Corpus) -> np.ndarray:
    """The weight of each word, by its place in the vectorizer's vocabulary, for all labels at once."""
    return label_vectors(tfidf(data.split("train")["text"]), data.label_matrix("train")).toarray()


def vocabulary(data: Corpus) -> list[str]:
    import re

    return sorted({word for text in data.split("train")["text"] for word in re.findall(r"\b\w+\b", text.lower())})


def test_words_are_those_of_the_summed_tfidf_rows() -> None:
    data = corpus()
    words, weights = vocabulary(data), plainly(data)
    source = TrainingWords(data)
    for index, name in enumerate(data.label_names):
        # Equal weights may come out in another order by their last bits.
        weighted = {word: weights[index, place] for place, word in enumerate(words) if weights[index, place] > 0}
        words_of_label = source.of(name)
        assert set(words_of_label) == set(weighted)
        assert all(weighted[first] >= weighted[second] - 1e-6 for first, second in itertools.pairwise(words_of_label))
        assert source.of(index) == words_of_label
    assert sum(bool(source.of(name)) for name in data.label_names) == 7


@pytest.mark.parametrize("label", ["never", "unheard of", -1, 99])
def test_a_label_without_training_texts_has_no_words(label: int | str) -> None:
    assert TrainingWords(corpus()).of(label) == ()


def test_many_texts_are_sampled_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [Document(str(number), f"word{number}", ["one"]) for number in range(20)]
    data = Corpus.from_documents("many", {"train": rows})
    monkeypatch.setattr(label_texts, "LABEL_TEXTS", 4)
    monkeypatch.setattr(label_texts, "COUNTED_TEXTS", 10)
    assert set(TrainingWords(data).of("one")) == {"word0", "word6", "word12", "word19"}
    monkeypatch.setattr(label_texts, "_MOST_WORDS", 2)
    assert len(TrainingWords(data).of("one")) == 2


def test_only_the_asked_labels_texts_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    source = TrainingWords(corpus())
    source.of("label 0")
    read: list[int] = []
    texts = source._texts._texts
    monkeypatch.setattr(source._texts, "_texts", lambda rows: read.extend(rows.tolist()) or texts(rows))
    source.of("label 1")
    own = np.flatnonzero(corpus().label_matrix("train")[:, 1].toarray().ravel())
    assert read == own.tolist()


def test_a_corpus_without_training_texts_is_refused() -> None:
    only_test = Corpus.from_documents("a", {"test": [Document("1", "an egg", ["eggs"])]})
    with pytest.raises(DataError, match=r"corpus 'a' has no training texts.*label-names"):
        TrainingWords(only_test)


@needs_shared("data/tib-bench")
@pytest.mark.slow
def test_words_of_real_labels_speak_for_them(tmp_path: Path) -> None:
    source = TrainingWords(load_corpus(SHARED / "data/tib-bench", cache=tmp_path))
    stop = {"the", "of", "and", "in", "to", "a", "is", "for", "on", "this", "book", "with", "as", "by", "are", "that"}
    for label, expected in (("Maschinelles Lernen", "learning"), ("Architektur", "architecture")):
        assert expected in [word for word in source.of(label) if word not in stop][:10]
