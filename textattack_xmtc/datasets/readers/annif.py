"""Annif's document corpora: a table of texts and URIs without a header, and a folder with a file a document."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from textattack_xmtc.datasets.corpus import Document
from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.datasets.read_options import BY_CONTENT, ReadOptions
from textattack_xmtc.datasets.readers.labels import LabelReader
from textattack_xmtc.datasets.readers.lines import first_line, plain_suffix, read_lines
from textattack_xmtc.datasets.readers.place import Place, Sample
from textattack_xmtc.datasets.readers.source import SPLIT_STEMS, Source

_SAMPLE = 1_000
_URI = r"(?:<[^<>\s]+>|[A-Za-z][\w+.-]*://\S+)"
_URIS = re.compile(rf"{_URI}(?:\s+{_URI})*\s*")
_COLUMNS = ("text_column", "label_column", "id_column", "delimiter", "header", "label_separator")

Labelled = tuple[Place, str, str, list[str]]
"""Where the labels stand, the document's id, its text, its labels."""


class Annif(Source):
    """What Annif's formats have in common: labels are lists of URIs (or, in `.key` files, of names)."""

    @abstractmethod
    def rows(self) -> Iterator[Labelled]:
        """The documents as they are written."""

    def label_sample(self) -> list[Sample]:
        """See `Source`."""
        return [(place, labels) for place, _, _, labels in islice(self.rows(), _SAMPLE)]

    def documents(self, names: LabelNames, labels: LabelReader | None = None) -> Iterator[Document]:
        """See `Source`."""
        reader = labels or LabelReader.of(self.label_sample(), names, self.options)
        for place, name, text, given in self.rows():
            yield Document(name, text, reader.read(place, given, names))


class AnnifTable(Annif):
    """`train.tsv`, `test.tsv`: a text, a tab, and its URIs with blanks between, in angles or not. Quotes are text."""

    format = "annif-tsv"
    names = (("{}.tsv",),)

    def __init__(self, path: Path, options: ReadOptions = BY_CONTENT) -> None:
        self.files = (path,)
        self.options = options

    @classmethod
    def from_file(cls, path: Path, options: ReadOptions = BY_CONTENT) -> Source | None:
        """See `Source`: by its first line, where no option says otherwise."""
        if plain_suffix(path) != ".tsv" or any(getattr(options, name) is not None for name in _COLUMNS):
            return None
        _, tab, uris = (first_line(path, options.encoding) or "").partition("\t")
        return cls(path, options) if tab and _URIS.fullmatch(uris) else None

    def rows(self) -> Iterator[Labelled]:
        """See `Annif`.

        Raises:
            DataError: a line without a tab, or with something else than URIs behind it.
        """
        for number, line in read_lines(self.files[0], self.options.encoding):
            place = Place(self.files[0], number)
            text, tab, uris = line.partition("\t")
            if not tab or (uris.strip() and not _URIS.fullmatch(uris)):
                raise place.error(
                    "a text, a tab, and URIs with blanks between, as in the first line", line, "correct it"
                )
            yield place, str(number), text, [uri.strip("<>") for uri in uris.split()]


class AnnifFolder(Annif):
    """A folder with `NAME.txt` for each document, and its labels in `NAME.tsv` (`<uri>`, a tab, a name) or `NAME.key`.

    A line of a `.key` file is a name.
    `train/` and `test/` are splits; a folder that holds documents itself is "train" where it is called so, else "test".
    A document without a file of labels has none.
    """

    format = "annif-folder"

    def __init__(self, texts: list[Path], options: ReadOptions = BY_CONTENT) -> None:
        self.texts = texts
        self.files = tuple(file for text in texts for file in (text, _labels_of(text)) if file is not None)
        self.options = options

    @classmethod
    def in_folder(cls, folder: Path, split: str, options: ReadOptions = BY_CONTENT) -> Source | None:
        """See `Source`."""
        is_train = folder.name.lower() in SPLIT_STEMS["train"]
        itself = [folder] if is_train == (split == "train") else []
        for place in (*(folder / stem for stem in SPLIT_STEMS[split]), *itself):
            texts = sorted(place.glob("*.txt"))
            if any(_labels_of(text) is not None for text in texts):
                return cls(texts, options)
        return None

    @classmethod
    def from_file(cls, path: Path, options: ReadOptions = BY_CONTENT) -> Source | None:
        """See `Source`: one file is none."""
        return None

    def rows(self) -> Iterator[Labelled]:
        """See `Annif`."""
        for text in self.texts:
            labels = _labels_of(text)
            lines = [] if labels is None else [_label_in(line) for line in self._lines(labels) if line.strip()]
            yield Place(labels or text, 1), text.stem, "\n".join(self._lines(text)), lines

    def _lines(self, path: Path) -> list[str]:
        return [line for _, line in read_lines(path, self.options.encoding)] if path.stat().st_size else []


def _labels_of(text: Path) -> Path | None:
    return next((file for end in (".tsv", ".key") if (file := text.with_suffix(end)).is_file()), None)


def _label_in(line: str) -> str:
    """The URI of a line, where one of its cells is one in angles; else its last cell, a name."""
    cells = [cell.strip() for cell in line.split("\t") if cell.strip()]
    return next((cell[1:-1] for cell in cells if cell.startswith("<") and cell.endswith(">")), cells[-1])
