"""Text files line by line, compressed or not, with an error that says where they break."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, cast

from textattack_xmtc.errors import DataError

COMPRESSIONS = ("", ".gz", ".xz", ".bz2")
"""The suffixes of files that are read as if they were plain text."""

_OPENERS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".xz": lzma.open, ".bz2": bz2.open}


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    r"""The lines of a UTF-8 text file and their numbers, counted from 1.

    Lines end at "\n" or "\r\n" only (a text may hold other characters that Unicode calls a line break); a byte order
    mark at the beginning is dropped. Files that end in .gz, .xz or .bz2 are decompressed on the way.

    Raises:
        DataError: the file is missing, empty, damaged or cut off, or a line is not UTF-8.
    """
    number = 0
    try:
        with _open(path) as file:
            for number, line in enumerate(file, start=1):
                if number == 1:
                    line = line.removeprefix(b"\xef\xbb\xbf")
                yield number, _decoded(line, path, number)
    except FileNotFoundError:
        raise DataError(f"{path} does not exist", "check the path") from None
    except EOFError:
        raise DataError(
            f"{path}: the compressed data break off after line {number}", "copy or download the file again"
        ) from None
    except (OSError, lzma.LZMAError, zlib.error) as error:
        raise DataError(
            f"{path}: cannot be read after line {number} ({error})", "check the file, or copy or download it again"
        ) from error
    if number == 0:
        raise DataError(f"{path} is empty: expected at least one line", "give a file with documents")


def first_line(path: Path) -> str | None:
    """The first line that is not blank, or None where there is none or the file cannot be read."""
    try:
        return next((line for _, line in read_lines(path) if line.strip()), None)
    except DataError:
        return None


def plain_suffix(path: Path) -> str:
    """The suffix of a file's name, a compression aside.

    Example:
        >>> plain_suffix(Path("train.jsonl.xz"))
        '.jsonl'
    """
    name = path.with_suffix("") if path.suffix in _OPENERS else path
    return name.suffix


def _open(path: Path) -> IO[bytes]:
    opener = _OPENERS.get(path.suffix)
    return cast("IO[bytes]", opener(path, "rb")) if opener else path.open("rb")


def _decoded(line: bytes, path: Path, number: int) -> str:
    try:
        return line.rstrip(b"\n").removesuffix(b"\r").decode("utf-8")
    except UnicodeDecodeError as error:
        got = line[error.start : error.start + 1]
        raise DataError(
            f"{path}, line {number}, byte {error.start + 1}: expected UTF-8, got {got!r}",
            "convert the file to UTF-8, for instance with `iconv -t UTF-8`",
        ) from None
