"""What an attack may expect of a victim, held against every wrapper: one test body, many victims."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.toolkit.every_victim import (
    KINDS,
    LABELS,
    ODD_TEXTS,
    TEXTS,
    every_victim,
    function_of_named_labels,
    made,
)
from textattack_xmtc.errors import InputError
from textattack_xmtc.wrappers import HuggingFaceWrapper, ScorerWrapper, SklearnWrapper


@every_victim
def test_scores_are_columns_of_the_dense_answer(make: Callable[..., Any]) -> None:
    victim = made(make)
    dense = victim(TEXTS)
    assert dense.dtype == np.float32 and dense.shape == (len(TEXTS), LABELS)
    assert len(np.unique(dense)) >= LABELS  # a victim that answers the same to everything would hold to anything
    wanted = [4, 0, 4]
    scores = victim.score(TEXTS, wanted)
    assert scores.dtype == np.float32 and scores.shape == (len(TEXTS), 3)
    np.testing.assert_allclose(scores, dense[:, wanted], atol=1e-5)


@every_victim
@pytest.mark.parametrize("k", [1, 3, LABELS])
def test_the_k_best_are_those_of_brute_force(make: Callable[..., Any], k: int) -> None:
    victim = made(make)
    dense = victim(TEXTS)
    labels, scores = victim.top_k(TEXTS, k)
    assert labels.dtype == np.int64 and scores.dtype == np.float32
    assert labels.tolist() == [sorted(range(LABELS), key=lambda j, row=row: (-row[j], j))[:k] for row in dense]
    np.testing.assert_allclose(scores, np.take_along_axis(dense, labels, axis=1), atol=1e-5)


@every_victim
def test_ranks_are_those_of_brute_force(make: Callable[..., Any]) -> None:
    victim = made(make)
    wanted = [5, 0, 2]
    ranks = victim.rank(TEXTS, wanted)
    assert ranks.dtype == np.int64
    for row, got in zip(victim(TEXTS), ranks.tolist(), strict=True):
        ordered = sorted(range(LABELS), key=lambda j, row=row: (-row[j], j))
        assert got == [ordered.index(label) + 1 for label in wanted]


@every_victim
def test_an_answer_does_not_depend_on_its_batch(make: Callable[..., Any]) -> None:
    victim = made(make)
    alone = np.concatenate([victim([text]) for text in TEXTS])
    turned = list(reversed(TEXTS))
    for size in (1, 3, 100):
        other = copy.copy(victim)
        other.batch_size = size
        np.testing.assert_allclose(other(turned)[::-1], alone, atol=1e-5)
        np.testing.assert_allclose(other.score(turned, [1])[::-1, 0], alone[:, 1], atol=1e-5)
        np.testing.assert_allclose(other.top_k(turned, 1)[1][::-1, 0], alone.max(axis=1), atol=1e-5)


@every_victim
def test_a_text_asked_twice_gets_one_answer(make: Callable[..., Any]) -> None:
    dense = made(make)([TEXTS[0], TEXTS[1], TEXTS[0]])
    np.testing.assert_allclose(dense[0], dense[2], atol=1e-6)


@every_victim
def test_no_texts_and_no_labels_give_empty_answers(make: Callable[..., Any]) -> None:
    victim = make()
    assert victim([]).shape == (0, victim.labels.size or 0)
    assert victim.score([], [0, 1]).shape == (0, 2)
    assert victim.score(TEXTS, []).shape == (len(TEXTS), 0)
    assert victim.rank([], [0]).shape == (0, 1)
    assert victim.rank(TEXTS, []).shape == (len(TEXTS), 0)
    assert [part.shape for part in victim.top_k([], 2)] == [(0, 2), (0, 2)]
    victim(TEXTS)
    assert victim([]).shape == (0, LABELS)


@every_victim
@pytest.mark.parametrize("odd", ODD_TEXTS)
def test_odd_texts_get_finite_answers(make: Callable[..., Any], odd: str) -> None:
    victim, texts = made(make), [ODD_TEXTS[odd], TEXTS[0]]
    dense = victim(texts)
    assert np.isfinite(dense).all()
    np.testing.assert_allclose(dense[1], victim([TEXTS[0]])[0], atol=1e-5)
    np.testing.assert_allclose(victim.score(texts, [2])[:, 0], dense[:, 2], atol=1e-5)
    assert victim.rank(texts, victim.top_k(texts, 1)[0][0].tolist())[0, 0] == 1


@every_victim
@pytest.mark.parametrize("question", ["score", "rank"])
def test_unknown_labels_are_refused(make: Callable[..., Any], question: str) -> None:
    victim = make()  # the first answer may be what tells the number of labels
    for label in (LABELS, 10**6, -1):
        with pytest.raises(InputError, match=f"label index {label} is not one of the"):
            getattr(victim, question)(TEXTS, [0, label])


@every_victim
def test_a_k_that_cannot_be_is_refused(make: Callable[..., Any]) -> None:
    victim = make()
    with pytest.raises(
        InputError, match=f"k=7 is more than the {LABELS} labels of this victim; choose k between 1 and"
    ):
        victim.top_k(TEXTS, LABELS + 1)
    for k in (0, -1, 2.5, "3", True):
        with pytest.raises(InputError, match=f"invalid k={k!r}: must be a whole number, at least 1"):
            victim.top_k(TEXTS, k)


@every_victim
def test_what_the_scores_are_is_declared(make: Callable[..., Any]) -> None:
    victim = made(make)
    assert victim.score_kind == KINDS.get(make.__name__, "probability")
    assert victim.with_score_kind(victim.score_kind) is victim
    if victim.score_kind == "probability":
        assert victim(TEXTS).min() >= 0 and victim(TEXTS).max() <= 1
    with pytest.raises(InputError, match=r"unknown scores='odds'; (choose|it gives) "):
        victim.with_score_kind("odds")
    for kind in {"probability", "logit", "score"} - set(victim.score_kinds):
        with pytest.raises(InputError, match=f"{victim.name} cannot give scores='{kind}'; "):
            victim.with_score_kind(kind)


@every_victim
def test_what_is_not_read_does_not_count(make: Callable[..., Any]) -> None:
    victim = made(make)
    for text in (*TEXTS, *ODD_TEXTS.values()):
        read = victim.characters_read(text)
        assert 0 <= read <= len(text)
        np.testing.assert_allclose(victim([text[:read]]), victim([text]), atol=1e-5)
    long = ODD_TEXTS["very long"]
    reads_all = not isinstance(victim, (HuggingFaceWrapper, ScorerWrapper))
    assert (victim.characters_read(long) == len(long)) is reads_all


@every_victim
def test_short_texts_are_read_to_the_end(make: Callable[..., Any]) -> None:
    for text in ("", "egg", "egg!  "):
        assert made(make).characters_read(text) == len(text)


@every_victim
def test_the_mask_hides_a_word(make: Callable[..., Any]) -> None:
    victim = made(make)
    shown, masked, unknown = victim(["boil an egg now", f"boil an {victim.mask} now", "boil an qqq now"])
    assert not np.array_equal(masked, shown)
    if isinstance(victim, (SklearnWrapper, ScorerWrapper)):
        np.testing.assert_allclose(masked, unknown, atol=1e-6)
    if isinstance(victim, HuggingFaceWrapper):
        assert victim.tokenizer.mask_token_id in victim.tokenizer(f"boil an {victim.mask}, now")["input_ids"]


@every_victim
def test_a_copy_answers_the_same(make: Callable[..., Any]) -> None:
    victim = made(make)
    copies = [copy.deepcopy(victim)]
    if make is not function_of_named_labels:  # a lambda does not pickle
        copies.append(pickle.loads(pickle.dumps(victim)))
    for other in copies:
        np.testing.assert_array_equal(other(TEXTS), victim(TEXTS))
        assert (other.mask, other.score_kind, other.labels.names) == (
            victim.mask,
            victim.score_kind,
            victim.labels.names,
        )
