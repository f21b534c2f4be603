"""The Universal Sentence Encoder's path with a real TensorFlow: TensorFlow Hub loads a SavedModel that is made here.

`make test-use` runs this in an environment of its own; elsewhere it is skipped.
"""

from __future__ import annotations

import copy
import hashlib
import pickle
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from textattack.shared import AttackedText

from textattack_xmtc.constraints import EncoderSimilarity, load_encoder, measure
from textattack_xmtc.errors import ModelFolderError

tf = pytest.importorskip("tensorflow", reason="needs TensorFlow; run: make test-use")
pytest.importorskip("tensorflow_hub", reason="needs the extra 'use'; run: make test-use")

BUCKETS, DIMENSIONS = 1000, 24
ORIGINAL = "the cat sat on the mat and saw the dog"
ONE_WORD = "the cat sat on the mat and saw the bird"
OTHER = "taxes rise faster than wages in most years"


class BagOfWords(tf.Module):
    """Strings in, vectors out, as the Universal Sentence Encoder's signature: the mean of hashed word embeddings."""

    def __init__(self) -> None:
        super().__init__()
        self.embeddings = tf.Variable(tf.random.stateless_normal((BUCKETS, DIMENSIONS), seed=(1, 2)))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])  # type: ignore[untyped-decorator]
    def __call__(self, texts: Sequence[str]) -> Any:
        words = tf.strings.to_hash_bucket_fast(tf.strings.split(texts), BUCKETS)
        embedded = tf.nn.embedding_lookup(self.embeddings, words.values)
        return tf.math.unsorted_segment_mean(embedded, words.value_rowids(), words.nrows())


class OutputsInADictionary(BagOfWords):
    """Version 3 and older answer with a dictionary."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])  # type: ignore[untyped-decorator]
    def __call__(self, texts: Sequence[str]) -> dict[str, Any]:
        return {"outputs": super().__call__(texts)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("use") / "model"
    tf.saved_model.save(BagOfWords(), str(path))
    return path


@pytest.fixture(scope="module")
def encoder(folder: Path) -> Any:
    return load_encoder(f"use:{folder}")


def plain_cosine(model: Any, one: Any, other: Any) -> Any:
    first, second = model(tf.constant([one, other])).numpy().astype(np.float64)
    return first @ second / np.linalg.norm(first) / np.linalg.norm(second)


def test_goes_through_textattacks_encoder(encoder: Any, folder: Path) -> None:
    from textattack.constraints.semantics.sentence_encoders import UniversalSentenceEncoder

    constraint = encoder._model_encode.__self__
    assert isinstance(constraint, UniversalSentenceEncoder)
    assert type(constraint.model).__module__.startswith("tensorflow")
    assert encoder.name == f"use:{folder}"


def test_encodes(encoder: Any) -> None:
    encodings = encoder.encode([ORIGINAL, ONE_WORD, ""])
    assert encodings.shape == (3, DIMENSIONS) and encodings.dtype == np.float32
    np.testing.assert_allclose(encodings[:2], BagOfWords()(tf.constant([ORIGINAL, ONE_WORD])), atol=1e-6)
    assert encoder.encode([]).shape == (0, DIMENSIONS)


def test_a_model_that_answers_with_a_dictionary(tmp_path: Path, encoder: Any) -> None:
    tf.saved_model.save(OutputsInADictionary(), str(tmp_path))
    np.testing.assert_allclose(
        load_encoder(f"use:{tmp_path}").encode([ORIGINAL]), encoder.encode([ORIGINAL]), atol=1e-6
    )


def test_measures(encoder: Any) -> None:
    similarity = measure(encoder, ORIGINAL, ONE_WORD)
    expected = plain_cosine(BagOfWords(), ORIGINAL, ONE_WORD)
    assert similarity.cosine == pytest.approx(expected, abs=1e-5)
    assert similarity.angular == pytest.approx(1 - np.arccos(expected) / np.pi, abs=1e-4)
    assert similarity.published == pytest.approx(1 - np.arccos(expected), abs=1e-4)
    assert measure(encoder, ORIGINAL, ORIGINAL)[:3] == (1, 1, 1)


def test_filters(encoder: Any) -> None:
    candidates = [AttackedText(text, {"last_transformation": None}) for text in (OTHER, ONE_WORD)]
    kept = EncoderSimilarity(encoder, min_similarity=0.7).call_many(candidates, AttackedText(ORIGINAL))
    assert [text.text for text in kept] == [ONE_WORD]


def test_agrees_with_textattacks_own_constraint(encoder: Any, folder: Path) -> None:
    from textattack.constraints.semantics.sentence_encoders import UniversalSentenceEncoder

    constraint = UniversalSentenceEncoder(threshold=0.7, metric="cosine")
    constraint._tfhub_url = str(folder)
    attrs = {"last_transformation": None, "newly_modified_indices": {9}}
    candidate = AttackedText(ONE_WORD, attrs)
    constraint.call_many([candidate], AttackedText(ORIGINAL))
    theirs = candidate.attack_attrs["similarity_score"]
    assert measure(encoder, ORIGINAL, ONE_WORD).cosine == pytest.approx(theirs, abs=1e-5)


def test_pickles_as_its_name(encoder: Any) -> None:
    again = pickle.loads(pickle.dumps(EncoderSimilarity(encoder, 0.7))).encoder
    np.testing.assert_array_equal(again.encode([ORIGINAL]), encoder.encode([ORIGINAL]))
    assert copy.deepcopy(encoder) is encoder


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(ModelFolderError, match="cannot be loaded"):
        load_encoder(f"use:{tmp_path}")


def test_auto_and_use_take_the_model_from_tensorflow_hubs_cache(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from textattack.constraints.semantics.sentence_encoders import UniversalSentenceEncoder

    url = UniversalSentenceEncoder()._tfhub_url
    cached = tmp_path / hashlib.sha1(url.encode()).hexdigest()
    shutil.copytree(folder, cached)
    monkeypatch.setenv("TFHUB_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr("textattack_xmtc.constraints.encoders._reachable", pytest.fail)
    assert load_encoder("auto").name == load_encoder("use").name == f"use:{url}"
