"""The stop words of the published script (row 13): a fact about it, which its tables depend on."""

from __future__ import annotations

from importlib.resources import files

STOP_WORDS = frozenset(
    files("textattack_xmtc.resources").joinpath("adv_xmtc_stop_words.txt").read_text(encoding="utf-8").split()
)
"""266 words, matched case-sensitively, as the script does: "The" is none of them."""
