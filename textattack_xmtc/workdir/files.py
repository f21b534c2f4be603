"""Files that are written whole or not at all, and records line by line, so that a killed run loses nothing."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Self

from textattack_xmtc.errors import XMTCError

# Inside JSON strings they need no escape, but many a reader takes them for the end of a line.
_LINE_ENDS = {"\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"}


@contextmanager
def whole_file(file: Path) -> Iterator[BinaryIO]:
    """A file to write, which takes the place of `file` when the block ends without an error.

    It is written beside `file`, flushed to the disk and renamed; where `file` is a symbolic link, the link is replaced.

    Raises:
        OSError: it cannot be written; what was there before stays.
    """
    new = file.with_name(f".{file.name}.new")
    new.unlink(missing_ok=True)
    try:
        with new.open("xb") as opened:  # never through a link that somebody has left under this name
            yield opened
            opened.flush()
            os.fsync(opened.fileno())
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)


@contextmanager
def writing(what: object, fix: str = "make room there") -> Iterator[None]:
    """A block that writes: an `OSError` in it becomes an XMTCError, which says what could not be written."""
    try:
        yield
    except OSError as error:
        raise XMTCError(f"{what} could not be written ({error.strerror or error})", fix) from error


def json_line(value: Mapping[str, Any]) -> bytes:
    """A JSON object as one line of UTF-8 with its end; no other character in it can be taken for the end of a line.

    Raises:
        ValueError: a number in it is not finite.

    Example:
        >>> json_line({"text": "an ägg"}).decode()
        '{"text": "an ägg"}\\n'
    """
    line = json.dumps(value, ensure_ascii=False, allow_nan=False)
    for sign, escape in _LINE_ENDS.items():
        line = line.replace(sign, escape)
    return _utf8(line)


def write_lines(file: Path, values: Iterable[Mapping[str, Any]]) -> None:
    """Write a JSON Lines file, which is there only when it is complete.

    Raises:
        OSError: it cannot be written; what was there before stays.
    """
    with whole_file(file) as opened:
        opened.writelines(map(json_line, values))


def write_json(file: Path, value: Any) -> None:
    """Write a JSON file that people can read, which is there only when it is complete.

    Raises:
        OSError: it cannot be written; what was there before stays.
    """
    with whole_file(file) as opened:
        opened.write(_utf8(json.dumps(value, ensure_ascii=False, indent=1)))


def repair(file: Path) -> str | None:
    """Cut off a last line that was not written to its end.

    Returns:
        What was cut off, or None where the file ends with a whole line.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "records.jsonl"
        >>> _ = file.write_bytes(b'{"sample": 0}' + b"\\n" + b'{"samp')
        >>> repair(file), file.read_text()
        ('{"samp', '{"sample": 0}\\n')
    """
    if not file.is_file():
        return None
    content = file.read_bytes()
    end = content.rfind(b"\n") + 1
    if end == len(content):
        return None
    with whole_file(file) as opened:  # not in place: a hard link is another name of a file that stays as it is
        opened.write(content[:end])
    return content[end:].decode("utf-8", "replace")


def remove_lines(file: Path, numbers: Iterable[int]) -> None:
    """Remove lines of a file, counted from 1; the others stay as they are.

    Raises:
        OSError: it cannot be written; what was there before stays.
    """
    unwanted = set(numbers)
    lines = file.read_bytes().split(b"\n")
    kept = [line + b"\n" for number, line in enumerate(lines, start=1) if line and number not in unwanted]
    with whole_file(file) as opened:
        opened.writelines(kept)


class RecordWriter:
    """Appends records to a file, each on the disk before the next attack starts.

    A file that has a second name (a hard link) is copied first: what the other name stands for stays as it is.

    Raises:
        XMTCError: the file cannot be written, for instance because the disk is full.
    """

    def __init__(self, file: Path) -> None:
        self._path = file
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            if file.is_file() and file.stat().st_nlink > 1:
                with file.open("rb") as before, whole_file(file) as copy:
                    shutil.copyfileobj(before, copy)
            self._file: BinaryIO = file.open("ab")
        except OSError as error:
            raise self._not_written(error) from error

    def append(self, record: Mapping[str, Any]) -> None:
        """Write one record and wait until the system has put it on the disk."""
        try:
            self._file.write(json_line(record))
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._not_written(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._file.close()
        except OSError:  # closing tries again to write what `append` has reported
            pass

    def _not_written(self, error: OSError) -> XMTCError:
        return XMTCError(
            f"a record could not be written to {str(self._path)!r} ({error.strerror or error})",
            "make room there and repeat the command with --resume: the records before it are kept",
        )


def _utf8(text: str) -> bytes:
    # Halves of surrogate pairs have no UTF-8; with a backslash they are what JSON calls them.
    return f"{text}\n".encode("utf-8", "backslashreplace")
