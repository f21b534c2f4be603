"""Batches of texts of near-equal length, padded to their own longest one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch


def by_length(lengths: Sequence[int], batch_size: int) -> Iterator[list[int]]:
    """Positions of the texts in batches, the longest texts first (a batch too large for the memory fails at once).

    Example:
        >>> list(by_length([3, 9, 5], 2))
        [[1, 2], [0]]
    """
    order = np.argsort(-np.asarray(lengths, dtype=np.int64), kind="stable")
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size].tolist()


def shuffled_by_length(lengths: Sequence[int], batch_size: int, random: np.random.Generator) -> list[list[int]]:
    """Positions of the texts in batches for one pass of training: random, yet of near-equal length.

    Texts are shuffled, sorted by length within pools of 50 batches, and the batches are shuffled again.
    """
    order = random.permutation(len(lengths))
    sizes = np.asarray(lengths, dtype=np.int64)
    pool = 50 * batch_size
    batches: list[list[int]] = []
    for start in range(0, len(order), pool):
        part = order[start : start + pool]
        part = part[np.argsort(sizes[part], kind="stable")]
        batches.extend(part[first : first + batch_size].tolist() for first in range(0, len(part), batch_size))
    return [batches[position] for position in random.permutation(len(batches))]


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
