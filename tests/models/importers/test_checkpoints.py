"""Files that others wrote: what is read, and what is refused without running it."""

from __future__ import annotations

import pickle
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from tests.toolkit.official_attention_xml import Payload
from textattack_xmtc.errors import ModelFolderError
from textattack_xmtc.models.importers.checkpoints import read_array, read_checkpoint


def weights() -> dict[str, Any]:
    return {"a.weight": torch.arange(6.0).reshape(2, 3), "a.bias": torch.ones(2), "count": torch.tensor([3])}


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "before torch 1.6"])
@pytest.mark.parametrize("prefix", ["", "module.", "Network.", "module.Network."])
def test_weights_come_without_the_names_of_what_is_around_them(tmp_path: Path, prefix: str, zipped: bool) -> None:
    file = tmp_path / "checkpoint"
    torch.save({prefix + key: value for key, value in weights().items()}, file, _use_new_zipfile_serialization=zipped)
    actual = read_checkpoint(file)
    assert set(actual.weights) == set(weights())
    assert all(torch.equal(actual.weights[key], value) for key, value in weights().items())
    assert actual.names["a.bias"] == f"{prefix}a.bias"


def test_safetensors_are_read_and_half_precision_becomes_float32(tmp_path: Path) -> None:
    save_file({"a": torch.ones(2, dtype=torch.float16)}, tmp_path / "model.safetensors")
    assert read_checkpoint(tmp_path / "model.safetensors").weights["a"].dtype == torch.float32


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "before torch 1.6"])
def test_objects_beside_weights_are_refused_and_not_run(tmp_path: Path, zipped: bool) -> None:
    file, made = tmp_path / "checkpoint", tmp_path / "made"
    torch.save({**weights(), "more": Payload(made)}, file, _use_new_zipfile_serialization=zipped)
    with pytest.raises(ModelFolderError, match=r"holds Python objects \(\w+\.mkdir\).*can run any code.*--trust"):
        read_checkpoint(file)
    assert not made.exists()
    with pytest.raises(ModelFolderError, match=r"'more' .* is a NoneType, not a weight"):
        read_checkpoint(file, trust=True)
    assert made.exists(), "the payload works: without --trust it was not read"


def test_a_plain_pickle_is_refused_and_not_run(tmp_path: Path) -> None:
    file, made = tmp_path / "checkpoint", tmp_path / "made"
    for protocol in (2, 4):
        file.write_bytes(pickle.dumps(Payload(made), protocol))
        with pytest.raises(ModelFolderError, match=r"Python objects|no checkpoint"):
            read_checkpoint(file)
    assert not made.exists()


def test_a_whole_network_is_refused_and_with_trust_is_no_state_dict(tmp_path: Path) -> None:
    torch.save(torch.nn.Linear(2, 2), tmp_path / "network")
    with pytest.raises(ModelFolderError, match=r"torch.nn.modules.linear.Linear.*state_dict\(\) alone"):
        read_checkpoint(tmp_path / "network")
    with pytest.raises(ModelFolderError, match="holds a Linear, not weights by name"):
        read_checkpoint(tmp_path / "network", trust=True)


def test_trust_lets_numbers_of_numpy_pass_to_where_they_are_named(tmp_path: Path) -> None:
    torch.save({"a": np.float64(3)}, tmp_path / "checkpoint")
    with pytest.raises(ModelFolderError, match=r"numpy.*--trust"):
        read_checkpoint(tmp_path / "checkpoint")
    with pytest.raises(ModelFolderError, match=r"'a' .* is a float64, not a weight"):
        read_checkpoint(tmp_path / "checkpoint", trust=True)


def _cut(file: Path) -> None:
    torch.save({"a": torch.zeros(1000)}, file)
    file.write_bytes(file.read_bytes()[:2000])


def _zip(file: Path) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("readme.txt", "no weights")


def _on_several_disks(file: Path) -> None:
    """An archive whose directory says that it continues on other disks; zipfile refuses to say whether it is one."""
    _zip(file)
    content = file.read_bytes()
    end = content.rindex(b"PK\x05\x06")
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 1, 0, 9)
    file.write_bytes(content[:end] + locator + content[end:])


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (_on_several_disks, "not a checkpoint, or is damaged"),
        (lambda file: None, "there is no file"),
        (lambda file: file.mkdir(), "there is no file"),
        (lambda file: file.write_bytes(b""), "not a checkpoint, or is damaged"),
        (lambda file: file.write_bytes(b"<!DOCTYPE html>"), "not a checkpoint, or is damaged"),
        (lambda file: file.write_bytes(b"hello, this is text" * 9), "not a checkpoint, or is damaged"),
        (_cut, "not a checkpoint, or is damaged"),
        (_zip, "not a checkpoint, or is damaged"),
        (lambda file: torch.save([torch.ones(2)], file), "holds a list, not weights"),
        (lambda file: torch.save({}, file), "not weights"),
        (lambda file: torch.save({"epoch": 3}, file), "'epoch' .* is a int, not a weight"),
    ],
)
@pytest.mark.parametrize("trust", [False, True])
def test_what_is_no_checkpoint_is_refused(tmp_path: Path, write: Callable[..., Any], message: str, trust: bool) -> None:
    write(tmp_path / "checkpoint")
    with pytest.raises(ModelFolderError, match=message):
        read_checkpoint(tmp_path / "checkpoint", trust)


def test_damaged_safetensors_are_refused(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"PK" * 99)
    with pytest.raises(ModelFolderError, match="is damaged"):
        read_checkpoint(tmp_path / "model.safetensors")


def test_what_does_not_fit_is_named_as_in_the_file(tmp_path: Path) -> None:
    torch.save({f"module.{key}": value for key, value in weights().items()}, tmp_path / "checkpoint")
    actual = read_checkpoint(tmp_path / "checkpoint")
    shapes = {"a.weight": (2, 3), "a.bias": (2,), "count": (1,)}
    actual.check(shapes, "the test")
    with pytest.raises(ModelFolderError, match=r"lacks the weight 'b\.weight'"):
        actual.check({**shapes, "b.weight": (1,)}, "the test")
    with pytest.raises(ModelFolderError, match=r"'module\.count'; by the test, there should be none"):
        actual.check({"a.weight": (2, 3), "a.bias": (2,)}, "the test")
    with pytest.raises(ModelFolderError, match=r"'module\.a\.bias' .* shape \(2,\); by the test, it should be \(3,\)"):
        actual.check({**shapes, "a.bias": (3,)}, "the test")
    assert actual.matrix_shape("a.weight") == (2, 3)
    with pytest.raises(ModelFolderError, match=r"'module\.a\.bias' .* not that of a matrix"):
        actual.matrix_shape("a.bias")


def test_plain_arrays_are_read(tmp_path: Path) -> None:
    for number, array in enumerate((np.array(["egg", "🍵"]), np.arange(6).reshape(2, 3))):
        np.save(tmp_path / f"{number}.npy", array)
        np.testing.assert_array_equal(read_array(tmp_path / f"{number}.npy"), array)


def test_arrays_of_objects_need_trust(tmp_path: Path) -> None:
    np.save(tmp_path / "objects.npy", np.array(["egg", "tea"], dtype=object))
    with pytest.raises(ModelFolderError, match=r"an array of Python objects.*can run any code.*--trust"):
        read_array(tmp_path / "objects.npy")
    assert read_array(tmp_path / "objects.npy", trust=True).tolist() == ["egg", "tea"]


def test_an_array_of_objects_is_not_run(tmp_path: Path) -> None:
    made = tmp_path / "made"
    np.save(tmp_path / "objects.npy", np.array([Payload(made), 1], dtype=object))
    with pytest.raises(ModelFolderError, match="--trust"):
        read_array(tmp_path / "objects.npy")
    assert not made.exists()
    read_array(tmp_path / "objects.npy", trust=True)
    assert made.exists(), "the payload works: without --trust it was not read"


@pytest.mark.parametrize("trust", [False, True])
def test_what_is_no_array_is_refused_and_not_run(tmp_path: Path, trust: bool) -> None:
    made = tmp_path / "made"
    np.save(tmp_path / "cut.npy", np.arange(100))
    (tmp_path / "cut.npy").write_bytes((tmp_path / "cut.npy").read_bytes()[:-9])
    (tmp_path / "empty.npy").write_bytes(b"")
    (tmp_path / "pickle.npy").write_bytes(pickle.dumps(Payload(made)))
    np.savez(tmp_path / "archive.npz", a=np.arange(3))
    np.save(tmp_path / "header.npy", np.arange(3))
    header = (tmp_path / "header.npy").read_bytes()
    (tmp_path / "header.npy").write_bytes(header.replace(b"'descr'", b"'descr{"))
    (tmp_path / "huge.npy").write_bytes(header.replace(b"(3,), }" + b" " * 16, b"(3" + b"0" * 16 + b",), }"))
    for name, message in (
        ("cut.npy", "damaged or cut off"),
        ("header.npy", "damaged or cut off"),
        ("huge.npy", "damaged or cut off"),
        ("empty.npy", "not a .npy file"),
        ("pickle.npy", "not a .npy file"),
        ("archive.npz", "not a .npy file"),
        ("nowhere.npy", "there is no file"),
    ):
        with pytest.raises(ModelFolderError, match=message):
            read_array(tmp_path / name, trust)
    assert not made.exists()


def test_objects_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    np.save(tmp_path / "objects.npy", np.array(["egg"], dtype=object))
    content = (tmp_path / "objects.npy").read_bytes()
    (tmp_path / "objects.npy").write_bytes(content.replace(b"_core.multiarray", b"_gone.multiarray"))
    with pytest.raises(ModelFolderError, match=r"cannot be read here .*ModuleNotFoundError"):
        read_array(tmp_path / "objects.npy", trust=True)
