"""The words a recurrent model reads."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from nltk.tokenize import word_tokenize

from textattack_xmtc.errors import ModelFolderError
from textattack_xmtc.models.attention_xml.vocabulary import PAD_ID, UNK_ID, Vocabulary

PARTS = [
    *("boil", "an", "Egg", "don't", "cannot", "gonna", "it's", "John's", "dogs'", "'tis", "'quoted'", "rock'n'roll"),
    *('"quoted"', '"so', 'called"', "(in", "brackets)", "well-known", "and/or", "3.5", "1,000", "$4", "50%", "a,b"),
    *("soup,", "tea;", "salt:", "why?", "what!", "--", "...", "/SEP/", "e-mail@here", "x=y", "naïve", "«ja»", "U.S.A"),
]
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


def nltk_words(text: str) -> list[str]:
    vocabulary = Vocabulary(["<PAD>", "<UNK>"], "nltk")
    return [text[start:end] for start, end in vocabulary.spans(text)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Boil an egg. Then salt it. ", "Boil an egg Then salt it"),
        ("(Boil an egg.) 'Then' \"salt it.\" Serve.", "Boil an egg Then salt it Serve"),
        (
            "Mr. Smith, Dr. J. R. Egg and the U.S. vs. them, e.g. here",
            "Mr. Smith Dr. J. R. Egg and the U.S. vs. them e.g. here",
        ),
        ("soup, tea, etc.", "soup tea etc"),
        ("They don't, can't and cannot; it's John's", "They do n't ca n't and can not it 's John 's"),
        ("3.5 of 1,000 in v1.2 cost $4.", "3.5 of 1,000 in v1.2 cost 4"),
        ("title /SEP/ text", "title /SEP/ text"),
        ("well-known and/or nan_policy=x", "well-known and/or nan_policy=x"),
        ("a <UNK> b", "a <UNK> b"),
        ("the<UNK>mean, (<UNK>)<UNK>. <UNK>'s", "the <UNK> mean <UNK> <UNK> <UNK> 's"),
        ("<unk> < UNK >", "unk UNK"),
        ("🙂 ... \t\n -- !? _", "_"),
        ("", ""),
    ],
)
def test_words_as_the_official_attention_xml_reads_them(text: str, words: str) -> None:
    assert nltk_words(text) == words.split()


def test_the_separator_keeps_its_case_and_other_words_do_not() -> None:
    vocabulary = Vocabulary(["<PAD>", "<UNK>", "/SEP/", "tea", "n't"], "nltk")
    assert vocabulary.encode("Tea /SEP/ TEA isN'T /sep/ <UNK>") == [3, 2, 3, 1, 4, 1, 1]
    assert Vocabulary.of_texts(["Tea /SEP/ tea"], tokenization="nltk").words == ("<PAD>", "<UNK>", "tea", "/SEP/")


@settings(deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=12).map(" ".join))
@example("he said \"it's 'so-called' (can't) gonna\"")
def test_within_a_sentence_words_are_nltks_own(sentence: str) -> None:
    expected = [token for token in word_tokenize(sentence, preserve_line=True) if re.search(r"\w", token)]
    assert nltk_words(sentence) == expected


@settings(deadline=None)
@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("ab .,'\"`()/-_<UNK>")), max_size=60))
@example("''s s ''a`` 'b' ``c\"\"d")
def test_official_words_are_cut_from_the_text_in_order(text: str) -> None:
    spans = Vocabulary(["<PAD>", "<UNK>"], "nltk").spans(text)
    assert all(re.search(r"\w", text[start:end]) and not re.search(r"\s", text[start:end]) for start, end in spans)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert [span for span in spans if text[slice(*span)] == "<UNK>"] == [m.span() for m in re.finditer("<UNK>", text)]


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
    with pytest.raises(ModelFolderError, match="unknown tokenization 'klingon'"):
        Vocabulary(WORDS, "klingon")


@pytest.mark.parametrize("limit", [None, 1, 3, 50])
@pytest.mark.parametrize(
    "text", ["", "Boil <UNK> an egg's yolk, /SEP/ tea", "tea " * 60, "tea" + " " * 400 + "egg boil"]
)
def test_the_short_way_to_the_numbers_gives_what_the_spans_give(text: str, limit: int | None) -> None:
    vocabulary = Vocabulary(["<PAD>", "<UNK>", "boil", "tea", "egg", "egg's", "an", "sep"])
    words = [text[start:end].lower() for start, end in vocabulary.spans(text, limit)]
    expected = [vocabulary.words.index(word) if word in vocabulary.words else 1 for word in words]
    assert vocabulary.encode(text, limit) == expected
