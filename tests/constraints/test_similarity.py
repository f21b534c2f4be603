"""The three numbers, and the filter on candidates."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from textattack.shared import AttackedText

from textattack_xmtc.constraints import EncoderSimilarity, measure
from textattack_xmtc.encoders.embedded import EmbeddedEncoder
from textattack_xmtc.errors import InputError


class TableEncoder:
    """Encodes by looking texts up; counts what it is asked."""

    name = "table"

    def __init__(self, table: Any) -> None:
        self.table = table
        self.asked: list[Any] = []

    def encode(self, texts: Sequence[str]) -> Any:
        self.asked.append(list(texts))
        return np.array([self.table[text] for text in texts], dtype=np.float32)


class ConstantEncoder:
    name = "constant"

    def __init__(self, answer: Any) -> None:
        self.answer = np.asarray(answer)

    def encode(self, texts: Sequence[str]) -> Any:
        return self.answer


def at(degrees: Any, length: float = 1.0) -> list[Any]:
    return [length * math.cos(math.radians(degrees)), length * math.sin(math.radians(degrees))]


def candidates(*texts: Any) -> list[Any]:
    return [AttackedText(text, {"last_transformation": None}) for text in texts]


def filtered(constraint: Any, texts: Sequence[str], original: str = "original") -> list[Any]:
    kept = constraint.call_many(candidates(*texts), AttackedText(original))
    return [text.text for text in kept]


class TestMeasure:
    @pytest.mark.parametrize("degrees", [0, 10, 60, 90, 120, 180])
    def test_equals_the_formulas(self, degrees: int) -> None:
        encoder = TableEncoder({"a": at(0, 3.0), "b": at(degrees, 0.5)})
        similarity = measure(encoder, "a", "b")
        assert similarity.cosine == pytest.approx(math.cos(math.radians(degrees)), abs=1e-6)
        assert similarity.angular == pytest.approx(1 - degrees / 180, abs=3e-4)
        assert similarity.published == pytest.approx(1 - math.radians(degrees), abs=1e-3)
        assert similarity.encoder == "table"

    def test_published_is_of_the_lower_cased_texts(self) -> None:
        encoder = TableEncoder({"A": at(0), "B": at(60), "a": at(0), "b": at(30)})
        similarity = measure(encoder, "A", "B")
        assert similarity.cosine == pytest.approx(0.5, abs=1e-6)
        assert similarity.published == pytest.approx(1 - math.pi / 6, abs=1e-6)

    def test_texts_that_differ_in_case_only(self) -> None:
        similarity = measure(TableEncoder({"A": at(0), "a": at(60)}), "A", "a")
        assert similarity.cosine == pytest.approx(0.5, abs=1e-6) and similarity.published == 1

    def test_thresholds_of_the_two_modes(self) -> None:
        # semantics.md: published > 0.8 is cosine > 0.980.
        cosine = math.cos(0.2)
        assert cosine == pytest.approx(0.980, abs=1e-3)
        similarity = measure(TableEncoder({"a": at(0), "b": at(math.degrees(0.2))}), "a", "b")
        assert similarity.published == pytest.approx(0.8, abs=1e-5)
        assert similarity.cosine == pytest.approx(cosine, abs=1e-6)

    @given(st.text(max_size=30), st.text(max_size=30))
    def test_any_texts_give_numbers_in_range(self, one: Any, other: Any) -> None:
        similarity = measure(EmbeddedEncoder(), one, other)
        assert -1 <= similarity.cosine <= 1
        assert 0 <= similarity.angular <= 1
        assert 1 - math.pi <= similarity.published <= 1

    @given(st.text(max_size=30))
    def test_identical_texts_give_exactly_one(self, text: str) -> None:
        assert measure(EmbeddedEncoder(), text, text)[:3] == (1.0, 1.0, 1.0)

    def test_nothing_is_encoded_twice(self) -> None:
        encoder = TableEncoder({"a": at(0), "b": at(1)})
        measure(encoder, "a", "b")
        assert encoder.asked == [["a", "b"]]

    def test_the_cosine_of_a_zero_vector_is_zero(self) -> None:
        assert measure(TableEncoder({"": [0, 0], "b": at(0)}), "", "b").cosine == 0

    @pytest.mark.parametrize("answer", [[1.0, 2.0], [[1.0, 2.0]], [[[1.0]], [[2.0]]]])
    def test_a_wrong_shape_is_an_error(self, answer: list[Any]) -> None:
        with pytest.raises(InputError, match=r"'constant' answered 2 texts with shape"):
            measure(ConstantEncoder(answer), "a", "b")

    @pytest.mark.parametrize("value", [math.nan, math.inf])
    def test_values_that_are_not_finite_are_an_error(self, value: float) -> None:
        with pytest.raises(InputError, match="NaN or infinite"):
            measure(ConstantEncoder([[1.0, value], [1.0, 1.0]]), "a", "b")


class TestEncoderSimilarity:
    @pytest.fixture
    def encoder(self) -> Any:
        return TableEncoder({"original": at(0), "near": at(10), "middle": at(60), "far": at(120), "other": at(10)})

    def test_keeps_what_is_above_the_minimum_in_order(self, encoder: Any) -> None:
        constraint = EncoderSimilarity(encoder, min_similarity=0.4)
        assert filtered(constraint, ["middle", "far", "near"]) == ["middle", "near"]

    def test_the_minimum_itself_is_not_enough(self) -> None:
        encoder = TableEncoder({"original": [1, 0], "exactly": [3, 4]})
        assert filtered(EncoderSimilarity(encoder, 0.6), ["exactly"]) == []
        assert filtered(EncoderSimilarity(encoder, 0.599), ["exactly"]) == ["exactly"]

    def test_encodes_the_original_once_and_the_candidates_in_one_batch(self, encoder: Any) -> None:
        constraint = EncoderSimilarity(encoder, 0.4)
        filtered(constraint, ["near", "far"])
        filtered(constraint, ["middle"])
        assert encoder.asked == [["near", "far"], ["original"], ["middle"]]

    def test_another_original_and_a_cleared_cache_are_encoded(self, encoder: Any) -> None:
        constraint = EncoderSimilarity(encoder, 0.4)
        filtered(constraint, ["near"])
        filtered(constraint, ["near"], original="other")
        constraint.clear_cache()
        filtered(constraint, ["near"], original="other")
        assert encoder.asked[1::2] == [["original"], ["other"], ["other"]]

    def test_one_text_at_a_time(self, encoder: Any) -> None:
        constraint = EncoderSimilarity(encoder, 0.4)
        near, far = candidates("near", "far")
        assert constraint(near, AttackedText("original")) is True
        assert constraint(far, AttackedText("original")) is False

    def test_no_candidates(self, encoder: Any) -> None:
        assert filtered(EncoderSimilarity(encoder, 0.4), []) == [] and not encoder.asked

    def test_leaves_the_score_where_textattacks_searches_look_for_it(self, encoder: Any) -> None:
        near = candidates("near")
        EncoderSimilarity(encoder, 0.4).call_many(near, AttackedText("original"))
        assert near[0].attack_attrs["similarity_score"] == pytest.approx(math.cos(math.radians(10)))

    @pytest.mark.parametrize("minimum", [-1.01, 1.01, math.nan, math.inf])
    def test_a_minimum_that_is_no_cosine_is_an_error(self, minimum: float) -> None:
        with pytest.raises(InputError, match="between -1 and 1"):
            EncoderSimilarity("embedded", minimum)

    def test_takes_a_name(self) -> None:
        assert EncoderSimilarity("embedded").encoder.name == "embedded"

    def test_says_what_it_is(self) -> None:
        assert "(encoder):  embedded" in repr(EncoderSimilarity("embedded", 0.7))
        assert "(min_similarity):  0.7" in repr(EncoderSimilarity("embedded", 0.7))

    @pytest.mark.parametrize("copied", [copy.deepcopy, lambda constraint: pickle.loads(pickle.dumps(constraint))])
    def test_copies_work_and_start_with_an_empty_cache(self, copied: Callable[..., Any]) -> None:
        constraint = EncoderSimilarity("embedded", 0.5)
        texts = ["an original text here", "nothing of it"]
        before = filtered(constraint, texts, "an original text")
        again = copied(constraint)
        assert again._original is None and constraint._original is not None
        assert filtered(again, texts, "an original text") == before == texts[:1]
