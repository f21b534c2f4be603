"""The models of a campaign: loaded from their folders, their labels matched with the corpus's by name."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
import numpy as np
from tqdm import tqdm

from textattack_xmtc.campaign.plan import Plan
from textattack_xmtc.campaign.progress import say
from textattack_xmtc.errors import InputError
from textattack_xmtc.models.folder import MASKED_LM, TEST, TRAINING, load_model
from textattack_xmtc.models.wrappers import ScorerWrapper, XMTCModelWrapper

_CHUNK_TEXTS = 500
_SHOWN = 3  # labels in a message
_NOT_THE_MODEL = {TRAINING, TEST, MASKED_LM}


@dataclass(frozen=True)
class Victim:
    """A model under attack, and how its label indices and the corpus's belong together.

    Attributes:
        name: what the campaign calls it.
        model: what is asked.
        to_corpus: the corpus's index of each of the model's labels, shape `(labels of the model,)`.
        from_corpus: the model's index of each label of the corpus, -1 where it does not know it,
            shape `(labels of the corpus,)`.
    """

    name: str
    model: XMTCModelWrapper
    to_corpus: np.ndarray
    from_corpus: np.ndarray

    def top_k(self, rows: datasets.Dataset, k: int) -> np.ndarray:
        """The k best labels of each text of a split, as the corpus counts them: int64, shape `(texts, k)`.

        Raises:
            InputError: the model does not have k labels.
        """
        self.model.check_k(k)
        found = [np.zeros((0, k), dtype=np.int64)]
        hidden = not sys.stderr.isatty()
        if hidden:
            say(f"{self.name}: asking for the best labels of {len(rows):,} test texts")
        with tqdm(total=len(rows), desc=f"{self.name}: test texts", unit=" texts", leave=False, disable=hidden) as bar:
            for batch in rows.select_columns(["text"]).iter(_CHUNK_TEXTS):
                labels, _ = self.model.top_k(list(batch["text"]), k)
                found.append(self.to_corpus[labels])
                bar.update(len(labels))
        return np.concatenate(found)


def load_victim(name: str, folder: str, label_names: Sequence[str], device: str | None = None) -> Victim:
    """Load a model folder as a victim whose labels are those of the corpus.

    Args:
        name: what the campaign calls it.
        folder: the folder that this package saved.
        label_names: the corpus's label names, by index. The model may lack some: they are never among its best.
        device: "cpu", "cuda", ...; by default the GPU where there is one.

    Raises:
        ModelFolderError: the folder cannot be read.
        InputError: the model knows a label that the corpus does not have.
    """
    model = ScorerWrapper(load_model(Path(folder), device))
    names = model.labels.names
    assert names is not None  # every model folder has label names
    index = {label: position for position, label in enumerate(label_names)}
    strange = [label for label in names if label not in index]
    if strange:
        raise InputError(
            f"the model {folder!r} knows {len(strange):,} labels that are not among the {len(index):,} of the corpus, "
            f"such as {', '.join(map(repr, strange[:_SHOWN]))}",
            "attack it with the corpus that it was trained on",
        )
    to_corpus = np.array([index[label] for label in names], dtype=np.int64)
    from_corpus = np.full(len(label_names), -1, dtype=np.int64)
    from_corpus[to_corpus] = np.arange(len(names))
    return Victim(name, model, to_corpus, from_corpus)


def model_names(plan: Plan) -> dict[str, str]:
    """A name for each model folder: the folder's own, with a number where two have the same.

    Example:
        >>> model_names(Plan(("runs/plain", "old/plain", "runs/pw"), "data"))
        {'runs/plain': 'plain', 'old/plain': 'plain-2', 'runs/pw': 'pw'}
    """
    names: dict[str, str] = {}
    used: set[str] = set()  # in lower case: some file systems cannot tell the records of "A" from those of "a"
    for folder in plan.models:
        own = Path(folder).resolve().name or "model"
        name, number = own, 2
        while name.lower() in used:
            name, number = f"{own}-{number}", number + 1
        names[folder] = name
        used.add(name.lower())
    return names


def folder_fingerprint(folder: Path | str) -> str:
    """Sixteen characters that tell the files of a model folder from others: weights, configuration, labels, words."""
    found = hashlib.sha256()
    for file in sorted(Path(folder).iterdir()):
        if file.is_file() and file.name not in _NOT_THE_MODEL:
            found.update(file.name.encode())
            with file.open("rb") as opened:
                found.update(hashlib.file_digest(opened, "sha256").digest())
    return found.hexdigest()[:16]


def model_facts(victim: Victim, folder: str, right: int) -> dict[str, Any]:
    """What is written down of a model.

    Args:
        victim: the model.
        folder: its folder, as it was given.
        right: how many pairs of a test text and a true label it has among its k best.
    """
    return {
        "name": victim.name,
        "folder": folder,
        "architecture": getattr(victim.model.model, "architecture", victim.model.name),
        "fingerprint": folder_fingerprint(folder),
        "score_kind": victim.model.score_kind,
        "labels": len(victim.to_corpus),
        "right": right,
    }
