from __future__ import annotations

from pathlib import Path

import nltk
import pytest

from textattack_xmtc import resources
from textattack_xmtc.resources.function_words import ENGLISH, nltk_resource

NLTK_FOLDER = Path(resources.__file__).parent / "nltk_data"


def test_the_resource_and_the_list_agree() -> None:
    file = NLTK_FOLDER / "corpora" / "stopwords" / "english"
    assert file.read_text(encoding="utf-8") == nltk_resource(), (
        f"write the list to {file.name}: Path(...).write_text(nltk_resource())"
    )


def test_nltk_finds_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nltk.data, "path", [str(NLTK_FOLDER)])
    reader = nltk.corpus.util.LazyCorpusLoader("stopwords", nltk.corpus.reader.WordListCorpusReader, "english")
    assert reader.fileids() == ["english"]
    assert set(reader.words("english")) == ENGLISH


def test_the_words_are_lower_cased_and_ascii() -> None:
    assert all(word == word.lower() and word.isascii() and word.replace("'", "").isalpha() for word in ENGLISH)


@pytest.mark.parametrize("word", ["the", "it", "of", "and", "would", "don't", "isn't", "whose", "between", "not"])
def test_function_words_are_in(word: str) -> None:
    assert word in ENGLISH


@pytest.mark.parametrize("word", ["system", "new", "used", "mine", "like", "well", "first", "us-based", "data", "won"])
def test_content_words_are_out(word: str) -> None:
    assert word not in ENGLISH
