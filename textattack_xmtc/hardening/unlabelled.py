"""Texts without labels beside the training texts: they get the labels that the model finds best before the hardening.

A model becomes robust on the texts that it is attacked on, and one to four texts of a label teach little about others.
Further texts need no labels for that: the trained model's own do (Carmon et al. 2019, "Unlabeled data improves
adversarial robustness", there called robust self-training).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.errors import InputError
from textattack_xmtc.models.torch_scorer import TorchScorer
from textattack_xmtc.scores import NOTHING


def texts_beside(further: Corpus, corpus: Corpus) -> list[str]:
    """The distinct texts of all splits of `further`, without blank ones and those that `corpus` has in any split.

    Raises:
        InputError: none is left.
    """
    known = {text for rows in corpus.splits.values() for text in rows["text"]}
    texts = dict.fromkeys(text for rows in further.splits.values() for text in rows["text"])
    new = [text for text in texts if text.strip() and text not in known]
    if not new:
        raise InputError(
            f"of the {len(texts):,} texts of {further.name!r}, {corpus.name!r} has every one, or they are blank",
            "give further texts, or leave out --unlabelled",
        )
    return new


def own_labels(model: TorchScorer, texts: Sequence[str], labels: Sequence[Sequence[int]]) -> list[list[int]]:
    """A model's best labels of texts: as many as texts have in the mean by `labels`, those of the training texts."""
    number = max(1, round(float(np.mean([len(row) for row in labels]))))
    best, _ = model.top_k(texts, min(number, len(model.label_names)))
    return [[label for label in row if label != NOTHING] for row in best.tolist()]
