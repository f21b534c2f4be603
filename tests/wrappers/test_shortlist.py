"""Victims that show only their best labels: what is said of the others, and what an attack makes of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from textattack.attack_results import FailedAttackResult, SkippedAttackResult, SuccessfulAttackResult

from tests.toolkit.victims import proposing
from textattack_xmtc import XMTCNegative, XMTCPositive, XMTCUntargeted
from textattack_xmtc.errors import InputError, VictimError
from textattack_xmtc.scores import NOTHING
from textattack_xmtc.targets import GroundTruth
from textattack_xmtc.wrappers import BEYOND, FunctionWrapper, ShortlistWrapper

NAMES = ["cooking", "sports", "music", "garden"]
WEIGHTS = {
    "egg": [5, 0, 0, 1],
    "pan": [3, 0, 0, 0],
    "drum": [0, 0, 4, 0],
    "ball": [0, 3, 0, 0],
    "song": [0, 0, 3, 0],
    "rose": [0, 0, 0, 2],
}
TEXT = "first an egg went into that pan while one drum played near our rose"


def rows(texts: list[str]) -> list[np.ndarray]:
    return [
        np.sum([[0, 0, 0, 0]] + [WEIGHTS[word] for word in text.split() if word in WEIGHTS], axis=0) for text in texts
    ]


class Shown:
    """Shows the m best labels whose score is above 0, and counts what it is sent."""

    def __init__(self, m: int) -> None:
        self.m = m
        self.asked: list[Any] = []

    def __call__(self, texts: list[str]) -> list[list[tuple[str, int]]]:
        self.asked += texts
        best = [
            sorted(zip(NAMES, map(int, row), strict=True), key=lambda pair: -pair[1])[: self.m] for row in rows(texts)
        ]
        return [[(name, score) for name, score in row if score] for row in best]


def victim(m: int = 2, **options: int) -> ShortlistWrapper:
    return ShortlistWrapper(Shown(m), "score", NAMES, shown=m, floor=0.0, **options)


def attack(
    recipe: type[Any],
    model: FunctionWrapper | ShortlistWrapper,
    target: tuple[str],
    labels: Any = ("cooking",),
    proposals: tuple[str] = ("ball", "song", "rose", "stone"),
    k: int = 1,
    text: str = TEXT,
) -> FailedAttackResult | SuccessfulAttackResult:
    built = recipe.build(model, k=k, max_change_rate=0.4, masked_lm=proposing(*proposals), encoder="embedded")
    return built.attack(text, GroundTruth(labels, target).encode())


# Answers --------------------------------------------------------------------------------------------------------------


def test_a_label_that_is_not_shown_has_the_floor_and_no_rank() -> None:
    model = victim()
    assert model.score([TEXT], [0, 1, 2, 3]).tolist() == [[8, 0, 4, 0]]
    assert model.rank([TEXT], [0, 1, 2, 3]).tolist() == [[1, BEYOND, 2, BEYOND]]
    assert model([TEXT]).tolist() == [[8, 0, 4, 0]]  # the true row ends in 3


def test_where_fewer_are_shown_than_asked_for() -> None:
    labels, scores = victim().top_k(["one ball", "nothing at all", TEXT], 2)
    assert labels.tolist() == [[1, NOTHING], [NOTHING, NOTHING], [0, 2]]
    assert scores.tolist() == [[3, 0], [0, 0], [8, 4]]


@pytest.mark.parametrize(
    "row",
    [
        [("music", 2), ("cooking", 3.0)],
        [{"label": "cooking", "score": 3}, {"label": "music", "score": np.float64(2)}],
        {"music": 2, "cooking": 3},
        [[2, 2.0], [np.int64(0), 3.0]],
        (("cooking", 3), ("music", 2), ("sports", 1)),
    ],
    ids=["pairs", "dictionaries", "mapping", "indices", "more than m"],
)
def test_forms_of_an_answer(row: Any) -> None:
    model = ShortlistWrapper(lambda texts: [row] * len(texts), "score", NAMES, shown=2, floor=0.0)
    assert model.top_k(["a", "b"], 2)[0].tolist() == [[0, 2]] * 2
    assert model.score(["a"], [0, 1, 2]).tolist() == [[3, 0, 2]]


def test_ties_are_broken_by_the_lower_label_index() -> None:
    row = [("garden", 1), ("music", 1), ("sports", 1)]
    model = ShortlistWrapper(lambda texts: [row] * len(texts), "score", NAMES, shown=2, floor=0.0)
    assert model.top_k(["a"], 2)[0].tolist() == [[1, 2]]
    assert model.rank(["a"], [1, 2, 3]).tolist() == [[1, 2, BEYOND]]


def test_a_text_is_sent_once() -> None:
    model = victim(batch_size=2)
    model.score([TEXT, "b", TEXT, "c"], [0])
    model.top_k([TEXT, "b"], 1)
    model.rank([TEXT], [3])
    model([TEXT, "d"])
    assert model.model.asked == [TEXT, "b", "c", "d"]


@pytest.mark.parametrize(("name", "limit"), [("_KEPT_TEXTS", 2), ("_KEPT_SCORES", 4)])
def test_what_is_kept_has_a_limit(monkeypatch: pytest.MonkeyPatch, name: str, limit: int) -> None:
    monkeypatch.setattr(f"textattack_xmtc.wrappers.shortlist.{name}", limit)
    model = victim()
    texts = ["egg drum", "egg ball", "pan song"]
    expected = model.score(texts, [0]).tolist()
    model.score(texts[1:], [1])
    assert model.model.asked == texts
    assert model.score(texts[:1], [0]).tolist() == expected[:1]
    assert model.model.asked == [*texts, texts[0]]
    assert model._kept_scores == sum(map(len, model._kept.values())) == 4


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ([[]], "gave 1 answers for 2 texts"),
        ({"label": "music"}, "gave a dict for 2 texts"),
        ([[("jazz", 1)]] * 2, "shows the label 'jazz' that is not one of its 4"),
        ([[("music", 1), ("music", 2)]] * 2, "shows the label 'music' twice"),
        ([[("music", -1)]] * 2, "shows a score of -1, and a label that is not shown has 0"),
        ([[("music", float("nan"))]] * 2, "shows a score of nan"),
        ([[("music", float("inf"))]] * 2, "shows a score of inf"),
        ([[("music", 1e39)]] * 2, "shows a score of inf"),
        ([[("music", 10**400)]] * 2, r"which is no list of labels with scores \(OverflowError\)"),
        ([[("music", "0.5")]] * 2, "which is no list of labels with scores"),
        ([[("music", True)]] * 2, "which is no list of labels with scores"),
        ([[("music", None)]] * 2, "which is no list of labels with scores"),
        ([["music"]] * 2, "which is no list of labels with scores"),
        ([[("music", "high")]] * 2, "which is no list of labels with scores"),
        ([[{"name": "music"}]] * 2, "which is no list of labels with scores"),
        ([3, 4], "which is no list of labels with scores"),
    ],
)
def test_bad_answers(answer: Any, message: str) -> None:
    model = ShortlistWrapper(lambda texts: answer, "score", NAMES, shown=2, floor=0.0, name="bad")
    with pytest.raises(VictimError, match=f"bad .*{message}"):
        model.score(["a", "b"], [0])


def test_bad_settings() -> None:
    with pytest.raises(InputError, match="cannot tell how many there are; give label_names"):
        ShortlistWrapper(Shown(2), "probability")
    with pytest.raises(InputError, match="a label that is not shown needs a score"):
        ShortlistWrapper(Shown(2), "logit", NAMES)
    for shown in (0, -1, 1.5, "2", True):
        with pytest.raises(InputError, match=f"invalid shown={shown!r}: must be a whole number, at least 1"):
            ShortlistWrapper(Shown(2), "probability", NAMES, shown=shown)
    with pytest.raises(InputError, match="k=3 is more than the 2 labels that Shown shows; choose k between 1 and 2"):
        victim().top_k([TEXT], 3)
    with pytest.raises(InputError, match="k=3 is more than the 2 labels"):
        XMTCPositive.build(victim(), k=3, masked_lm=proposing("ball"), encoder="embedded")


# Attacks --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("recipe", [XMTCPositive, XMTCUntargeted])
def test_a_label_is_pushed_out_as_if_all_scores_were_known(recipe: type[Any]) -> None:
    """As long as the target is among the m, the attack is the one on the whole model."""
    dense = FunctionWrapper(rows, "score", NAMES)
    known, shown = attack(recipe, dense, ("cooking",)), attack(recipe, victim(m=3), ("cooking",))
    assert isinstance(shown, SuccessfulAttackResult)
    assert shown.perturbed_text() == known.perturbed_text() and shown.num_queries == known.num_queries


def test_a_label_that_fell_off_the_list_is_flagged() -> None:
    result = attack(XMTCPositive, victim(m=1), ("cooking",))
    assert isinstance(result, SuccessfulAttackResult)
    assert "target cooking: rank 1 -> beyond the labels that the victim ranks, score 8 -> 0" in str(result)


def test_each_text_of_an_attack_is_sent_once() -> None:
    model = victim()
    result = attack(XMTCPositive, model, ("cooking",))
    assert len(model.model.asked) == len(set(model.model.asked)) == result.num_queries


def test_a_label_that_is_shown_can_be_pulled_up() -> None:
    result = attack(XMTCNegative, victim(), ("music",))
    assert isinstance(result, SuccessfulAttackResult)


def test_what_is_not_shown_cannot_be_pulled_up_step_by_step() -> None:
    """Sports needs two balls to be among the two best: one alone makes no difference that the victim shows."""
    text = "first an egg went into that pan while one song then another song then one more song played"
    dense = FunctionWrapper(rows, "score", NAMES)
    known = attack(XMTCNegative, dense, ("sports",), proposals=("ball",), k=2, text=text)
    blind = attack(XMTCNegative, victim(), ("sports",), proposals=("ball",), k=2, text=text)
    assert isinstance(known, SuccessfulAttackResult)
    assert isinstance(blind, FailedAttackResult) and "no word left to change" in str(blind)


def test_a_text_of_which_nothing_is_shown_is_skipped() -> None:
    built = XMTCPositive.build(victim(), k=1, masked_lm=proposing("ball"), encoder="embedded")
    result = built.attack("stone " * 12, GroundTruth(("cooking",)).encode())
    assert isinstance(result, SkippedAttackResult) and "nothing is shown: no label is among the top 1" in str(result)
