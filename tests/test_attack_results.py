"""The table of results, and how results, attacks and goals show themselves."""

from __future__ import annotations

import pandas  # type: ignore[import-untyped]
import pytest

from tests.toolkit.victims import bag, proposing
from textattack_xmtc import XMTCDataset, XMTCPositive, XMTCUntargeted, results_frame
from textattack_xmtc.attack_recipes import XMTCRecipe
from textattack_xmtc.datasets.corpus import Corpus, Document
from textattack_xmtc.errors import InputError

NAMES = ["fruit", "food", "tools"]
TEXT = "amber basalt cedar onyx pearl river stone table water glass"


def attack(recipe: type[XMTCRecipe], *words: str) -> XMTCRecipe:
    victim = bag({"amber": [4, 0, 0], "zinc": [-9, 0, 1]}, [2, 1.5, 1], label_names=NAMES)
    return recipe.build(victim, k=2, masked_lm=proposing(*words), encoder="embedded", max_change_rate=0.2)


def test_one_row_a_result() -> None:
    positive = attack(XMTCPositive, "zinc")
    frame = results_frame([positive.attack(TEXT, ["fruit"]), positive.attack(TEXT, ["tools"])])
    assert isinstance(frame, pandas.DataFrame) and list(frame["outcome"]) == ["succeeded", "skipped"]
    row = frame.iloc[0]
    assert (row["targets"], row["left"], row["rank_before"], row["rank_after"]) == (["fruit"], ["fruit"], [1], [3])
    assert (row["shown_before"], row["shown_after"]) == (["fruit", "food"], ["tools", "food"])
    assert (row["words"], row["changed"], row["reason"], row["encoder"]) == (10, 1, "", "embedded")
    assert (row["score_before"], row["score_after"]) == ([6.0], [-7.0])
    assert frame.iloc[1]["reason"] == "no true label is among the top 2" and pandas.isna(frame.iloc[1]["similarity"])


def test_an_untargeted_row_names_true_labels_only() -> None:
    (row,) = results_frame(attack(XMTCUntargeted, "zinc").attack(TEXT, {"fruit", "tools"})).to_dict("records")
    assert (row["outcome"], row["targets"], row["left"]) == ("succeeded", ["fruit"], ["fruit"])


def test_a_failed_attack_and_no_attack() -> None:
    (row,) = results_frame([attack(XMTCPositive, "amber").attack(TEXT, "fruit")]).to_dict("records")
    assert row["outcome"] == "failed" and row["reason"]
    assert results_frame([]).empty


def test_something_else_is_refused() -> None:
    with pytest.raises(InputError, match="a str is not a result of this package's goals"):
        results_frame(["succeeded"])


def test_nothing_shows_a_memory_address_or_a_whole_text() -> None:
    positive = attack(XMTCPositive, "zinc")
    result = positive.attack(TEXT + " glass" * 500, ["fruit"])
    for one in (positive, positive.goal_function, positive.search_method, positive.transformation):
        assert "0x" not in repr(one), one
    documents = [Document("1", TEXT, [f"label {number}" for number in range(5_000)])]
    corpus = Corpus.from_documents("a name " * 1_000, {"test": documents})
    for one in (corpus, XMTCDataset(corpus), positive.goal_function.model):
        assert "0x" not in repr(one) and len(repr(one)) < 200, one
    assert "5,000 labels, test: 1 texts" in repr(corpus)
    shown = repr(result.perturbed_result)
    assert "0x" not in shown and len(shown) < 300 and "top=[tools, food]" in shown
