"""Any Hugging Face dataset with a text column and a column of label lists: from the hub, saved, or as Parquet files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import datasets
import pyarrow.parquet  # type: ignore[import-untyped]

from textattack_xmtc.datasets.corpus import Document
from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.datasets.read_options import BY_CONTENT, ReadOptions
from textattack_xmtc.datasets.readers.columns import Columns, resolve
from textattack_xmtc.datasets.readers.labels import LabelReader
from textattack_xmtc.datasets.readers.place import Place, Sample
from textattack_xmtc.datasets.readers.source import VALIDATION, Source
from textattack_xmtc.datasets.readers.table import Row, Table
from textattack_xmtc.errors import DataError

PREFIX = "hf:"
"""How a name starts that is one of the hub and not of a file here: `hf:NAME` or `hf:NAME:CONFIGURATION`."""

_BATCH = 1_000
_SAVED = ("dataset_dict.json", "state.json")


class HuggingFace(Table):
    """One split of a dataset: texts in one column, in another lists of label names, indices or `ClassLabel`s.

    A `ClassLabel` is read by the names of its own split. Documents are called by the column `id`, where there is one,
    else by their row number.
    """

    format = "hugging-face"

    def __init__(self, name: str, rows: datasets.Dataset, options: ReadOptions = BY_CONTENT) -> None:
        self._name, self._rows = name, rows.with_format(None)  # a saved one may show some of its columns only
        self.options = options
        self.files = tuple(Path(file["filename"]) for file in rows.cache_files)

    @classmethod
    def from_file(cls, path: Path, options: ReadOptions = BY_CONTENT) -> Source | None:
        """None: `open_dataset` opens all splits at once, and Parquet files."""
        return None

    @property
    def where(self) -> str:
        """See `Table`."""
        return self._name

    @cached_property
    def columns(self) -> Columns:
        """See `Table`."""
        rows = [row for _, row in self.sample]
        return resolve(self._name, self._rows.column_names, self.options, rows)

    def label_sample(self) -> list[Sample]:
        """See `Table`; a `ClassLabel` leaves no doubt."""
        return [] if self.label_space() else super().label_sample()

    def label_space(self) -> tuple[str, ...]:
        """The names that a `ClassLabel` column carries, else none."""
        return tuple(_class_names(self._rows.features[self.columns.labels[0]]) or ())

    def rows(self) -> Iterator[Row]:
        """See `Table`."""
        number = 0
        try:
            for batch in self._rows.iter(_BATCH):
                for row in zip(*batch.values(), strict=True):
                    number += 1
                    yield Place(Path(self._name), number, "row"), dict(zip(batch, row, strict=True))
        except UnicodeDecodeError as error:  # Arrow does not look whether strings are UTF-8
            raise DataError(
                f"{self._name} holds a string that is not UTF-8, after row {number:,} ({error})", "write the file again"
            ) from error

    def documents(self, names: LabelNames, labels: LabelReader | None = None) -> Iterator[Document]:
        """See `Source`."""
        columns = self.columns
        wanted = [*columns.text, *columns.labels, *([columns.id] if columns.id is not None else [])]
        self._rows = self._rows.select_columns(list(dict.fromkeys(wanted)))
        return super().documents(names, labels)

    def value(self, place: Place, row: Mapping[str, Any], column: str, key: str) -> Any:
        """See `Table`; class indices as the names of this split."""
        value = super().value(place, row, column, key)
        names = _class_names(self._rows.features[column])
        return value if names is None else _named(place, value, names)


def _class_names(column: Any) -> Sequence[str] | None:
    """The names of a `ClassLabel` column, or of one of lists of them."""
    # A list of labels is a `List` or `Sequence` with a `feature`, or a Python list with one element.
    label = column[0] if isinstance(column, list) and column else getattr(column, "feature", column)
    names = getattr(label, "names", None)
    return names if isinstance(label, datasets.ClassLabel) else None


def _named(place: Place, value: Any, names: Sequence[str]) -> Any:
    """Class indices as the names of their split, in lists.

    Raises:
        DataError: an index is not one of the classes; -1 is Hugging Face's sign for a label that is not known.
    """
    listed = [value] if isinstance(value, int) else value
    if not isinstance(listed, list):
        return value
    for label in listed:
        if not isinstance(label, int) or not 0 <= label < len(names):
            raise place.error(
                f"a label index from 0 to {len(names) - 1}", label, "leave out rows whose labels are not known"
            )
    if len(set(listed)) < len(listed) and set(listed) <= {0, 1}:
        raise place.error(
            "class indices, each once",
            value,
            "save a 0 or 1 for each label as Sequence(Value('int8')), without classes",
        )
    return [names[label] for label in listed]


def is_dataset(path: str) -> bool:
    """Whether `path` is a name with `hf:`, a folder saved by `save_to_disk` or one with Parquet files, or such a file.

    Example:
        >>> is_dataset("hf:owner/name"), is_dataset("train.jsonl")
        (True, False)
    """
    if path.startswith(PREFIX):
        return True
    local = Path(path)
    return (
        local.suffix in (".parquet", ".arrow")
        or any((local / name).is_file() for name in _SAVED)
        or bool(_parquet(local))
    )


def open_dataset(path: str, single: str, cache: Path, options: ReadOptions = BY_CONTENT) -> dict[str, HuggingFace]:
    """The splits "train" and "test" of a dataset; without "test", a validation split takes its place.

    Args:
        single: which split it is, where it does not say so itself.

    Raises:
        DataError: it cannot be opened, or lacks a split.
    """
    try:
        opened = _open(path, single, cache)
    except Exception as error:  # the library has no family of errors for what can go wrong here
        raise DataError(
            f"{path}: cannot be opened as a Hugging Face dataset ({type(error).__name__}: {error.__cause__ or error})",
            "check the name, the configuration (hf:NAME:CONFIGURATION) and the network",
        ) from error
    splits = opened if isinstance(opened, dict) else {single: opened}
    wanted = {"train": "train", "test": next((name for name in ("test", *VALIDATION) if name in splits), "test")}
    sources = {split: HuggingFace(path, splits[name], options) for split, name in wanted.items() if name in splits}
    if not sources:
        raise DataError(
            f"{path}: expected a split train, test or validation, got {', '.join(splits) or 'none'}",
            "rename the split, or save the one that is wanted with save_to_disk",
        )
    return sources


def _open(path: str, single: str, cache: Path) -> datasets.Dataset | datasets.DatasetDict:
    local = Path(path.removeprefix(PREFIX)).expanduser()
    if any((local / name).is_file() for name in _SAVED):
        _check_names(local)
        return datasets.load_from_disk(str(local))
    if local.suffix == ".arrow":
        return datasets.Dataset.from_file(str(local))
    files = {single: [str(local)]} if local.suffix == ".parquet" else _parquet(local) if local.is_dir() else {}
    if files:  # not by load_dataset: that tells the hub of every use, also of files on this machine
        # Each split alone: several at once are all read by the classes of the first.
        return datasets.DatasetDict({split: _of_parquet(paths, cache) for split, paths in files.items()})
    if local.is_dir():
        raise FileNotFoundError("the folder holds no Parquet file of a split")
    name, _, configuration = path.removeprefix(PREFIX).partition(":")
    return datasets.load_dataset(name, configuration or None)


def _of_parquet(files: Sequence[str], cache: Path) -> datasets.Dataset:
    """One split of Parquet files.

    Raises:
        ValueError: the files have other columns or classes than the first; they would be read by its classes.
    """
    schemas = [datasets.Features.from_arrow_schema(pyarrow.parquet.read_schema(file)) for file in files]
    for file, schema in zip(files, schemas, strict=True):
        if schema != schemas[0]:
            raise ValueError(f"the columns or class names of {file} differ from those of {files[0]}")
    return datasets.Dataset.from_parquet(list(files), cache_dir=str(cache))


def _check_names(saved: Path) -> None:
    """Refuse a saved dataset that names files outside its folder; it would be read from there.

    Raises:
        ValueError: it does.
    """
    files = [saved / "dataset_dict.json", saved / "state.json", *sorted(saved.glob("*/state.json"))]
    for file in filter(Path.is_file, files):
        facts = json.loads(file.read_text(encoding="utf-8"))
        for name in [*facts.get("splits", ()), *(part["filename"] for part in facts.get("_data_files", ()))]:
            if Path(name).name != name:
                raise ValueError(f"{file} names {name!r:.80}, which is not in its folder")


def _parquet(folder: Path) -> dict[str, list[str]]:
    """The Parquet files of each split in `folder` or its `data`, as the hub lays them out."""
    files = {
        split: sorted(str(file) for home in (folder, folder / "data") for file in home.glob(f"{split}*.parquet"))
        for split in ("train", "validation", "test")
    }
    return {split: paths for split, paths in files.items() if paths}
