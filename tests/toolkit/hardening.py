"""A corpus where one word gives each label away and others would do as well: what plain training lets be attacked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from textattack_xmtc.datasets.corpus import Corpus, Document
from textattack_xmtc.models.training.plan import small_plan, train_folder

LABELS = 6
NAMES = ["acorn", "badger", "cactus", "dolphin", "ember", "falcon"]
OTHERS = 4  # words of a label that are in most of its texts


_ATTENTION_XML = {
    **{"embedding_size": 16, "hidden_size": 8, "hidden_dropout": 0.0, "learning_rate": 0.02, "average_from": 4},
    **{"max_leaf": 2, "beam": 8},
}
SIZES: dict[str, dict[str, Any]] = {
    "attention-xml": _ATTENTION_XML,
    "attention-xml-tree": _ATTENTION_XML,
    "aplc-xlnet": {"hidden_size": 16, "layers": 1},
}


def sign(label: int) -> str:
    """The word that is in every text of a label, and in no other."""
    return NAMES[label]


def corpus(texts: int = 160, seed: int = 0) -> Corpus:
    random = np.random.default_rng(seed)

    def document(name: str) -> Document:
        label = int(random.integers(LABELS))
        words = [f"{NAMES[label]}{'xyzw'[number]}" for number in range(OTHERS) if random.random() < 0.6]
        words += [sign(label), *random.choice(["the", "of", "some", "and"], 3).tolist()]
        return Document(name, " ".join(random.permutation(words)), [NAMES[label]])

    rows = {"train": texts, "test": 40}
    splits = {split: [document(f"{split}{n}") for n in range(number)] for split, number in rows.items()}
    return Corpus.from_documents("shortcuts", splits, NAMES)


def trained(folder: Path, architecture: str = "attention-xml", seed: int = 0) -> Path:
    """A small victim of that corpus, trained in a second or two."""
    changes = {"epochs": 8, "batch_size": 10, "seed": seed, **SIZES[architecture]}
    train_folder(corpus(), small_plan(architecture).changed(changes), folder, device="cpu")
    return folder
