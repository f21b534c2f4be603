"""Top k, ranks and records of scores, against plain sorting."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textattack_xmtc.scores import LabelScores, TopK, ranks_of_rows, top_k_of_rows

FEW_VALUES = st.sampled_from([-1.5, -0.0, 0.0, 0.25, 1.0])
ANY_VALUE = st.floats(-(2.0**99), 2.0**99, width=32)


@st.composite
def dense_rows(draw: st.DrawFn) -> Any:
    """Rows of scores, most with many ties."""
    texts, labels = draw(st.integers(0, 4)), draw(st.integers(1, 12))
    values = draw(st.sampled_from([FEW_VALUES, ANY_VALUE]))
    rows = draw(st.lists(st.lists(values, min_size=labels, max_size=labels), min_size=texts, max_size=texts))
    dtype = draw(st.sampled_from([np.float32, np.float64]))
    return np.array(rows, dtype=dtype).reshape(texts, labels)


def best_first(row: Any) -> list[Any]:
    """Label indices, the highest score first, ties by the lower index."""
    return sorted(range(len(row)), key=lambda label: (-row[label], label))


@given(dense=dense_rows(), data=st.data())
def test_top_k_of_rows(dense: Any, data: Any) -> None:
    k = data.draw(st.integers(1, dense.shape[1]))
    labels, scores = top_k_of_rows(dense, k)
    assert labels.dtype == np.int64 and scores.dtype == dense.dtype
    assert labels.shape == scores.shape == (len(dense), k)
    for row, own_labels, own_scores in zip(dense, labels.tolist(), scores.tolist(), strict=True):
        assert own_labels == best_first(row)[:k]
        assert own_scores == [row[label] for label in own_labels]


@given(dense=dense_rows(), data=st.data())
def test_ranks_of_rows(dense: Any, data: Any) -> None:
    wanted = data.draw(st.lists(st.integers(0, dense.shape[1] - 1), max_size=5))
    ranks = ranks_of_rows(dense, iter(wanted))
    assert ranks.dtype == np.int64 and ranks.shape == (len(dense), len(wanted))
    assert ranks.tolist() == [[best_first(row).index(label) + 1 for label in wanted] for row in dense]


@given(dense=dense_rows())
def test_ranks_and_top_k_agree(dense: Any) -> None:
    labels, _ = top_k_of_rows(dense, dense.shape[1])
    for row, order in zip(dense, labels, strict=True):
        assert ranks_of_rows(row[None], order).tolist() == [[*range(1, len(row) + 1)]]


def test_rows_are_left_as_they_were() -> None:
    dense = np.array([[0.2, 0.9, 0.9, 0.1]])
    before = dense.copy()
    top_k_of_rows(dense, 2)
    ranks_of_rows(dense, [3])
    assert (dense == before).all()


def test_top_k_holds_labels_and_ranks() -> None:
    top = TopK((4, 2), (0.9, 0.5))
    assert 4 in top and 2 in top and 3 not in top and "4" not in top
    assert [top.rank(label) for label in (4, 2, 3)] == [1, 2, None]


def test_a_record_grows_on_demand() -> None:
    record = LabelScores({3: 0.5})
    assert record.missing([8, 3, 5]) == [8, 5]
    record.add({8: 0.25, 5: -1.0})
    assert record.missing([8, 3, 5]) == []
    assert record.total([8, 3]) == 0.75
    assert record.total(iter([5, 3])) == -0.5
    assert record.total([]) == 0.0


def test_a_score_that_was_never_asked_for_is_not_made_up() -> None:
    record = LabelScores({3: 0.5}, TopK((8,), (0.9,)))
    assert record.missing([8]) == [8]  # the top k is a record of its own
    with pytest.raises(KeyError):
        record.total([3, 8])


def test_records_share_nothing() -> None:
    one, other = LabelScores(), LabelScores()
    one.add({1: 0.5})
    one.ranks[1] = 1
    assert other.scores == {} and other.ranks == {}
