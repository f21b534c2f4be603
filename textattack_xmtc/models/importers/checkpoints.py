"""Weights and arrays out of files that others wrote, without running what else may be in them."""

from __future__ import annotations

import pickle
import re
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file

from textattack_xmtc.errors import ModelFolderError, reason_of
from textattack_xmtc.models.folder import check_shapes

_WRAPPERS = ("module.", "Network.")  # data parallelism; the level of a label tree
_AGAIN = "copy or download it again"
_OF_THIS_KIND = "check that it is a checkpoint of this kind, and complete"
_NPY = b"\x93NUMPY"
_PICKLE = b"\x80"


@dataclass(frozen=True)
class Checkpoint:
    """The weights of one file.

    Attributes:
        weights: by name, without the prefixes `module.` and `Network.`; float32 where they are floating-point numbers.
        names: the names that the file has for them.
    """

    file: Path
    weights: Mapping[str, torch.Tensor]
    names: Mapping[str, str]

    def matrix_shape(self, key: str) -> tuple[int, int]:
        """The shape of a weight that is a matrix.

        Raises:
            ModelFolderError: it is missing, or is none.
        """
        if key not in self.weights:
            raise ModelFolderError(f"{str(self.file)!r} lacks the weight {key!r}", _OF_THIS_KIND)
        shape = tuple(self.weights[key].shape)
        if len(shape) != 2:
            raise ModelFolderError(
                f"the weight {self.names[key]!r} in {str(self.file)!r} has the shape {shape}, not that of a matrix",
                _OF_THIS_KIND,
            )
        return shape[0], shape[1]

    def check(self, wanted: Mapping[str, Sequence[int]], asked_by: str) -> None:
        """See that exactly the weights of these shapes are there; `asked_by` says in the message what asks for them.

        Raises:
            ModelFolderError: a weight is missing, unknown or of another shape.
        """
        shapes = {key: tuple(weight.shape) for key, weight in self.weights.items()}
        check_shapes(self.file, shapes, wanted, asked_by, self.names)


def read_checkpoint(file: Path, trust: bool = False) -> Checkpoint:
    """The weights in a file that `torch.save` or safetensors wrote, on the CPU, left on the disk where torch can.

    Raises:
        ModelFolderError: the file is missing, damaged or holds something else, or Python objects that are not trusted.
    """
    if not file.is_file():
        raise ModelFolderError(f"there is no file {str(file)!r}", "check the path")
    loaded = _load(file, trust)
    if not isinstance(loaded, Mapping) or not loaded:
        raise ModelFolderError(
            f"{str(file)!r} holds a {type(loaded).__name__}, not weights by name", "save the model's state_dict()"
        )
    weights, names = {}, {}
    for name, value in loaded.items():
        if not isinstance(value, torch.Tensor):
            raise ModelFolderError(
                f"{name!r} in {str(file)!r} is a {type(value).__name__}, not a weight", "save the model's state_dict()"
            )
        key = _bare(str(name))
        weights[key] = value.detach().float() if value.is_floating_point() else value
        names[key] = str(name)
    return Checkpoint(file, weights, names)


def read_array(file: Path, trust: bool = False) -> np.ndarray:
    """The array in a .npy file.

    Raises:
        ModelFolderError: the file is missing, damaged or no .npy file, or holds Python objects that are not trusted.
    """
    if not file.is_file():
        raise ModelFolderError(f"there is no file {str(file)!r}", "check the path")
    try:
        with file.open("rb") as opened:
            if opened.read(len(_NPY)) != _NPY:
                raise ModelFolderError(f"{str(file)!r} is not a .npy file", "give the array that numpy.save wrote")
        array: np.ndarray = np.load(file, allow_pickle=False)
    except ModelFolderError:
        raise
    except Exception as error:  # numpy reads the header as Python source, and raises what Python's parser does
        if "Object arrays" not in str(error):
            raise ModelFolderError(f"{str(file)!r} is damaged or cut off ({error})", _AGAIN) from error
        if not trust:
            raise not_trusted(file, "an array of Python objects") from None
        array = trusted(file, lambda: np.load(file, allow_pickle=True))
    return array


def not_trusted(file: Path, what: str, instead: str = "") -> ModelFolderError:
    """The refusal to read Python objects: what they are, and what to do instead where one does not trust them."""
    return ModelFolderError(
        f"{str(file)!r} holds {what}, and reading these can run any code that the file's maker put there",
        f"add --trust if you trust whoever made it{', or ' * bool(instead)}{instead}",
    )


def trusted(file: Path, read: Any) -> Any:
    """What `read` gives, which reads Python objects of a file whose maker is trusted.

    Raises:
        ModelFolderError: it fails.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of other versions of the libraries, about what is used of them nowhere
            return read()
    except Exception as error:  # reading a pickle can raise anything
        raise ModelFolderError(
            f"the Python objects in {str(file)!r} cannot be read here ({type(error).__name__}: {error})",
            "read them with the versions of the libraries that wrote them, and save what they hold in a plain format",
        ) from error


def _load(file: Path, trust: bool) -> Any:
    try:
        mapped = zipfile.is_zipfile(file)
    except zipfile.BadZipFile:  # it looks like one, and is damaged: torch says so
        mapped = False
    try:
        if file.suffix == ".safetensors":
            return load_file(file)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's advice about other pickle protocols
            return torch.load(file, map_location="cpu", weights_only=True, mmap=mapped)
    except Exception as error:  # what torch raises for files that others wrote differs from file to file
        with file.open("rb") as opened:
            pickled = isinstance(error, pickle.UnpicklingError) and (mapped or opened.read(1) == _PICKLE)
        if not pickled:
            raise ModelFolderError(
                f"{str(file)!r} is not a checkpoint, or is damaged ({reason_of(error)})", _AGAIN
            ) from error
        if not trust:
            named = re.search(r"GLOBAL ([\w.]+)", str(error))
            objects = f"Python objects{f' ({named[1]})' if named else ''} and not only weights"
            raise not_trusted(file, objects, "save the model's state_dict() alone") from None
    return trusted(file, lambda: torch.load(file, map_location="cpu", weights_only=False, mmap=mapped))


def _bare(name: str) -> str:
    while name.startswith(_WRAPPERS):
        name = name.partition(".")[2]
    return name
