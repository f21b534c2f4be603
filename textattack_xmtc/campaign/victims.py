"""The models of a campaign: loaded from folders or Python files, their labels matched with the corpus's by name."""

from __future__ import annotations

import hashlib
import io
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import datasets
import numpy as np
from tqdm import tqdm

from textattack_xmtc.cache import cache_folder
from textattack_xmtc.campaign.plan import Plan
from textattack_xmtc.errors import InputError
from textattack_xmtc.scores import NOTHING
from textattack_xmtc.targets import is_number
from textattack_xmtc.thresholds import read_threshold
from textattack_xmtc.workdir.files import whole_file
from textattack_xmtc.workdir.interrupt import check
from textattack_xmtc.workdir.names import plain_name
from textattack_xmtc.workdir.progress import say
from textattack_xmtc.workdir.provenance import fingerprint, versions
from textattack_xmtc.wrappers import XMTCModelWrapper, naming
from textattack_xmtc.wrappers.scorer import check_label_number
from textattack_xmtc.wrappers.victim_files import is_victim_file

_CHUNK_TEXTS = 500
_SHOWN = 3  # labels in a message


@dataclass(frozen=True)
class Victim:
    """A model under attack, and how its label indices and the corpus's belong together.

    Attributes:
        model: what is asked.
        to_corpus: the corpus's index of each of the model's labels, shape `(labels of the model,)`.
        from_corpus: the model's index of each label of the corpus, -1 where it does not know it,
            shape `(labels of the corpus,)`.
        folder: the model folder that it is from; None where files do not tell all of it (a Python file).
    """

    name: str
    model: XMTCModelWrapper
    to_corpus: np.ndarray
    from_corpus: np.ndarray
    folder: str | None = None

    def in_corpus(self, labels: np.ndarray) -> np.ndarray:
        """Labels of the model as the corpus counts them; `NOTHING`, where it shows no more, stays what it is.

        Example:
            >>> victim = Victim("any", None, np.array([4, 2, 0]), np.array([2, -1, 1, -1, 0]))
            >>> victim.in_corpus(np.array([1, 0, NOTHING])).tolist()
            [2, 4, -1]
        """
        return np.where(labels == NOTHING, NOTHING, self.to_corpus[labels])

    def top_k(self, rows: datasets.Dataset, k: int) -> np.ndarray:
        """The labels shown for each text of a split, at most k, as the corpus counts them: int64, shape `(texts, k)`.

        `NOTHING` stands where the model shows fewer.

        Raises:
            InputError: the model does not have k labels.
        """
        rule = self.model.decision_rule(k)
        texts, key = rows.select_columns(["text"]), None
        if self.folder is not None:
            every = (text for batch in texts.iter(_CHUNK_TEXTS) for text in batch["text"])
            device = str(getattr(self.model.model, "device", None))
            kind = self.model.score_kind + ("" if rule.threshold is None else f" {rule.threshold!r}")
            key = key_of(self.folder, every, k, kind, device)
            kept = read_answers(key, len(rows), k)
            if kept is not None:
                say(f"{self.name}: the best labels of {len(rows):,} test texts are taken from the cache")
                return self.in_corpus(kept)
        answers = [np.zeros((0, k), dtype=np.int64)]
        hidden = not sys.stderr.isatty()
        if hidden:
            say(f"{self.name}: asking for the best labels of {len(rows):,} test texts")
        with tqdm(total=len(rows), desc=f"{self.name}: test texts", unit=" texts", leave=False, disable=hidden) as bar:
            for batch in texts.iter(_CHUNK_TEXTS):
                check()
                labels, scores = self.model.top_k(list(batch["text"]), k)
                answers.append(np.where(rule.are_shown(labels, scores), labels, NOTHING))
                bar.update(len(labels))
        best = np.concatenate(answers)
        if key is not None:
            keep_answers(key, best)
        return self.in_corpus(best)


def load_victim(
    name: str, source: str, label_names: Sequence[str], device: str | None = None, threshold: str | None = None
) -> Victim:
    """Load a model as a victim whose labels are those of the corpus.

    Labels are matched by name. Those of a model without label names are taken in the order of the corpus.

    Args:
        label_names: the corpus's label names, by index. The model may lack some: they are never among its best.
        device: "cpu", "cuda", ...; by default the GPU where there is one. A Python file decides for itself.
        threshold: the least score of a label that counts as shown (`read_threshold`); by default the victim's own.

    Raises:
        ModelFolderError: the folder cannot be read.
        InputError: there is no such model, or it cannot be loaded; it knows a label that the corpus does not have,
            or has no label names and another number of labels.
    """
    model = naming.load_victim(source, device)
    if threshold is not None:
        model.threshold = read_threshold(threshold, model.labels)
    named = naming.read_model_name(source)
    folder = named.source if named.kind == "own" else None
    names = model.labels.names
    if names is None:
        check_label_number(model, len(label_names), f"the model {source!r}")
        same = np.arange(len(label_names))
        return Victim(name, model, same, same, folder)
    index = {label: position for position, label in enumerate(label_names)}
    unknown_labels = [label for label in names if label not in index]
    if unknown_labels and all(map(is_number, label_names)) and not any(map(is_number, names)):
        raise InputError(
            f"the labels of the corpus are integers, and the model {source!r} has names such as {names[0]!r}",
            "give the names of the corpus's labels with --label-file FILE",
        )
    if unknown_labels:
        fix = "attack it with the corpus that it was trained on"
        raise InputError(
            f"the model {source!r} knows {len(unknown_labels):,} labels that are not among the {len(index):,} of the "
            f"corpus, such as {', '.join(map(repr, unknown_labels[:_SHOWN]))}",
            f"{fix}, or give it the corpus's names (label_names)" if is_victim_file(source) else fix,
        )
    to_corpus = np.array([index[label] for label in names], dtype=np.int64)
    from_corpus = np.full(len(label_names), -1, dtype=np.int64)
    from_corpus[to_corpus] = np.arange(len(names))
    return Victim(name, model, to_corpus, from_corpus, folder)


def model_names(plan: Plan) -> dict[str, str]:
    """A name for each model: that of its folder or file, with a number where two have the same.

    Example:
        >>> model_names(Plan(("runs/plain", "old/plain", "victims/tagger.py"), "data"))
        {'runs/plain': 'plain', 'old/plain': 'plain-2', 'victims/tagger.py': 'tagger'}
    """
    return distinct_names(plan.models)


def distinct_names(sources: Iterable[str], taken: Iterable[str] = ()) -> dict[str, str]:
    """A name for each model, none of which is among those that are taken."""
    names: dict[str, str] = {}
    used = {name.casefold() for name in taken}  # some file systems cannot tell the records of "A" from those of "a"
    for source in sources:
        short = plain_name(naming.short_name(source))
        name, number = short, 2
        while name.casefold() in used:
            name, number = f"{short}-{number}", number + 1
        names[source] = name
        used.add(name.casefold())
    return names


def model_facts(victim: Victim, source: str, right: int) -> dict[str, Any]:
    """What is written down of a model.

    Args:
        right: how many pairs of a test text and a true label it has among its k best.
    """
    return {
        "name": victim.name,
        "folder": source,
        "architecture": getattr(victim.model.model, "architecture", victim.model.name),
        "fingerprint": naming.fingerprint_of(source),
        "score_kind": victim.model.score_kind,
        "labels": len(victim.to_corpus),
        "right": right,
    }


MOST_BYTES = 256 * 2**20
"""The files that were used longest ago are removed beyond that."""

_FOLDER = "best-labels"
_DIGEST = 32  # bytes


def key_of(source: str, texts: Iterable[str], k: int, score_kind: str, device: str) -> str:
    """What tells these answers from others: the model's files, the texts, k, and what computes them.

    Args:
        score_kind: what the labels are ranked by.
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
