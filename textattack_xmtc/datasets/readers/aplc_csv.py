"""APLC-XLNet's CSV: the columns are, by position, id, text and labels; the labels are joined by commas."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from textattack_xmtc.datasets.corpus import Document
from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.datasets.readers.lines import COMPRESSIONS, plain_suffix, read_lines
from textattack_xmtc.datasets.readers.source import SPLIT_STEMS, Place, Source, find_file, labels_at
from textattack_xmtc.errors import DataError

# A text may be longer than the 131,072 characters that the csv module allows by default.
_LONGEST_FIELD = 2**31 - 1


class AplcCsv(Source):
    """A comma-separated file with a header line; quoted texts may hold commas, quotes and line breaks.

    What the header calls the columns does not matter. Labels are names, also where they look like numbers; an empty
    label field is a text without labels. `dev.csv` is the test split of the official folders.
    """

    format = "aplc-csv"

    def __init__(self, path: Path) -> None:
        self.files = (path,)

    @classmethod
    def in_folder(cls, folder: Path, split: str) -> Source | None:
        """See `Source`: `train.csv` or `trn.csv`; `test.csv`, `tst.csv` or `dev.csv`."""
        stems = SPLIT_STEMS[split] + (("dev",) if split == "test" else ())
        found = find_file(folder, stems, [f".csv{end}" for end in COMPRESSIONS])
        return cls(found) if found is not None else None

    @classmethod
    def from_file(cls, path: Path) -> Source | None:
        """See `Source`: by the suffix .csv."""
        return cls(path) if plain_suffix(path) == ".csv" else None

    def documents(self, names: LabelNames) -> Iterator[Document]:
        """See `Source`."""
        (path,) = self.files
        csv.field_size_limit(max(csv.field_size_limit(), _LONGEST_FIELD))
        reader = csv.reader((f"{line}\n" for _, line in read_lines(path)), strict=True)
        start = 1
        try:
            for number, row in enumerate(reader):
                if number > 0 and row:
                    yield _document(Place(path, start), row, names)
                start = reader.line_num + 1
        except csv.Error as error:
            raise DataError(
                f"{path}, line {start}: expected comma-separated values ({error})",
                'put a text that holds quotes or commas into quotes, and double the quotes in it: "say ""eggs"""',
            ) from None


def _document(place: Place, row: list[str], names: LabelNames) -> Document:
    if len(row) < 3:
        raise place.error("at least the three columns id, text, labels", row, "add the missing columns")
    labels = [label.strip() for label in row[2].split(",")] if row[2].strip() else []
    return Document(row[0], row[1], labels_at(place, labels, names))
