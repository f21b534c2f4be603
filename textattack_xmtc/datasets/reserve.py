"""A reserve: training texts that no model trains on, kept for later choices and verdicts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.errors import InputError

RESERVE = ("reserve-options", "reserve-verdict")
"""The splits of a reserve: one to choose options on, and one for the verdict."""


def set_aside(corpus: Corpus, share: float | None) -> Corpus:
    """The same corpus with about this share of its training texts in the splits `RESERVE`, half in each.

    The id of a document alone decides, so other documents and their order change nothing, and a larger share holds a
    smaller one. Corpora whose documents have no ids are numbered by their readers: there the order does matter.

    Args:
        corpus: with a split "train".
        share: in [0, 1); 0 or None leaves the corpus as it is.

    Raises:
        InputError: the share is out of range, or a split of the reserve or the training would have no text.

    Example:
        >>> from textattack_xmtc.datasets.corpus import Document
        >>> rows = [Document(f"book {number}", "an egg", ["eggs"]) for number in range(100)]
        >>> corpus = set_aside(Corpus.from_documents("a", {"train": rows}), 0.2)
        >>> {name: len(split) for name, split in corpus.splits.items()}
        {'train': 81, 'reserve-options': 11, 'reserve-verdict': 8}
    """
    if not share:
        return corpus
    if not 0 < share < 1:
        raise InputError(f"invalid reserve={share}", "choose a share of at least 0 and below 1, such as 0.1")
    rows = corpus.split("train")
    digests = np.array([_digest(id) for id in rows["id"]], dtype=np.uint64).reshape(-1, 2)
    reserved, options = digests[:, 0] < share * 2.0**64, digests[:, 1] % 2 == 0
    chosen = {"train": ~reserved, RESERVE[0]: reserved & options, RESERVE[1]: reserved & ~options}
    parts = {name: rows.select(np.flatnonzero(which)) for name, which in chosen.items()}
    if empty := [name for name, part in parts.items() if not len(part)]:
        raise InputError(
            f"reserve={share} of {len(rows):,} training texts leaves none for {', '.join(empty)}",
            "choose another share",
        )
    return replace(corpus, splits={**corpus.splits, **parts})


def reserve_facts(corpus: Corpus, share: float | None) -> dict[str, Any] | None:
    """What a model's `training.json` says of the reserve of a corpus that `set_aside` gave; None without one."""
    if not share:
        return None
    ids = {name: sorted(corpus.split(name)["id"]) for name in RESERVE}
    fingerprint = hashlib.sha256(json.dumps(ids).encode()).hexdigest()[:16]
    return {"share": share, **{name: len(of_split) for name, of_split in ids.items()}, "fingerprint": fingerprint}


def reserve_of(corpus: Corpus, training: Mapping[str, Any]) -> Corpus:
    """The corpus with the reserve that a model's training set aside; as it is where the training set none aside.

    Args:
        corpus: the corpus that the model was trained on.
        training: the model's `training.json`.

    Raises:
        InputError: the same share of this corpus holds other texts, so the model may have been trained on them.
    """
    facts = (training.get("corpus") or {}).get("reserve")
    if not facts:
        return corpus
    parted = set_aside(corpus, facts["share"])
    now = reserve_facts(parted, facts["share"])
    if now != facts:
        raise InputError(
            f"the reserve of {corpus.name!r} differs from the one that the model's training set aside ({now}, {facts})",
            "give the data that the model was trained on",
        )
    return parted


def _digest(id: str) -> list[int]:
    # Salted: a corpus may itself be drawn by a digest of its ids.
    digest = hashlib.sha256(b"reserve\x00" + id.encode("utf-8", "backslashreplace")).digest()
    return [int.from_bytes(digest[start : start + 8], "big") for start in (0, 8)]
