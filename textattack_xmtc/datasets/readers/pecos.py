"""PECOS: `X.trn.txt` with a text a line, and `Y.trn.npz` with the labels as a sparse matrix."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from scipy import sparse

from textattack_xmtc.datasets.corpus import Document
from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.datasets.read_options import BY_CONTENT, ReadOptions
from textattack_xmtc.datasets.readers.labels import LabelReader
from textattack_xmtc.datasets.readers.lines import read_lines
from textattack_xmtc.datasets.readers.place import Place, labels_at
from textattack_xmtc.datasets.readers.source import PairedSource, Source, in_step
from textattack_xmtc.errors import DataError


class Pecos(PairedSource):
    """Texts in one file, and as many rows of a sparse matrix in another, whose non-zero entries are the labels.

    The matrix is read without pickle. Its number of columns is the number of labels.
    """

    format = "pecos"
    names = (("X.{}.txt",),)

    @classmethod
    def from_file(cls, path: Path, options: ReadOptions = BY_CONTENT) -> Source | None:
        """See `Source`: either of the two files; the other one lies beside.

        Raises:
            DataError: the other file is missing.
        """
        parts = path.name.split(".")
        if len(parts) != 3 or (parts[0], parts[2]) not in (("X", "txt"), ("Y", "npz")):
            return None
        source = cls(path.with_name(f"X.{parts[1]}.txt"), path.with_name(f"Y.{parts[1]}.npz"), options)
        for file in source.files:
            if not file.is_file():
                raise DataError(f"{path}: expected {file.name} beside it, got no such file", "put it beside")
        return source

    @cached_property
    def _matrix(self) -> sparse.csr_matrix:
        path = self.files[1]
        try:
            matrix = sparse.csr_matrix(sparse.load_npz(path))
            matrix.check_format(full_check=True)
        except Exception as error:  # of zipfile, zlib, tokenize, numpy and scipy, which have no family in common
            raise DataError(
                f"{path}: expected a sparse matrix without pickled objects ({error or type(error).__name__})",
                "save it with scipy.sparse.save_npz",
            ) from error
        matrix.eliminate_zeros()
        return matrix

    def n_labels(self) -> int | None:
        """See `Source`."""
        return int(self._matrix.shape[1])

    def documents(self, names: LabelNames, labels: LabelReader | None = None) -> Iterator[Document]:
        """See `Source`; documents are called by their line number."""
        texts_file, labels_file = self.files
        matrix = self._matrix
        rows = (matrix.indices[start:end] for start, end in zip(matrix.indptr, matrix.indptr[1:], strict=False))
        for (number, text), indices in in_step(
            read_lines(texts_file, self.options.encoding), rows, texts_file, labels_file
        ):
            yield Document(str(number), text, labels_at(Place(labels_file, number, "row"), indices.tolist(), names))
