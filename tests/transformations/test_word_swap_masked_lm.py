"""The masked LM's candidates, against a plain recomputation from its logits and against TextAttack's own word swap."""

import copy
import json
import shutil
import time
from functools import cache

import nltk
import pytest
import requests
import torch
import transformers as hf
from textattack.shared import AttackedText
from textattack.transformations import WordSwapMaskedLM
from tokenizers import Tokenizer, models, pre_tokenizers

from tests.shared import SHARED, needs_shared
from tests.transformations.masked_lms import (
    FAMILIES,
    LETTERS,
    MARKS,
    POSITIONS,
    WORDS,
    byte_level,
    from_file,
    masked_lm,
    random_model,
    sentence_pieces,
    word_piece_tokenizer,
)
from textattack_xmtc.errors import InputError
from textattack_xmtc.transformations import CANDIDATE_ORDER, XMTCWordSwapMaskedLM, word_swap_masked_lm

MINILM = "models/minilm-l6-tib-mlm"
STOPS = frozenset(nltk.corpus.stopwords.words("english"))
TEXTS = [
    "The market is a study of river and law.",
    '"Policy" (see the court) and climate change, in 2020: energy!',
    "Music's market-price isn't not é naïve _ the bank * don't",
    "market",
    "market market Market MARKET the market",
    "  water \n\n health\u00a0doctor \U0001f600 cell \x07 protein",
]


def swap_of(family, **options):
    model, tokenizer = masked_lm(family)
    return XMTCWordSwapMaskedLM(model, tokenizer, **options)


def proposals(swap, text, indices=None):
    """The words proposed for each word, and a check that nothing else was changed."""
    original = AttackedText(text)
    indices = range(original.num_words) if indices is None else indices
    found = {index: [] for index in indices}
    for candidate in swap(original, indices_to_modify=indices):
        (index,) = candidate.attack_attrs["modified_indices"]
        assert candidate.attack_attrs[CANDIDATE_ORDER] == len(found[index])
        if not found[index]:  # TextAttack's own replacement is too slow for all of them
            expected = original.replace_word_at_index(index, candidate.words[index])
            assert (candidate.text, candidate.words) == (expected.text, expected.words)
        found[index].append(candidate.words[index])
    return list(found.values())


@cache
def logits_at(family, masked, which=0):
    """Logits at one of the masks of a text, which is read alone and unpadded; None where it is cut off."""
    model, tokenizer = masked_lm(family)
    encoded = tokenizer(masked, truncation=True, max_length=POSITIONS, return_tensors="pt")
    masks = [at for at, token in enumerate(encoded["input_ids"][0].tolist()) if token == tokenizer.mask_token_id]
    if which >= len(masks):
        return None
    with torch.no_grad():
        return model(**encoded).logits[0, masks[which]]


def word_by_token(family, at_start):
    """What whole words these vocabularies hold, as they were put together."""
    if MARKS[family] == "wordpiece":
        words = {word: word for word in [*WORDS, *LETTERS.replace("é", "")]}
    elif MARKS[family] == "byte-level":
        words = {"Ġ" + word: word for word in WORDS} | ({word: word for word in WORDS[::2]} if at_start else {})
    else:
        words = {"▁" + word: word for word in WORDS} | {"▁▁market": "market", "▁étude": "étude"}
    return {token: word for token, word in words.items() if word.lower() not in STOPS}


def expected_proposals(family, text, number, min_confidence=0.0, masks_before=None):
    """For each word of a text, the likeliest of all words that the vocabulary holds."""
    attacked = AttackedText(text)
    masks_before = masks_before or [0] * attacked.num_words
    return [
        expected_for(family, attacked, index, number, min_confidence, which) for index, which in enumerate(masks_before)
    ]


def expected_for(family, attacked, index, number, min_confidence, which):
    tokenizer = masked_lm(family)[1]
    logits = logits_at(family, attacked.replace_word_at_index(index, tokenizer.mask_token).text, which)
    if logits is None:
        return []
    likely = logits.softmax(0).tolist()
    own, words = attacked.words[index].lower(), word_by_token(family, index == 0)
    found = []
    for position in logits.argsort(descending=True).tolist():
        word = words.get(tokenizer.convert_ids_to_tokens(position))
        if word and likely[position] >= min_confidence and word.lower() != own and word not in found:
            found.append(word)
    return found[:number]


@pytest.mark.parametrize("family", FAMILIES)
def test_candidates_are_the_likeliest_whole_words(family):
    for number, texts in ((1, TEXTS[:1]), (30, TEXTS[:2]), (500, TEXTS)):
        swap = swap_of(family, max_candidates=number)
        for text in texts:
            assert proposals(swap, text) == expected_proposals(family, text, number)


@pytest.mark.parametrize("family", FAMILIES)
def test_what_a_candidate_never_is(family):
    swap = swap_of(family, max_candidates=500)
    for text in TEXTS[1:3]:
        for own, found in zip(AttackedText(text).words, proposals(swap, text), strict=True):
            assert found and len(set(found)) == len(found)
            assert not {own.lower(), *STOPS} & {word.lower() for word in found}
            assert all(word.isalpha() for word in found)


@pytest.mark.parametrize("family", ["bert", "roberta", "albert"])
def test_unlikely_words_are_not_proposed_below_the_confidence(family):
    found = proposals(swap_of(family, min_confidence=0.01), TEXTS[0])
    assert found == expected_proposals(family, TEXTS[0], 48, 0.01)
    assert any(found) and max(map(len, found)) < 30


@pytest.mark.parametrize("family", FAMILIES)
def test_a_batch_gives_what_its_words_give_alone(family):
    alone = [proposals(swap_of(family, batch_size=1), TEXTS[1], [index])[0] for index in range(10)]
    for size in (1, 3, 16):
        assert proposals(swap_of(family, batch_size=size), TEXTS[1]) == alone


# The parent's candidates ------------------------------------------------------------------------------------------


def same_as_the_parent(ours, stock, text):
    found, expected = ours(AttackedText(text)), stock(AttackedText(text))
    assert [one.text for one in found] == [one.text for one in expected]
    for one, other in zip(found, expected, strict=True):
        assert one.words == other.words
        for name in ("modified_indices", "newly_modified_indices"):
            assert one.attack_attrs[name] == other.attack_attrs[name]
        assert (one.attack_attrs["original_index_map"] == other.attack_attrs["original_index_map"]).all()
    return len(found)


# The stock word swap knows no other family of these; texts with the mask token itself are left out: it takes the first.
@pytest.mark.parametrize("family", ["bert", "electra", "roberta"])
@pytest.mark.parametrize(("number", "confidence"), [(1, 0.0), (8, 5e-4), (1000, 0.0)])
def test_without_filters_the_candidates_are_the_parents_in_the_parents_order(family, number, confidence):
    model, tokenizer = masked_lm(family)
    stock = WordSwapMaskedLM("bae", model, tokenizer, POSITIONS, max_candidates=number, min_confidence=confidence)
    ours = XMTCWordSwapMaskedLM(model, tokenizer, number, confidence, filters=False)
    texts = [*TEXTS, "中文分词 and market", "...", ""] + [" ".join(WORDS * 2)] * (number == 1)
    assert sum(same_as_the_parent(ours, stock, text) for text in texts) > 10


@pytest.mark.slow
@needs_shared(MINILM)
def test_a_real_model_without_filters_gives_the_parents_candidates():
    stock = WordSwapMaskedLM("bae", str(SHARED / MINILM))
    ours = XMTCWordSwapMaskedLM(str(SHARED / MINILM), max_candidates=50, min_confidence=5e-4, filters=False)
    for text in REAL_TEXTS:
        assert same_as_the_parent(ours, stock, text) > 50


REAL_TEXTS = [
    "A study of climate change and its effects on the water supply of large cities in Europe.",
    "Introduction to the history of modern China: politics, law & society (2nd edition).",
    "This book doesn't describe how computers work; it's about people-centred design.",
]


@pytest.mark.slow
@needs_shared(MINILM)
def test_a_real_model_proposes_what_fits():
    swap = XMTCWordSwapMaskedLM(SHARED / MINILM)
    assert {"economic", "climate"} & set(proposals(swap, "a study of organic change in the country", [3])[0][:10])
    for text in REAL_TEXTS:
        for own, found in zip(AttackedText(text).words, proposals(swap, text), strict=True):
            assert len(set(found)) == len(found) == 48
            assert all(word == word.lower() and word.isalnum() and not word.isdigit() for word in found)
            assert not {own.lower(), *STOPS} & set(found)


# Hard texts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", " \n", "... !! \U0001f600"])
def test_texts_without_words(text):
    assert swap_of("bert")(AttackedText(text)) == []


@pytest.mark.parametrize("family", ["bert", "roberta", "albert"])
def test_half_a_surrogate_pair_is_read_as_a_question_mark(family):
    swap = swap_of(family, max_candidates=5)
    assert proposals(swap, "market \ud83d law") == proposals(swap, "market ? law")


@pytest.mark.parametrize("family", FAMILIES)
def test_a_mask_token_in_the_text_is_not_the_mask(family):
    model, tokenizer = masked_lm(family)
    assert_literal_masks_are_passed(family, XMTCWordSwapMaskedLM(model, tokenizer, max_candidates=20))


def test_a_mask_token_in_the_text_with_a_slow_tokenizer():
    tokenizer = word_piece_tokenizer(hf.BertTokenizer)
    assert not tokenizer.is_fast
    assert_literal_masks_are_passed("bert", XMTCWordSwapMaskedLM(masked_lm("bert")[0], tokenizer, max_candidates=20))


def assert_literal_masks_are_passed(family, swap):
    mask = masked_lm(family)[1].mask_token
    text = f"market {mask} of law {mask} and{mask} river"
    assert proposals(swap, text) == expected_proposals(family, text, 20, masks_before=[0, 0, 1, 1, 1, 2, 2, 3])


@pytest.fixture
def warnings(monkeypatch):
    said = []
    monkeypatch.setattr(word_swap_masked_lm.logger, "warning", said.append)
    return said


@pytest.mark.parametrize("family", FAMILIES)
def test_words_beyond_what_the_model_reads_get_no_candidates(family, warnings):
    text = " ".join(WORDS * 2)
    swap = swap_of(family, max_candidates=2)
    found = proposals(swap, text)
    assert found == expected_proposals(family, text, 2)
    read = sum(map(bool, found))
    assert all(found[:read]) and not any(found[read:])
    # Byte-level words are many tokens here; some tokenizers spend one on the space before the mask.
    assert read in (POSITIONS - 3, POSITIONS - 2) if MARKS[family] != "byte-level" else 5 < read < POSITIONS - 3
    assert warnings == [f"xmtc: the masked LM reads {POSITIONS} tokens; words beyond are left alone (said once)"]


def test_no_warning_where_everything_is_read(warnings):
    swap = swap_of("bert", max_candidates=2)
    swap(AttackedText(" ".join(WORDS * 3)), indices_to_modify=range(POSITIONS - 2))
    assert warnings == []


def test_two_words_in_one_token_are_both_read(warnings):
    # "market.law" is one token: twice as many words are read as there are positions.
    tokenizer = sentence_pieces(("<s>", "<pad>", "</s>", "<unk>", "<mask>"), "<s>", "</s>", "<unk>", ["▁market.law"])
    tokenizer = from_file(hf.XLMRobertaTokenizerFast, tokenizer)
    swap = XMTCWordSwapMaskedLM(random_model(hf.XLMRobertaConfig, tokenizer), tokenizer, max_candidates=2)
    text = "market.law " * POSITIONS
    assert tokenizer.tokenize(text)[:2] == ["▁market.law"] * 2
    read = [index for index, found in enumerate(proposals(swap, text)) if found]
    # A masked word leaves its pair: up to three tokens take the place of one.
    assert set(range(2 * (POSITIONS - 2) - 6)) <= set(read) and max(read) < 2 * (POSITIONS - 2)
    assert len(warnings) == 1


class Spy:
    """A tokenizer that notes how many characters it is given."""

    def __init__(self, tokenizer):
        self.tokenizer, self.characters = tokenizer, 0

    def __call__(self, texts, **options):
        self.characters += sum(map(len, texts))
        return self.tokenizer(texts, **options)

    def __len__(self):
        return len(self.tokenizer)

    def __getattr__(self, name):
        return getattr(self.tokenizer, name)


def test_of_50_000_words_only_the_first_are_looked_at(warnings):
    model, tokenizer = masked_lm("bert")
    text = AttackedText(" ".join(WORDS[n % len(WORDS)] for n in range(50_000)))
    spy, calls = Spy(tokenizer), []
    swap = XMTCWordSwapMaskedLM(model, spy, max_candidates=5, batch_size=8)
    hook = model.register_forward_pre_hook(lambda *_: calls.append(1))
    try:
        assert swap(text, indices_to_modify=range(POSITIONS, 50_000)) == [] == calls
        assert spy.characters < 4 * POSITIONS * 4 * POSITIONS * 10
        spy.characters = 0
        assert len(swap(text, indices_to_modify=[3, 49_999])) == 5
        assert len(calls) == 1 and spy.characters < 4 * POSITIONS * 10
    finally:
        hook.remove()
    assert len(warnings) == 1


# Odd models -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", ["model", "tokenizer"])
def test_a_vocabulary_and_a_model_of_different_sizes(more):
    tokenizer = word_piece_tokenizer(hf.BertTokenizerFast)
    model = random_model(hf.BertConfig, tokenizer, vocab_size=len(tokenizer) + 3 * (more == "model"))
    if more == "tokenizer":
        tokenizer.add_tokens(["newword"])
    (found,) = proposals(XMTCWordSwapMaskedLM(model, tokenizer, max_candidates=500), TEXTS[0], [1])
    assert len(found) > 30 and "newword" not in found


def test_a_general_tokenizer_with_a_model_without_token_types():
    model, tokenizer = masked_lm("distilbert")
    names = {name: tokenizer.special_tokens_map[name] for name in ("mask_token", "pad_token", "unk_token", "cls_token")}
    general = hf.PreTrainedTokenizerFast(tokenizer_object=tokenizer.backend_tokenizer, **names)
    assert "token_type_ids" in general("market")
    swap = XMTCWordSwapMaskedLM(model, general, max_candidates=5)
    assert proposals(swap, TEXTS[0]) == expected_proposals("distilbert", TEXTS[0], 5)


def test_words_of_probability_zero_still_stand_in_order():
    model, tokenizer = masked_lm("bert")
    steep = copy.deepcopy(model)
    steep.cls.predictions.register_forward_hook(lambda _, __, logits: 100 * logits)
    swap = XMTCWordSwapMaskedLM(steep, tokenizer, max_candidates=500)
    assert proposals(swap, TEXTS[0]) == expected_proposals("bert", TEXTS[0], 500)


@pytest.mark.parametrize("family", FAMILIES)
def test_what_the_model_reads_is_known_without_the_tokenizer(family):
    model, tokenizer = masked_lm(family)
    unlimited = copy.deepcopy(tokenizer)
    unlimited.model_max_length = int(1e30)
    assert XMTCWordSwapMaskedLM(model, unlimited).max_length == POSITIONS
    unlimited.model_max_length = 20
    assert XMTCWordSwapMaskedLM(model, unlimited).max_length == 20


def test_what_a_folder_holds_is_loaded_and_said(tmp_path):
    swap = XMTCWordSwapMaskedLM(saved("bert", tmp_path), max_candidates=7, min_confidence=0.25)
    shown = repr(swap)
    assert str(tmp_path) in shown and "BertForMaskedLM" in shown and str(POSITIONS) in shown
    assert "(max_candidates):  7" in shown and "(min_confidence):  0.25" in shown and "(filters):  True" in shown
    assert swap.masked_lm_source == str(tmp_path)
    assert swap_of("bert").masked_lm_source == "BertForMaskedLM"


def saved(family, folder, model=None):
    own, tokenizer = masked_lm(family)
    (model or own).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.mark.parametrize("family", FAMILIES)
def test_folders_of_every_family(family, tmp_path):
    swap = XMTCWordSwapMaskedLM(saved(family, tmp_path), max_candidates=20)
    swap._language_model.double()  # the weights are float32 numbers anyway
    assert proposals(swap, TEXTS[0]) == expected_proposals(family, TEXTS[0], 20)


def test_a_folder_with_the_names_of_the_first_checkpoints(tmp_path):
    # As bert-base-uncased is stored: LayerNorm's old names, no bias of its own in the decoder, a next-sentence head.
    model = copy.deepcopy(masked_lm("bert")[0])
    weights = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): weight.clone()
        for name, weight in model.state_dict().items()
        if "decoder" not in name
    }
    saved("bert", tmp_path)
    (tmp_path / "model.safetensors").unlink()
    torch.save(weights | {"cls.seq_relationship.bias": torch.zeros(2)}, tmp_path / "pytorch_model.bin")
    swap = XMTCWordSwapMaskedLM(tmp_path, max_candidates=20)
    swap._language_model.double()
    assert proposals(swap, TEXTS[0]) == expected_proposals("bert", TEXTS[0], 20)


# What is refused --------------------------------------------------------------------------------------------------


def gpt2():
    tokenizer = from_file(hf.GPT2TokenizerFast, byte_level(("<s>", "<pad>", "</s>", "<unk>", "<mask>"), "<s>", "</s>"))
    config = hf.GPT2Config(vocab_size=len(tokenizer), n_embd=16, n_layer=1, n_head=2, n_positions=POSITIONS)
    return hf.GPT2LMHeadModel(config), tokenizer


def test_a_model_without_masks_is_refused(tmp_path):
    model, tokenizer = gpt2()
    with pytest.raises(InputError, match="the tokenizer of GPT2LMHeadModel has no mask token; pass a masked language"):
        XMTCWordSwapMaskedLM(model, tokenizer)
    model.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(InputError, match="is a gpt2 model, which is not a masked language model; pass one that fills"):
        XMTCWordSwapMaskedLM(tmp_path)


def test_a_model_without_its_tokenizer_is_refused():
    with pytest.raises(InputError, match="the tokenizer of BertForMaskedLM has no mask token"):
        XMTCWordSwapMaskedLM(masked_lm("bert")[0])


def test_a_tokenizer_that_cannot_pad_is_refused():
    tokenizer = word_piece_tokenizer(hf.BertTokenizerFast).backend_tokenizer
    bare = hf.PreTrainedTokenizerFast(tokenizer_object=tokenizer, mask_token="[MASK]")
    with pytest.raises(InputError, match="the tokenizer of BertForMaskedLM has no pad token"):
        XMTCWordSwapMaskedLM(masked_lm("bert")[0], bare)


@pytest.mark.parametrize("kind", [hf.AutoModelForSequenceClassification, hf.AutoModel])
@pytest.mark.parametrize("family", FAMILIES)
def test_classifiers_and_plain_encoders_are_refused(kind, family, tmp_path):
    config, tokenizer = FAMILIES[family]()[0], masked_lm(family)[1]
    model = random_model(config, tokenizer, kind)
    with pytest.raises(InputError, match=f"{type(model).__name__} does not score the words of its vocabulary"):
        XMTCWordSwapMaskedLM(model, tokenizer)
    with pytest.raises(InputError, match="was saved without the weights that fill in masks"):
        XMTCWordSwapMaskedLM(saved(family, tmp_path, model))


def test_a_vocabulary_without_word_marks_is_refused():
    tokenizer = Tokenizer(models.BPE({token: n for n, token in enumerate(["[MASK]", "[PAD]", *LETTERS])}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = hf.PreTrainedTokenizerFast(tokenizer_object=tokenizer, mask_token="[MASK]", pad_token="[PAD]")
    with pytest.raises(InputError, match="does not mark where words begin"):
        XMTCWordSwapMaskedLM(random_model(hf.BertConfig, tokenizer), tokenizer)


def test_a_name_that_is_neither_a_folder_nor_at_hand_is_refused(monkeypatch):
    def no_network(*_, **__):
        raise requests.ConnectionError("no network")

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", no_network)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    match = "'no-such/masked-lm' is neither a folder with a model nor to be had from the hub .*; pass masked_lm=FOLDER"
    with pytest.raises(InputError, match=match):
        XMTCWordSwapMaskedLM("no-such/masked-lm")


def spoil_nothing_there(folder):
    for file in folder.iterdir():
        file.unlink()


def spoil_folder_itself(folder):
    shutil.rmtree(folder)


def spoil_configuration(folder):
    (folder / "config.json").write_text('{"model_type": ')


def spoil_kind_of_model(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "no-such-model"}))


def spoil_tokenizer(folder):
    for file in folder.glob("*token*"):
        file.write_text("{")
    (folder / "vocab.txt").unlink()


def spoil_weights(folder):
    (folder / "model.safetensors").write_bytes(b"not weights at all")


def spoil_weights_by_half(folder):
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights[: len(weights) // 2])


def spoil_weights_away(folder):
    (folder / "model.safetensors").unlink()


def spoil_sizes(folder):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"hidden_size": 32}))


@pytest.mark.parametrize(
    "spoil",
    [
        *(spoil_nothing_there, spoil_folder_itself, spoil_configuration, spoil_kind_of_model, spoil_tokenizer),
        *(spoil_weights, spoil_weights_by_half, spoil_weights_away, spoil_sizes),
    ],
)
def test_a_spoilt_folder_is_refused(spoil, tmp_path):
    folder = saved("bert", tmp_path / "model")
    spoil(folder)
    with pytest.raises(InputError, match="is neither a folder with a model nor to be had from the hub") as caught:
        XMTCWordSwapMaskedLM(folder)
    assert str(folder) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("number", [{"max_candidates": 0}, {"max_candidates": -1}, {"batch_size": 0}])
def test_numbers_that_must_be_positive(number):
    with pytest.raises(InputError, match="must be positive; choose 1 or more"):
        swap_of("bert", **number)
