"""Lines of large JSON Lines files: what stands where is kept, and a line is read when somebody asks for it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from textattack_xmtc.errors import DataError

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

_T = TypeVar("_T")
_ROWS_AT_ONCE = 10_000


class Lines(Mapping[int, _T], Generic[_T]):
    """Objects by the number of their sample, each read from its line whenever it is asked for.

    Texts and records of a large campaign take gigabytes; where they stand takes bytes.

    Args:
        file: a JSON Lines file whose rows have a number under "sample".
        read: makes an object of a row.
        offsets: where the line of each number begins, in bytes, by number.
    """

    def __init__(self, file: Path, read: Callable[[Any], _T], offsets: pd.Series) -> None:
        self._file, self._read, self._offsets = file, read, offsets

    def of(self, numbers: Iterable[int]) -> Iterator[_T]:
        """The objects of these numbers, one after the other.

        Raises:
            KeyError: a number is not there.
            DataError: the file has changed since the numbers were read.
        """
        left = list(numbers)
        if not left:  # and perhaps no file
            return
        with self._file.open("rb") as opened:
            for number in left:
                opened.seek(int(self._offsets.at[number]))
                try:
                    row = json.loads(opened.readline())
                    if row["sample"] != number:
                        raise ValueError(f"sample {row['sample']!r} in the place of {number}")
                    value = self._read(row)
                except (ValueError, KeyError, TypeError) as error:
                    raise DataError(f"{self._file} has changed while it was read ({error})", "read it again") from error
                yield value

    def only(self, numbers: Iterable[int]) -> Lines[_T]:
        """The same for some of the numbers."""
        return Lines(self._file, self._read, self._offsets.loc[list(numbers)])

    def __getitem__(self, number: int) -> _T:
        return next(self.of([number]))

    def __iter__(self) -> Iterator[int]:
        return iter(self._offsets.index.tolist())

    def __len__(self) -> int:
        return len(self._offsets)

    def __contains__(self, number: object) -> bool:
        return number in self._offsets.index


def frame_of(rows: Iterable[tuple[Any, ...]], columns: Mapping[str, Any]) -> pd.DataFrame:
    """Rows as a table; `columns` gives the type of each column, and the first is the index."""
    import pandas as pd  # half a second, which commands without records do without

    parts = [
        pd.DataFrame(columns=list(columns)),
        *(pd.DataFrame(part, columns=list(columns)) for part in batches(rows)),
    ]
    return pd.concat([part.astype(columns) for part in parts], ignore_index=True).set_index(next(iter(columns)))


def batches(rows: Iterable[_T]) -> Iterator[list[_T]]:
    """Rows in lists of at most 10,000."""
    left = iter(rows)
    while batch := list(islice(left, _ROWS_AT_ONCE)):
        yield batch
