"""Words with Punkt's sentences are those of NLTK's `word_tokenize`, and stay so in a model folder."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import nltk
import numpy as np
import pytest

from tests.toolkit.shared_folders import SHARED, needs_shared
from textattack_xmtc.datasets.load import load_corpus
from textattack_xmtc.errors import ModelFolderError
from textattack_xmtc.models.attention_xml.architecture import AttentionXMLConfig
from textattack_xmtc.models.attention_xml.flat import AttentionXML, AttentionXMLNetwork
from textattack_xmtc.models.attention_xml.sentences import SENTENCES, NLTKWords
from textattack_xmtc.models.attention_xml.vocabulary import PUNKT, UNK_ID, Vocabulary
from textattack_xmtc.models.folder import load_model, save_model

pytestmark = needs_shared("data/nltk_data/tokenizers/punkt_tab.zip")


@pytest.fixture
def words(monkeypatch: pytest.MonkeyPatch) -> Iterator[NLTKWords]:
    monkeypatch.setattr(nltk.data, "path", [str(SHARED / "data" / "nltk_data")])
    actual = NLTKWords.installed()
    assert actual is not None
    yield actual


def expected(text: str) -> list[str]:
    """What NLTK says, but for what has no word character."""
    return [word for word in nltk.word_tokenize(text) if re.search(r"\w", word)]


@pytest.mark.parametrize(
    "text",
    [
        "see vol. 2 and e.g. this, etc. Then eds. Smith et al. said",
        'data structures."--Preface',
        "I can't say \"gonna\". He's J. R. R. Tolkien, U.S. author (b. 1892).  New line.\nNext one...",
        "",
        "   ",
    ],
)
def test_words_are_those_of_nltk(words: NLTKWords, text: str) -> None:
    assert [text[start:end] for start, end in words(text)] == expected(text)


@needs_shared("data/tib-ci")
def test_words_of_real_texts_are_those_of_nltk(words: NLTKWords) -> None:
    texts = list(load_corpus(SHARED / "data" / "tib-ci").split("train")["text"])
    different = [t for t in texts if [t[start:end] for start, end in words(t)] != expected(t)]
    assert len(texts) == 2400 and not different


def test_a_masked_word_is_one_word_wherever_it_stands(words: NLTKWords) -> None:
    vocabulary = Vocabulary(["<PAD>", "<UNK>", "a", "b"], PUNKT, words)
    assert vocabulary.encode("a <UNK> b, <UNK>") == [2, UNK_ID, 3, UNK_ID]
    text = "<UNK>, a<UNK>b"
    assert [text[start:end] for start, end in vocabulary.spans(text)] == ["<UNK>", "a", "<UNK>", "b"]


def test_a_model_folder_keeps_its_sentences(words: NLTKWords, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vocabulary = Vocabulary(["<PAD>", "<UNK>", "structures", "eds"], PUNKT, words)
    sizes = AttentionXMLConfig(embedding_size=4, hidden_size=3, linear_sizes=(2,))
    model = AttentionXML(AttentionXMLNetwork(4, 2, sizes), vocabulary, ["a", "b"], device="cpu")
    folder = save_model(model, tmp_path / "model")
    monkeypatch.setattr(nltk.data, "path", [])
    texts = ["Then eds. Smith said it.", 'structures."--Preface']
    again = load_model(folder, "cpu")
    assert again.encode(texts) == model.encode(texts)
    np.testing.assert_array_equal(again.dense(texts), model.dense(texts))
    (folder / SENTENCES).write_text("{}")
    with pytest.raises(ModelFolderError, match="does not hold Punkt's parameters"):
        load_model(folder, "cpu")
    (folder / SENTENCES).unlink()
    with pytest.raises(ModelFolderError, match=r"has no sentences\.json"):
        load_model(folder, "cpu")
