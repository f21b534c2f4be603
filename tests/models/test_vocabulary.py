"""The words a recurrent model reads."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textattack_xmtc.errors import ModelFolderError
from textattack_xmtc.models.vocabulary import PAD_ID, UNK_ID, Vocabulary

WORDS = ["<PAD>", "<UNK>", "the", "mean", "don't", "nan_policy", "naïve", "unk", "pad"]


@pytest.fixture
def vocabulary() -> Vocabulary:
    return Vocabulary(WORDS)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The MEAN.", ["the", "mean"]),
        ("<UNK> mean", ["<UNK>", "mean"]),
        ("the<UNK>mean", ["the", "<UNK>", "mean"]),
        ("unk pad <unk> <PAD>", ["unk", "pad", "unk", "pad"]),
        ("don't don\u2019t", ["don't", "<UNK>"]),
        ("nan_policy=Naïve", ["nan_policy", "naïve"]),
        ("mean-mean 'mean'", ["mean"] * 3),
        ("never seen", ["<UNK>", "<UNK>"]),
        ("🙂 ... \t\n\x00", []),
        ("", []),
    ],
)
def test_a_text_becomes_the_numbers_of_its_words(vocabulary: Vocabulary, text: str, words: list[str]) -> None:
    assert [vocabulary.words[number] for number in vocabulary.encode(text)] == words


@settings(deadline=None)
@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("aİß '\u2019_<UNK>")), max_size=60))
def test_spans_are_words_in_order_and_fit_the_numbers(text: str) -> None:
    vocabulary = Vocabulary.of_texts([text])
    spans = vocabulary.spans(text)
    assert all(start < end for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    numbers = vocabulary.encode(text)
    assert len(numbers) == len(spans)
    for number, (start, end) in zip(numbers, spans, strict=True):
        assert number == UNK_ID if text[start:end] == "<UNK>" else vocabulary.words[number] == text[start:end].lower()
    assert PAD_ID not in numbers


def test_only_so_many_words_are_read(vocabulary: Vocabulary) -> None:
    text = "the mean " * 25_000
    assert vocabulary.encode(text, 3) == [2, 3, 2]
    assert vocabulary.spans(text, 2) == [(0, 3), (4, 8)]
    assert len(vocabulary.encode(text)) == 50_000


def test_the_most_frequent_words_are_kept_and_ties_are_broken_by_the_alphabet() -> None:
    texts = ["c b a", "C <UNK> <unk>", "d"]
    assert Vocabulary.of_texts(texts, size=5).words == ("<PAD>", "<UNK>", "c", "a", "b")
    assert Vocabulary.of_texts(texts).words[2:] == ("c", "a", "b", "d", "unk")


def test_a_vocabulary_that_cannot_be_one_is_refused() -> None:
    with pytest.raises(ModelFolderError, match=r"starts with \['the', 'mean'\]"):
        Vocabulary(["the", "mean"])
    with pytest.raises(ModelFolderError, match="'mean' stands twice"):
        Vocabulary(["<PAD>", "<UNK>", "mean", "mean"])
    with pytest.raises(ModelFolderError, match="tokenisation 'klingon' is unknown"):
        Vocabulary(WORDS, "klingon")
