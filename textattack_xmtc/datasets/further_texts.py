"""Further test texts for a corpus: labels that the test split has few texts of get more."""

from __future__ import annotations

from dataclasses import replace

import datasets

from textattack_xmtc.datasets.corpus import FEATURES, Corpus
from textattack_xmtc.errors import DataError


def with_further_texts(corpus: Corpus, further: Corpus) -> tuple[Corpus, str]:
    """A corpus whose test split also has the texts of another, whatever its splits, behind its own.

    Labels are matched by name. Left out are labels that the corpus does not have, texts without one that it has, and
    texts that stand in the corpus already: a training text would tell of memory, and a test text is one sample.

    Args:
        corpus: with the split "test".
        further: the other texts.

    Returns:
        The corpus, and what was taken and left out, in a sentence.

    Raises:
        DataError: no text is left.

    Example:
        >>> from textattack_xmtc.datasets.corpus import Document
        >>> first, second = Document("1", "an egg", ["eggs"]), Document("1", "two eggs", ["eggs", "number"])
        >>> corpus, note = with_further_texts(
        ...     Corpus.from_documents("a", {"test": [first]}), Corpus.from_documents("b", {"test": [first, second]})
        ... )
        >>> note
        '1 further test text of b; left out: 1 that the corpus has, 0 without a label of the corpus'
    """
    index = {name: number for number, name in enumerate(corpus.label_names)}
    seen = {text for rows in corpus.splits.values() for text in rows["text"]}
    columns: dict[str, list[object]] = {name: [] for name in FEATURES}
    known = unlabelled = 0
    for rows in further.splits.values():
        for row in rows:
            labels = [index[name] for name in (further.label_names[label] for label in row["labels"]) if name in index]
            if row["text"] in seen:
                known += 1
            elif not labels:
                unlabelled += 1
            else:
                seen.add(row["text"])
                new = {"id": f"{further.name}:{row['id']}", "text": row["text"], "labels": labels, "targets": None}
                for name in columns:
                    columns[name].append(new[name])
    taken = len(columns["id"])
    left_out = f"left out: {known:,} that the corpus has, {unlabelled:,} without a label of the corpus"
    if not taken:
        raise DataError(
            f"{further.name} has no further text for {corpus.name}; {left_out}",
            "give texts that are not in the corpus, with label names that it has",
        )
    more = datasets.Dataset.from_dict(columns, features=FEATURES)
    test = datasets.concatenate_datasets([corpus.split("test"), more])
    splits = {**corpus.splits, "test": test}
    note = f"{taken:,} further test text{'s' * (taken != 1)} of {further.name}; {left_out}"
    return replace(corpus, splits=splits), note
