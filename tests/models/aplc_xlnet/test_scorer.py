"""APLC-XLNet: reading, scoring, saving."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from transformers import PreTrainedTokenizerFast, XLNetModel

from textattack_xmtc.errors import InputError, ModelFolderError
from textattack_xmtc.models.aplc_xlnet.network import APLCXLNetConfig
from textattack_xmtc.models.aplc_xlnet.scorer import APLCXLNet, build_on_pretrained, build_small, default_cutoffs
from textattack_xmtc.models.folder import load_model, save_model
from textattack_xmtc.scores import top_k_of_rows

SENTENCE = "boil an egg with salt and pepper then serve warm soup beside fresh bread or rice"
WORDS = SENTENCE.split()
RANDOM = np.random.default_rng(0)
TEXTS = [" ".join(RANDOM.choice(WORDS, size)) for size in (3, 17, 1, 40, 8, 8, 25)]
LABELS = [f"label {j}" for j in range(11)]
KINDS = ("probability", "logit")


@pytest.fixture(scope="module")
def model() -> APLCXLNet:
    """Of random weights, large enough that scores differ."""
    made = build_small(TEXTS, LABELS, vocabulary_size=200, hidden_size=16, layers=2, cutoffs=(4, 8), device="cpu")
    with torch.random.fork_rng():
        torch.manual_seed(1)
        for parameter in made.network.parameters():
            if parameter.dim() > 1:
                torch.nn.init.normal_(parameter, std=0.4)
    return made


def test_it_is_a_label_scorer(model):
    scorer = model
    assert (scorer.name, scorer.mask_word, scorer.score_kinds) == ("APLC-XLNet", "<mask>", KINDS)
    assert scorer.dense(TEXTS, "probability", 4).shape == (7, 11)
    assert scorer.dense(TEXTS, "probability", 4).dtype == np.float32


# Reading --------------------------------------------------------------------------------------------------------------


def tokens(model: APLCXLNet, text: str) -> list[str]:
    return [model.subwords.token(number) for number in model.encode([text])[0]]


def test_a_text_is_read_with_sep_and_cls_at_its_end(model):
    assert tokens(model, "Serve\n  warm soup") == ["▁serve", "▁warm", "▁soup", "<sep>", "<cls>"]
    assert tokens(model, "") == ["<sep>", "<cls>"]


@pytest.mark.parametrize("text", ["boil <mask> egg", "boil<mask>egg", "boil  <mask> egg"])
def test_the_mask_word_is_the_tokenizers_mask(model, text):
    numbers = model.encode([text])[0]
    assert numbers[1] == model.subwords.mask_id
    assert tokens(model, text) == ["▁boil", "<mask>", "▁egg", "<sep>", "<cls>"]


def test_texts_are_padded_at_the_front(model):
    words, lengths = model.padded([[7, 8, 4, 3], [4, 3]])
    pad = model.subwords.pad_id
    assert words.tolist() == [[7, 8, 4, 3], [pad, pad, 4, 3]]
    assert lengths.tolist() == [4, 2]


def test_what_the_encoder_is_given(model, monkeypatch):
    """Segments 0, 2 for <cls> and 4 for padding; padding is not attended to."""
    given = {}

    def spy(words, **rest):
        given.update(rest)
        return encode(words, **rest)

    encode = model.network.transformer.forward
    monkeypatch.setattr(model.network.transformer, "forward", spy)
    model.network.encode(*model.padded([[7, 8, 4, 3], [4, 3]]))
    assert given["token_type_ids"].tolist() == [[0, 0, 0, 2], [4, 4, 0, 2]]
    assert given["attention_mask"].tolist() == [[1, 1, 1, 1], [0, 0, 1, 1]]


def test_characters_read(model):
    short = APLCXLNet(model.network, model.subwords, LABELS, max_length=5, device="cpu")
    assert short.characters_read("boil an  egg with salt") == len("boil an  egg")
    assert short.characters_read("boil an egg") == len("boil an egg")
    text = TEXTS[3]
    read = text[: short.characters_read(text)]
    assert short.encode([read]) == short.encode([text])
    np.testing.assert_array_equal(short.dense([text]), short.dense([read + " pepper " * 20]))


def test_a_length_without_room_is_refused(model):
    with pytest.raises(InputError, match="no room"):
        APLCXLNet(model.network, model.subwords, LABELS, max_length=2)


# Scoring --------------------------------------------------------------------------------------------------------------


def test_padding_does_not_change_scores(model):
    """As far as 512 sub-words, which is what the authors pad every text to."""
    words, lengths = model.padded(model.encode(TEXTS))
    filled = torch.nn.functional.pad(words, (512 - words.shape[1], 0), value=model.subwords.pad_id)
    with torch.inference_mode():
        torch.testing.assert_close(
            model.network(filled, lengths, None, "logit"),
            model.network(words, lengths, None, "logit"),
            atol=1e-5,
            rtol=0,
        )


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_scores_alone_as_in_a_batch(model, kind):
    together = model.dense(TEXTS, kind, batch_size=7)
    alone = np.concatenate([model.dense([text], kind, batch_size=1) for text in TEXTS])
    np.testing.assert_allclose(alone, together, atol=1e-5)
    np.testing.assert_allclose(model.dense(TEXTS, kind, batch_size=2), together, atol=1e-5)
    assert np.ptp(together, axis=0).min() > 1e-3  # the texts are told apart at all


@pytest.mark.parametrize("kind", KINDS)
def test_wanted_labels_score_as_among_all(model, kind):
    wanted = [10, 0, 5, 5, 7]
    np.testing.assert_allclose(model.score(TEXTS, wanted, kind, 3), model.dense(TEXTS, kind, 3)[:, wanted], atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_best_labels_are_those_of_all(model, kind):
    labels, scores = model.top_k(TEXTS, 4, kind, 3)
    expected_labels, expected_scores = top_k_of_rows(model.dense(TEXTS, kind, 3), 4)
    np.testing.assert_array_equal(labels, expected_labels)
    np.testing.assert_array_equal(scores, expected_scores)


def test_logits_and_probabilities_belong_together(model):
    probabilities = model.dense(TEXTS, "probability").astype(np.float64)
    np.testing.assert_allclose(model.dense(TEXTS, "logit"), np.log(probabilities / (1 - probabilities)), atol=1e-3)


def test_it_computes_what_the_parts_of_transformers_compute(model):
    """One text without padding, through transformers' own encoder: what is shared between texts changes nothing."""
    plain = XLNetModel(model.network.config.xlnet()).eval()
    plain.load_state_dict(model.network.transformer.state_dict())
    numbers = model.encode([TEXTS[1]])[0]
    with torch.no_grad():
        states = plain(
            torch.tensor([numbers]), token_type_ids=torch.tensor([[0] * (len(numbers) - 1) + [2]])
        ).last_hidden_state
        summary = torch.tanh(model.network.sequence_summary.summary(states[:, -1]))
        np.testing.assert_allclose(model.dense([TEXTS[1]]), model.network.label_clusters(summary), atol=1e-5)


def test_scoring_twice_gives_the_same_also_behind_training(model):
    before = model.dense(TEXTS)
    model.network.train()
    np.testing.assert_array_equal(model.dense(TEXTS), before)


def test_bfloat16_keeps_to_its_tolerance(model, tmp_path):
    half = load_model(save_model(model, tmp_path / "model"), "cpu", dtype="bfloat16")
    assert half.network.transformer.dtype == torch.bfloat16
    assert half.network.label_clusters.head.weight.dtype == torch.float32
    difference = np.abs(half.dense(TEXTS) - model.dense(TEXTS))
    assert 0 < difference.max() < 0.05


@pytest.mark.parametrize(("call", "message"), [
    (lambda model: model.score(TEXTS, [11]), "label index 11 is not one of the 11"),
    (lambda model: model.top_k(TEXTS, 12), "k=12"),
    (lambda model: model.top_k(TEXTS, 0), "k=0"),
    (lambda model: model.top_k(TEXTS, 3, "score"), "'score'"),
])  # fmt: skip
def test_wrong_questions_are_refused(model, call, message):
    with pytest.raises(InputError, match=message):
        call(model)


# Building -------------------------------------------------------------------------------------------------------------


def test_the_same_texts_and_seed_build_the_same_model(model):
    first, again, other = (build_small(TEXTS, LABELS, hidden_size=8, layers=1, seed=seed) for seed in (3, 3, 4))
    assert first.encode(TEXTS) == again.encode(TEXTS)
    np.testing.assert_array_equal(first.dense(TEXTS), again.dense(TEXTS))
    assert not np.array_equal(first.dense(TEXTS), other.dense(TEXTS))


def test_building_leaves_the_random_state_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    build_small(TEXTS, LABELS, hidden_size=8, layers=1)
    assert torch.rand(1) == expected


def test_labels_are_halved_by_default():
    assert build_small(TEXTS, LABELS, hidden_size=8, layers=1).network.config.cutoffs == default_cutoffs(11) == (5,)
    assert build_small(TEXTS, ["only"], hidden_size=8, layers=1).dense(["egg"]).shape == (1, 1)


def test_labels_start_at_their_rates():
    positives = [[0], [0, 9], [0, 1], [0], [0, 9], [0], [0]]
    scores = build_small(TEXTS, LABELS, positives, hidden_size=64, layers=1).dense(TEXTS).mean(axis=0)
    assert scores[0] > 0.8
    assert scores[1] < 0.4
    assert scores[9] > scores[[2, 3, 4, 5, 6, 7, 8, 10]].max()


def test_on_a_pretrained_encoder(model, tmp_path):
    model.network.transformer.save_pretrained(tmp_path)
    model.subwords.write(tmp_path)
    PreTrainedTokenizerFast(tokenizer_file=str(tmp_path / "tokenizer.json"), unk_token="<unk>").save_pretrained(
        tmp_path
    )
    built = build_on_pretrained(tmp_path, LABELS, cutoffs=(4, 8), max_length=100, device="cpu")
    assert built.encode(TEXTS) == model.encode(TEXTS)
    expected = model.network.transformer.state_dict()
    assert all(torch.equal(value, expected[key]) for key, value in built.network.transformer.state_dict().items())


def test_what_is_no_xlnet_is_refused(tmp_path):
    with pytest.raises(ModelFolderError, match="cannot be read as an XLNet"):
        build_on_pretrained(tmp_path / "nothing", LABELS)


def test_an_xlnet_that_reads_one_way_is_refused():
    config = APLCXLNetConfig().xlnet()
    config.attn_type = "uni"
    with pytest.raises(InputError, match="both directions"):
        APLCXLNetConfig.of_xlnet(config)


# Folders --------------------------------------------------------------------------------------------------------------


def test_a_saved_model_is_the_same(model, tmp_path):
    loaded = load_model(save_model(model, tmp_path / "model"), device="cpu")
    assert isinstance(loaded, APLCXLNet)
    assert (loaded.label_names, loaded.max_length) == (tuple(LABELS), model.max_length)
    assert loaded.network.config == model.network.config
    assert loaded.encode([*TEXTS, "an <mask>"]) == model.encode([*TEXTS, "an <mask>"])
    for kind in KINDS:
        np.testing.assert_array_equal(loaded.dense(TEXTS, kind), model.dense(TEXTS, kind))


def test_a_model_saved_in_bfloat16_loads_in_float32(model, tmp_path):
    saved = save_model(model, tmp_path / "model")
    half = load_model(saved, "cpu", dtype="bfloat16")
    again = load_model(save_model(half, tmp_path / "half"), device="cpu")
    assert again.network.transformer.dtype == torch.float32
    np.testing.assert_allclose(again.dense(TEXTS), model.dense(TEXTS), atol=0.05)


def test_a_folder_without_subwords_is_refused(model, tmp_path):
    saved = save_model(model, tmp_path / "model")
    (saved / "tokenizer.json").unlink()
    with pytest.raises(ModelFolderError, match="has no tokenizer"):
        load_model(saved)


def test_subwords_over_which_the_library_panics_are_refused(model, tmp_path):
    saved = save_model(model, tmp_path / "model")
    content = json.loads((saved / "tokenizer.json").read_text())
    content["normalizer"] = {"type": "Precompiled", "precompiled_charsmap": "@@@@"}
    (saved / "tokenizer.json").write_text(json.dumps(content))
    with pytest.raises(ModelFolderError, match=r"is damaged .*Invalid byte"):
        load_model(saved)


@pytest.mark.parametrize(("change", "message"), [
    ({"max_length": None}, "does not describe a model of kind APLC-XLNet"),
    ({"network": {"cutoffs": [4, 8], "layers": 2, "typo": 1}}, "typo"),
    ({"network": {"cutoffs": [9, 8]}}, "cut-offs"),
    ({"network": {}}, "no 'cutoffs'"),
])  # fmt: skip
def test_a_wrong_configuration_is_refused(model, tmp_path, change, message):
    saved = save_model(model, tmp_path / "model")
    config = json.loads((saved / "config.json").read_text())
    (saved / "config.json").write_text(json.dumps({**config, **change}))
    with pytest.raises(ModelFolderError, match=message):
        load_model(saved)


def test_weights_that_do_not_fit_name_their_key(model, tmp_path):
    saved = save_model(model, tmp_path / "model")
    config = json.loads((saved / "config.json").read_text())
    config["network"]["cutoffs"] = [4, 7]
    (saved / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelFolderError, match=r"label_clusters\.tail\.0\.3\.weight"):
        load_model(saved)


def test_weights_are_named_as_in_official_checkpoints(model):
    keys = model.network.state_dict().keys()
    assert {key.split(".")[0] for key in keys} == {"transformer", "sequence_summary", "label_clusters"}
    assert "sequence_summary.summary.weight" in keys


@pytest.mark.parametrize("activation", [None, 5, "no such function", ""])
def test_an_unknown_activation_is_refused(activation):
    with pytest.raises(InputError, match=r"unknown activation .* choose one of .*gelu"):
        APLCXLNetConfig(activation=activation)
