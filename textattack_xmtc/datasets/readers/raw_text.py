"""Raw text as AttentionXML and LightXML use it: `train_raw_texts.txt`, and the labels of each line in another file."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from textattack_xmtc.datasets.corpus import Document
from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.datasets.read_options import BY_CONTENT, ReadOptions
from textattack_xmtc.datasets.readers.label_cells import cells_of
from textattack_xmtc.datasets.readers.labels import LabelReader
from textattack_xmtc.datasets.readers.lines import read_lines
from textattack_xmtc.datasets.readers.place import Place, Sample
from textattack_xmtc.datasets.readers.source import PairedSource, Source, in_step, packed_file
from textattack_xmtc.errors import DataError

_TEXTS = ("_raw_texts.txt", "_texts.txt")
_LABELS = "_labels.txt"
_SAMPLE_LINES = 1_000


class RawText(PairedSource):
    """A text a line in one file and its labels, split by white space, on the same line of another.

    `_raw_texts.txt` is preferred to AttentionXML's tokenised `_texts.txt` where both are there. Labels are names, also
    where they look like numbers. An empty line among the labels is a text without labels.
    """

    format = "raw-text"
    names = tuple((f"{{}}{end}",) for end in _TEXTS)

    @classmethod
    def from_file(cls, path: Path, options: ReadOptions = BY_CONTENT) -> Source | None:
        """See `Source`: the texts or the labels; the other file lies beside.

        Raises:
            DataError: the other file is missing.
        """
        for end in (*_TEXTS, _LABELS):
            stem, matched, _ = path.name.rpartition(end)
            if not (matched and stem):
                continue
            texts = packed_file(path.parent, *(f"{stem}{end}" for end in _TEXTS))
            labels = packed_file(path.parent, f"{stem}{_LABELS}")
            if texts is None or labels is None:
                wanted = f"{stem}{_LABELS}" if labels is None else f"{stem}{_TEXTS[0]}"
                raise DataError(f"{path}: expected {wanted} beside it, got no such file", f"put {wanted} beside it")
            return cls(path if end != _LABELS else texts, labels, options)
        return None

    def label_sample(self) -> list[Sample]:
        """See `Source`."""
        labels = self.files[1]
        lines = islice(read_lines(labels, self.options.encoding), _SAMPLE_LINES)
        sample = [(Place(labels, number), line) for number, line in lines]
        if self.options.label_separator is None and all(len(line.split()) < 2 for _, line in sample):
            joined = [line for _, line in sample if any(sign in line for sign in ",;|")]
            if joined:
                raise sample[0][0].error(
                    "labels separated by white space", joined[0], "say what separates them with --label-separator"
                )
        return [(place, self._labels(place, line)) for place, line in sample]

    def _labels(self, place: Place, line: str) -> list[str]:
        if self.options.label_separator is None:
            return line.split()
        return cells_of([], LabelNames(), self.options).split(place, line)

    def documents(self, names: LabelNames, labels: LabelReader | None = None) -> Iterator[Document]:
        """See `Source`; documents are called by their line number."""
        reader = labels or LabelReader.of(self.label_sample(), names, self.options)
        texts_file, labels_file = self.files
        texts, lines = (read_lines(file, self.options.encoding) for file in self.files)
        for (number, text), (_, line) in in_step(texts, lines, texts_file, labels_file):
            place = Place(labels_file, number)
            yield Document(str(number), text, reader.read(place, self._labels(place, line), names))
