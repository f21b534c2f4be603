"""Evidence by meaning, against a plain computation a word at a time; vectors are kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from textattack_xmtc.datasets.corpus import Corpus, Document
from textattack_xmtc.encoders.embedded import EmbeddedEncoder
from textattack_xmtc.evidence.meaning import MeaningEvidence, centre_anchor, name_anchor
from textattack_xmtc.evidence.protocol import is_content

TEXT = "robots weld the cars in a factory that makes robotic arms and ships of steel every single day"
WORDS = TEXT.split()


class Counting(EmbeddedEncoder):
    """Counts the texts that it is asked for."""

    asked = 0

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        self.asked += len(texts)
        return super().encode(texts)


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def plainly(anchor: np.ndarray) -> list[float]:
    encoder, weights = EmbeddedEncoder(), []
    for position, word in enumerate(WORDS):
        near = range(max(0, position - 7), min(len(WORDS), position + 8))
        whole = encoder.encode([" ".join(WORDS[i] for i in near)])[0].astype(float)
        without = encoder.encode([" ".join(WORDS[i] for i in near if i != position)])[0].astype(float)
        loss = cosine(anchor, whole) - cosine(anchor, without)
        weights.append(max(loss, 0.0) if is_content(word) else 0.0)
    return weights


def test_a_word_weighs_what_its_window_loses_with_it() -> None:
    encoder = EmbeddedEncoder()
    weighed = MeaningEvidence(encoder, name_anchor(encoder)).weigh(TEXT, WORDS, "robots")
    assert weighed is not None
    np.testing.assert_allclose(weighed.weights, plainly(encoder.encode(["robots"])[0].astype(float)), atol=1e-6)
    assert WORDS[int(np.argmax(weighed.weights))] == "robots"
    assert weighed.backed.tolist() == (weighed.weights > 0).tolist()


def test_the_centre_of_the_training_texts_and_kept_vectors(tmp_path: Path) -> None:
    rows = [Document("1", "robots weld", ["r"]), Document("2", "a robot", ["r"]), Document("3", "eggs", ["e"])]
    corpus = Corpus.from_documents("c", {"train": rows}, ["r", "e", "never"])
    encoder = Counting()
    anchor = centre_anchor(encoder, corpus, tmp_path)
    centre = anchor("r")
    assert centre is not None
    np.testing.assert_allclose(centre, EmbeddedEncoder().encode(["robots weld", "a robot"]).mean(axis=0), atol=1e-6)
    asked = encoder.asked
    assert centre_anchor(encoder, corpus, tmp_path)("r") is not None
    assert encoder.asked == asked  # from the folder
    assert anchor("never") is None
    assert anchor("unheard of") is None


@pytest.mark.parametrize("label", ["gnd:4026801-9", "17", ""])
def test_labels_without_a_name_have_no_vector(label: str) -> None:
    encoder = EmbeddedEncoder()
    assert MeaningEvidence(encoder, name_anchor(encoder)).weigh(TEXT, WORDS, label) is None


def test_a_text_of_function_words_weighs_nothing() -> None:
    encoder = EmbeddedEncoder()
    source = MeaningEvidence(encoder, name_anchor(encoder))
    for text in ("of the", ""):
        weighed = source.weigh(text, text.split(), "robots")
        assert weighed is not None
        assert not weighed.weights.any()
