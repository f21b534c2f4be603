"""The n masked texts of a 480-word text: cut at offsets found once, against TextAttack's way."""

from __future__ import annotations

import random

from textattack.shared import AttackedText

from benchmarks.speed.rows import Row, Setup, alternate, at_least
from textattack_xmtc.words import replaced, word_spans

WORDS, REPEATS = 480, 3


def rows(_: Setup) -> list[Row]:
    chance = random.Random(1)
    words = ["".join(chance.choices("abcdefghijklmnop", k=chance.randint(2, 9))) for _ in range(WORDS)]
    text = AttackedText(" ".join(words))

    def cut() -> list[str]:
        spans = word_spans(text.text, text.words)
        return [replaced(text.text, span, "[MASK]") for span in spans]

    def built() -> list[str]:
        return [text.replace_word_at_index(index, "[MASK]").text for index in range(WORDS)]

    assert cut() == built()
    ours, theirs = alternate([cut, built], REPEATS)
    name = f"masked texts of a {WORDS}-word text, against replace_word_at_index"
    return [at_least(name, theirs / ours, 100, "times", REPEATS)]
