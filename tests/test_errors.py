"""What all errors of this package have in common."""

from __future__ import annotations

import pickle

from textattack_xmtc.errors import DataError, XMTCError


def test_the_middle_of_a_message_without_end_is_left_out() -> None:
    error = XMTCError("line 1: got " + "x" * 1_000_000 + " instead", "mend it")
    assert 1_900 < len(str(error)) < 2_100
    assert str(error).startswith("line 1: got xxx") and str(error).endswith("xxx instead; mend it")


def test_errors_travel_between_processes() -> None:
    error = pickle.loads(pickle.dumps(DataError("broken", "mend it")))
    assert type(error) is DataError and (error.problem, error.fix) == ("broken", "mend it")
