"""The embedded encoder: its equation, its determinism, and what its values say."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textattack_xmtc.encoders.embedded import DIMENSIONS, EmbeddedEncoder
from textattack_xmtc.resources.function_words import ENGLISH

TEXT = "Adversarial attacks on classifiers: a survey of methods that change the words of a text."


def plain_encoding(words: Any) -> Any:
    """The same equation in floating point, word by word and bit by bit."""
    total = np.zeros(512)
    for word in words:
        marked = "<" + word + ">"
        whole = plain_signs("w" + word)
        ngrams = sum(plain_signs("n" + marked[i : i + n]) for n in (3, 4, 5) for i in range(len(marked) - n + 1))
        vector = np.sqrt(0.5) * whole / np.linalg.norm(whole) + np.sqrt(0.5) * ngrams / np.linalg.norm(ngrams)
        total += (0.15 if word in ENGLISH else 1.0) * vector
    return total / np.linalg.norm(total)


def plain_signs(feature: Any) -> Any:
    digest = hashlib.blake2b(feature.encode(), digest_size=64).digest()
    return np.array([1.0 if byte >> (7 - bit) & 1 else -1.0 for byte in digest for bit in range(8)])


def test_equals_the_plain_equation() -> None:
    words = ["a", "graph", "of", "the", "graphs", "don't", "x2"]
    encoding = EmbeddedEncoder().encode(["A graph of the graphs: don't x2!"])[0]
    np.testing.assert_allclose(encoding, plain_encoding(words), atol=5e-5)


def test_the_typographic_apostrophe_is_a_function_words_too() -> None:
    straight, typographic, other = EmbeddedEncoder().encode(["don't compute", "don\u2019t compute", "cats compute"])
    assert straight @ typographic > 0.95 > straight @ other


def test_is_bit_for_bit_what_it_was_where_this_was_written() -> None:
    # Another process, another seed of Python's hash(), maybe another machine.
    digest = hashlib.sha256(EmbeddedEncoder().encode([TEXT]).astype("<f4").tobytes()).hexdigest()
    assert digest == "1f9489c1f4cd4941a80316c92e5501a24e8242af6162ae1e56317af4f9288d46"


@given(st.lists(st.text(), max_size=5))
def test_any_text_gives_unit_or_zero_vectors(texts: Sequence[str]) -> None:
    encodings = EmbeddedEncoder().encode(texts)
    assert encodings.shape == (len(texts), DIMENSIONS) and encodings.dtype == np.float32
    for text, length in zip(texts, np.linalg.norm(encodings, axis=1), strict=True):
        assert length == pytest.approx(1 if text.split() else 0, abs=1e-5)


def test_does_not_depend_on_the_other_texts_of_the_batch() -> None:
    encoder = EmbeddedEncoder()
    together = encoder.encode([TEXT, "something else", ""])
    assert (together[0] == encoder.encode([TEXT])[0]).all()


def test_very_long_words_and_texts() -> None:
    encodings = EmbeddedEncoder().encode(["x" * 20_000, "word " * 50_000])
    np.testing.assert_allclose(np.linalg.norm(encodings, axis=1), 1, rtol=1e-5)


def test_edits_stand_between_the_same_text_and_another() -> None:
    same, inflected, one_word, other = (
        EmbeddedEncoder().encode([text])[0] @ EmbeddedEncoder().encode([TEXT])[0]
        for text in (
            TEXT.upper(),
            TEXT.replace("attacks", "attack"),
            TEXT.replace("attacks", "gardens"),
            "Growing tomatoes in cold climates needs a greenhouse and much patience.",
        )
    )
    assert same == pytest.approx(1)
    assert 1 > inflected > one_word > 0.8 > 0.4 > other


def test_speed() -> None:
    """At least 2,000 texts of 100 words a second of processor time after warm-up; the best of three."""
    generator = np.random.default_rng(0)
    texts = [" ".join(f"word{i}" for i in generator.integers(0, 5000, 100)) for _ in range(500)]
    encoder = EmbeddedEncoder()
    encoder.encode(texts)
    assert len(texts) / min(timed(encoder, texts) for _ in range(3)) >= 2000


def timed(encoder: Any, texts: Sequence[str]) -> Any:
    start = time.process_time()
    encoder.encode(texts)
    return time.process_time() - start
