"""Evidence by names: seams of identifiers, inflections, further names, names that are numbers or foreign."""

from __future__ import annotations

import pytest

from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.evidence.names import NameEvidence, identifier_parts


def spoken_for(label: str | int, text: str, source: NameEvidence | None = None) -> list[str]:
    words = text.split()
    weighed = (source or NameEvidence()).weigh(text, words, label)
    return [] if weighed is None else [word for word, weight in zip(words, weighed.weights, strict=True) if weight]


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("maxIter", ("max", "iter")),
        ("HTTPServerError", ("http", "server", "error")),
        ("random_state", ("random", "state")),
        ("cast-iron", ("cast", "iron")),
        ("n2d", ("n", "2", "d")),
        ("Verteilte Systeme", ("verteilte", "systeme")),
        ("", ()),
    ],
)
def test_names_are_cut_at_their_seams(name: str, parts: tuple[str, ...]) -> None:
    assert identifier_parts(name) == parts


@pytest.mark.parametrize(
    ("label", "text", "expected"),
    [
        ("knots", "a knot and knotted knots knotty", ["knot", "knotted", "knots"]),
        ("DataFrame", "the dataframe of data_frames", ["dataframe", "data_frames"]),
        ("cast-iron", "castiron or cast iron pans", ["castiron", "cast", "iron"]),
        ("History of the Novel", "of the novels", ["novels"]),
        ("x", "x marks y", ["x"]),
        ("by", "sorted by name", ["by"]),
        ("max_iter", "maxIter iterations sorted", ["maxIter", "iterations"]),
    ],
)
def test_words_that_share_a_stem_speak_for_the_label(label: str, text: str, expected: list[str]) -> None:
    assert spoken_for(label, text) == expected


@pytest.mark.parametrize("label", ["gnd:4026801-9", "4026801", 17, ""])
def test_a_number_is_no_name(label: str | int) -> None:
    assert NameEvidence().weigh("17 eggs", ["17", "eggs"], label) is None


def test_names_come_from_a_table_or_a_list() -> None:
    table = NameEvidence(LabelNames(by_label={"gnd:1": "Robots"}))
    assert spoken_for("gnd:1", "two robots", table) == ["robots"]
    by_index = NameEvidence(LabelNames(by_index=("eggs", "robots")))
    assert spoken_for(1, "two robots", by_index) == ["robots"]


def test_further_names_speak_too() -> None:
    source = NameEvidence(further={"eggs": ["omelette", "frittata"]})
    assert spoken_for("eggs", "two omelettes and an egg", source) == ["omelettes", "egg"]


def test_german_names_are_no_evidence_in_english_texts() -> None:
    text = "a handbook of distributed databases and machine learning"
    for name in ("Verteilte Datenbank", "Maschinelles Lernen"):
        assert spoken_for(name, text) == []
