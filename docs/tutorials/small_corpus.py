"""The tutorials' data: docstrings of the installed packages with their 40 most frequent labels, as JSON Lines."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from textattack_xmtc import load_corpus

LABELS, TRAIN, TEST = 40, 2000, 400


def write(folder: Path, labels: int = LABELS, train: int = TRAIN, test: int = TEST) -> Path:
    """Write `train.jsonl` and `test.jsonl`, a document a line, drawn with a fixed seed; return the folder."""
    corpus = load_corpus("api-docs")
    counts = np.asarray(corpus.label_matrix("train").sum(axis=0)).ravel()
    frequent = set(np.argsort(-counts, kind="stable")[:labels].tolist())
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    for split, size in (("train", train), ("test", test)):
        matrix, texts = corpus.label_matrix(split).tocsr(), corpus.split(split)["text"]
        rows = []
        for number in rng.permutation(len(texts)).tolist():
            own = [label for label in matrix[number].indices.tolist() if label in frequent]
            if own and 15 <= len(texts[number].split()) <= 80:
                rows.append({"text": texts[number], "labels": [corpus.label_names[label] for label in own]})
            if len(rows) == size:
                break
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / f"{split}.jsonl").write_text(lines, encoding="utf-8")
    return folder
