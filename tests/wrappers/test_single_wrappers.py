"""What some wrappers promise beside the contract of all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC
from transformers import pipeline

from tests.toolkit.every_victim import (
    LABELS,
    TEXTS,
    attention_xml,
    bert,
    fitted,
    function,
    hugging_face,
    hugging_face_logits,
    hugging_face_single_label,
    made,
    textattack_hugging_face_wrapper,
)
from textattack_xmtc.errors import InputError
from textattack_xmtc.wrappers import (
    FunctionWrapper,
    HuggingFaceWrapper,
    ScorerWrapper,
    ShortlistWrapper,
    SklearnWrapper,
    as_victim,
)


@pytest.mark.parametrize("make", [hugging_face, attention_xml, textattack_hugging_face_wrapper])
def test_probabilities_are_the_sigmoid_of_the_logits(make: Callable[..., Any]) -> None:
    victim = made(make)
    logits = victim.with_score_kind("logit")
    assert logits is not victim and victim.score_kind == "probability"
    np.testing.assert_allclose(victim(TEXTS), 1 / (1 + np.exp(-logits(TEXTS))), atol=1e-6)
    assert logits(TEXTS).min() < 0


def test_probabilities_of_a_single_label_classifier_sum_to_one() -> None:
    np.testing.assert_allclose(made(hugging_face_single_label)(TEXTS).sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(
        made(hugging_face_single_label).with_score_kind("logit")(TEXTS), made(hugging_face_logits)(TEXTS), atol=1e-5
    )


def test_a_hugging_face_victim_is_the_plain_model() -> None:
    model, tokenizer = bert("multi_label_classification", 12)
    for text, row in zip(TEXTS, made(hugging_face)(TEXTS), strict=True):
        with torch.no_grad():
            logits = model(**tokenizer(text, truncation=True, max_length=12, return_tensors="pt")).logits
        np.testing.assert_allclose(row, logits.sigmoid()[0].numpy(), atol=1e-5)


def test_label_names_of_a_hugging_face_model_are_its_configurations() -> None:
    model, tokenizer = bert(None, 12)
    model.config.id2label = {index: f"topic {index}" for index in range(LABELS)}
    assert HuggingFaceWrapper(model, tokenizer).labels.names == [f"topic {index}" for index in range(LABELS)]
    assert made(hugging_face_single_label).labels.names == list("ABCDEF")


def test_a_label_that_a_forest_never_saw_is_not_certain() -> None:
    truth = np.array([[letter in text for letter in "gt"] + [False, True] for text in TEXTS], dtype=int)
    victim = SklearnWrapper(
        make_pipeline(CountVectorizer(), RandomForestClassifier(5, random_state=0)).fit(TEXTS, truth)
    )
    dense = victim(TEXTS)
    assert (dense[:, 2] == 0).all() and (dense[:, 3] == 1).all()


def test_sklearn_labels_are_called_what_the_classes_are_called() -> None:
    names = [["eggs", "water"][text.startswith("hot")] for text in TEXTS]
    victim = SklearnWrapper(make_pipeline(CountVectorizer(), LogisticRegression(C=100)).fit(TEXTS, names))
    assert victim.labels.names == ["eggs", "water"]
    assert victim.top_k(["hot water"], 1)[0].tolist() == [[1]]


def test_sklearn_is_asked_for_what_was_chosen() -> None:
    pipeline = fitted(TfidfVectorizer(), OneVsRestClassifier(LogisticRegression()))
    margins = SklearnWrapper(pipeline, scores="score")
    np.testing.assert_allclose(margins(TEXTS), pipeline.decision_function(TEXTS), atol=1e-5)
    np.testing.assert_allclose(margins.with_score_kind("probability")(TEXTS), pipeline.predict_proba(TEXTS), atol=1e-6)


class CountingLinearSVC(LinearSVC):
    """Notes how often any of them is asked."""

    asked: ClassVar[list[Any]] = []

    def decision_function(self, X: Any) -> np.ndarray:
        self.asked.append(1)
        return super().decision_function(X)


def test_sklearn_runs_the_classifiers_of_the_labels_that_are_asked_for() -> None:
    victim = SklearnWrapper(fitted(TfidfVectorizer(), OneVsRestClassifier(CountingLinearSVC())))
    CountingLinearSVC.asked.clear()
    victim.score(TEXTS, [3, 5])
    assert len(CountingLinearSVC.asked) == 2
    victim.top_k(TEXTS, 1)
    assert len(CountingLinearSVC.asked) == 2 + LABELS


def test_margins_of_labels_that_training_says_nothing_of_stand_last() -> None:
    """scikit-learn answers 0 for them: more than for any label that is probably wrong."""
    truth = np.array([[letter in text for letter in "gt"] + [False, True] for text in TEXTS], dtype=int)
    pipeline = make_pipeline(TfidfVectorizer(), OneVsRestClassifier(LinearSVC())).fit(TEXTS, truth)
    assert (pipeline.decision_function(TEXTS)[:, 2] == 0).all()
    victim = SklearnWrapper(pipeline)
    dense = victim(TEXTS)
    assert (dense[:, 2] < dense[:, :2].min()).all() and (dense[:, 3] > dense[:, :2].max()).all()
    np.testing.assert_array_equal(victim.score(TEXTS, [2, 3, 0]), dense[:, [2, 3, 0]])
    assert (victim.rank(TEXTS, [2]) == 4).all()
    probable = SklearnWrapper(
        make_pipeline(TfidfVectorizer(), OneVsRestClassifier(LogisticRegression())).fit(TEXTS, truth)
    )
    np.testing.assert_allclose(probable.score(TEXTS, [2, 3]), [[0, 1]] * len(TEXTS))
    np.testing.assert_array_equal(probable.score(TEXTS, [2, 3]), probable(TEXTS)[:, 2:])


@pytest.mark.parametrize("problem", ["multi_label_classification", "single_label_classification", None, "regression"])
@pytest.mark.parametrize("function", [None, "sigmoid", "softmax", "none"])
def test_a_pipeline_gives_the_scores_that_it_gives_itself(problem: str | None, function: str | None) -> None:
    model, tokenizer = bert(problem, 12)
    options = {"top_k": None, "device": "cpu", "truncation": True, "max_length": 12}
    pipe = pipeline("text-classification", model=model, tokenizer=tokenizer, function_to_apply=function, **options)
    victim = as_victim(pipe)
    answers = pipe(TEXTS)
    given = function or {"regression": "none"}.get(problem)
    assert victim.score_kind == ("logit" if given == "none" else "probability")
    expected = [
        [{entry["label"]: entry["score"] for entry in row}[name] for name in victim.labels.names] for row in answers
    ]
    np.testing.assert_allclose(victim(TEXTS), expected, atol=1e-5)
    # The same as a victim that shows its three best only.
    three = pipeline(
        "text-classification", model=model, tokenizer=tokenizer, function_to_apply=function, **{**options, "top_k": 3}
    )
    shown = ShortlistWrapper(three, "score", victim.labels.names, shown=3, floor=-1e6)
    assert shown.top_k(TEXTS, 3)[0].tolist() == victim.top_k(TEXTS, 3)[0].tolist()


def test_what_is_no_pipeline() -> None:
    with pytest.raises(InputError, match="a LogisticRegression is not a text classification pipeline"):
        HuggingFaceWrapper.from_pipeline(LogisticRegression())
    with pytest.raises(InputError, match="unknown activation='tanh'; choose sigmoid or softmax"):
        HuggingFaceWrapper(*bert(None, 12), activation="tanh")


def test_a_victim_stays_what_it_is() -> None:
    victim = made(function)
    assert as_victim(victim) is victim
    assert isinstance(as_victim(made(attention_xml).model), ScorerWrapper)


def test_batches_are_no_larger_than_asked_for() -> None:
    sizes = []
    victim = FunctionWrapper(lambda texts: [sizes.append(len(texts)) or [0.0]] * len(texts), "score", batch_size=3)
    victim(TEXTS)
    assert max(sizes) == 3 and sum(sizes) == len(TEXTS)
