"""PECOS: texts in one file, labels as a sparse matrix in another."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from tests.toolkit.documents import one_line
from textattack_xmtc.datasets.corpus import Document
from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.datasets.readers.pecos import Pecos
from textattack_xmtc.errors import DataError

rows = st.lists(
    st.tuples(
        one_line.filter(lambda text: not text.startswith("\ufeff")),
        st.lists(st.integers(0, 9), unique=True, max_size=4),
    ),
    min_size=1,
    max_size=5,
)


def write(folder: Path, texts: list[str], labels: list[list[int]], n_labels: int = 10) -> None:
    (folder / "X.trn.txt").write_text("".join(f"{text}\n" for text in texts), encoding="utf-8", newline="")
    matrix = sparse.lil_matrix((len(labels), n_labels), dtype=np.float32)
    for row, indices in enumerate(labels):
        for index in indices:
            matrix[row, index] = 1
    sparse.save_npz(folder / "Y.trn.npz", matrix.tocsr())


def read(folder: Path, names: LabelNames | None = None) -> list[Document]:
    return list(Pecos.in_folder(folder, "train").documents(names or LabelNames()))


@given(rows)
def test_what_is_written_is_read_back(drawn: Any) -> None:
    with tempfile.TemporaryDirectory() as name:
        write(Path(name), [text for text, _ in drawn], [labels for _, labels in drawn])
        assert read(Path(name)) == [
            Document(str(line), text, [str(label) for label in sorted(labels)])
            for line, (text, labels) in enumerate(drawn, start=1)
        ]
        assert Pecos.in_folder(Path(name), "train").n_labels() == 10


def test_stored_zeros_and_other_layouts(tmp_path: Path) -> None:
    write(tmp_path, ["x", "y"], [[], []])
    coo = sparse.coo_matrix(([1.0, 0.0, 1.0], ([0, 0, 1], [2, 1, 0])), shape=(2, 3))
    sparse.save_npz(tmp_path / "Y.trn.npz", coo)
    assert [row.labels for row in read(tmp_path)] == [["2"], ["0"]]


def test_names_and_an_index_that_they_do_not_hold(tmp_path: Path) -> None:
    write(tmp_path, ["x", "y"], [[0], [1]], n_labels=2)
    assert [row.labels for row in read(tmp_path, LabelNames("Y.txt", by_index=("a", "b")))] == [["a"], ["b"]]
    with pytest.raises(DataError, match=r"Y\.trn\.npz, row 2: expected an index from 0 to 0, got 1"):
        read(tmp_path, LabelNames("Y.txt", by_index=("a",)))


@pytest.mark.parametrize(("n_rows", "counts"), [(1, "2 texts .* and 1 rows"), (4, "2 texts .* and 4 rows")])
def test_another_number_of_rows_is_refused(tmp_path: Path, n_rows: int, counts: str) -> None:
    write(tmp_path, ["x", "y"], [[0]] * n_rows)
    with pytest.raises(DataError, match=counts):
        read(tmp_path)


class Harm:
    """Runs code when it is unpickled."""

    def __reduce__(self) -> tuple[Any, tuple[Path]]:
        return Path.touch, (Path("harm-was-done"),)


def test_pickled_objects_are_never_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, ["x"], [[0]])
    with (tmp_path / "Y.trn.npz").open("wb") as file:
        np.savez(file, data=np.array([Harm()], dtype=object), format=b"csr", shape=(1, 1), indices=[0], indptr=[0, 1])
    with pytest.raises(DataError, match=r"Y\.trn\.npz: expected a sparse matrix without pickled objects"):
        read(tmp_path)
    assert not Path("harm-was-done").exists()


def broken_matrices() -> dict[str, bytes]:
    bad = io.BytesIO()
    np.savez(bad, data=np.ones(1), format=b"csr", shape=(1, 2), indices=np.array([7]), indptr=np.array([0, 1]))
    dense = io.BytesIO()
    np.savez(dense, matrix=np.ones((1, 2)))
    good = io.BytesIO()
    sparse.save_npz(good, sparse.csr_matrix(np.ones((3, 3))))
    plain = io.BytesIO()
    sparse.save_npz(plain, sparse.csr_matrix(np.ones((3, 3))), compressed=False)
    packed = good.getvalue()
    start = packed.index(b"indices.npy") + 40
    return {
        "compressed data that are none": packed[:start] + b"\xff" * 20 + packed[start + 20 :],
        "more rows than any memory holds": plain.getvalue().replace(b"(9,)", b"(9" + b"0" * 15 + b",)"),
        "another zip": b"PK\x05\x06" + bytes(18),
        "no archive": b"no archive",
        "empty": b"",
        "cut off": good.getvalue()[:100],
        "column out of range": bad.getvalue(),
        "a dense array": dense.getvalue(),
    }


@pytest.mark.parametrize("kind", broken_matrices())
def test_broken_matrices_are_refused(tmp_path: Path, kind: str) -> None:
    write(tmp_path, ["x"], [[0]])
    (tmp_path / "Y.trn.npz").write_bytes(broken_matrices()[kind])
    with pytest.raises(DataError, match=r"Y\.trn\.npz: expected a sparse matrix"):
        read(tmp_path)


def test_either_file_finds_the_other_and_misses_it(tmp_path: Path) -> None:
    write(tmp_path, ["x"], [[3]])
    for name in ("X.trn.txt", "Y.trn.npz"):
        assert list(Pecos.from_file(tmp_path / name).documents(LabelNames())) == [Document("1", "x", ["3"])]
    assert Pecos.from_file(tmp_path / "X.txt") is None
    assert Pecos.in_folder(tmp_path, "test") is None
    (tmp_path / "Y.trn.npz").unlink()
    with pytest.raises(DataError, match=r"X\.trn\.txt: expected Y\.trn\.npz beside it"):
        read(tmp_path)
