"""What labels are called: names from a file beside the data, where there is one, else what the data say.

A **list** of names (`labels.txt`, one a line) defines the label space: an integer label is an index into it, a string
label must be one of its names. A **table** (`label_names.json`, from label to name) only translates the labels it
holds and leaves the others as they are. Without names an integer label is called by its decimal string.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from textattack_xmtc.datasets.readers.lines import JSON, read_lines
from textattack_xmtc.datasets.vocabulary import is_vocabulary, read_vocabulary
from textattack_xmtc.errors import DataError

NAME_FILES = (
    "label_names.json",
    "label_names.txt",
    "labels.txt",
    "Y.txt",
    "lf.txt",
    "output-items.txt",
    "lbl.json",
    "lbl.json.gz",
    "lf.json",
    "lf.json.gz",
)
"""Files that give the label names, in the order they are looked for.

`label_names.json` is an object from label to name or a list by index; .txt files have a name a line, by index; the
others are the XMC repository's, an object with `title` a line, by index.
"""


@dataclass(frozen=True)
class LabelNames:
    """How the labels of a collection are turned into names.

    Attributes:
        by_index: the label space, where the names are a list.
        by_label: names by label, where they are a table.
        further: further names by label and by name, where the table is a vocabulary that has such.
        ambiguous: names that several concepts of a vocabulary have; as labels they say nothing.
    """

    source: str = "the data"
    by_index: Sequence[str] | None = None
    by_label: Mapping[str, str] | None = None
    further: Mapping[str | int, tuple[str, ...]] = field(default_factory=dict)
    ambiguous: frozenset[str] = frozenset()

    @classmethod
    def read(cls, path: Path, language: str | None = None) -> LabelNames:
        """The names in a file of one of the kinds in `NAME_FILES`, or in a vocabulary (`read_vocabulary`).

        Names that several labels have are told apart as `name (label)`.

        Args:
            language: of the names, where a vocabulary has several.

        Raises:
            DataError: the file cannot be read as one of names.
        """
        if is_vocabulary(path):
            concepts = read_vocabulary(path, language)
            names = _distinct((concept.uri, concept.name) for concept in concepts)
            _checked(path, (text for one in concepts for text in (one.uri, one.name, *one.further)))
            counts = Counter(concept.name for concept in concepts)
            pairs = list(zip(concepts, names, strict=True))
            return cls(
                str(path),
                by_label={concept.uri: name for concept, name in pairs},
                further={label: one.further for one, name in pairs for label in (one.uri, name) if one.further},
                ambiguous=frozenset(name for name, count in counts.items() if name and count > 1),
            )
        if path.name.startswith(("lbl.json", "lf.json")):
            titles = list(_titles(path))
            _checked(path, titles)
            return cls(str(path), by_index=_by_index(titles))
        if path.suffix != ".json":
            return cls(str(path), by_index=_by_index(_lines_of_names(path)))
        value = _json(path)
        if isinstance(value, list) and all(isinstance(name, str) for name in value):
            _checked(path, value)
            return cls(str(path), by_index=_by_index(value))
        if isinstance(value, dict) and all(isinstance(name, str) for name in value.values()):
            _checked(path, (*value, *value.values()))
            return cls(str(path), by_label=dict(zip(value, _distinct(value.items()), strict=True)))
        raise DataError(
            f"{path}: expected an object from label to name, or a list of names, got a {type(value).__name__}",
            "write every name as a string",
        )

    def name_of(self, label: str | int) -> str | None:
        """The name of a label, or None where the list of names has no such label.

        Example:
            >>> LabelNames(by_index=("eggs", "boiling")).name_of(1), LabelNames().name_of(1)
            ('boiling', '1')
        """
        if self.by_index is not None:
            if isinstance(label, int):
                return self.by_index[label] if 0 <= label < len(self.by_index) else None
            return label if label in self._known else None
        if str(label) in self.ambiguous:
            return None
        return self.by_label.get(str(label), str(label)) if self.by_label else str(label)

    def called(self, label: str | int) -> str | None:
        """What people call a label that data or a model have: as `name_of`, and "1" is an index into a list.

        Example:
            >>> LabelNames(by_index=("eggs", "boiling")).called("1"), LabelNames(by_label={"7": "eggs"}).called("7")
            ('boiling', 'eggs')
        """
        is_index = self.by_index is not None and isinstance(label, str) and label not in self._known
        return self.name_of(int(label) if is_index and re.fullmatch("[0-9]{1,18}", str(label)) else label)

    def name_any(self, labels: Iterable[str]) -> bool:
        """Whether at least one of these is a label or a name of the file; True where names are what the data say.

        Example:
            >>> LabelNames(by_label={"7": "eggs"}).name_any(["http://example.org/7"])
            False
        """
        if self.by_label is None:
            return self.by_index is None or any(self.called(label) is not None for label in labels)
        known = {*self.by_label, *self.by_label.values()}
        return any(label in known for label in labels)

    def expectation(self, label: str | int) -> str:
        """What `label` should have been, where `name_of` gives None."""
        if str(label) in self.ambiguous:
            return "the URI of a concept, where several have the same name"
        count = len(self.by_index or ())
        return f"an index from 0 to {count - 1}" if isinstance(label, int) else f"one of the {count} label names"

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.by_index or ())


def names_file_in(folder: Path) -> Path | None:
    """The first of `NAME_FILES` that is in `folder`, or None."""
    return next((folder / name for name in NAME_FILES if (folder / name).is_file()), None)


def _by_index(names: Iterable[str]) -> tuple[str, ...]:
    """Names for indices; a blank one is called by its index."""
    return _distinct((str(index), name) for index, name in enumerate(names))


def _lines_of_names(path: Path) -> list[str]:
    """The lines of a file; blank ones at its end are no labels."""
    lines = [line.strip() for _, line in read_lines(path)]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _distinct(labels_and_names: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    pairs = [(label, name or label) for label, name in labels_and_names]
    while True:  # "a (0)" may be the name of another label
        counts = Counter(name for _, name in pairs)
        if len(counts) == len(pairs):
            return tuple(name for _, name in pairs)
        pairs = [(label, name if counts[name] == 1 else f"{name} ({label})") for label, name in pairs]


def _checked(path: Path, names: Iterable[str]) -> None:
    """Refuse halves of surrogate pairs, which JSON can write and no file can hold."""
    for number, name in enumerate(names):
        try:
            name.encode()
        except UnicodeEncodeError:
            raise DataError(
                f"{path}: expected names in valid Unicode, got {name!r:.80} as name {number}",
                "remove the lone surrogates (\\ud800 to \\udfff)",
            ) from None


def _json(path: Path) -> object:
    text = "\n".join(line for _, line in read_lines(path))
    try:
        return JSON.decode(text)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: expected JSON ({error})", "correct the file, or move it away") from None


def _titles(path: Path) -> Iterable[str]:
    for number, line in read_lines(path):
        if not line.strip():
            continue
        try:
            title = JSON.decode(line)["title"]
            if not isinstance(title, str):
                raise TypeError(f"a title of {type(title).__name__}")
        except (ValueError, RecursionError, KeyError, TypeError) as error:
            raise DataError(
                f"{path}, line {number}: expected an object with the label's `title`, got {line[:80]!r} ({error})",
                "correct the file, or move it away",
            ) from None
        yield title
