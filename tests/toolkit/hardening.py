"""A corpus where one word gives each label away and others would do as well: what plain training lets be attacked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from tests.toolkit.victims import proposing
from textattack_xmtc.datasets.corpus import Corpus, Document
from textattack_xmtc.models.attention_xml.flat import AttentionXMLConfig
from textattack_xmtc.models.attention_xml.training import AttentionXMLSettings
from textattack_xmtc.models.attention_xml.tree_training import TreeSettings
from textattack_xmtc.models.training.plan import TrainingPlan, small_plan, train_folder
from textattack_xmtc.transformations import XMTCWordSwapMaskedLM

LABELS = 6
NAMES = ["acorn", "badger", "cactus", "dolphin", "ember", "falcon"]
OTHERS = 4  # words of a label that are in most of its texts


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
    plan = small_plan(architecture)  # type: ignore[arg-type]
    sizes = AttentionXMLConfig(embedding_size=16, hidden_size=8, linear_sizes=(8,), hidden_dropout=0.0)
    common = {"epochs": 8, "batch_size": 10, "seed": seed}
    settings = replace(plan.settings, **common)
    if isinstance(settings, AttentionXMLSettings):
        settings = replace(settings, learning_rate=0.02, average_from=4)
    changed: TrainingPlan = replace(
        plan, settings=settings, network=sizes, tree=TreeSettings(max_leaf=2, beam=8), hidden_size=16, layers=1
    )
    train_folder(corpus(), changed, folder, device="cpu")
    return folder


def giving_away() -> XMTCWordSwapMaskedLM:
    """A masked LM that always proposes the words that give labels away."""
    return proposing(*(sign(label) for label in range(LABELS)))
