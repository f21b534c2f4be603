"""Protection at a share, against a plain construction; draws that depend on nothing but text, labels and seed."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textattack_xmtc.errors import InputError
from textattack_xmtc.evidence.protection import Preserve, protect
from textattack_xmtc.evidence.protocol import WordEvidence, is_content, stem

WORDS = ["the", "of", "robot", "robots", "arm", "arms", "egg", "salad", "x", "42", "learning", "learn"]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(WORDS), max_size=25),
    st.sampled_from([0, 0.1, 0.2, 0.25, 0.5, 0.9, 1]),
    st.lists(st.sampled_from([0.0, 0.0, 1.0, 2.5]), min_size=25, max_size=25),
    st.integers(0, 5),
)
def test_the_share_with_the_most_evidence_is_protected(
    words: list[str], share: float, drawn: list[float], seed: int
) -> None:
    weights = np.array(drawn[: len(words)])
    evidence = WordEvidence(weights, weights > 1)
    text = " ".join(words)
    protection = protect(text, words, ["label"], share, evidence, seed)
    content = {i for i, word in enumerate(words) if is_content(word)}
    wanted = int(Fraction(str(share)) * len(content) + Fraction(1, 2))
    assert len(protection.positions) == wanted
    assert protection.content == len(content)
    assert protection.positions <= content
    assert protection.backed == sum(weights[i] > 1 for i in protection.positions)
    # A group that is protected whole, or in part, has at least the weight of every group that is left out.
    groups: dict[str, set[int]] = {}
    for i in content:
        groups.setdefault(stem(words[i]), set()).add(i)
    weight = {name: max(weights[i] for i in places) for name, places in groups.items()}
    inside = {name for name, places in groups.items() if places & protection.positions}
    outside = groups.keys() - inside
    partly = {name for name in inside if not groups[name] <= protection.positions}
    assert len(partly) <= 1
    for name in inside:
        assert all(weight[name] >= weight[other] for other in outside)
    assert all(weight[name] == min(weight[own] for own in inside) for name in partly)
    assert protect(text, words, ["label"], share, evidence, seed) == protection


def test_ties_are_drawn_and_not_taken_from_the_beginning() -> None:
    words = [f"q{letter}x" for letter in "abcdefghij"]
    flat = WordEvidence(np.zeros(10), np.zeros(10, dtype=bool))
    counts: Counter[int] = Counter()
    for number in range(2_000):
        counts.update(protect(f"text {number}", words, ["a"], 0.3, flat).positions)
    assert all(abs(counts[i] / 2_000 - 0.3) < 0.05 for i in range(10))
    assert sum(counts.values()) == 2_000 * 3


def test_draws_differ_by_text_label_and_seed_only() -> None:
    words = [f"q{letter}x" for letter in "abcdefghijklmnop"]

    def drawn(text: str = "text", labels: tuple[str | int, ...] = ("a",), seed: int = 0) -> frozenset[int]:
        return protect(text, words, labels, 0.5, None, seed).positions

    assert drawn() == drawn()
    assert drawn(labels=("a", "b")) == drawn(labels=("b", "a"))
    assert len({drawn(), drawn("other"), drawn(labels=("b",)), drawn(seed=1)}) == 4


def test_a_half_is_rounded_up_and_decimals_are_exact() -> None:
    words = [f"w{number}x" for number in range(50)]
    for share, expected in ((0.01, 1), (0.29, 15), (0.03, 2), (0.009, 0), (1, 50), (0, 0)):
        assert len(protect("t", words, ["a"], share).positions) == expected


def test_texts_without_content_words() -> None:
    assert protect("", [], ["a"], 0.5).positions == frozenset()
    assert protect("of the", ["of", "the"], ["a"], 1) == (frozenset(), 0, 0)


@pytest.mark.parametrize(
    "text", ["freeze", "frozen:2", "frozen:", "frozen:x", "none:0.2", "", "frozen:nan", "random:-1"]
)
def test_unknown_preserve_options_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="preserve="):
        Preserve.parse(text)


def test_preserve_options() -> None:
    assert Preserve.parse("paraphrased") == ("paraphrased", 0.2)
    assert Preserve.parse("random:1") == ("random", 1.0)
