"""JSON: a document a line, or an array of documents: `{"text": ..., "labels": [...]}`, with `targets` and `id`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.datasets.read_options import BY_CONTENT, ReadOptions
from textattack_xmtc.datasets.readers.columns import Columns, UnresolvedError, hints_at_labels, is_text_name
from textattack_xmtc.datasets.readers.labels import LabelReader
from textattack_xmtc.datasets.readers.lines import JSON, RepeatedKeyError, first_line, plain_suffix, read_lines
from textattack_xmtc.datasets.readers.place import Place, labels_at
from textattack_xmtc.datasets.readers.source import Source
from textattack_xmtc.datasets.readers.table import Row, Table
from textattack_xmtc.errors import DataError

_SHAPE = 'an object {"text": ..., "labels": [...]}'
_TARGETS = "targets"
_ARRAY = re.compile(r"\s*\[\s*(?:\{|$)")
_BLANK = re.compile(r"[ \t\r\n]*")
_LONG = 100_000  # characters of an object that is written over several lines


class JsonLines(Table):
    """A file of JSON objects, one a line or in one array; blank lines are skipped.

    The text is a string and the labels a list of names or indices; `targets`, a list of labels, and `id`, a string or
    an integer, may be left out. Without `id` a document is called by its line number.
    """

    format = "jsonl"
    names = (("{}.jsonl", "{}.ndjson", "{}.json"),)

    @classmethod
    def from_file(cls, path: Path, options: ReadOptions = BY_CONTENT) -> Source | None:
        """See `Source`: by the suffix .jsonl, or by a first object with a key for texts."""
        if plain_suffix(path) in (".jsonl", ".ndjson"):
            return cls(path, options)
        keys = keys_of_first_object(path, options.encoding)
        if options.text_column in keys:
            return cls(path, options)
        if "target_ind" in keys or not any(map(is_text_name, keys)):
            return None
        known = "text" in keys or options.label_column in keys or hints_at_labels(keys)
        return cls(path, options) if known else None

    @cached_property
    def columns(self) -> Columns:
        """See `Table`."""
        try:
            return super().columns
        except UnresolvedError as error:
            if not self.sample:
                raise
            place, row = self.sample[0]
            missing = [key for key in ("text", "labels") if key not in row]
            if not missing or "could" in error.problem:
                raise
            raise UnresolvedError(
                place.error(_SHAPE, dict(row), "").problem, f"add the key {missing[0]!r}, or {error.fix}"
            ) from None

    def rows(self) -> Iterator[Row]:
        """See `Table`."""
        yield from json_objects(self.files[0], _SHAPE, self.options.encoding)

    def targets(self, place: Place, row: Mapping[str, Any], names: LabelNames, labels: LabelReader) -> list[str] | None:
        """See `Table`."""
        if _TARGETS in self.columns.labels or row.get(_TARGETS) is None:
            return None
        if isinstance(row[_TARGETS], list):
            labels.check_kind(place, row[_TARGETS], names)
            return labels_at(place, row[_TARGETS], names, _TARGETS)
        raise place.error("the targets as a list", row[_TARGETS], "give the targets as a list of names or of indices")


def json_objects(
    path: Path, shape: str, encoding: str | None = None, decoder: json.JSONDecoder = JSON
) -> Iterator[Row]:
    """The objects of a JSON Lines file, or of an array of objects, and where they begin.

    Raises:
        DataError: something is not a JSON object, or one has a key twice; `shape` says in the message what it should
            be.
    """
    for number, line in read_lines(path, encoding):
        if not line.strip():
            continue
        if _ARRAY.match(line):
            yield from _objects_of_array(path, shape, encoding, decoder)
            return
        place = Place(path, number)
        try:
            row = decoder.decode(line)
        except (ValueError, RecursionError) as error:
            raise place.error(shape, line, f"correct the JSON ({error})") from None
        if not isinstance(row, dict):
            raise place.error(shape, row, "write one JSON object a line")
        yield place, row


def _objects_of_array(path: Path, shape: str, encoding: str | None, decoder: json.JSONDecoder) -> Iterator[Row]:
    """The objects of one JSON array, each parsed when its last line was read."""
    text, number, state, wait, count = "", 0, "[", 0, 0
    for number, line in read_lines(path, encoding):
        text = f"{text}\n{line}" if text else line
        position = 0
        while True:
            position += len(_BLANK.match(text, position)[0])  # type: ignore[index]
            sign = text[position : position + 1]
            if not sign:
                break
            if state == "]":
                raise Place(path, number).error("the end of the file", text[position:], "write one array of objects")
            if state == "{":  # an object, or the end of an empty array
                if "}" not in line or len(text) < wait:
                    break
                try:
                    row, end = decoder.raw_decode(text, position)
                except (ValueError, RecursionError) as error:
                    if sign != "{" or isinstance(error, (RecursionError, RepeatedKeyError)):
                        why = f" ({error})" if isinstance(error, RepeatedKeyError) else ""
                        raise Place(path, number).error(shape, text[position:], f"correct the JSON{why}") from None
                    wait = len(text) * 5 // 4 if len(text) > _LONG else 0  # a long object is not parsed at every line
                    break
                if not isinstance(row, dict):
                    raise Place(path, number).error(shape, row, "write an array of JSON objects")
                count += 1
                yield Place(path, count, "object"), row
                position, state, wait = end, ",", 0
            elif sign == state:
                position, state = position + 1, "{"
            elif state == "," and sign == "]":
                position, state = position + 1, "]"
            else:
                raise Place(path, number).error(f"{state!r} between objects", text[position:], "correct the JSON")
        text = text[position:]
    if state != "]":
        raise Place(path, number).error("the end of the array", text, "correct the JSON, or copy the file again")


def keys_of_first_object(path: Path, encoding: str | None = None) -> frozenset[str]:
    """The keys of the JSON object on the first line, or of the first one of an array; empty where there is none."""
    line = first_line(path, encoding) or ""
    try:
        if _ARRAY.match(line):
            _, row = next(json_objects(path, _SHAPE, encoding, json.JSONDecoder()))
        else:
            row = json.loads(line)
    except (ValueError, RecursionError, DataError, StopIteration):
        return frozenset()
    return frozenset(row) if isinstance(row, dict) else frozenset()
