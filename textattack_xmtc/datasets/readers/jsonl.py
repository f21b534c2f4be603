"""JSON Lines: a document a line, `{"text": ..., "labels": [...]}`, with `targets` and `id` where they are wanted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from textattack_xmtc.datasets.corpus import Document
from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.datasets.readers.lines import COMPRESSIONS, first_line, plain_suffix, read_lines
from textattack_xmtc.datasets.readers.source import SPLIT_STEMS, Place, Source, find_file, labels_at, text_at

_SHAPE = 'an object {"text": ..., "labels": [...]}'


class JsonLines(Source):
    """A file of JSON objects, one a line; blank lines are skipped, other keys are ignored.

    `text` is a string and `labels` a list of names or indices; `targets`, a list like `labels`, and `id`, a string or
    an integer, may be left out. Without `id` a document is called by its line number.
    """

    format = "jsonl"

    def __init__(self, path: Path) -> None:
        self.files = (path,)

    @classmethod
    def in_folder(cls, folder: Path, split: str) -> Source | None:
        """See `Source`: `train.jsonl`, `trn.jsonl`, `test.jsonl` or `tst.jsonl`, or .json with one object a line."""
        found = find_file(folder, SPLIT_STEMS[split], [f".jsonl{end}" for end in COMPRESSIONS])
        if found is not None:
            return cls(found)
        found = find_file(folder, SPLIT_STEMS[split], [f".json{end}" for end in COMPRESSIONS])
        return cls.from_file(found) if found is not None else None

    @classmethod
    def from_file(cls, path: Path) -> Source | None:
        """See `Source`: by the suffix .jsonl, or by an object with the key `text` on the first line."""
        return cls(path) if plain_suffix(path) == ".jsonl" or "text" in keys_of_first_object(path) else None

    def documents(self, names: LabelNames) -> Iterator[Document]:
        """See `Source`."""
        (path,) = self.files
        for place, row in json_objects(path, _SHAPE):
            for key in ("text", "labels"):
                if key not in row:
                    raise place.error(_SHAPE, row, f"add the key {key!r}")
            targets = row.get("targets")
            yield Document(
                id_at(place, row.get("id")),
                text_at(place, row["text"]),
                labels_at(place, row["labels"], names),
                None if targets is None else labels_at(place, targets, names, "targets"),
            )


def json_objects(path: Path, shape: str) -> Iterator[tuple[Place, dict[str, Any]]]:
    """The objects of a JSON Lines file and where they stand.

    Raises:
        DataError: a line is not a JSON object; `shape` says in the message what it should be.
    """
    for number, line in read_lines(path):
        if not line.strip():
            continue
        place = Place(path, number)
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise place.error(shape, line, f"correct the JSON ({error})") from None
        if not isinstance(row, dict):
            raise place.error(shape, row, "write one JSON object a line")
        yield place, row


def keys_of_first_object(path: Path) -> frozenset[str]:
    """The keys of the JSON object on the first line; empty where there is no such object."""
    try:
        row = json.loads(first_line(path) or "")
    except (ValueError, RecursionError):
        return frozenset()
    return frozenset(row) if isinstance(row, dict) else frozenset()


def id_at(place: Place, value: object) -> str:
    """A document's name as the source gives it, or its line number.

    Raises:
        DataError: it is neither a string nor an integer.
    """
    if value is None:
        return str(place.number)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return text_at(place, value, "id")
