"""Words of labels by their names, and a masked LM's words as directions."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from tests.toolkit.masked_lms import FAMILIES
from tests.toolkit.plain_candidates import STOPS, swap_of
from tests.toolkit.shared_folders import SHARED, needs_shared
from textattack_xmtc.transformations import NameWords, XMTCWordSwapMaskedLM
from textattack_xmtc.transformations.label_word_sources import WordVectors, name_words


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Maschinelles Lernen", ("maschinelles", "lernen")),
        ("includeDir_2", ("include", "dir")),
        ("HTTPServer", ("httpserver",)),
        ("the of", ()),
        ("17", ()),
        ("", ()),
        ("x-y", ()),
        ("Größe größe", ("größe",)),
    ],
)
def test_words_of_a_name(name: str, words: tuple[Any, ...]) -> None:
    assert name_words(name) == words


@pytest.mark.parametrize("family", FAMILIES)
def test_neighbours_are_those_of_the_input_embeddings(family: str) -> None:
    swap = swap_of(family)
    vectors, source = WordVectors(swap), NameWords(swap)
    assert len(vectors.words) == len(vectors.vectors) and not set(vectors.words) & STOPS
    np.testing.assert_allclose(np.linalg.norm(vectors.vectors, axis=1), 1, rtol=1e-5)
    words = source.of("river")
    assert words[0] == "river" and set(words) == set(vectors.words)
    direction = vectors.of("river")
    nearness: dict[str, float] = {}
    for word, vector in zip(vectors.words, vectors.vectors, strict=True):
        nearness[word] = max(float(vector @ direction), nearness.get(word, -1.0))  # of a word's spellings, the nearest
    values = [nearness[word] for word in words[1:]]
    assert all(first >= second - 1e-5 for first, second in itertools.pairwise(values))
    assert values[0] > values[-1] + 0.1


@pytest.mark.parametrize("label", ["17", 17, "the"])
def test_a_label_without_words_in_its_name_has_none(label: int | str) -> None:
    assert NameWords(swap_of("bert")).of(label) == ()


@needs_shared("models/minilm-l6-tib-mlm")
@pytest.mark.slow
def test_real_neighbours_are_related() -> None:
    source = NameWords(XMTCWordSwapMaskedLM(SHARED / "models/minilm-l6-tib-mlm"))
    assert {"ocean", "sea", "marine"} & set(source.of("Oceans")[:15])
    assert source.of("Chemical reactor")[:2] == ("chemical", "reactor")
