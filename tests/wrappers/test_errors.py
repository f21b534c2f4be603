"""What a victim must not answer, and must not be asked: each with its message."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from tests.toolkit.bert import tiny_bert, word_tokenizer
from textattack_xmtc.errors import InputError, VictimError, XMTCError
from textattack_xmtc.wrappers import (
    FunctionWrapper,
    HuggingFaceWrapper,
    RemoteWrapper,
    ShortlistWrapper,
    SklearnWrapper,
    as_victim,
)

QUESTIONS = {
    "score": lambda victim, texts: victim.score(texts, [1]),
    "top_k": lambda victim, texts: victim.top_k(texts, 2),
    "rank": lambda victim, texts: victim.rank(texts, [1]),
    "dense": lambda victim, texts: victim(texts),
}
every_question = pytest.mark.parametrize("question", QUESTIONS)


def answering(answer: Any, kind: Any = "score", **options: list[str]) -> FunctionWrapper:
    """A victim that answers with `answer` to two texts or more, and with zeros to one."""
    return FunctionWrapper(lambda texts: answer if len(texts) > 1 else [[0.0] * 3], kind, name="bad", **options)


# Answers --------------------------------------------------------------------------------------------------------------


@every_question
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e39])
def test_a_score_that_is_not_finite(question: str, value: float) -> None:
    victim = answering(np.array([[0.5, 0.1, 0.2], [0.3, value, 0.4]]))
    shown = {1e39: "inf"}.get(value, str(value))
    with pytest.raises(
        VictimError, match=rf"bad answered with a score that is not finite \({shown}\) for the text 'b b'"
    ):
        QUESTIONS[question](victim, ["a", "b b"])


def test_the_text_that_got_a_bad_score_is_the_one_that_is_named() -> None:
    victim = FunctionWrapper(
        lambda texts: [[np.nan if "bad" in text else 1.0] for text in texts], "score", batch_size=2
    )
    with pytest.raises(VictimError, match="for the text 'the bad one'"):
        victim(["the longest of all", "the bad one", "short", "x"])


@every_question
@pytest.mark.parametrize(
    ("answer", "shape"),
    [
        ([0.1, 0.2], r"\(2,\)"),
        ([[0.1, 0.2, 0.3]], r"\(1, 3\)"),
        ([[[0.1, 0.2, 0.3]], [[0.1, 0.2, 0.3]]], r"\(2, 1, 3\)"),
        ([[], []], r"\(2, 0\)"),
        (7.0, r"\(\)"),
    ],
)
def test_a_wrong_shape(question: str, answer: Any, shape: str) -> None:
    with pytest.raises(VictimError, match=rf"bad answered with scores of shape {shape}, expected \(2 texts, "):
        QUESTIONS[question](answering(answer), ["a", "b"])


@every_question
def test_fewer_columns_than_label_names(question: str) -> None:
    victim = answering([[0.1, 0.2], [0.3, 0.4]], label_names=["x", "y", "z"])
    with pytest.raises(VictimError, match=r"shape \(2, 2\), expected \(2 texts, 3 labels\); return one row a text"):
        QUESTIONS[question](victim, ["a", "b"])


@every_question
def test_more_columns_than_in_the_answer_before(question: str) -> None:
    victim = answering([[0.1, 0.2, 0.3, 0.4]] * 2)
    victim(["a"])
    with pytest.raises(VictimError, match=r"shape \(2, 4\), expected \(2 texts, 3 labels\)"):
        QUESTIONS[question](victim, ["a", "b"])


@every_question
@pytest.mark.parametrize(
    "answer",
    [
        [[0.1, 0.2, 0.3], [0.1]],
        ["high", "low"],
        [{"a": 0.1}, {"a": 0.2}],
        [["0.1", "0.2", "0.3"]] * 2,
        np.array([["0.1", "0.2", "0.3"]] * 2),
        [[0.1, 10**400, 0.3]] * 2,
        [[0.1, None, 0.3]] * 2,
        np.array([[0.1, 0.2j, 0.3]] * 2),
        np.array([["2020-01-01"] * 3] * 2, dtype="datetime64[D]"),
    ],
    ids=str,
)
def test_what_is_no_table_of_numbers(question: str, answer: Any) -> None:
    with pytest.raises(VictimError, match=r"bad answered with a (list|ndarray) that is no table of numbers"):
        QUESTIONS[question](answering(answer), ["a", "b"])


@every_question
@pytest.mark.parametrize("answer", [[[0.1, 1.5, 0.2], [0.0, 0.2, 0.3]], [[0.1, -0.5, 0.2], [0.0, 1.0, 0.3]]])
def test_probabilities_outside_0_and_1(question: str, answer: list[list[float]]) -> None:
    with pytest.raises(
        VictimError, match=r"bad declares probabilities and .*; declare the scores as 'logit' or 'score'"
    ):
        QUESTIONS[question](answering(answer, "probability"), ["a", "b"])
    QUESTIONS[question](answering(answer, "logit"), ["a", "b"])


@pytest.mark.parametrize(
    "answer",
    [
        [torch.tensor([0.5, 2.0, 1.0], requires_grad=True)] * 2,
        torch.tensor([[0.5, 2.0, 1.0]] * 2, dtype=torch.bfloat16, requires_grad=True),
        sparse.csr_matrix([[0.5, 2.0, 1.0]] * 2),
        [[1, 4, 2]] * 2,
        [[1, 2**70, 2]] * 2,
        np.array([[0.5, 2.0, 1.0]] * 2, dtype=np.float16),
    ],
    ids=["list of tensors", "bfloat16", "sparse", "whole numbers", "beyond 64 bits", "float16"],
)
def test_what_other_forms_of_a_table_are_understood(answer: Any) -> None:
    assert answering(answer).top_k(["a", "b"], 3)[0].tolist() == [[1, 2, 0]] * 2


# Questions ------------------------------------------------------------------------------------------------------------


@every_question
def test_one_string_instead_of_a_list(question: str) -> None:
    with pytest.raises(InputError, match="asked with a list of texts, got one string; put it into a list"):
        QUESTIONS[question](answering(None), "a text")


@every_question
@pytest.mark.parametrize("other", [None, b"bytes", 3, ("premise", "hypothesis")])
def test_what_is_not_a_text(question: str, other: Any) -> None:
    with pytest.raises(InputError, match=f"text 1 is a {type(other).__name__}, expected a string; join the columns"):
        QUESTIONS[question](answering(None), ["a text", other])


def test_a_label_that_is_no_index() -> None:
    with pytest.raises(TypeError, match="cannot be interpreted as an integer"):
        answering(None).score(["a"], [1.5])  # type: ignore[list-item]
    assert answering(None).score(["a"], np.array([1, 2])).shape == (1, 2)


def test_two_labels_of_one_name() -> None:
    with pytest.raises(
        InputError, match=r"two labels of this victim are called 'x' .*; give every label a name of its own"
    ):
        answering(None, label_names=["x", "y", "x"])


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ("logits", "unknown scores='logits'; choose probability, logit or score: did you mean 'logit'?"),
        ("Logit", "did you mean 'logit'?"),
        ("prob", "did you mean 'probability'?"),
        ("probs", "did you mean 'probability'?"),
        ("probabilities", "did you mean 'probability'?"),
        ("PROBABILITY", "did you mean 'probability'?"),
        ("decision_function", "did you mean 'score'?"),
        ("banana", "unknown scores='banana'; choose probability, logit or score"),
        (None, "unknown scores=None; choose"),
        (1, "unknown scores=1; choose"),
        (["logit"], "choose probability, logit or score"),
    ],
)
def test_an_unknown_kind_of_score(scores: Any, message: str) -> None:
    for make in (
        lambda: FunctionWrapper(len, scores),
        lambda: ShortlistWrapper(len, scores, ["a"]),
        lambda: RemoteWrapper("https://tagger.example.org", ["a"], scores, shown=1),
    ):
        with pytest.raises(InputError) as raised:
            make()
        assert message in str(raised.value)


def test_a_kind_of_score_that_this_victim_does_not_give() -> None:
    model, tokenizer = tiny_bert(3, 6, None), word_tokenizer(["egg"])
    with pytest.raises(InputError, match=r"cannot give scores='score'; choose probability or logit"):
        HuggingFaceWrapper(model, tokenizer, scores="score")
    with pytest.raises(InputError, match=r"unknown scores='logits'; choose probability or logit: did you mean 'logit'"):
        HuggingFaceWrapper(model, tokenizer, scores="logits")
    with pytest.raises(InputError, match=r"invalid batch_size=0: must be a whole number, at least 1"):
        HuggingFaceWrapper(model, tokenizer, batch_size=0)


# Makers ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", [3, "a name", None, object()])
def test_what_is_not_a_victim(model: Any) -> None:
    with pytest.raises(InputError, match=f"a {type(model).__name__} is not a victim; pass a wrapper of TextAttack or"):
        as_victim(model)


def test_the_one_margin_of_two_classes_speaks_for_both() -> None:
    margins = make_pipeline(CountVectorizer(), LogisticRegression()).fit(["a cat", "two dogs"], ["cat", "dog"])
    (margin,) = margins.decision_function(["a cat"])  # above 0 for the second class
    scores = SklearnWrapper(margins, scores="score")(["a cat"])
    assert scores == pytest.approx(np.array([[-margin, margin]]), abs=1e-6) and margin < 0


def test_all_of_them_are_one_family() -> None:
    assert issubclass(InputError, XMTCError) and issubclass(VictimError, XMTCError)
    assert issubclass(InputError, ValueError) and issubclass(VictimError, ValueError)
