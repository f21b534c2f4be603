"""Text files line by line, compressed or not, in UTF-8 or UTF-16, with an error that says where they break."""

from __future__ import annotations

import bz2
import codecs
import gzip
import io
import json
import lzma
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, cast

from textattack_xmtc.errors import DataError

COMPRESSIONS = ("", ".gz", ".xz", ".bz2")
"""The suffixes of files that are read as if they were plain text."""

UTF_8 = "utf-8"

_OPENERS: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".xz": lzma.open, ".bz2": bz2.open}
# UTF-32 first: its little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, UTF_8),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_START = 4_096
_LATIN = 0.4  # share of zero bytes from which every second byte is one, as in UTF-16 of Latin letters


def read_lines(path: Path, encoding: str | None = None) -> Iterator[tuple[int, str]]:
    r"""The lines of a text file and their numbers, counted from 1.

    Lines end at "\n" or "\r\n" only (a text may hold other characters that Unicode calls a line break), or at
    "\r" where the file begins with lines that end so. A byte order mark at the beginning is dropped, also that of a
    line, which is where files were joined. Files that end in .gz, .xz or .bz2 are decompressed on the way.

    Args:
        encoding: by default `encoding_of`; a byte order mark overrules it.

    Raises:
        DataError: the file is missing, empty, damaged or cut off, or a line is not in the encoding.
    """
    number = 0
    try:
        with _open(path) as file:
            start = file.read(_START)
            mark, encoding = _encoding_of(start, encoding)
            file.seek(len(mark))
            for number, line in enumerate(_lines(file, encoding, start), start=1):
                text = _decoded(line, path, number) if isinstance(line, bytes) else line
                yield number, text.lstrip("\ufeff")
    except FileNotFoundError:
        raise DataError(f"{path} does not exist", "check the path") from None
    except EOFError:
        raise DataError(
            f"{path}: the compressed data break off after line {number}", "copy or download the file again"
        ) from None
    except UnicodeError as error:
        raise DataError(
            f"{path}, after line {number}: expected {encoding} ({error})",
            "convert the file to UTF-8, for instance with `iconv -t UTF-8`, or name its encoding with --encoding",
        ) from None
    except (OSError, lzma.LZMAError, zlib.error) as error:
        raise DataError(
            f"{path}: cannot be read after line {number} ({error})", "check the file, or copy or download it again"
        ) from error
    if number == 0:
        raise DataError(f"{path} is empty: expected at least one line", "give a file with documents")


def encoding_of(path: Path, encoding: str | None = None) -> str:
    """The encoding that the first bytes of a file tell, else `encoding`, else UTF-8.

    UTF-16 and UTF-32 are told by their byte order mark, UTF-16 also by zeros in every second byte.

    Raises:
        OSError, EOFError, lzma.LZMAError, zlib.error: the file cannot be read.
    """
    with _open(path) as file:
        return _encoding_of(file.read(_START), encoding)[1]


def first_line(path: Path, encoding: str | None = None) -> str | None:
    """The first line that is not blank, or None where there is none or the file cannot be read."""
    try:
        return next((line for _, line in read_lines(path, encoding) if line.strip()), None)
    except DataError:
        return None


class RepeatedKeyError(ValueError):
    """An object in JSON has a key twice. Python's reader would keep the last value and say nothing."""


def _without_repetitions(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        key = next(key for number, (key, _) in enumerate(pairs) if key in dict(pairs[:number]))
        raise RepeatedKeyError(f"the key {key!r:.60} stands twice in one object")
    return value


JSON = json.JSONDecoder(object_pairs_hook=_without_repetitions)
"""Reads JSON. An object with a key twice is a `RepeatedKeyError`."""


def plain_suffix(path: Path) -> str:
    """The suffix of a file's name in lower case, a compression aside.

    Example:
        >>> plain_suffix(Path("train.jsonl.xz"))
        '.jsonl'
    """
    name = path.with_suffix("") if path.suffix in _OPENERS else path
    return name.suffix.lower()


def _open(path: Path) -> IO[bytes]:
    opener = _OPENERS.get(path.suffix)
    return cast("IO[bytes]", opener(path, "rb")) if opener else path.open("rb")


def _encoding_of(start: bytes, encoding: str | None) -> tuple[bytes, str]:
    """The byte order mark that `start` begins with, and the encoding."""
    for mark, marked in _MARKS:
        if start.startswith(mark):
            return mark, marked
    if encoding is None and len(start) >= 4:
        even, odd = start[0::2].count(0) / len(start[0::2]), start[1::2].count(0) / len(start[1::2])
        if odd > _LATIN and not even:
            return b"", "utf-16-le"
        if even > _LATIN and not odd:
            return b"", "utf-16-be"
    return b"", encoding or UTF_8


def _lines(file: IO[bytes], encoding: str, start: bytes) -> Iterator[bytes | str]:
    """The lines without their ends: as bytes in UTF-8, so that an error can name the byte, else decoded."""
    newline = "\n"
    if encoding == UTF_8:
        if b"\n" in start or b"\r" not in start:
            return (line.rstrip(b"\n").removesuffix(b"\r") for line in file)
        newline = "\r"
    elif "\r" in start.decode(encoding, "ignore") and "\n" not in start.decode(encoding, "ignore"):
        newline = "\r"
    text = io.TextIOWrapper(file, encoding, newline=newline)
    return (line.removesuffix(newline).removesuffix("\r") for line in text)


def _decoded(line: bytes, path: Path, number: int) -> str:
    try:
        return line.decode(UTF_8)
    except UnicodeDecodeError as error:
        got = line[error.start : error.start + 1]
        raise DataError(
            f"{path}, line {number}, byte {error.start + 1}: expected UTF-8, got {got!r}",
            "convert the file to UTF-8, for instance with `iconv -t UTF-8`, or name its encoding with --encoding",
        ) from None
