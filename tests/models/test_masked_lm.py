"""The small masked language model: an ordinary transformers folder that proposes words which fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForMaskedLM, AutoTokenizer

from textattack_xmtc.models import masked_lm as module
from textattack_xmtc.models.masked_lm import MaskedLMSettings, masked_accuracy, train_masked_lm, word_tokenizer

SETTINGS = MaskedLMSettings(vocabulary_size=200, hidden_size=32, layers=1, max_length=64, epochs=4)


def _texts(number: int, seed: int) -> list[str]:
    """Sentences about one of twelve topics, each with eight words of its own among function words."""
    random = np.random.default_rng(seed)
    texts = []
    for _ in range(number):
        topic = random.integers(12)
        words = [f"{'abcdefghijkl'[topic]}word{'qrstuvwx'[part]}" for part in random.integers(8, size=6)]
        words += random.choice(["the", "of", "and", "a", "is"], 5).tolist()
        texts.append(" ".join(random.permutation(words)).capitalize() + ".")
    return texts


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("lm")
    train_masked_lm(_texts(400, 0), path, SETTINGS)
    return path


def test_the_folder_is_one_that_transformers_loads(folder: Path) -> None:
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModelForMaskedLM.from_pretrained(folder)
    assert not list(folder.glob("*.bin"))
    assert model.get_output_embeddings().weight is model.get_input_embeddings().weight, "tied"
    encoded = tokenizer("Aworda, [MASK] awordq unheard", return_tensors="pt")
    tokens = tokenizer.convert_ids_to_tokens(encoded["input_ids"][0])
    assert tokens == ["[CLS]", "[UNK]", "[UNK]", "[MASK]", "awordq", "[UNK]", "[SEP]"]
    assert tokenizer.model_max_length == model.config.max_position_embeddings == 64
    assert len(tokenizer("a " * 500, truncation=True)["input_ids"]) == 64
    assert model(**encoded).logits.shape == (1, 7, len(tokenizer))


def test_it_proposes_words_of_the_topic(folder: Path) -> None:
    train, unseen = _texts(400, 0), _texts(100, 1)
    actual = masked_accuracy(folder, train, unseen, words=300)
    assert actual.words == 300
    assert actual.prior < 0.2, "ten of 96 words"
    assert actual.top_10 > 0.7, "eight words of the topic among ten proposals"


def test_the_same_seed_gives_the_same_weights(tmp_path: Path) -> None:
    short = MaskedLMSettings(vocabulary_size=100, hidden_size=32, layers=1, max_length=32, epochs=0.2)
    weights = []
    for name in ("a", "b"):
        torch.manual_seed(len(weights))
        train_masked_lm(_texts(100, 0), tmp_path / name, short)
        weights.append(AutoModelForMaskedLM.from_pretrained(tmp_path / name).state_dict())
    assert all(torch.equal(value, weights[1][key]) for key, value in weights[0].items())


def test_unknown_words_are_hidden_and_count_as_misses() -> None:
    tokenizer = word_tokenizer(["the known word, 42 known the"], 50, 64)
    wanted = module._is_content(tokenizer)
    assert {tokenizer.convert_ids_to_tokens(int(number)) for number in np.flatnonzero(wanted)} == {"known", "word"}
    hidden = module._hidden_words(tokenizer, ["The unheard known, 43 of"], wanted, 100)
    known = tokenizer.convert_tokens_to_ids("known")
    answers = {place: answer for _, place, answer in hidden}
    assert answers == {2: -1, 3: known}, "neither function words nor marks nor numbers are hidden"
    assert all(numbers[place] == tokenizer.mask_token_id for numbers, place, _ in hidden)


def test_the_prior_is_the_most_frequent_wanted_words() -> None:
    tokenizer = word_tokenizer(["b b b a a c the the the the"], 50, 64)
    best = module._most_frequent(tokenizer, ["b b b a a c the the the the"], module._is_content(tokenizer), 1)
    assert tokenizer.convert_ids_to_tokens(list(best)) == ["b"]
