"""The vote of segments, against a plain count; where texts are cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from textattack.shared import AttackedText

from tests.toolkit.unicode_texts import TEXTS
from textattack_xmtc.errors import InputError
from textattack_xmtc.wrappers import FunctionWrapper, SegmentVote, ShortlistWrapper
from textattack_xmtc.wrappers.segment_vote import segments_of

NAMES = ["a", "b", "c", "d"]


def spread(texts: list[str]) -> np.ndarray:
    """Probabilities that depend on every character."""
    rows = [[(sum(map(ord, text)) * (7 + 3 * place) % 97) / 97 for place in range(len(NAMES))] for text in texts]
    return np.array(rows, dtype=np.float32)


def test_scores_are_votes_and_mean_shares() -> None:
    vote = SegmentVote(FunctionWrapper(spread, scores="probability", label_names=NAMES), segments=3, votes=2, depth=3)
    text = "one two three four five six seven"
    expected = np.zeros(4)
    for segment in segments_of(text, 3):
        scores = spread([segment])[0]
        order = np.argsort(-scores, kind="stable")
        expected[order[:2]] += 1
        expected[order[:3]] += scores[order[:3]] / 3
    assert vote.score([text], range(4))[0] == pytest.approx(expected, abs=1e-6)
    assert vote.top_k([text], 2)[0][0].tolist() == np.argsort(-expected, kind="stable")[:2].tolist()


def test_without_probabilities_ranks_break_ties() -> None:
    margins = FunctionWrapper(lambda texts: 10 * spread(texts) - 5, scores="score", label_names=NAMES)
    vote = SegmentVote(margins, segments=2, depth=2)
    text = "one two three four"
    expected = np.zeros(4)
    for segment in segments_of(text, 2):
        order = np.argsort(-spread([segment])[0], kind="stable")
        expected[order[:2]] += np.array([1 + 0.5, 0.25])
    assert vote.score([text], range(4))[0] == pytest.approx(expected)


def test_shares_never_come_to_a_vote() -> None:
    sure = FunctionWrapper(lambda texts: np.ones((len(texts), 4), dtype=np.float32), "probability", NAMES)
    scores = SegmentVote(sure, segments=2).score(["one two"], range(4))[0]
    assert scores[0] < 3
    assert (scores[1:] < 1).all()


def test_a_shortlist_votes_for_what_it_shows() -> None:
    shown = ShortlistWrapper(
        lambda texts: [[("b", 0.5)] if "x" in text else [] for text in texts], "probability", NAMES
    )
    vote = SegmentVote(shown, segments=2)
    assert vote.segment_votes(["x y z"]) == [[[1], []]]
    assert vote.score(["x y z"], range(4))[0].tolist() == [0.0, 1.25, 0.0, 0.0]


@given(TEXTS, st.integers(1, 9))
@example("(One, two) -- three: four! five?", 2)
def test_segments_join_to_the_text_and_share_its_words(text: str, segments: int) -> None:
    pieces = segments_of(text, segments)
    assert "".join(pieces) == text
    words = AttackedText(text).words
    assert len(pieces) == max(1, min(segments, len(words)))


def test_an_exchanged_word_changes_its_segment_only() -> None:
    text = AttackedText("One, two and three; four or five: six!")
    before = segments_of(text.text, 3)
    for place in range(text.num_words):
        after = segments_of(text.replace_word_at_index(place, "exchanged").text, 3)
        assert sum(one != other for one, other in zip(before, after, strict=True)) == 1


def test_what_cannot_be_is_refused() -> None:
    model = FunctionWrapper(spread, scores="probability", label_names=NAMES)
    with pytest.raises(InputError, match="invalid segments=0"):
        SegmentVote(model, segments=0)
    with pytest.raises(InputError, match="3 votes a segment of 2 labels"):
        SegmentVote(model, votes=3, depth=2)
    with pytest.raises(InputError, match="how many labels"):
        SegmentVote(FunctionWrapper(spread, scores="probability"))
