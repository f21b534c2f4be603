"""A saved model comes back as it was, and a damaged folder says what is wrong with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForMaskedLM

from textattack_xmtc.datasets.corpus import Document
from textattack_xmtc.errors import ModelFolderError
from textattack_xmtc.models.attention_xml.architecture import AttentionXMLConfig
from textattack_xmtc.models.attention_xml.flat import AttentionXML, AttentionXMLNetwork
from textattack_xmtc.models.attention_xml.vocabulary import Vocabulary
from textattack_xmtc.models.folder import load_model, save_model
from textattack_xmtc.models.hugging_face import check_folder

TEXTS = ["how to boil an egg", "tea"]


@pytest.fixture
def model() -> AttentionXML:
    torch.manual_seed(0)
    vocabulary = Vocabulary.of_texts(TEXTS)
    sizes = AttentionXMLConfig(embedding_size=4, hidden_size=3, linear_sizes=(2,))
    network = AttentionXMLNetwork(len(vocabulary), 3, sizes)
    return AttentionXML(network, vocabulary, ["eggs\nand more", "salad", "Tee 🍵"], max_length=77, device="cpu")


@pytest.fixture
def folder(model: AttentionXML, tmp_path: Path) -> Path:
    return save_model(model, tmp_path / "model")


def test_a_model_comes_back_as_it_was(model: AttentionXML, folder: Path) -> None:
    back = load_model(folder, device="cpu")
    assert isinstance(back, AttentionXML)
    assert back.label_names == model.label_names
    assert back.max_length == 77
    assert back.vocabulary.words == model.vocabulary.words
    assert back.network.config == model.network.config
    assert back.masked_lm_folder is None
    np.testing.assert_array_equal(back.dense(TEXTS), model.dense(TEXTS))
    assert {file.suffix for file in folder.iterdir()} == {".json", ".safetensors"}


def test_companions_are_kept_beside_it(model: AttentionXML, tmp_path: Path) -> None:
    (tmp_path / "lm").mkdir()
    (tmp_path / "lm" / "config.json").write_text("{}")
    test = [Document("1", "boil\nan ägg", ["salad", "eggs\nand more"]), Document("2", "tea", [])]
    folder = save_model(model, tmp_path / "model", {"corpus": "eggs"}, test, tmp_path / "lm")
    assert json.loads((folder / "training.json").read_text()) == {"corpus": "eggs"}
    assert [json.loads(line) for line in (folder / "test.jsonl").read_text(encoding="utf-8").splitlines()] == [
        {"id": "1", "text": "boil\nan ägg", "labels": ["salad", "eggs\nand more"]},
        {"id": "2", "text": "tea", "labels": []},
    ]
    assert load_model(folder).masked_lm_folder == folder / "masked_lm"


def test_saving_again_replaces_and_a_failure_keeps_the_last_good_model(
    model: AttentionXML, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("textattack_xmtc.models.folder.save_file", full)
    before = model.dense(TEXTS)
    with torch.no_grad():
        model.network.output.bias.add_(1)
    with pytest.raises(OSError, match="No space"):
        save_model(model, folder)
    np.testing.assert_array_equal(load_model(folder, "cpu").dense(TEXTS), before)
    monkeypatch.undo()
    save_model(model, folder)
    np.testing.assert_array_equal(load_model(folder, "cpu").dense(TEXTS), model.dense(TEXTS))


def _config(**changes: object) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        config = json.loads((folder / "config.json").read_text())
        config = {key: value for key, value in {**config, **changes}.items() if value is not None}
        (folder / "config.json").write_text(json.dumps(config))

    return damage


def _network(**changes: object) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        network = json.loads((folder / "config.json").read_text())["network"]
        _config(network={key: value for key, value in {**network, **changes}.items() if value is not None})(folder)

    return damage


def _weights(change: Callable[[dict[str, torch.Tensor]], object]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        weights = load_file(folder / "model.safetensors")
        change(weights)
        save_file(weights, folder / "model.safetensors")

    return damage


def _cut(folder: Path) -> None:
    content = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(content[: len(content) // 2])


def _write(name: str, content: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / name).write_bytes(content) and None


def _remove(name: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).unlink()


DAMAGES = {
    "no config": (_remove("config.json"), "has no config.json"),
    "no weights": (_remove("model.safetensors"), "has no model.safetensors"),
    "no labels": (_remove("labels.json"), "has no labels.json"),
    "no vocabulary": (_remove("vocabulary.json"), "has no vocabulary.json"),
    "config cut off": (_write("config.json", b'{"format": 1,'), "config.json' cannot be read as JSON"),
    "config too deep": (_write("config.json", b"[" * 100_000), "config.json' cannot be read as JSON"),
    "labels in half characters": (_write("labels.json", b'["a", "\\ud800"]'), "labels.json in .* valid Unicode"),
    "architecture is a list": (_config(architecture=[]), r"unknown architecture \[\]"),
    "layers without end": (_network(layers=10**9), "asks for 1,000,000,000 layers or more, and there are 15 weights"),
    "size is infinite": (_network(hidden_size=float("inf")), "does not describe .* AttentionXML"),
    "length is infinite": (_config(max_length=float("inf")), "does not describe .* AttentionXML"),
    "length is beyond all numbers": (_config(max_length=10**30), "invalid max_length=10{30}"),
    "length is below 1": (_config(max_length=0), "invalid max_length=0"),
    "config is a list": (_write("config.json", b"[1]"), "config.json in .* holds a list, not an object"),
    "config is not text": (_write("config.json", b"\xff\xfe\xff"), "cannot be read as JSON"),
    "labels are numbers": (_write("labels.json", b"[1, 2, 3]"), "labels.json in .* does not hold a list of strings"),
    "Hugging Face": (
        _write("config.json", b'{"model_type": "bert"}'),
        r"is a Hugging Face model \(bert\).*; load it with .*HuggingFaceWrapper",
    ),
    "no format": (_config(format=None), "format None, not a number"),
    "newer format": (_config(format=99), "has format 99; .* upgrade textattack-xmtc"),
    "unknown architecture": (_config(architecture="oracle"), "unknown architecture 'oracle'; .*attention-xml"),
    "setting missing": (
        _config(max_length=None),
        r"does not describe .* AttentionXML \(no 'max_length'\)",
    ),
    "setting of another type": (_config(max_length="many"), "does not describe .* AttentionXML .*'many'"),
    "size missing": (
        _network(linear_sizes=None),
        r"does not describe .* AttentionXML \(no 'linear_sizes'\)",
    ),
    "size unknown": (_network(depth=3), "does not describe .* AttentionXML .*'depth'"),
    "size negative": (_network(hidden_size=-1), "does not describe .* AttentionXML"),
    "tokenisation unknown": (_config(tokenization="klingon"), "unknown tokenization 'klingon'"),
    "weights cut off": (_cut, "model.safetensors' is damaged or cut off"),
    "weights empty": (_write("model.safetensors", b""), "model.safetensors' is damaged or cut off"),
    "weights are something else": (_write("model.safetensors", b"PK" * 99), "is damaged or cut off"),
    "weight missing": (_weights(lambda actual: actual.pop("output.bias")), "lacks the weight 'output.bias'"),
    "weight unknown": (
        _weights(lambda actual: actual.update(extra=torch.zeros(1))),
        "holds the weight 'extra'; by its config.json, vocabulary and labels, there should be none",
    ),
    "shape": (
        _network(hidden_size=5),
        r"'attention' .* has the shape \(3, 6\); by its config.json, vocabulary and labels, it should be \(3, 10\)",
    ),
    "too few labels": (_write("labels.json", b'["eggs"]'), r"'attention' .* shape \(3, 6\); .* it should be \(1, 6\)"),
    "too few words": (
        _write("vocabulary.json", b'["<PAD>", "<UNK>", "egg"]'),
        r"'embedding.weight' .* shape \(8, 4\); .* it should be \(3, 4\)",
    ),
    "another vocabulary": (_write("vocabulary.json", b'["egg", "tea"]'), "starts with"),
}


@pytest.mark.parametrize("case", DAMAGES)
def test_a_damaged_folder_says_what_is_wrong(folder: Path, case: str) -> None:
    damage, message = DAMAGES[case]
    load_model(folder)
    damage(folder)
    with pytest.raises(ModelFolderError, match=message):
        load_model(folder)


def test_a_device_that_is_not_there_is_no_fault_of_the_folder(folder: Path) -> None:
    with pytest.raises(RuntimeError, match="device"):
        load_model(folder, "no-such-device")


def test_a_folder_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelFolderError, match=r"there is no model folder .*nowhere"):
        load_model(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda weight: weight.long(), "is of type torch.int64"),
        (lambda weight: weight.bool(), "is of type torch.bool"),
        (lambda weight: weight * float("nan"), "has NaN or infinite values"),
        (lambda weight: weight + float("inf"), "has NaN or infinite values"),
    ],
    ids=["whole numbers", "truth values", "NaN", "infinity"],
)
def test_weights_that_are_no_numbers_to_compute_with_are_named(
    model: AttentionXML, tmp_path: Path, change: Callable[[torch.Tensor], torch.Tensor], message: str
) -> None:
    folder = save_model(model, tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    key = sorted(weights)[0]
    save_file({**weights, key: change(weights[key])}, folder / "model.safetensors")
    with pytest.raises(ModelFolderError, match=message) as raised:
        load_model(folder, "cpu")
    assert repr(key) in str(raised.value)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_weights_of_other_precision_are_read_as_float32(
    model: AttentionXML, tmp_path: Path, dtype: torch.dtype
) -> None:
    folder = save_model(model, tmp_path / "model")
    weights = load_file(folder / "model.safetensors")
    save_file({key: value.to(dtype) for key, value in weights.items()}, folder / "model.safetensors")
    actual = load_model(folder, "cpu")
    assert {value.dtype for value in actual.network.state_dict().values()} == {torch.float32}
    np.testing.assert_allclose(actual.dense(["a text"], "logit"), model.dense(["a text"], "logit"), atol=0.1)


def test_sizes_are_bounded_before_anything_is_built(model: AttentionXML, tmp_path: Path) -> None:
    folder = save_model(model, tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    config["network"]["linear_sizes"] = [8] * 200_000
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelFolderError, match=r"linear_sizes in .* asks for 200,000 layers or more"):
        load_model(folder, "cpu")


def test_a_hugging_face_folder_with_more_layers_than_weights_is_refused(tmp_path: Path) -> None:
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1, "intermediate_size": 8}
    BertForMaskedLM(BertConfig(vocab_size=20, **sizes)).save_pretrained(tmp_path)
    check_folder(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 100_000}))
    with pytest.raises(ModelFolderError, match=r"num_hidden_layers in .* asks for 100,000 layers or more"):
        check_folder(tmp_path)
