"""Any Hugging Face dataset with a text column and a column of label lists: from the hub, saved, or as Parquet files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import datasets

from textattack_xmtc.datasets.corpus import Document
from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.datasets.readers.jsonl import id_at
from textattack_xmtc.datasets.readers.source import Place, Source, labels_at, text_at
from textattack_xmtc.errors import DataError

PREFIX = "hf:"
"""How a name starts that is one of the hub and not of a file here: `hf:NAME` or `hf:NAME:CONFIGURATION`."""

_SAVED = ("dataset_dict.json", "state.json")


class HuggingFace(Source):
    """One split of a dataset: texts in one column, in another lists of label names, indices or `ClassLabel`s.

    Documents are called by the column `id`, where there is one, else by their row number.
    """

    format = "hugging-face"

    def __init__(self, name: str, rows: datasets.Dataset, text_column: str, label_column: str) -> None:
        self._name, self._rows = name, rows.with_format(None)  # a saved one may show some of its columns only
        self._text, self._labels = text_column, label_column
        self.files = tuple(Path(file["filename"]) for file in rows.cache_files)
        for column in (text_column, label_column):
            if column not in rows.column_names:
                raise DataError(
                    f"{name}: expected a column {column!r}, got {', '.join(rows.column_names)}",
                    "name the columns with text_column=... and label_column=...",
                )

    @classmethod
    def in_folder(cls, folder: Path, split: str) -> Source | None:
        """None: `open_dataset` opens all splits at once."""
        return None

    @classmethod
    def from_file(cls, path: Path) -> Source | None:
        """None: `open_dataset` opens Parquet files."""
        return None

    def label_names(self) -> LabelNames:
        """The names that a `ClassLabel` column carries, else none."""
        column = self._rows.features[self._labels]
        # A list of labels is a `List` or `Sequence` with a `feature`, or a Python list with one element.
        label = column[0] if isinstance(column, list) else getattr(column, "feature", None)
        names = getattr(label, "names", None)
        return LabelNames() if names is None else LabelNames(f"the column {self._labels!r}", by_index=tuple(names))

    def documents(self, names: LabelNames) -> Iterator[Document]:
        """See `Source`."""
        kept = [self._text, self._labels] + (["id"] if "id" in self._rows.column_names else [])
        number = 0
        for batch in self._rows.select_columns(kept).iter(1_000):
            for row, (text, labels) in enumerate(zip(batch[self._text], batch[self._labels], strict=True)):
                number += 1
                place = Place(Path(self._name), number, "row")
                name = id_at(place, batch["id"][row]) if "id" in batch else str(number)
                yield Document(name, text_at(place, text), labels_at(place, labels, names))


def is_dataset(path: str) -> bool:
    """Whether `path` is a name with `hf:`, a folder saved by `save_to_disk`, or holds or is a Parquet file.

    Example:
        >>> is_dataset("hf:owner/name"), is_dataset("train.jsonl")
        (True, False)
    """
    if path.startswith(PREFIX):
        return True
    local = Path(path)
    return local.suffix == ".parquet" or any((local / name).is_file() for name in _SAVED) or bool(_parquet(local))


def open_dataset(path: str, single: str, text_column: str, label_column: str, cache: Path) -> dict[str, HuggingFace]:
    """The splits "train" and "test" of a dataset; without "test", "validation" takes its place.

    Args:
        path: what `is_dataset` accepts.
        single: which split it is, where it does not say so itself.
        text_column: where the texts are.
        label_column: where the lists of labels are.
        cache: where `datasets` may keep what it makes of Parquet files.

    Raises:
        DataError: it cannot be opened, or lacks a split or column.
    """
    try:
        opened = _open(path, single, cache)
    except Exception as error:  # the library has no family of errors for what can go wrong here
        raise DataError(
            f"{path}: cannot be opened as a Hugging Face dataset ({type(error).__name__}: {error})",
            "check the name, the configuration (hf:NAME:CONFIGURATION) and the network",
        ) from error
    splits = opened if isinstance(opened, dict) else {single: opened}
    wanted = {"train": "train", "test": "test" if "test" in splits else "validation"}
    found = {
        split: HuggingFace(path, splits[name], text_column, label_column)
        for split, name in wanted.items()
        if name in splits
    }
    if not found:
        raise DataError(
            f"{path}: expected a split train, test or validation, got {', '.join(splits) or 'none'}",
            "rename the split, or save the one that is wanted with save_to_disk",
        )
    return found


def _open(path: str, single: str, cache: Path) -> datasets.Dataset | datasets.DatasetDict:
    local = Path(path.removeprefix(PREFIX)).expanduser()
    if any((local / name).is_file() for name in _SAVED):
        _check_names(local)
        return datasets.load_from_disk(str(local))
    files = {single: [str(local)]} if local.suffix == ".parquet" else _parquet(local) if local.is_dir() else {}
    if files:  # not by load_dataset: that tells the hub of every use, also of files on this machine
        return datasets.DatasetDict.from_parquet(files, cache_dir=str(cache))
    if local.is_dir():
        raise FileNotFoundError("the folder holds no Parquet file of a split")
    name, _, configuration = path.removeprefix(PREFIX).partition(":")
    return datasets.load_dataset(name, configuration or None)


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
    return {split: found for split, found in files.items() if found}
