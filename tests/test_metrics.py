"""Each metric against a plain implementation that follows its formula text by text, and PSP@k against napkinXC."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from textattack_xmtc.errors import InputError
from textattack_xmtc.metrics import (
    PROPENSITY_CONSTANTS,
    label_matrix,
    ndcg_at_k,
    only_labels,
    precision_at_k,
    propensities,
    psp_at_k,
    recall_at_k,
)

Rows = list[list[int]]


@st.composite
def problems(draw: st.DrawFn) -> tuple[Rows, Rows, int, int]:
    """Rankings and true labels of a few texts, the number of labels, and k; -1 where nothing was predicted."""
    n_labels = draw(st.integers(1, 12))
    k = draw(st.integers(1, n_labels))
    n_texts = draw(st.integers(1, 8))
    labels = st.integers(0, n_labels - 1)
    truth = [draw(st.lists(labels, max_size=n_labels, unique=True)) for _ in range(n_texts)]
    top = []
    for _ in range(n_texts):
        row = draw(st.permutations(range(n_labels)))
        given_up = draw(st.integers(0, n_labels))
        top.append([label if place < given_up else -1 for place, label in enumerate(row)])
    return top, truth, n_labels, k


def plain_precision(top: Rows, truth: Rows, k: int) -> float:
    return sum(len(set(best[:k]) & set(true)) / k for best, true in zip(top, truth, strict=True)) / len(top)


def plain_recall(top: Rows, truth: Rows, k: int) -> float:
    shares = [len(set(best[:k]) & set(true)) / len(true) for best, true in zip(top, truth, strict=True) if true]
    return sum(shares) / len(shares) if shares else math.nan


def plain_ndcg(top: Rows, truth: Rows, k: int) -> float:
    values = []
    for best, true in zip(top, truth, strict=True):
        if true:
            gained = sum(1 / math.log2(rank + 1) for rank, label in enumerate(best[:k], start=1) if label in true)
            possible = sum(1 / math.log2(rank + 1) for rank in range(1, min(k, len(true)) + 1))
            values.append(gained / possible)
    return sum(values) / len(values) if values else math.nan


def plain_psp(top: Rows, truth: Rows, propensity: list[float], k: int, normalised: bool) -> float:
    gained = possible = 0.0
    for best, true in zip(top, truth, strict=True):
        gained += sum(1 / propensity[label] for label in best[:k] if label in true) / k
        possible += sum(sorted((1 / propensity[label] for label in true), reverse=True)[:k]) / k
    if not normalised:
        return gained / len(top)
    return gained / possible if possible else math.nan


@given(problems(), st.randoms(use_true_random=False))
def test_every_metric_equals_its_plain_implementation(problem: Any, random: Any) -> None:
    top, truth, n_labels, k = problem
    best, true = np.array(top), label_matrix(truth, n_labels)
    propensity = [random.uniform(0.01, 1) for _ in range(n_labels)]
    assert precision_at_k(best, true, k) == pytest.approx(plain_precision(top, truth, k))
    assert recall_at_k(best, true, k) == pytest.approx(plain_recall(top, truth, k), nan_ok=True)
    assert ndcg_at_k(best, true, k) == pytest.approx(plain_ndcg(top, truth, k), nan_ok=True)
    for normalised in (True, False):
        value = psp_at_k(best, true, np.array(propensity), k, normalised=normalised)
        assert value == pytest.approx(plain_psp(top, truth, propensity, k, normalised), nan_ok=True)


@given(problems(), st.sets(st.integers(0, 11)))
def test_disjoint_sets_of_labels_share_the_precision_between_them(problem: Any, chosen: Any) -> None:
    top, truth, n_labels, k = problem
    best, true = np.array(top), label_matrix(truth, n_labels)
    mask = np.isin(np.arange(n_labels), list(chosen))
    parts = precision_at_k(best, only_labels(true, mask), k) + precision_at_k(best, only_labels(true, ~mask), k)
    assert parts == pytest.approx(precision_at_k(best, true, k))


def test_a_label_written_twice_or_with_the_value_0_counts_once_or_not_at_all() -> None:
    truth = sparse.csr_matrix((np.array([1.0, 1.0, 0.0]), np.array([2, 2, 0]), np.array([0, 3])), shape=(1, 3))
    assert recall_at_k(np.array([[2]]), truth, 1) == 1.0
    assert precision_at_k(np.array([[0]]), truth, 1) == 0.0
    assert psp_at_k(np.array([[2]]), truth, np.full(3, 0.5), 1) == 1.0
    assert label_matrix([[1, 1]], 2).toarray().tolist() == [[0.0, 1.0]]


def test_propensities_by_hand() -> None:
    # N = 1000: log N - 1 = 5.907755, C = 5.907755 * 2.5^0.55 = 9.778889; p = 1 / (1 + 9.778889 (n + 1.5)^-0.55)
    assert propensities(np.array([0, 1, 98]), 1000) == pytest.approx([0.113325, 0.144765, 0.562142], abs=1e-6)
    # A, B = 0.5, 0.4, N = 100: C = 3.605170 * 1.4^0.5 = 4.265695; n = 0: p = 1 / (1 + 4.265695 / 0.632456)
    assert propensities(np.array([0]), 100, *PROPENSITY_CONSTANTS["wikipedia"]) == pytest.approx([0.129121], abs=1e-6)
    # A, B = 0.6, 2.6, N = 100: C = 3.605170 * 3.6^0.6 = 7.775123; n = 7: p = 1 / (1 + 7.775123 / 9.6^0.6)
    assert propensities(np.array([7]), 100, *PROPENSITY_CONSTANTS["amazon"]) == pytest.approx([0.333172], abs=1e-6)


@given(st.lists(st.integers(0, 500), min_size=1, max_size=20), st.sampled_from(sorted(PROPENSITY_CONSTANTS)))
def test_propensities_rise_with_the_frequency_and_stay_probabilities(counts: Any, family: Any) -> None:
    values = propensities(np.array(sorted(counts)), 500, *PROPENSITY_CONSTANTS[family])
    assert (np.diff(values) >= 0).all()
    assert ((values > 0) & (values <= 1)).all()


@pytest.mark.parametrize("normalised", [True, False])
def test_psp_and_propensities_equal_napkinxc(normalised: bool) -> None:
    napkinxc = pytest.importorskip("napkinxc.metrics", reason="napkinXC is a development dependency")
    random = np.random.default_rng(7)
    n_labels, k = 300, 5
    popularity = 1 / np.arange(1, n_labels + 1)
    rows = [
        sorted(random.choice(n_labels, size=random.integers(0, 9), replace=False, p=popularity / popularity.sum()))
        for _ in range(400)
    ]
    train, test = label_matrix(rows[:300], n_labels), label_matrix(rows[300:], n_labels)
    top = np.array([random.permutation(n_labels)[:20] for _ in rows[300:]])
    for row, true in zip(top, rows[300:], strict=True):
        row[: len(true) : 2] = true[::2]  # some hits, in other places than chance puts them
    top = np.array([list(dict.fromkeys(row))[:k] for row in top])
    propensity = propensities(np.asarray(train.sum(axis=0)).ravel(), train.shape[0])

    inverse = napkinxc.Jain_et_al_inverse_propensity(train, A=0.55, B=1.5)
    assert 1 / propensity == pytest.approx(inverse)
    expected = napkinxc.psprecision_at_k(test, top.tolist(), inverse, k=k, normalize=normalised)
    values = [psp_at_k(top, test, propensity, place, normalised=normalised) for place in range(1, k + 1)]
    assert values == pytest.approx(expected)
    assert min(values) > 0


TRUTH = label_matrix([[0], [1, 2]], 3)


@pytest.mark.parametrize(
    ("top", "k", "message"),
    [
        ([[0, 1]], 1, r"shape \(1, 2\).* for 2 texts"),
        ([[0.0], [1.0]], 1, "integer label indices"),
        ([[0, 1], [1, 2]], 3, "k=3 with 2 labels"),
        ([[0, 1], [1, 2]], 0, "k=0"),
        ([[0], [3]], 1, "run from 0 to 3, outside 0 to 2"),
        ([[0], [-2]], 1, "run from -2"),
        ([[0, 1], [2, 2]], 2, "twice in the top k"),
    ],
)
@pytest.mark.parametrize("metric", [precision_at_k, recall_at_k, ndcg_at_k])
def test_what_cannot_be_measured_is_refused(
    metric: Callable[..., Any], top: list[list[float]], k: int, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        metric(np.array(top), TRUTH, k)


def test_no_text_at_all_is_refused() -> None:
    with pytest.raises(InputError, match="no text to measure"):
        precision_at_k(np.zeros((0, 1), dtype=int), label_matrix([], 3), 1)


@pytest.mark.parametrize("propensity", [[0.5, 0.5], [0.5, 0.0, 0.5], [0.5, math.nan, 0.5], [0.5, -1.0, 0.5]])
def test_propensities_that_cannot_be_are_refused(propensity: list[float]) -> None:
    with pytest.raises(InputError, match="propensities of shape"):
        psp_at_k(np.array([[0], [1]]), TRUTH, np.array(propensity), 1)


@pytest.mark.parametrize(
    ("counts", "n_train", "message"), [([1], 2, "not defined for 2"), ([-1], 9, "from -1"), ([10], 9, "to 10")]
)
def test_counts_that_cannot_be_are_refused(counts: list[int], n_train: int, message: str) -> None:
    with pytest.raises(InputError, match=message):
        propensities(np.array(counts), n_train)


@pytest.mark.parametrize("row", [[3], [-1]])
def test_label_indices_outside_the_label_space_are_refused(row: list[int]) -> None:
    with pytest.raises(InputError, match="outside 0 to 2"):
        label_matrix([row], 3)
