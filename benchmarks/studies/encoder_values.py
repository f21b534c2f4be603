"""What the sentence encoders answer for untouched, edited, paraphrased and unrelated texts: docs/encoders.md's table.

    python -m benchmarks.studies.encoder_values DATA-FOLDER --encoder embedded --encoder sbert:FOLDER --encoder use

DATA-FOLDER holds `test.jsonl.xz`, a document a line with its "text". Everything drawn is seeded.
"""

import argparse
import json
import lzma
import random
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from textattack.shared.utils import words_from_text

from benchmarks.studies.paraphrases import PARAPHRASES
from textattack_xmtc.constraints.encoders import load_encoder
from textattack_xmtc.encoders.encoder import Encoder
from textattack_xmtc.resources.function_words import ENGLISH
from textattack_xmtc.words import change_budget, replaced, word_spans

EDITED_SHARES = (0.05, 0.1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--encoder", action="append", help="a name for load_encoder; may be given several times")
    parser.add_argument("--texts", type=int, default=600)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    texts = [t for t in read_texts(options.data / "test.jsonl.xz") if len(words_from_text(t)) >= 20][: options.texts]
    sets = text_pairs(texts, random.Random(options.seed))
    encoders = [load_encoder(name) for name in options.encoder or ["embedded"]]
    columns = [cosines(encoder, sets) for encoder in encoders]
    print(f"| pairs of texts | n | {' | '.join(encoder.name for encoder in encoders)} |")
    print("|---" * (2 + len(columns)) + "|")
    for name, pairs in sets.items():
        print(f"| {name} | {len(pairs)} | {' | '.join(described(column[name]) for column in columns)} |")


Kinds = Mapping[str, Sequence[tuple[str, str]]]


def read_texts(path: Path) -> list[str]:
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line)["text"] for line in lines]


def text_pairs(texts: Sequence[str], generator: random.Random) -> Kinds:
    """Name of a kind of pair -> its (text, other text) pairs."""
    corpus_words = [word for text in texts for word in words_from_text(text) if is_content(word)]
    others = list(texts)
    generator.shuffle(others)
    firsts = [first for first, _ in PARAPHRASES]
    kinds: dict[str, Sequence[tuple[str, str]]] = {"untouched": [(text, text) for text in texts]}
    kinds["1 word exchanged"] = [(text, edited(text, lambda n: 1, corpus_words, generator)) for text in texts]
    for share in EDITED_SHARES:
        budget = partial(change_budget, share)
        kinds[f"{share:.0%} of the content words exchanged"] = [
            (text, edited(text, budget, corpus_words, generator)) for text in texts
        ]
    kinds["paraphrased (short texts)"] = PARAPHRASES
    kinds["unrelated (the same short texts)"] = [(a, b) for a in firsts for b in firsts if a < b]
    kinds["unrelated"] = [(a, b) for a, b in zip(texts, others, strict=True) if a != b]
    return kinds


def is_content(word: str) -> bool:
    return word.isalpha() and len(word) > 1 and word.lower() not in ENGLISH


def edited(text: str, budget: Callable[[int], int], corpus_words: Sequence[str], generator: random.Random) -> str:
    """`text` with `budget(n)` of its n content words exchanged for content words drawn from the corpus."""
    words = words_from_text(text)
    content = [i for i, word in enumerate(words) if is_content(word)]
    chosen = generator.sample(content, min(budget(len(content)), len(content)))
    spans = word_spans(text, words)
    for i in sorted(chosen, reverse=True):
        new = generator.choice(corpus_words)
        while new.lower() == words[i].lower():
            new = generator.choice(corpus_words)
        text = replaced(text, spans[i], new)
    return text


def cosines(encoder: Encoder, kinds: Kinds) -> dict[str, np.ndarray]:
    texts = list(dict.fromkeys(text for pairs in kinds.values() for pair in pairs for text in pair))
    start = time.perf_counter()
    vectors = encoder.encode(texts).astype(np.float64)
    print(f"{encoder.name}: {len(texts) / (time.perf_counter() - start):,.0f} texts a second", file=sys.stderr)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    row = {text: i for i, text in enumerate(texts)}
    return {
        name: np.array([vectors[row[one]] @ vectors[row[other]] for one, other in pairs])
        for name, pairs in kinds.items()
    }


def described(values: np.ndarray) -> str:
    low, middle, high = np.percentile(values, [10, 50, 90])
    return f"{middle:.3f} ({low:.3f} to {high:.3f})"


if __name__ == "__main__":
    main()
