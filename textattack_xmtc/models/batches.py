"""Batches of texts of near-equal length, padded to their own longest one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

_CPU_FLOATS = 2**25


def by_length(
    lengths: Sequence[int], batch_size: int, floats: Callable[[int], int] | None = None, budget: int | None = None
) -> Iterator[list[int]]:
    """Positions of the texts in batches, the longest texts first (a batch too large for the memory fails at once).

    A batch has `batch_size` texts at most. `floats` says what a model holds for one text of some length, padding
    included, and `budget` how much of that a batch may come to; one text may always be read.

    Example:
        >>> list(by_length([3, 9, 5], 2))
        [[1, 2], [0]]
        >>> list(by_length([3, 9, 5, 4], 4, floats=lambda length: length**2, budget=80))
        [[1], [2, 3, 0]]
    """
    order = np.argsort(-np.asarray(lengths, dtype=np.int64), kind="stable").tolist()
    start = 0
    while start < len(order):
        size = batch_size
        if floats is not None and budget is not None:
            size = max(1, min(batch_size, budget // max(1, floats(lengths[order[start]]))))
        yield order[start : start + size]
        start += size


def float_budget(device: torch.device) -> int:
    """How many float32 numbers a network may hold for one batch beside its weights.

    On a GPU a quarter of the memory that is free; elsewhere 128 MB, for larger batches gain nothing there.

    Example:
        >>> float_budget(torch.device("cpu")) * 4 // 2**20
        128
    """
    if device.type != "cuda":
        return _CPU_FLOATS
    free, _ = torch.cuda.mem_get_info(device)
    return int(free) // 16


def shuffled_by_length(lengths: Sequence[int], batch_size: int, rng: np.random.Generator) -> list[list[int]]:
    """Positions of the texts in batches for one pass of training: random, yet of near-equal length.

    Texts are shuffled, sorted by length within pools of 50 batches, and the batches are shuffled again.
    """
    order = rng.permutation(len(lengths))
    sizes = np.asarray(lengths, dtype=np.int64)
    pool = 50 * batch_size
    batches: list[list[int]] = []
    for start in range(0, len(order), pool):
        part = order[start : start + pool]
        part = part[np.argsort(sizes[part], kind="stable")]
        batches.extend(part[first : first + batch_size].tolist() for first in range(0, len(part), batch_size))
    return [batches[position] for position in rng.permutation(len(batches))]


def padded(
    sequences: Sequence[Sequence[int]], padding: int, device: torch.device | str = "cpu"
) -> tuple[torch.Tensor, torch.Tensor]:
    """Word numbers of shape `(texts, longest)`, filled up with `padding` at the end, and the lengths, shape `(texts,)`.

    Example:
        >>> padded([[5, 6], [7]], padding=0)[0].tolist()
        [[5, 6], [7, 0]]
    """
    lengths = [len(sequence) for sequence in sequences]
    numbers = np.full((len(sequences), max(lengths, default=0)), padding, dtype=np.int64)
    for row, sequence in enumerate(sequences):
        numbers[row, : len(sequence)] = sequence
    return torch.from_numpy(numbers).to(device), torch.tensor(lengths, device=device)
