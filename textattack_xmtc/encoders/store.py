"""Vectors of many texts, computed once and kept: in parts, so that an interrupted computation resumes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from textattack_xmtc.encoders.encoder import Encoder, encoded
from textattack_xmtc.workdir.files import whole_file, writing

TEXTS_A_PART = 512
"""So many texts are encoded between two writes."""


def kept_vectors(encoder: Encoder, texts: Sequence[str], folder: Path) -> npt.NDArray[np.float32]:
    """The vectors of texts, from `folder` where they are kept there.

    A part is a file named after the encoder and its texts, written beside and renamed: vectors of another encoder or of
    other texts are never used, and a damaged file is computed again.

    Args:
        folder: where parts are kept; it is made where it is missing. 2 KB a text with 512 dimensions.

    Returns:
        Shape `(len(texts), d)`.

    Raises:
        InputError: the encoder's answers are not vectors.
        XMTCError: a part cannot be written.

    Example:
        >>> import tempfile
        >>> from textattack_xmtc.encoders.embedded import EmbeddedEncoder
        >>> kept_vectors(EmbeddedEncoder(), ["a text", "another"], Path(tempfile.mkdtemp())).shape
        (2, 512)
    """
    what = f"vectors in {str(folder)!r}"
    with writing(what):
        folder.mkdir(parents=True, exist_ok=True)
    parts = []
    starts = range(0, len(texts), TEXTS_A_PART)
    for start in tqdm(starts, f"vectors by {encoder.name}", unit="part", disable=len(starts) < 2, leave=False):
        part = list(texts[start : start + TEXTS_A_PART])
        file = folder / f"{_fingerprint(encoder, part)}.npy"
        vectors = _read(file, len(part))
        if vectors is None:
            vectors = encoded(encoder, part).astype(np.float32)
            with writing(what), whole_file(file) as opened:
                np.save(opened, vectors)
        parts.append(vectors)
    return np.concatenate(parts) if parts else np.asarray(encoder.encode([]), dtype=np.float32)


def _fingerprint(encoder: Encoder, texts: Sequence[str]) -> str:
    digest = hashlib.sha256(encoder.name.encode())
    for text in texts:
        content = text.encode("utf-8", "backslashreplace")
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()[:32]


def _read(file: Path, count: int) -> npt.NDArray[np.float32] | None:
    try:
        vectors = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError):  # not there, cut off or damaged
        return None
    right = vectors.ndim == 2 and len(vectors) == count and vectors.dtype == np.float32 and np.isfinite(vectors).all()
    return vectors if right else None
