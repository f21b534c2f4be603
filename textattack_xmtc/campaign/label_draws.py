"""Samples by label: at most so many right texts of each label that was asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from textattack_xmtc.campaign.pairs import DRAWS, Pairs
from textattack_xmtc.campaign.plan import Plan
from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.errors import DataError, InputError

_NAMED = 5  # labels that a message names


def asked_labels(corpus: Corpus, plan: Plan) -> np.ndarray:
    """Whether each label is asked for (`Plan.labels`): all, those with the most training texts, or those of a file.

    Raises:
        DataError: the file cannot be read.
        InputError: a name in it is no label of the corpus; there are fewer labels than are asked for.
    """
    counts, names = corpus.label_counts, corpus.label_names
    asked = np.ones(len(names), dtype=bool)
    if plan.labels is None:
        return asked
    if plan.labels.isdecimal():
        most = int(plan.labels)
        if not 1 <= most <= len(names):
            raise InputError(f"invalid labels={most}: {corpus.name} has {len(names):,} labels", "ask for fewer")
        asked[np.argsort(-counts, kind="stable")[most:]] = False
        return asked
    wanted = _names(Path(plan.labels))
    index = {name: number for number, name in enumerate(names)}
    unknown = [name for name in wanted if name not in index]
    if unknown:
        raise InputError(
            f"{plan.labels} names labels that {corpus.name} does not have: {named(unknown)}",
            "correct the names, or remove those lines",
        )
    asked[:] = False
    asked[[index[name] for name in wanted]] = True
    return asked


def draw_by_label(pairs: Pairs, texts: np.ndarray, usable: np.ndarray, plan: Plan) -> np.ndarray:
    """Positions of the drawn pairs: of each label up to `plan.per_label`, each of another text.

    What is drawn of a label depends on the seed and the pairs of the corpus, and not on which labels are asked for.

    Args:
        pairs: every right pair.
        texts: a number for the text of each row, shape `(texts,)`.
        usable: whether each pair may be drawn, shape `(pairs,)`.
        plan: with the seed, and the fewest right texts that a label must have.
    """
    assert plan.per_label is not None
    order = np.random.default_rng([plan.seed, DRAWS]).permutation(len(pairs.rows))
    order = order[usable[order]]
    # The same text twice is one sample of a label.
    keys = np.stack([pairs.labels[order], texts[pairs.rows[order]]])
    order = order[np.sort(np.unique(keys, axis=1, return_index=True)[1])]
    order = order[np.argsort(pairs.labels[order], kind="stable")]
    _, starts, sizes = np.unique(pairs.labels[order], return_index=True, return_counts=True)
    turn = np.arange(len(order)) - np.repeat(starts, sizes)
    enough = np.repeat(sizes >= plan.min_right, sizes)
    return np.asarray(order[(turn < plan.per_label) & enough])


def named(names: list[str]) -> str:
    """Some of the names, and how many more there are."""
    more = len(names) - _NAMED
    return ", ".join(map(repr, names[:_NAMED])) + (f" and {more:,} more" if more > 0 else "")


def _names(file: Path) -> list[str]:
    """The names in a file, one a line; empty lines are left out."""
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise DataError(f"{file} cannot be read ({error})", "give a text file with a label name a line") from error
    wanted = [line.strip() for line in lines if line.strip()]
    if not wanted:
        raise DataError(f"{file} names no label", "give a text file with a label name a line")
    return wanted
