"""Which examples are shown, and their marked texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.toolkit.campaign_folders import read_lines, write_campaign, write_lines
from tests.toolkit.unicode_texts import TEXTS
from textattack_xmtc.results.examples import excerpt, marked, striking
from textattack_xmtc.results.folder import read_campaign


def side(text: Any, leave_out: Any) -> str:
    return "".join(piece for kind, piece in text.pieces if kind != leave_out)


@given(TEXTS, TEXTS)
def test_both_texts_can_be_read_from_the_marked_one(original: Any, changed: Any) -> None:
    text = marked(original, changed)
    assert side(text, "added") == original
    assert side(text, "removed") == changed


@given(st.lists(st.sampled_from(["a", "bb", "to-be", "x,", "(y)"]), min_size=1, max_size=20), st.data())
def test_exchanged_words_are_found_at_their_places(words: Any, data: Any) -> None:
    place = data.draw(st.integers(0, len(words) - 1))
    changed = [*words[:place], "OTHER", *words[place + 1 :]]
    pieces = marked(" ".join(words), " ".join(changed)).pieces
    assert [kind for kind, _ in pieces if kind != "same"] == ["removed", "added"]
    before = pieces[0][1] if pieces[0][0] == "same" else ""
    assert before.count(" ") == place


def test_signs_around_a_word_stay() -> None:
    text = marked('He printed: "variance," twice.', 'He printed: "spread," twice.')
    assert text.pieces == (
        ("same", 'He printed: "'),
        ("removed", "variance"),
        ("added", "spread"),
        ("same", '," twice.'),
    )


@pytest.mark.parametrize(
    ("before", "after", "pieces"),
    [
        ("instances][0]:", "instances][send]:", ["instances][", "0", "send", "]:"]),
        ("well-known,", "well-made,", ["well-known", "well-made", ","]),
        ("cat", "catalog", ["cat", "catalog"]),
        ("((x))", "((y))", ["((", "x", "y", "))"]),
        ("a.a", "a.a.a", ["a.", "a", "a.a"]),
    ],
)
def test_what_both_have_is_left_out_up_to_whole_words(before: str, after: str, pieces: list[str]) -> None:
    assert [piece for _, piece in marked(before, after).pieces] == pieces


def test_texts_with_another_number_of_words_are_compared_by_what_they_share() -> None:
    text = marked("a b c d e", "a b x y d e")
    assert side(text, "added") == "a b c d e" and side(text, "removed") == "a b x y d e"
    assert text.pieces[0] == ("same", "a b ") and text.pieces[-1] == ("same", " d e")


def test_an_excerpt_keeps_the_changes_and_words_around_them() -> None:
    words = [f"w{number}" for number in range(60)]
    changed = ["X" if number in (20, 24) else word for number, word in enumerate(words)]
    text = excerpt(marked(" ".join(words), " ".join(changed)), context=3)
    assert side(text, "added") == "… w17 w18 w19 w20 w21 w22 w23 w24 w25 w26 w27 …"
    assert [piece for kind, piece in text.pieces if kind == "added"] == ["X", "X"]
    short = marked("a b c", "a X c")
    assert excerpt(short) == short


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_campaign(tmp_path_factory.mktemp("examples") / "small", samples_per_bin=40)


def test_the_examples_are_successes_within_the_limits_with_the_fewest_changes_first(folder: Path) -> None:
    campaign = read_campaign(folder)
    rows = {row["sample"]: row for row in read_lines(folder / "records" / "plain.jsonl")}
    chosen = striking(campaign, campaign.model("plain"), 8)
    assert len(chosen) == 8
    targets = [rows[record.sample]["target"] for record in chosen]
    assert len(set(targets)) == 8, "each target once"
    for record in chosen:
        row = rows[record.sample]
        assert row["outcome"] == "succeeded" and row["change_rate"] <= 0.1 and row["similarity"]["cosine"] > 0.8
    keys = [(record.changed, campaign.samples[record.sample].bin) for record in chosen]
    assert keys == sorted(keys)
    most_similar = max(
        row["similarity"]["cosine"]
        for row in rows.values()
        if row["outcome"] == "succeeded" and len(row["changes"]) == 1 and row["bin"] == 0
    )
    assert rows[chosen[0].sample]["similarity"]["cosine"] == most_similar


def test_a_model_without_a_success_has_no_example(tmp_path: Path) -> None:
    folder = write_campaign(tmp_path / "small", samples_per_bin=2, models=("plain",))
    path = folder / "records" / "plain.jsonl"
    write_lines(path, [row for row in read_lines(path) if row["outcome"] != "succeeded"])
    campaign = read_campaign(folder)
    assert striking(campaign, campaign.model("plain"), 5) == []


def test_texts_that_keep_the_label_come_first(tmp_path: Path) -> None:
    folder = write_campaign(tmp_path / "kept", samples_per_bin=20)
    rows = read_lines(folder / "records" / "plain.jsonl")
    kept = [row["sample"] for row in rows if row["outcome"] == "succeeded"][-4:]
    for row in rows:
        sense = row["sample"] in kept[2:]
        change = {"evidence": row["sample"] not in kept, "sense": sense}
        row["preservation"] = {"changes": [change] * len(row["changes"])}
    write_lines(folder / "records" / "plain.jsonl", rows)
    campaign = read_campaign(folder)
    reached = [number for number in kept if campaign.reached(campaign.models[0].records[number])]
    chosen = [record.sample for record in striking(campaign, campaign.models[0], 60)]
    assert set(chosen[: len(reached)]) <= set(reached) and set(chosen[:1]) <= set(kept[2:])
