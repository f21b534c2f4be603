"""Sentence encoders: trained, saved, loaded and asked; both heads; what cannot be is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.toolkit.encoders import tiny_encoder
from tests.toolkit.hardening import corpus
from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.errors import InputError, ModelFolderError
from textattack_xmtc.hardening.harden import harden_folder
from textattack_xmtc.hardening.options import HardeningOptions
from textattack_xmtc.models.evaluation import validation
from textattack_xmtc.models.folder import load_model
from textattack_xmtc.models.sentence_encoder.architecture import SENTENCE_ENCODER
from textattack_xmtc.models.sentence_encoder.network import MemoryHead, NearestTexts
from textattack_xmtc.models.sentence_encoder.scorer import SentenceEncoder
from textattack_xmtc.models.sentence_encoder.training import SHARES
from textattack_xmtc.models.training.plan import small_plan, train_folder

TEXTS = list(corpus().split("test")["text"])
HEADS = {
    "linear": {"epochs": 12, "learning_rate": 0.1},
    "nearest": {"neighbours": 4},
    "memory": {"memory": 4, "epochs": 12, "learning_rate": 0.1},
}


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoder(tmp_path_factory.mktemp("encoder") / "bert", list(corpus().split("train")["text"]))


def train(encoder: Path, out: Path, data: Corpus | None = None, **changes: object) -> Path:
    plan = small_plan("sentence-encoder").changed({"encoder": str(encoder), "max_length": 32, **changes})
    train_folder(corpus() if data is None else data, plan, out, device="cpu")
    return out


@pytest.fixture(scope="module", params=HEADS)
def folder(request: pytest.FixtureRequest, encoder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(encoder, tmp_path_factory.mktemp("model") / request.param, **HEADS[request.param])


@pytest.fixture(scope="module")
def model(folder: Path) -> SentenceEncoder:
    loaded = load_model(folder, "cpu")
    assert isinstance(loaded, SentenceEncoder)
    return loaded


def test_it_learns_and_its_test_is_kept(folder: Path) -> None:
    kept = json.loads((folder / "training.json").read_text())
    assert kept["test"]["P@1"] > 0.6, "one of six labels: guessing gives 0.17"
    assert not folder.with_name(folder.name + ".unfinished").exists()


@pytest.mark.parametrize("kind", ["probability", "logit"])
def test_target_only_scores_are_those_of_all_labels(model: SentenceEncoder, kind: str) -> None:
    dense = model.dense(TEXTS, kind, batch_size=7)  # type: ignore[arg-type]
    wanted = [4, 0, 2]
    actual = model.score(TEXTS, wanted, kind, batch_size=3)  # type: ignore[arg-type]
    np.testing.assert_allclose(actual, dense[:, wanted], atol=1e-5)
    labels, scores = model.top_k(TEXTS, 3, kind)  # type: ignore[arg-type]
    np.testing.assert_allclose(scores, -np.sort(-dense, axis=1)[:, :3], atol=1e-5)
    assert (model.rank(TEXTS, labels[0].tolist(), kind)[0] == [1, 2, 3]).all()  # type: ignore[arg-type]


def test_the_nearest_texts_score_as_plain_code_does(encoder: Path, tmp_path: Path) -> None:
    model = load_model(train(encoder, tmp_path / "model", neighbours=3, validation=0), "cpu")
    assert isinstance(model, SentenceEncoder)
    rows = corpus().split("train")
    known, asked = model.vectors(list(rows["text"])), model.vectors(TEXTS[:5])
    for text, actual in zip(asked, model.dense(TEXTS[:5]), strict=True):
        cosines = [float(text @ other) / float(np.linalg.norm(text) * np.linalg.norm(other)) for other in known]
        nearest = sorted(range(len(known)), key=lambda row: -cosines[row])[:3]
        total = sum(np.exp(10 * cosines[row]) for row in nearest)
        expected = np.zeros(6)
        for row in nearest:
            expected[rows["labels"][row]] += np.exp(10 * cosines[row]) / total
        np.testing.assert_allclose(actual, expected, atol=1e-4)


def test_a_memory_is_blended_as_plain_code_does(encoder: Path, tmp_path: Path) -> None:
    model = load_model(train(encoder, tmp_path / "model", memory=3, validation=0, epochs=3), "cpu")
    assert isinstance(model, SentenceEncoder) and isinstance(model.network.head, MemoryHead)
    assert model.network.head.share == 0.5, "nothing to choose it on"
    alone = load_model(train(encoder, tmp_path / "alone", neighbours=3, validation=0), "cpu")
    rows = load_model(train(encoder, tmp_path / "rows", validation=0, epochs=3), "cpu")
    for share in (0.5, 0.2):
        model.network.head.share = share
        expected = (1 - share) * rows.dense(TEXTS, "probability") + share * alone.dense(TEXTS, "probability")
        np.testing.assert_allclose(model.dense(TEXTS, "probability"), expected, atol=1e-5)
        odds = np.log(expected.astype(float)) - np.log1p(-np.minimum(expected.astype(float), 1 - 1e-6))
        np.testing.assert_allclose(model.dense(TEXTS, "logit"), odds, atol=1e-3)


def test_a_label_that_the_memory_lacks_keeps_its_low_logit_and_its_gradient() -> None:
    memory = NearestTexts(2, 2, 1, 3, neighbours=2)
    memory.remember(torch.eye(2), [[0], [0]])
    head = MemoryHead(memory, 2, 3, share=0.5)
    with torch.no_grad():
        head.rows.weight.zero_()
        head.rows.bias.copy_(torch.tensor([0.0, -30.0, -40.0]))
    vectors = torch.tensor([[0.6, 0.8]], requires_grad=True)
    logits = head(vectors, None, "logit")
    np.testing.assert_allclose(logits[0, 1:].detach(), [-30 + np.log(0.5), -40 + np.log(0.5)], atol=1e-4)
    logits.sum().backward()
    assert torch.isfinite(vectors.grad).all() and torch.isfinite(head.rows.bias.grad).all()
    with pytest.raises(InputError, match=r"share is 1\.0"):
        MemoryHead(memory, 2, 3, share=1.0)


def test_the_share_is_the_best_of_the_validation_texts(encoder: Path, tmp_path: Path) -> None:
    folder = train(encoder, tmp_path / "model", memory=3, validation=40, epochs=1, learning_rate=1e-6)
    model = load_model(folder, "cpu")
    assert isinstance(model, SentenceEncoder) and isinstance(model.network.head, MemoryHead)
    kept = model.network.head.share
    held_out = corpus().holding_out(40, 0).split("validation")
    values = {}
    for share in SHARES:
        model.network.head.share = share
        values[share] = validation(model, held_out)["nDCG@5"]
    assert kept == max(SHARES, key=values.__getitem__) and len(set(values.values())) > 1


def test_vectors_are_kept_for_a_training_with_other_validation_texts(
    encoder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = str(tmp_path / "vectors")
    train(encoder, tmp_path / "first", epochs=1, vectors=vectors)
    monkeypatch.setattr(SentenceEncoder, "vectors", None)  # none is computed again
    plan = small_plan("sentence-encoder").changed({"encoder": str(encoder), "max_length": 32, "epochs": 1, "seed": 7})
    data = corpus().holding_out(9, 7)
    made, _ = SENTENCE_ENCODER.train(data, plan.changed({"vectors": vectors}), data.split("validation"), "cpu")
    assert len(made.label_names) == 6


def test_mean_pooling_leaves_padding_out(model: SentenceEncoder) -> None:
    short, long = "acorn of", " ".join(TEXTS)[:200]
    alone, together = model.vectors([short])[0], model.vectors([short, long])[0]
    np.testing.assert_allclose(alone, together, atol=1e-5)
    tokens = torch.tensor(model.encode([short]))
    states = model.network.encoder.model(input_ids=tokens).last_hidden_state[0].detach().numpy()
    mean = states.mean(axis=0)
    np.testing.assert_allclose(alone, mean / np.linalg.norm(mean), atol=1e-5)


def test_what_is_read_of_a_text(encoder: Path, model: SentenceEncoder) -> None:
    text = "acorn badger cactus dolphin"
    assert model.characters_read(text) == len(text)
    model.max_length, before = 4, model.max_length  # two words between the special tokens
    try:
        assert text[: model.characters_read(text)] == "acorn badger"
        assert (model.dense([text]) == model.dense(["acorn badger"])).all()
    finally:
        model.max_length = before
    assert model.mask_word == "[MASK]" and len(model.encode(["a [MASK] b"])[0]) == 5
    assert np.isfinite(model.dense(["", " ", "\ud800"])).all()


def test_saved_again_it_is_the_same(model: SentenceEncoder, tmp_path: Path) -> None:
    from textattack_xmtc.models.folder import save_model

    again = load_model(save_model(model, tmp_path / "copy"), "cpu")
    assert (again.dense(TEXTS) == model.dense(TEXTS)).all() and again.label_names == model.label_names


def test_a_linear_head_can_be_hardened_and_the_nearest_texts_cannot(folder: Path, tmp_path: Path) -> None:
    options = HardeningOptions(steps=8, round_steps=2, k=1)
    if folder.name == "nearest":
        with pytest.raises(InputError, match="the nearest texts have no weights that could be trained"):
            harden_folder(folder, corpus(), options, tmp_path / "out", device="cpu")
        return
    harden_folder(folder, corpus(), options, tmp_path / "out", device="cpu")
    before, after = load_model(folder, "cpu").network.state_dict(), load_model(tmp_path / "out").network.state_dict()
    changed = {key for key, value in before.items() if not torch.equal(value, after[key])}
    assert changed == {"head.rows.weight", "head.rows.bias"}, "encoder and memory are frozen"


def test_a_folder_whose_parts_do_not_fit_is_refused(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "model")
    file = tmp_path / "model" / "encoder" / "config.json"
    sizes = json.loads(file.read_text())
    for changes, message in (
        ({"num_hidden_layers": 100_000}, "num_hidden_layers in .* asks for 100,000 layers or more"),
        ({"hidden_size": 32}, "asks for .* of shape"),
        ({"num_hidden_layers": 1}, "there should be none"),
        ({"model_type": "nothing"}, "does not describe an encoder"),
    ):
        file.write_text(json.dumps({**sizes, **changes}))
        with pytest.raises(ModelFolderError, match=message):
            load_model(tmp_path / "model", "cpu")
    file.write_text(json.dumps(sizes))
    config = json.loads((tmp_path / "model" / "config.json").read_text())
    for changes, message in (
        ({"head": "other"}, "head is 'other'"),
        ({"pooling": "max"}, "pooling is 'max'"),
        ({"max_length": 65}, "reads 64 tokens, and max_length=65"),
    ):
        (tmp_path / "model" / "config.json").write_text(json.dumps({**config, **changes}))
        with pytest.raises(ModelFolderError, match=message):
            load_model(tmp_path / "model", "cpu")


def test_encoders_that_cannot_serve_are_refused(encoder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"reads 64 tokens, and max_length=300; choose --max-length 64"):
        train(encoder, tmp_path / "model", max_length=300)
    without = tmp_path / "without"
    shutil.copytree(encoder, without)
    for name in ("tokenizer.json", "vocab.txt"):
        (without / name).unlink(missing_ok=True)
    with pytest.raises(ModelFolderError, match="has no tokenizer"):
        train(without, tmp_path / "model")
    with pytest.raises(ModelFolderError, match=r"cannot be read as a Hugging Face encoder|has no tokenizer"):
        train(tmp_path / "nothing", tmp_path / "model")
    with pytest.raises(InputError, match=r"needs a pretrained encoder; give --encoder"):
        train_folder(corpus(), small_plan("sentence-encoder"), tmp_path / "model", device="cpu")
    with pytest.raises(InputError, match="--memory 200 with 152 training texts"):
        train(encoder, tmp_path / "model", memory=200)
    with pytest.raises(InputError, match="give one of them"):
        train(encoder, tmp_path / "model", memory=3, neighbours=3)
    assert not (tmp_path / "model").exists()
