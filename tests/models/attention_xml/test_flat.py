"""AttentionXML against its equations written out, and the fast paths against the plain one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from textattack_xmtc.errors import InputError
from textattack_xmtc.models.attention_xml import flat, label_attention
from textattack_xmtc.models.attention_xml.architecture import AttentionXMLConfig
from textattack_xmtc.models.attention_xml.flat import AttentionXML, AttentionXMLNetwork, same_ends
from textattack_xmtc.models.attention_xml.vocabulary import PAD_ID, Vocabulary
from textattack_xmtc.models.batches import padded
from textattack_xmtc.models.folder import load_model, save_model

LABELS = 23
TEXTS = [
    "how to boil an egg and not the kettle",
    "egg",
    "an egg <UNK> the boil " * 9,
    "to boil to boil to boil and the unknown",
    "",
    "🙂 !!",
    "kettle the egg",
]


def _model(layers: int = 1, linear_sizes: tuple[int, ...] = (5,), max_length: int = 500) -> AttentionXML:
    vocabulary = Vocabulary.of_texts(TEXTS)
    torch.manual_seed(0)
    sizes = AttentionXMLConfig(embedding_size=6, hidden_size=4, layers=layers, linear_sizes=linear_sizes)
    network = AttentionXMLNetwork(len(vocabulary), LABELS, sizes)
    with torch.no_grad():  # larger weights than a start has, so that a mistake anywhere shows
        for weight in network.parameters():
            weight.normal_(0, 0.8)
    return AttentionXML(network, vocabulary, [f"label {n}" for n in range(LABELS)], max_length, device="cpu")


@pytest.fixture
def model() -> AttentionXML:
    return _model()


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def _lstm(lstm: torch.nn.LSTM, start: np.ndarray, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """The equations of an LSTM, one word at a time."""
    weights = {name: value.detach().numpy().astype(np.float64) for name, value in lstm.named_parameters()}
    hidden, cell = start
    outputs = []
    for vector in inputs:
        gates = weights["weight_ih_l0"] @ vector + weights["bias_ih_l0"]
        gates = gates + weights["weight_hh_l0"] @ hidden + weights["bias_hh_l0"]
        enter, forget, new, leave = np.split(gates, 4)
        cell = _sigmoid(forget) * cell + _sigmoid(enter) * np.tanh(new)
        hidden = _sigmoid(leave) * np.tanh(cell)
        outputs.append(hidden)
    return outputs


def _plain_logits(network: AttentionXMLNetwork, words: list[int]) -> np.ndarray:
    """You et al. (2019), section 3, for one text, in float64 and without anything shared with the network's code."""
    vectors = [network.embedding.weight.detach().numpy()[word].astype(np.float64) for word in words]
    for layer, (ahead, behind) in enumerate(zip(network.lstm.forwards, network.lstm.backwards, strict=True)):
        start = network.lstm.initial_state.detach().numpy().astype(np.float64)[layer]
        forwards = _lstm(ahead, start[0], vectors)
        backwards = _lstm(behind, start[1], vectors[::-1])[::-1]
        vectors = [np.concatenate(pair) for pair in zip(forwards, backwards, strict=True)]
    logits = []
    for row in network.attention.detach().numpy().astype(np.float64):
        weights = np.exp([row @ vector for vector in vectors])
        context = sum(weight * vector for weight, vector in zip(weights / weights.sum(), vectors, strict=True))
        for linear in network.linear:
            context = linear.weight.detach().numpy() @ context + linear.bias.detach().numpy()
            context = np.maximum(context, 0)
        logits.append((network.output.weight.detach().numpy() @ context + network.output.bias.detach().numpy())[0])
    return np.array(logits)


@pytest.mark.parametrize(("layers", "linear_sizes"), [(1, (5,)), (2, (5,)), (1, (6, 3)), (1, ())])
def test_the_logits_are_those_of_the_equations(layers: int, linear_sizes: tuple[int, ...]) -> None:
    model = _model(layers, linear_sizes)
    plain = np.stack([_plain_logits(model.network, words) for words in model.encode(TEXTS)])
    assert plain.std() > 0.02, "a network that answers the same everywhere would pass any test"
    np.testing.assert_allclose(model.dense(TEXTS, "logit"), plain, atol=1e-5)
    np.testing.assert_allclose(model.dense(TEXTS, "probability"), _sigmoid(plain), atol=1e-5)


@pytest.mark.parametrize("labels", [[0], [22, 3, 3, 0], list(range(LABELS))])
@pytest.mark.parametrize("kind", ["probability", "logit"])
def test_score_gives_the_columns_of_dense(model: AttentionXML, labels: list[int], kind: str) -> None:
    actual = model.score(TEXTS, labels, kind, batch_size=3)
    assert actual.dtype == np.float32
    np.testing.assert_allclose(actual, model.dense(TEXTS, kind)[:, labels], atol=1e-5)


def test_score_reads_no_other_labels_row(model: AttentionXML) -> None:
    before = model.score(TEXTS, [4, 7])
    with torch.no_grad():
        others = [label for label in range(LABELS) if label not in (4, 7)]
        model.network.attention[others] = float("nan")
    np.testing.assert_array_equal(model.score(TEXTS, [4, 7]), before)


@pytest.mark.parametrize("batch_size", [1, 2, 3, 100])
def test_a_text_scores_the_same_alone_and_in_any_batch(model: AttentionXML, batch_size: int) -> None:
    alone = np.concatenate([model.dense([text], "logit") for text in TEXTS])
    np.testing.assert_allclose(model.dense(TEXTS, "logit", batch_size), alone, atol=1e-5)
    np.testing.assert_allclose(model.dense(TEXTS[::-1], "logit", batch_size)[::-1], alone, atol=1e-5)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("changed", [[0], [5], [11], [3, 4, 7], [0, 11], []])
def test_what_all_texts_of_a_batch_have_in_common_is_read_once(
    layers: int, changed: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = _model(layers)
    text = ["how", "to", "boil", "an", "egg", "and", "not", "the", "kettle", "unknown", "an", "egg"]
    texts = [" ".join([*text[:at], "<UNK>", *text[at + 1 :]]) for at in changed] + [" ".join(text)] * 2
    steps: list[int] = []
    for lstm in (model.network.lstm.forwards[0], model.network.lstm.backwards[0]):
        lstm.register_forward_hook(lambda _, inputs, __: steps.append(inputs[0].shape[0] * inputs[0].shape[1]))
    once = model.dense(texts, "logit")
    first, last = (changed[0], 11 - changed[-1]) if changed else (12, 12)
    assert sum(steps) == first + last + len(texts) * (24 - first - last)
    monkeypatch.setattr(flat, "same_ends", lambda *_: (0, 0))
    steps.clear()
    np.testing.assert_allclose(once, model.dense(texts, "logit"), rtol=0, atol=1e-5)
    assert sum(steps) == 24 * len(texts)


def test_texts_of_different_lengths_share_nothing(model: AttentionXML) -> None:
    words, lengths = padded(model.encode(["boil an egg", "boil an"]), PAD_ID)
    assert same_ends(words, lengths) == (0, 0)


def test_labels_are_computed_in_chunks_with_the_same_result(
    model: AttentionXML, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = model.dense(TEXTS, "logit")
    sizes = []
    label_logits = model.network.label_logits

    def counting(hidden: torch.Tensor, lengths: torch.Tensor, rows: torch.Tensor, *more: torch.Tensor) -> torch.Tensor:
        sizes.append(len(rows))
        return label_logits(hidden, lengths, rows, *more)

    monkeypatch.setattr(model.network, "label_logits", counting)
    monkeypatch.setattr(label_attention, "_CHUNK_FLOATS", 2000)
    np.testing.assert_allclose(model.dense(TEXTS, "logit"), whole, atol=1e-5)
    assert max(sizes) < LABELS
    assert sum(sizes) == LABELS


@pytest.mark.parametrize("k", [1, 5, LABELS])
def test_top_k_is_the_head_of_a_sorted_dense_row(model: AttentionXML, k: int) -> None:
    labels, scores = model.top_k(TEXTS, k, batch_size=2)
    dense = model.dense(TEXTS)
    assert (labels == np.argsort(-dense, axis=1, kind="stable")[:, :k]).all()
    np.testing.assert_allclose(scores, np.take_along_axis(dense, labels, axis=1), atol=1e-5)


def test_ties_go_to_the_lower_label(model: AttentionXML) -> None:
    with torch.no_grad():
        model.network.attention[:] = model.network.attention[5].clone()
    labels, scores = model.top_k(TEXTS, 4)
    assert (labels == [0, 1, 2, 3]).all()
    assert (scores == scores[:, :1]).all()


def test_texts_without_words_read_as_one_unknown_word(model: AttentionXML) -> None:
    empty, emoji, hidden = model.dense(["", "🙂 !!", "<UNK>"])
    assert np.isfinite(empty).all()
    np.testing.assert_array_equal(empty, emoji)
    np.testing.assert_array_equal(empty, hidden)


def test_no_text_gives_no_rows(model: AttentionXML) -> None:
    assert model.score([], [1, 2]).shape == (0, 2)
    assert model.top_k([], 3)[0].shape == (0, 3)


def test_only_the_words_that_fit_are_read() -> None:
    model = _model(max_length=3)
    text = "How to boil, an egg"
    assert model.characters_read(text) == len("How to boil")
    assert model.characters_read("to  boil ...") == len("to  boil ...")
    np.testing.assert_array_equal(model.dense([text]), model.dense(["how to boil the kettle and"]))
    assert not np.allclose(model.dense([text]), model.dense(["how to kettle an egg"]))


def test_the_initial_state_is_learnt_in_every_direction(model: AttentionXML) -> None:
    model.network.train()
    words = torch.tensor([[2, 3]])
    model.network(words, torch.tensor([2])).sum().backward()
    gradient = model.network.lstm.initial_state.grad
    assert gradient is not None
    assert (gradient.abs().sum(dim=-1) > 0).all(), "forward and backward, hidden state and cell state"


def test_a_network_left_in_training_mode_still_scores_without_dropout(model: AttentionXML) -> None:
    before = model.dense(TEXTS)
    model.network.train()
    np.testing.assert_array_equal(model.dense(TEXTS), before)


def test_questions_that_have_no_answer_are_refused(model: AttentionXML) -> None:
    with pytest.raises(InputError, match="k=24 is more than the 23 labels of this model; choose k between 1 and 23"):
        model.top_k(TEXTS, 24)
    with pytest.raises(InputError, match="k=0"):
        model.top_k(TEXTS, 0)
    with pytest.raises(InputError, match="label index -1 is not one of the 23 labels"):
        model.score(TEXTS, [2, -1])
    with pytest.raises(InputError, match="cannot give scores='score'; choose probability or logit"):
        model.dense(TEXTS, "score")


def test_bfloat16_keeps_to_its_tolerance(model: AttentionXML, tmp_path: Path) -> None:
    saved = save_model(model, tmp_path / "model")
    half = load_model(saved, "cpu", "bfloat16")
    assert half.network.lstm.forwards[0].weight_ih_l0.dtype == torch.bfloat16
    assert half.network.attention.dtype == torch.float32
    difference = np.abs(half.dense(TEXTS) - model.dense(TEXTS))
    assert 0 < difference.max() < 0.05
    np.testing.assert_allclose(half.score(TEXTS, [3, 7]), half.dense(TEXTS)[:, [3, 7]], atol=1e-5)
    again = load_model(save_model(half, tmp_path / "half"), "cpu")
    assert again.network.lstm.forwards[0].weight_ih_l0.dtype == torch.float32
