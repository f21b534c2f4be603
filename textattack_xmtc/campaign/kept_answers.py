"""Best labels that a model gave for all test texts, kept in the cache: campaigns on one model and corpus share them.

Bins need the best labels of every test text, which is most of a campaign's start. What is kept equals what would be
computed again: the key has all that shapes it, and a damaged file counts as none.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from textattack_xmtc.cache import cache_folder
from textattack_xmtc.workdir.files import whole_file
from textattack_xmtc.workdir.provenance import fingerprint, versions

MOST_BYTES = 256 * 2**20
"""The files that were used longest ago are removed beyond that."""

_FOLDER = "best-labels"
_DIGEST = 32  # bytes


def key_of(source: str, texts: Iterable[str], k: int, score_kind: str, device: str) -> str:
    """What tells these answers from others: the model's files, the texts, k, and what computes them.

    Args:
        source: the model's folder.
        texts: all texts, in their order.
        k: labels of each.
        score_kind: what the labels are ranked by.
        device: where the model runs.
    """
    facts = [1, fingerprint(source), k, score_kind, device, versions()]
    digest = hashlib.sha256(json.dumps(facts).encode())
    for text in texts:
        encoded = text.encode("utf-8", "surrogatepass")
        digest.update(len(encoded).to_bytes(8, "little") + encoded)
    return digest.hexdigest()[:40]


def read_answers(key: str, texts: int, k: int) -> np.ndarray | None:
    """The answers under a key, int64 of shape `(texts, k)`; None where there are none, or the file is damaged."""
    file = _file(key)
    try:
        content = file.read_bytes()
        if hashlib.sha256(content[_DIGEST:]).digest() != content[:_DIGEST]:
            return None
        answers = np.load(io.BytesIO(content[_DIGEST:]), allow_pickle=False)
        file.touch()
    except (OSError, ValueError, EOFError):
        return None
    fits = answers.shape == (texts, k) and answers.dtype == np.int64
    return np.asarray(answers) if fits else None


def keep_answers(key: str, answers: np.ndarray) -> None:
    """Keep answers under a key, where the cache can be written; removes what was used longest ago."""
    kept = io.BytesIO()
    np.save(kept, answers, allow_pickle=False)
    content = kept.getvalue()
    if len(content) > MOST_BYTES:
        return
    file = _file(key)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(file) as opened:
            opened.write(hashlib.sha256(content).digest() + content)
        others = sorted(file.parent.glob("*.npy"), key=lambda path: path.stat().st_mtime, reverse=True)
        total = 0
        for other in others:
            total += other.stat().st_size
            if total > MOST_BYTES and other != file:
                other.unlink(missing_ok=True)
    except OSError:  # a read-only cache, or another process that removes the same files
        pass


def _file(key: str) -> Path:
    return cache_folder() / _FOLDER / f"{key}.npy"
