"""The XMC repository's raw text: `trn.json.gz` with title, content and target_ind, and labels in `trn_X_Y.txt`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from textattack_xmtc.datasets.corpus import Document
from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.datasets.read_options import BY_CONTENT, ReadOptions
from textattack_xmtc.datasets.readers.columns import hints_at_labels
from textattack_xmtc.datasets.readers.jsonl import json_objects, keys_of_first_object
from textattack_xmtc.datasets.readers.labels import LabelReader
from textattack_xmtc.datasets.readers.lines import plain_suffix, read_lines
from textattack_xmtc.datasets.readers.place import Place, indices_at, text_at
from textattack_xmtc.datasets.readers.source import PairedSource, Source, in_step, packed_file
from textattack_xmtc.datasets.readers.table import id_at
from textattack_xmtc.errors import DataError

_SHAPE = 'an object {"title": ..., "content": ..., "target_ind": [...]}'
_HEADER = "the header `rows labels` as two numbers"


class XMCJson(PairedSource):
    """Objects with `title` and `content` (joined by a space), one a line, whose labels are indices.

    The indices are in `target_ind` or in `trn_X_Y.txt` beside; where both are there they must agree. Labels whose
    relevance (`target_rel`, or the value in `trn_X_Y.txt`) is 0 are none. `trn_X_Y.txt` also states the number of
    labels, so that those that never occur are known.
    """

    format = "xmc-json"
    names = (("{}.json",),)

    @classmethod
    def from_file(cls, path: Path, options: ReadOptions = BY_CONTENT) -> Source | None:
        """See `Source`: by the keys of the object on the first line."""
        keys = (
            keys_of_first_object(path, options.encoding) if plain_suffix(path) in (".json", ".jsonl") else frozenset()
        )
        if "text" in keys or not keys & {"title", "content", "target_ind"}:
            return None
        if "target_ind" not in keys and hints_at_labels(keys):
            return None
        stem = path.name.split(".")[0]
        return cls(path, packed_file(path.parent, f"{stem}_X_Y.txt"), options)

    def n_labels(self) -> int | None:
        """See `Source`."""
        return _header(self.files[1])[1] if len(self.files) > 1 else None

    def documents(self, names: LabelNames, labels: LabelReader | None = None) -> Iterator[Document]:
        """See `Source`; documents are called by their `uid`, else by their line number."""
        count = self.n_labels()
        for place, row, listed in self._rows(count):
            given = _relevant(place, row)
            if given is None and listed is None:
                raise place.error(_SHAPE, row, "add the key 'target_ind', or put the _X_Y.txt file beside")
            if given is not None and listed is not None and set(given) != set(listed):
                raise place.error(
                    f"the labels that {self.files[1].name} lists, {sorted(listed)}",
                    sorted(given),
                    "put files together that belong together, or move one of them away",
                )
            indices = given if given is not None else listed
            yield Document(id_at(place, row.get("uid")), _text(place, row), indices_at(place, indices, names, count))

    def _rows(self, n_labels: int | None) -> Iterator[tuple[Place, Mapping[str, Any], list[int] | None]]:
        objects = json_objects(self.files[0], _SHAPE, self.options.encoding)
        if n_labels is None:
            yield from ((place, row, None) for place, row in objects)
        else:
            pairs = in_step(objects, _label_rows(self.files[1]), self.files[0], self.files[1])
            yield from ((place, row, labels) for (place, row), labels in pairs)


def _text(place: Place, row: Mapping[str, Any]) -> str:
    if "title" not in row and "content" not in row:
        raise place.error(_SHAPE, row, "add the key 'title' or 'content'")
    parts = [text_at(place, row[key], key) for key in ("title", "content") if row.get(key) is not None]
    return " ".join(part for part in parts if part)


def _relevant(place: Place, row: Mapping[str, Any]) -> list[int] | None:
    """The indices in `target_ind` whose relevance, where it is given, is not 0."""
    indices, relevance = row.get("target_ind"), row.get("target_rel")
    if indices is None:
        return None
    indices_at(place, indices, LabelNames(), None)
    if relevance is None:
        return list(indices)
    if not isinstance(relevance, list) or len(relevance) != len(indices):
        raise place.error(f"a list of {len(indices)} numbers in 'target_rel'", relevance, "give one a label, or none")
    return [index for index, value in zip(indices, relevance, strict=True) if value]


def _header(path: Path) -> tuple[int, int]:
    """The numbers of rows and labels that the first line states."""
    number, line = next(iter(read_lines(path)))
    parts = line.split()
    if len(parts) != 2 or not all(map(_is_index, parts)):
        raise Place(path, number).error(_HEADER, line, "put the header back")
    return int(parts[0]), int(parts[1])


def _label_rows(path: Path) -> Iterator[list[int]]:
    """The label indices of each row of a file of `index:value` pairs.

    Raises:
        DataError: a pair is malformed, or there are more or fewer rows than the header states.
    """
    n_rows, _ = _header(path)
    number = 1
    for number, line in read_lines(path):
        if number == 1:
            continue
        row = []
        for pair in line.split():
            index, _, value = pair.partition(":")
            try:
                relevant = float(value) != 0
                if not _is_index(index):
                    raise ValueError
            except ValueError:
                raise Place(path, number).error("pairs like `12:1.0`", pair, "correct the pair") from None
            if relevant:
                row.append(int(index))
        yield row
    if number - 1 != n_rows:
        raise DataError(
            f"{path}: expected the {n_rows} rows that its header states, got {number - 1}",
            "copy or download the file again, or correct the header",
        )


def _is_index(text: str) -> bool:
    return text.isdecimal() and len(text) <= 18  # Python refuses to read thousands of digits
