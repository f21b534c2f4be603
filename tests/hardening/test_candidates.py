"""Kept candidates: those of the plain transformation, computed once, and there again after a kill."""

from pathlib import Path

import pytest
from textattack.shared import AttackedText

from tests.toolkit.masked_lms import FAMILIES
from tests.toolkit.plain_candidates import TEXTS, proposals, swap_of
from tests.toolkit.victims import proposing
from textattack_xmtc.errors import InputError
from textattack_xmtc.hardening.candidates import BATCH, KeptCandidates
from textattack_xmtc.words import word_spans


def places_of(texts: list[str]) -> list[tuple[str, tuple[int, int]]]:
    return [(text, span) for text in texts for span in word_spans(text, AttackedText(text).words)]


@pytest.mark.parametrize("family", FAMILIES)
def test_candidates_of_many_texts_at_once_are_those_of_the_transformation(family: str) -> None:
    swap = swap_of(family, max_candidates=30)
    texts = [text for text in TEXTS if len(AttackedText(text).words) < 14]
    expected = [words for text in texts for words in proposals(swap, text)]
    assert len(expected) > 20
    assert KeptCandidates(swap).at(places_of(texts)) == expected


def test_a_place_is_asked_about_once_and_read_again(tmp_path: Path) -> None:
    file = tmp_path / "kept" / "candidates.jsonl"
    places = places_of([f"acorn badger {number}" for number in range(BATCH)])
    first = KeptCandidates(proposing("ember", "falcon"), file)
    found = first.at([*places, *places])
    assert first.asked == len(places) and found[0] == ["ember", "falcon"]
    assert first.at(places) == found[: len(places)] and first.asked == len(places)
    assert len(file.read_text().splitlines()) == 1 + -(-len(places) // BATCH), "a line is a call, behind what it is of"
    again = KeptCandidates(proposing("ember", "falcon"), file)
    assert again.at(places) == found[: len(places)] and again.asked == 0


@pytest.mark.parametrize("cut", [1, 40])
def test_what_a_kill_cut_off_is_asked_about_again(tmp_path: Path, cut: int) -> None:
    file = tmp_path / "candidates.jsonl"
    places = places_of([f"acorn badger {number}" for number in range(BATCH)])
    found = KeptCandidates(proposing("ember"), file).at(places)
    whole = file.read_bytes()
    file.write_bytes(whole[:-cut])
    again = KeptCandidates(proposing("ember"), file)
    assert again.at(places) == found and 0 < again.asked <= BATCH
    assert file.read_bytes() == whole


def test_a_file_of_which_nothing_is_whole_is_begun_again(tmp_path: Path) -> None:
    file = tmp_path / "candidates.jsonl"
    file.write_bytes(b'{"masked_lm"')
    assert KeptCandidates(proposing("ember"), file).at([("an acorn", (3, 8))]) == [["ember"]]
    assert len(file.read_text().splitlines()) == 2


def test_candidates_of_another_masked_lm_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "candidates.jsonl"
    KeptCandidates(proposing("ember"), file).at([("an acorn", (3, 8))])
    with pytest.raises(InputError, match="'candidates': 7"):
        KeptCandidates(proposing("ember", max_candidates=7), file)
