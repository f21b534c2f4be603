"""How often the pooled intervals of docs/labels.md hold the true share, by simulation.

    python -m benchmarks.studies.pooled_coverage [--bins N]

In each of N bins, labels have shares from a distribution and 1 to 9 samples, most of them 1 or 2. A text may serve
several labels; then its outcomes depend on one another (a Gaussian copula, correlation 0.5), and the share of a label
stays what it is. Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from scipy.stats import norm

from textattack_xmtc.results.pooled import pooled
from textattack_xmtc.results.statistics import wilson

SIZES, CHANCES = np.array([1, 2, 3, 5, 9]), np.array([0.5, 0.2, 0.15, 0.1, 0.05])
SHARES: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "beta, mean 0.80, spread 0.20": lambda rng, labels: rng.beta(2.4, 0.6, labels),
    "beta, mean 0.95, spread 0.03": lambda rng, labels: rng.beta(47.5, 2.5, labels),
    "0.99, all labels": lambda _, labels: np.full(labels, 0.99),
    "beta, mean 0.50, spread 0.35": lambda rng, labels: rng.beta(0.5, 0.5, labels),
    "0.3 or 0.95, half of the labels each": lambda rng, labels: rng.choice([0.3, 0.95], labels),
}
CORRELATION = 0.5


def outcomes(rng: np.random.Generator, shares: np.ndarray, texts: np.ndarray) -> np.ndarray:
    """Whether each sample falls: with its share, and alike where samples have the same text.

    Args:
        rng: the source of randomness.
        shares: the share of each sample's label, shape `(samples,)`.
        texts: the number of its text, shape `(samples,)`.
    """
    common, own = rng.normal(size=texts.max() + 1)[texts], rng.normal(size=len(texts))
    latent = np.sqrt(CORRELATION) * common + np.sqrt(1 - CORRELATION) * own
    return np.asarray(latent < norm.ppf(shares))


def cell(name: str, labels: int, per_text: int, bins: int) -> str:
    """A row of the table: how often intervals hold the share, and how wide they are beside Wilson's."""
    rng = np.random.default_rng([labels, per_text])
    held, wide, own = [], [], []
    for _ in range(bins):
        shares, n = SHARES[name](rng, labels), rng.choice(SIZES, labels, p=CHANCES)
        label = np.repeat(np.arange(labels), n)
        texts = rng.permutation(len(label)) // per_text
        falls = np.bincount(label, outcomes(rng, shares[label], texts), labels).astype(np.int64)
        estimates = pooled(falls, n, (texts.max() + 1) / len(texts))
        held += [one.low <= share <= one.high for one, share in zip(estimates, shares, strict=True)]
        wide += [one.high - one.low for one in estimates]
        own += [one.high - one.low for one in map(wilson, falls.tolist(), n.tolist())]
    rate = wilson(int(np.sum(held)), len(held))
    shown = f"{rate.value:.1%} ({rate.low * 100:.1f} to {rate.high:.1%})"
    return f"| {name} | {labels} | {per_text} | {len(held):,} | {shown} | {np.mean(wide):.2f} | {np.mean(own):.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bins", type=int, default=100)
    options = parser.parse_args()
    print("| shares of the labels | labels | labels a text | n | intervals that hold the share | width | Wilson's |")
    print("|---|---|---|---|---|---|---|")
    for name in SHARES:
        for labels, per_text in ((20, 1), (200, 1), (200, 3)):
            print(cell(name, labels, per_text, options.bins), flush=True)


if __name__ == "__main__":
    main()
