"""Bins over label frequency, so that rare labels and frequent ones can be treated equally (section 4.1)."""

from __future__ import annotations

import numpy as np

from textattack_xmtc.errors import InputError


def frequency_bins(
    label_counts: np.ndarray, usable: np.ndarray, labels_per_bin: int, rest_joins: bool = True
) -> np.ndarray:
    """Put labels into bins of consecutive frequencies, the rarest labels into bin 0.

    A bin closes as soon as it holds `labels_per_bin` usable labels; labels of one frequency are never parted, so that
    it may hold more. A rest that is smaller joins the last bin; where all labels together are fewer, they are one bin.

    Args:
        label_counts: the number of training texts of each label, shape `(labels,)`.
        usable: whether a label counts: whether it has a sample that can be drawn, shape `(labels,)`.
        labels_per_bin: fewest labels of a bin (L of section 4.1).
        rest_joins: whether a smaller rest joins the last bin; otherwise it is a bin of its own, as in the published
            script.

    Returns:
        The bin of each label (int64), -1 for those that are not usable, shape `(labels,)`.

    Raises:
        InputError: `labels_per_bin` is below 1, or the arrays are of different lengths.

    Example:
        >>> counts = np.array([1, 1, 2, 3, 40, 7])
        >>> frequency_bins(counts, usable=counts != 7, labels_per_bin=2).tolist()
        [0, 0, 1, 1, 1, -1]
    """
    counts, usable = np.asarray(label_counts), np.asarray(usable, dtype=bool)
    if labels_per_bin < 1:
        raise InputError(f"invalid labels_per_bin={labels_per_bin}: must be at least 1", "choose 1 or more")
    if counts.shape != usable.shape:
        raise InputError(f"{len(counts)} label frequencies and {len(usable)} labels", "give one of each a label")
    frequencies, place, sizes = np.unique(counts[usable], return_inverse=True, return_counts=True)
    bin_of_frequency = np.zeros(len(frequencies), dtype=np.int64)
    current = filled = 0
    for position, size in enumerate(sizes):
        bin_of_frequency[position] = current
        filled += size
        if filled >= labels_per_bin:
            current, filled = current + 1, 0
    if filled and rest_joins:  # the last bin never closed
        bin_of_frequency[bin_of_frequency == current] = max(current - 1, 0)
    bins = np.full(counts.shape, -1, dtype=np.int64)
    bins[usable] = bin_of_frequency[place]
    return bins


def labels_per_bin_for(label_counts: np.ndarray, usable: np.ndarray, wanted: int) -> int:
    """The largest `labels_per_bin` that gives `wanted` bins or more; where none does, that with the most bins.

    Args:
        label_counts: the number of training texts of each label, shape `(labels,)`.
        usable: whether a label counts, shape `(labels,)`.
        wanted: the number of bins.

    Example:
        >>> counts, usable = np.array([1, 1, 2, 3, 40, 7]), np.full(6, True)
        >>> labels_per_bin_for(counts, usable, wanted=3), int(frequency_bins(counts, usable, 2).max()) + 1
        (2, 3)
    """
    smallest, largest = 1, max(int(np.sum(usable)), 1)
    while smallest < largest:  # the larger it is, the fewer bins there are
        middle = (smallest + largest + 1) // 2
        if frequency_bins(label_counts, usable, middle).max(initial=0) + 1 >= wanted:
            smallest = middle
        else:
            largest = middle - 1
    return smallest
