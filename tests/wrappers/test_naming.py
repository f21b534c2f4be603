"""Every way of naming a model in every command: a table of commands and ways, run in this process."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import huggingface_hub
import pytest
import requests
import textattack
import torch
from transformers import BertConfig, BertForSequenceClassification, BertTokenizerFast

from tests.campaign.conftest import working_in
from tests.toolkit.small_campaigns import make_all
from textattack_xmtc import plugin
from textattack_xmtc.cli.main import main
from textattack_xmtc.datasets.load import load_corpus
from textattack_xmtc.errors import InputError, ModelFolderError
from textattack_xmtc.results.folder import TRANSFERS
from textattack_xmtc.wrappers import HuggingFaceWrapper, ScorerWrapper
from textattack_xmtc.wrappers.naming import fingerprint_of, is_named_here, load_victim, own_folder, read_model_name

VICTIM = """
from textattack_xmtc.wrappers import ScorerWrapper

model = ScorerWrapper.from_folder("plain")
second = ScorerWrapper.from_folder("other")
"""
OWN = ["plain", "xmtc:plain", "xmtc-demo"]
WAYS = [*OWN, "victim.py", "victim.py^second", "tagger"]
ATTACK = [
    "--k",
    "2",
    "--labels-per-bin",
    "5",
    "--samples-per-bin",
    "1",
    "--candidates",
    "4",
    "--max-change-rate",
    "0.2",
]
CAMPAIGN = ["campaign", "--data", "data", "--masked-lm", "words", "--encoder", "embedded", *ATTACK]


def make_tagger(folder: Path, words: Path, names: list[str]) -> None:
    """A Hugging Face classifier of the corpus's labels that knows their words."""
    tokenizer = BertTokenizerFast(vocab_file=str(words / "vocab.txt"))
    torch.manual_seed(0)
    sizes = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    model = BertForSequenceClassification(
        BertConfig(
            vocab_size=len(tokenizer),
            id2label=dict(enumerate(names)),
            problem_type="multi_label_classification",
            initializer_range=0.5,
            **sizes,
        )
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_all(tmp_path_factory.mktemp("named"))
    make_tagger(root / "tagger", root / "words", list(load_corpus(root / "data", cache=root / "cache").label_names))
    (root / "victim.py").write_text(VICTIM, encoding="utf-8")
    return root


@pytest.fixture(autouse=True)
def here(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    # The real demo model is trained for minutes; what its name leads to is asked here.
    monkeypatch.setattr("textattack_xmtc.models.demo.demo_folder", lambda: place / "plain")
    with working_in(place):
        yield


@pytest.mark.parametrize("way", WAYS)
def test_evaluate(way: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "--model", way, "--data", "data"]) == 0
    named = capsys.readouterr().out
    assert main(["evaluate", way, "--data", "data"]) == 0
    assert capsys.readouterr().out == named and "90 texts of data/test, 18 labels" in named


@pytest.mark.parametrize("way", WAYS)
def test_campaign(way: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main([*CAMPAIGN, "--model", way, "--out", str(out)]) in (0, 2)  # 2: nothing that could be attacked
    (model,) = json.loads((out / "campaign.json").read_text())["models"]
    assert model["folder"] == way and len(model["fingerprint"]) == 16
    assert model["name"] == {"xmtc:plain": "plain", "victim.py": "victim", "victim.py^second": "victim-second"}.get(
        way, way
    )
    assert main(["campaign", "--out", str(out), "--resume", "--model", way]) == 0


@pytest.mark.parametrize("way", [way for way in WAYS if way != "xmtc:plain"])
def test_transfer(way: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    model = "other" if way in OWN else "plain"
    assert main([*CAMPAIGN, "--model", model, "--transfer-to", way, "--out", str(out)]) == 0
    (transfer,) = json.loads((out / TRANSFERS).read_text())
    assert transfer["folder"] == way and len(transfer["fingerprint"]) == 16


@pytest.mark.parametrize("way", OWN)
def test_harden(way: str, tmp_path: Path) -> None:
    assert own_folder(way, "harden") == (Path.cwd() / "plain" if way == "xmtc-demo" else Path("plain"))
    arguments = [
        "--data",
        "data",
        "--out",
        str(tmp_path / "out"),
        "--steps",
        "1",
        "--share",
        "0",
        "--device",
        "cpu",
    ]
    assert main(["harden", "--model", way, *arguments]) == 0
    assert (tmp_path / "out" / "config.json").is_file()


@pytest.mark.parametrize(
    ("way", "what"),
    [
        ("victim.py", "a Python file, which only answers for texts"),
        ("victim.py^second", "a Python file"),
        ("tagger", "a Hugging Face model"),
    ],
)
def test_what_cannot_be_hardened(way: str, what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["harden", "--model", way, "--data", "data", "--out", str(tmp_path / "out")]) == 2
    message = f"harden needs a model that this package has trained, and {way!r} is {what}"
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("way", WAYS)
def test_textattack_attack(way: str) -> None:
    plugin.register()
    arguments = textattack.ModelArgs(model=way)
    wrapper = textattack.ModelArgs._create_model_from_args(arguments)
    expected = load_victim(way, "cpu")
    if way == "tagger":  # TextAttack's own way of loading such a folder, which goals understand
        from textattack_xmtc.wrappers import as_victim

        wrapper = as_victim(wrapper)
    texts = ["topica aboutb", "granite"]
    assert wrapper.rank(texts, [0, 3]).tolist() == expected.rank(texts, [0, 3]).tolist()


EMPTY = ["", " ", "xmtc:", "xmtc: ", "xmtc:\t", "hf:", "hf: "]


@pytest.mark.parametrize("name", EMPTY)
def test_a_prefix_alone_is_not_the_working_folder(name: str, place: Path) -> None:
    (place / "config.json").write_text(json.dumps({"format": 1}))
    try:
        assert fingerprint_of(name) is None
        with pytest.raises(ModelFolderError, match="does not name a model"):
            own_folder(name, "harden")
    finally:
        (place / "config.json").unlink()


def test_what_a_name_leads_to(place: Path) -> None:
    assert isinstance(load_victim("plain", "cpu"), ScorerWrapper)
    assert isinstance(load_victim("tagger", "cpu"), HuggingFaceWrapper)
    first, second = (load_victim(name).labels.names for name in ("victim.py", "victim.py^second"))
    assert first is not None and first != second and sorted(first) == sorted(second or [])
    assert fingerprint_of("plain") == fingerprint_of("xmtc:plain") == fingerprint_of("xmtc-demo")
    assert fingerprint_of("victim.py") == fingerprint_of("victim.py^second") != fingerprint_of("tagger")
    assert fingerprint_of("nowhere") is None
    assert not is_named_here("tagger") and not is_named_here("lstm-mr") and not is_named_here(None)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere", r"no model folder 'nowhere', nor a Hugging Face model of that name .*: hf:nowhere"),
        ("org/nowhere", r"no model folder 'org/nowhere', nor a Hugging Face .* hub: hf:org/nowhere"),
        ("/no/such/place", r"no model folder '/no/such/place', nor .*or xmtc-demo$"),
        ("../nowhere", "no model folder '../nowhere'"),
        ("xmtc:nowhere", "no model folder 'nowhere'"),
        ("data/train.jsonl", r"no model folder 'data/train\.jsonl', but a file; name a model folder .*, a Hugging"),
        ("data", r"'data' has no config\.json"),
        ("a" * 300, "no model folder 'aaaa"),
        ("xmtc:" + "a" * 300, "no model folder 'aaaa"),
        *((name, f"^{re.escape(repr(name))} does not name a model; .*FOLDER or xmtc:FOLDER") for name in EMPTY),
        ("a\0b", "does not name a model"),
        ("xmtc:a\0b", "does not name a model"),
    ],
)
def test_what_names_no_model(name: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", no_network)
    with pytest.raises((InputError, ModelFolderError), match=message):
        load_victim(name)


@pytest.mark.parametrize("given", [[], ["plain", "--model", "other"]])
def test_one_model_is_needed(given: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    for command in (["evaluate"], ["harden", "--out", "new"]):
        assert main([*command, *given, "--data", "data"]) == 2
        printed = capsys.readouterr().err
        assert "models, expected one; give --model MODEL" in printed or "the option --model is missing" in printed


def test_a_classifier_without_its_head_is_refused(place: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"was saved without the weights that score labels \(classifier\."):
        load_victim(place / "words")
    broken = shutil.copytree(place / "tagger", tmp_path / "broken")
    (broken / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(InputError, match=r"cannot be loaded as a sequence classifier with its tokenizer \("):
        load_victim(broken)


# The hub ----------------------------------------------------------------------------------------------------

NAME = "nobody-here/no-such-model"


def refuse(*_: object, **__: object) -> None:
    raise requests.ConnectionError("no network in this test")


def hang(*_: object, **__: object) -> None:
    time.sleep(60)


@pytest.mark.parametrize("send", [refuse, hang], ids=["no network", "no answer"])
def test_being_offline_is_noticed(
    send: Callable[..., None], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
    monkeypatch.setattr("textattack_xmtc.hubs._PATIENCE_S", 0.5)
    with pytest.raises(
        InputError, match=rf"the model '{NAME}' is not on this machine, and http.* cannot be reached"
    ) as raised:
        load_victim(f"hf:{NAME}")
    assert f"xmtc: the model '{NAME}' is not on this machine: downloading it from http" in capsys.readouterr().err
    for way_out in ("folder", "--local-dir", "HF_ENDPOINT", "HF_HUB_OFFLINE"):
        assert way_out in str(raised.value)


def test_offline_on_purpose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(
        InputError, match=rf"the model '{NAME}' is not on this machine, and HF_HUB_OFFLINE is set; give"
    ):
        load_victim(f"hf:{NAME}")


def test_a_model_in_the_cache_is_taken_from_there(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    snapshot = tmp_path / "models--org--tagger" / "snapshots" / "0123456789012345678901234567890123456789"
    shutil.copytree(place / "tagger", snapshot)
    (tmp_path / "models--org--tagger" / "refs").mkdir()
    (tmp_path / "models--org--tagger" / "refs" / "main").write_text(snapshot.name)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", refuse)
    for name in ("org/tagger", "hf:org/tagger"):
        assert read_model_name(name).short == "tagger" and fingerprint_of(name) == fingerprint_of(place / "tagger")
        assert load_victim(name, "cpu").labels.size == 18
    assert not capsys.readouterr().err
