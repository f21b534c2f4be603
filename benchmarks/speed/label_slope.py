"""How a victim's time in an attack grows with the number of labels, up to a million: random weights, real sizes.

"An attack" is what one asks of a victim: the score of one label for every text with one word masked, then for 48
candidates at each of 10 words, and the 5 best labels of 11 texts. The slope is that of a straight line through the
logarithms of labels and times.
"""

from __future__ import annotations

import gc
from typing import Any

import numpy as np

from benchmarks.speed.parts import AMAZON, aplc_xlnet, attention_xml_tree, texts_of
from benchmarks.speed.rows import Row, Setup, alternate, at_most

WORDS, CANDIDATES, STEPS, TEXTS = 200, 48, 10, 8
GOAL = 0.15
SIZES = {
    "AttentionXML (tree)": (1_000, 10_000, 100_000, 1_000_000),
    "APLC-XLNet": (1_000, 10_000, 100_000, AMAZON),
}


def rows(setup: Setup) -> list[Row]:
    """Quick: the smallest and the largest number of labels, and smaller networks."""
    found = []
    for kind, sizes in SIZES.items():
        models = [victim(kind, labels, setup.full) for labels in (sizes if setup.full else (sizes[0], sizes[-1]))]
        found.append(slope(kind, models, repeats=9 if setup.full else 5))
        del models  # of a million labels: they must not be held while the next are made
        gc.collect()
    return found


def victim(kind: str, labels: int, full: bool) -> Any:
    if kind == "APLC-XLNet":
        return aplc_xlnet(labels, **({} if full else dict[str, Any](layers=2)))
    return attention_xml_tree(labels, hidden=256 if full else 128)


def slope(kind: str, models: list[Any], repeats: int) -> Row:
    words = texts_of(WORDS, 1)[0].split(" ")
    middle = (WORDS - TEXTS) // 2
    texts = [" ".join([*words[:i], models[0].mask_word, *words[i + 1 :]]) for i in range(middle, middle + TEXTS)]
    calls = [lambda m=m: m.score(texts, [len(m.label_names) // 3]) for m in models]
    calls += [lambda m=m: m.top_k(texts[:1], 5) for m in models]
    seconds = np.array(alternate(calls, repeats))
    one, best = seconds[: len(models)] / TEXTS, seconds[len(models) :]
    attacks = (WORDS + STEPS * CANDIDATES) * one + (STEPS + 1) * best
    sizes = [len(model.label_names) for model in models]
    name = f"victim time of an attack, {kind}, from {sizes[0]:,} to {sizes[-1]:,} labels: log-log slope"
    return at_most(name, float(np.polyfit(np.log(sizes), np.log(attacks), 1)[0]), GOAL, "slope", repeats)
