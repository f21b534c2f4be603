"""Time of one label's score at 30,938 labels against 1,000, and of all labels': AttentionXML of Wiki10-31K's size."""

from __future__ import annotations

from functools import partial

from benchmarks.speed.parts import WIKI10, attention_xml, texts_of
from benchmarks.speed.rows import Row, Setup, alternate, at_most

FEW, WORDS, TEXTS = 1_000, 200, 8
REPEATS, DENSE_REPEATS = 40, 5


def rows(_: Setup) -> list[Row]:
    texts = texts_of(WORDS, TEXTS)
    models = [attention_xml(labels) for labels in (FEW, WIKI10)]
    one = alternate([partial(m.score, texts, [FEW // 2], "probability", TEXTS) for m in models], REPEATS)
    dense = alternate([partial(m.dense, texts, "probability", TEXTS) for m in models], DENSE_REPEATS)
    found = [
        Row(f"{what}, {labels:,} labels, {TEXTS} texts of {WORDS} words", round(1000 * seconds, 1), "ms", n=n)
        for what, times, n in (("score of one label", one, REPEATS), ("scores of all labels", dense, DENSE_REPEATS))
        for labels, seconds in zip((FEW, WIKI10), times, strict=True)
    ]
    name = f"AttentionXML's score of one label, {WIKI10:,} labels against {FEW:,}"
    return [at_most(name, one[1] / one[0], 1.5, "times", REPEATS), *found]
