"""A corpus with the label indices of a model."""

from __future__ import annotations

from collections.abc import Sequence

from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.errors import InputError

_SHOWN = 3


def align_labels(corpus: Corpus, label_names: Sequence[str]) -> Corpus:
    """The same corpus over a model's label list.

    Raises:
        InputError: the corpus has no training texts, or labels that the model does not know.
        DataError: there is no split "train".
    """
    if not len(corpus.split("train")):
        raise InputError(f"corpus {corpus.name!r} has no training texts", "give some")
    if tuple(corpus.label_names) == tuple(label_names):
        return corpus
    positions = {name: position for position, name in enumerate(label_names)}
    index_of = [positions.get(name, -1) for name in corpus.label_names]
    unknown_labels = [name for name in corpus.label_names if name not in positions]
    if unknown_labels:
        raise InputError(
            f"{len(unknown_labels):,} of the {len(index_of):,} labels of {corpus.name!r}, such as "
            f"{', '.join(map(repr, unknown_labels[:_SHOWN]))}, are unknown to the model ({len(label_names):,} labels)",
            "harden it with the data that it was trained on",
        )

    def renumbered(row: dict[str, list[int]]) -> dict[str, list[int] | None]:
        targets = row["targets"]
        return {
            "labels": [index_of[label] for label in row["labels"]],
            "targets": None if targets is None else [index_of[label] for label in targets],
        }

    splits = {name: rows.map(renumbered, features=rows.features) for name, rows in corpus.splits.items()}
    return Corpus(corpus.name, tuple(label_names), splits, corpus.issues)
