"""Dual encoders: a score is one inner product, and a real sentence encoder answers with its own numbers."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from tests.toolkit.every_victim import LABELS, TEXTS, LetterEncoder, dual_encoder, letter_counts, made
from tests.toolkit.shared_folders import SHARED, needs_shared
from textattack_xmtc.errors import InputError, MissingExtraError
from textattack_xmtc.wrappers import DualEncoderWrapper

MINILM = "models/all-MiniLM-L6-v2"


class CountingTable(np.ndarray):
    """Notes which rows are read."""

    read: list[Any]

    def __getitem__(self, key: list[int]) -> np.ndarray:
        self.read.append(key)
        return np.asarray(super().__getitem__(key))


def test_scores_are_inner_products() -> None:
    victim = made(dual_encoder)
    expected = letter_counts(TEXTS) @ victim.label_vectors.T
    np.testing.assert_allclose(victim(TEXTS), expected, atol=1e-5)
    np.testing.assert_allclose(victim.score(TEXTS, [5, 2]), expected[:, [5, 2]], atol=1e-5)


def test_a_score_reads_the_rows_of_its_labels_only() -> None:
    vectors = np.random.default_rng(0).normal(size=(1000, LABELS)).view(CountingTable)
    vectors.read = []
    victim = DualEncoderWrapper(LetterEncoder(), vectors)
    victim.score(TEXTS, [7, 999])
    assert vectors.read == [[7, 999]]


def test_many_labels_are_taken_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textattack_xmtc.wrappers.dual_encoder._LABELS_AT_ONCE", 4)
    vectors = np.random.default_rng(0).normal(size=(11, LABELS)).astype(np.float32)
    victim = DualEncoderWrapper(LetterEncoder(), vectors)
    np.testing.assert_allclose(victim(TEXTS), letter_counts(TEXTS) @ vectors.T, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("vectors", "names", "message"),
    [
        (np.zeros(6), None, r"have the shape \(6,\); give one row a label"),
        (np.zeros((3, 5)), None, "a label's vector has 5 numbers, a text's has 6"),
        (np.zeros((3, 6)), ["a", "b"], "2 label names came with 3 vectors"),
    ],
)
def test_vectors_that_do_not_fit(vectors: np.ndarray, names: list[str] | None, message: str) -> None:
    with pytest.raises(InputError, match=message):
        DualEncoderWrapper(LetterEncoder(), vectors, names)


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'textattack-xmtc\[sbert\]'"):
        DualEncoderWrapper.from_names("any", ["a"])


@pytest.mark.slow
@needs_shared(MINILM)
class TestSentenceTransformers:
    NAMES = ("cooking eggs", "football", "jazz music", "the garden in spring")

    @pytest.fixture(scope="class")
    def victim(self) -> Any:
        pytest.importorskip("sentence_transformers", reason="needs the extra 'sbert'")
        return DualEncoderWrapper.from_names(SHARED / MINILM, self.NAMES)

    def test_scores_are_the_models_own(self, victim: Any) -> None:
        from sentence_transformers import SentenceTransformer

        plain = SentenceTransformer(str(SHARED / MINILM))
        expected = plain.encode(TEXTS) @ plain.encode(list(self.NAMES)).T
        np.testing.assert_allclose(victim(TEXTS), expected, atol=1e-5)
        np.testing.assert_allclose(victim.score(TEXTS, [2]), expected[:, [2]], atol=1e-5)

    def test_it_makes_sense(self, victim: Any) -> None:
        texts = ["Boil the eggs for ten minutes.", "She plays the saxophone.", "The goalkeeper missed the ball."]
        assert victim.top_k(texts, 1)[0].ravel().tolist() == [0, 2, 1]
        assert victim.mask == "[MASK]"

    def test_what_is_not_read_does_not_count(self, victim: Any) -> None:
        text = "boil an egg in hot water " * 200
        read = victim.characters_read(text)
        assert 0 < read < len(text)
        np.testing.assert_allclose(victim([text[:read]]), victim([text]), atol=1e-5)
        assert victim.characters_read("egg") == 3
        assert victim.score(["half \ud83e of a pair", ""], [0]).shape == (2, 1)
