"""What in a corpus may not be meant: empty texts, repeated ids, numbers as labels, texts of both splits, and more."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.targets import is_number

_MISSING = frozenset({"nan", "none", "null", "na", "n/a", "<na>", "-", "?", "unknown"})
_WRITTEN = re.compile(r"^[\[({'\"]|[\])}'\"]$|[|;\t\n]")
_FRACTION = re.compile(r"-?\d+\.\d+")
_LISTED = 3


def warnings_of(corpus: Corpus) -> list[str]:
    """A line for each thing that a person should look at before trusting a corpus; empty where there is none.

    Example:
        >>> from textattack_xmtc.datasets.corpus import Document
        >>> rows = [Document("1", "an egg", ["3"]), Document("2", "a soup", ["nan", "3"])]
        >>> for line in warnings_of(Corpus.from_documents("eggs", {"train": rows, "test": rows[:1]})):
        ...     print(line)
        1 label like a missing value: 'nan'
        1 text of test is in train, too
    """
    warnings = [f"{split}: {issues}" for split, issues in corpus.issues.items() if str(issues)]
    return [*warnings, *label_warnings(corpus.label_names), *_one_label(corpus), *_repeated_texts(corpus)]


def label_warnings(names: Sequence[str]) -> list[str]:
    r"""What is unusual in the names of labels.

    Example:
        >>> print("\n".join(label_warnings(["fruit", "Fruit ", "food|drink"])))
        1 label with brackets, quotes or separators: 'food|drink'
        1 label unlike another in case, blanks or Unicode form only: 'Fruit '
    """
    warnings = []
    if names and all(map(is_number, names)):
        warnings.append(
            f"all {len(names):,} labels are integers and are called by their digits; if they are indices, give their "
            "names with --label-file FILE"
        )
    else:
        warnings += _line((name for name in names if name.strip().lower() in _MISSING), "like a missing value")
    warnings += _line((name for name in names if _FRACTION.fullmatch(name)), "like a number with a fraction")
    warnings += _line((name for name in names if _WRITTEN.search(name)), "with brackets, quotes or separators")
    seen: set[str] = set()
    alike = []
    for name in names:
        key = " ".join(unicodedata.normalize("NFKC", name.replace("\ufeff", "")).casefold().split())
        if key in seen:
            alike.append(name)
        seen.add(key)
    return warnings + _line(alike, "unlike another in case, blanks or Unicode form only")


def _line(names: Iterable[str], what: str) -> list[str]:
    listed = list(names)
    examples = ", ".join(f"{name!r:.40}" for name in listed[:_LISTED]) + ", ..." * (len(listed) > _LISTED)
    return [f"{len(listed):,} label{'s' * (len(listed) > 1)} {what}: {examples}"] if listed else []


def _one_label(corpus: Corpus) -> list[str]:
    counts: Counter[int] = Counter()
    for split in corpus.splits:
        lengths, numbers = np.unique(np.diff(corpus.label_matrix(split).indptr), return_counts=True)
        counts.update(dict(zip(lengths.tolist(), numbers.tolist(), strict=True)))
    if set(counts) - {0} == {1} and counts[1] > 1 and len(corpus.label_names) > 1:
        return ["no text has more than one label: check that the labels were separated (--label-separator)"]
    return []


def _repeated_texts(corpus: Corpus) -> list[str]:
    """Texts that stand more than once, told apart by 64-bit hashes."""
    warnings = []
    hashes = {}
    for split, rows in corpus.splits.items():
        parts = [np.zeros(0, dtype=np.int64)]
        for batch in rows.select_columns(["text"]).iter(10_000):
            texts = [text for text in batch["text"] if text.strip()]
            parts.append(np.fromiter(map(hash, texts), dtype=np.int64, count=len(texts)))
        every = np.concatenate(parts)
        hashes[split] = np.unique(every)
        if repeated := len(every) - len(hashes[split]):
            warnings.append(f"{split}: {_texts(repeated)} like an earlier one (join rows that hold one label each)")
    if {"train", "test"} <= hashes.keys():
        both = len(np.intersect1d(hashes["train"], hashes["test"], assume_unique=True))
        if both:
            warnings.append(f"{_texts(both)} of test {'is' if both == 1 else 'are'} in train, too")
    return warnings


def _texts(count: int) -> str:
    return f"{count:,} text{'s' * (count != 1)}"
