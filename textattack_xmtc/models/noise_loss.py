"""What a model loses to random noise, without an adversary: P@k, PSP@k and tail recall over the noise rate."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.datasets.statistics import TAIL_AT_MOST
from textattack_xmtc.errors import InputError
from textattack_xmtc.metrics import best_gains, hits_at_k, only_labels
from textattack_xmtc.models.evaluation import RanksLabels, Truth, best_labels, truth_of
from textattack_xmtc.results.noise import NoiseCurve
from textattack_xmtc.results.statistics import Estimate, bootstrap_ratios
from textattack_xmtc.search_options import NoiseKind, check_noise
from textattack_xmtc.transformations.noise import NOISE, noisy_text


def noise_curves(
    model: RanksLabels,
    name: str,
    corpus: Corpus,
    kinds: Sequence[NoiseKind],
    rates: Sequence[float],
    seeds: int = 3,
    split: str = "test",
    family: str = "other",
    batch_size: int = 64,
) -> Iterator[NoiseCurve]:
    """Measure a model on the texts of a split with random noise, one kind after the other.

    The measures are P@1, P@5, and, with a training split, PSP@5 and `tail recall@5`: of the labels with one to five
    training texts, over the texts that have one. Each is a ratio of sums over texts; sums are means over the seeds.
    A loss is that of the same texts, so its interval is the paired one.

    Args:
        corpus: its training split, where it has one, tells frequencies and propensities.
        kinds: of noise (`transformations.noise.NOISE`).
        rates: how likely each word is hit, in (0, 1].
        seeds: draws of the noise; the seeds are 0, 1, ...
        family: of the data set, in `metrics.PROPENSITY_CONSTANTS`.

    Raises:
        InputError: no rate or no seed, a rate outside (0, 1], noise that changes no word of any text; as `evaluate`.
        MissingExtraError: kind "spelling" without WordNet.
    """
    check_noise(kinds, rates, seeds)
    rates = sorted(set(rates))
    truth = truth_of(model.label_names, corpus, split, family)
    texts = list(corpus.split(split)["text"])
    ables = []
    for kind in kinds:  # before the first of them is measured
        every = [noisy_text(text, kind, 1.0) for text in texts]
        ables.append(sum(one.changed for one in every) / max(1, sum(one.words for one in every)))
        if not ables[-1]:
            raise InputError(f"noise {kind!r} changes no word of the {len(texts):,} texts", "choose another kind")
    best = best_labels(model, texts, batch_size)
    clean, sizes = sums_of(best, truth)
    names = measures_of(truth, best.shape[1])
    measured = {measure: column for column, measure in enumerate(names) if measure and sizes[:, column].any()}

    def by_measure(points: list[list[Estimate]]) -> dict[str, list[Estimate]]:
        return {measure: [point[column] for point in points] for measure, column in measured.items()}

    for kind, able in zip(kinds, ables, strict=True):
        values, losses, changed = [bootstrap_ratios(clean, sizes)], [bootstrap_ratios(clean - clean, sizes)], [0.0]
        for rate in rates:
            lost, hit = np.zeros_like(clean), 0.0
            for seed in range(seeds):
                noisy = [noisy_text(text, kind, rate, seed) for text in texts]
                hit += sum(one.changed for one in noisy) / sum(one.words for one in noisy)
                lost += clean - sums_of(best_labels(model, [one.text for one in noisy], batch_size), truth)[0]
            changed.append(hit / seeds)
            values.append(bootstrap_ratios(clean - lost / seeds, sizes))
            losses.append(bootstrap_ratios(lost / seeds, sizes))
        beginning = (name, kind, NOISE[kind].keeps, len(texts), seeds, able)
        yield NoiseCurve(*beginning, (0.0, *rates), tuple(changed), by_measure(values), by_measure(losses))


def measures_of(truth: Truth, k: int = 5) -> tuple[str, ...]:
    """The names of the columns of `sums_of`; k is smaller than 5 where fewer labels are ranked."""
    first = ("P@1", f"P@{k}") if k > 1 else ("P@1", "")
    return first if truth.propensity is None else (*first, f"PSP@{k}", f"tail recall@{k}")


def sums_of(best: np.ndarray, truth: Truth) -> tuple[np.ndarray, np.ndarray]:
    """What each text adds to numerator and denominator of each measure; both of shape `(texts, measures)`.

    Args:
        best: the best labels of each text, shape `(texts, K)`; of fewer than five, all count.
    """
    k = min(5, best.shape[1])
    hits, true = hits_at_k(best, truth.labels, k)
    ones = np.ones(len(best))
    numerators, denominators = [hits[:, 0], hits.sum(axis=1)], [ones, k * ones]
    if truth.propensity is not None:
        gain = 1 / truth.propensity
        numerators.append((hits * gain[best[:, :k]]).sum(axis=1))  # -1, no label, is no hit
        denominators.append(best_gains(true, gain, k))
        tail, of_tail = hits_at_k(best, only_labels(true, (truth.counts > 0) & (truth.counts <= TAIL_AT_MOST)), k)
        sizes = np.diff(of_tail.indptr)
        numerators.append(tail.sum(axis=1) / np.maximum(sizes, 1))
        denominators.append((sizes > 0).astype(float))
    return np.stack(numerators, axis=1).astype(np.float64), np.stack(denominators, axis=1)
