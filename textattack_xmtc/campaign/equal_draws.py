"""Equal draws from bins that share texts: as many from each, no text too often, rare bins first."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np


def equal_draws(
    texts: Sequence[np.ndarray],
    wanted: int,
    per_text: int,
    rng: np.random.Generator,
    usable: Sequence[np.ndarray] | None = None,
) -> list[np.ndarray]:
    """Draw the same number of pairs from each bin, so that no text is drawn more than `per_text` times.

    Bins are filled in their order, each at random. Where a later bin finds too few texts left, an earlier one
    exchanges some of its draws for others; so no bin is starved by another, and the number drawn is the largest that
    all bins can give, up to `wanted`. In the simplest case, one pair a text and bins that share none, that is a plain
    random sample of each bin.

    Args:
        texts: for each bin, the number of the text of each of its pairs, from 0.
        wanted: how many to draw from each bin.
        per_text: how often one text may be drawn, in all bins together.
        rng: the source of randomness.
        usable: for each bin, whether each of its pairs may be drawn; all may by default. Those that may not are passed
            over in the random order, so that they change no other draw than their current.

    Returns:
        For each bin, the positions of the drawn pairs in its array, in the order of drawing.

    Example:
        >>> bins = [np.array([0, 1]), np.array([0, 1, 2, 3])]
        >>> [len(drawn) for drawn in equal_draws(bins, wanted=5, per_text=1, rng=np.random.default_rng(0))]
        [2, 2]
    """
    orders = [rng.permutation(len(pairs)) for pairs in texts]
    if usable is not None:
        orders = [order[allowed[order]] for order, allowed in zip(orders, usable, strict=True)]
    draw = _Draw(texts, orders, per_text)
    if not draw.fill(wanted):
        # How many all can give is found bin by bin, one pair more in each round.
        rounds = _Draw(texts, orders, per_text)
        most = 0
        while all(rounds.extend(number) for number in range(len(texts))):
            most += 1
        draw = _Draw(texts, orders, per_text)
        draw.fill(most)
    return [np.array(list(drawn), dtype=np.int64) for drawn in draw.drawn]


class _Draw:
    """Pairs drawn so far: a matching of bins with texts, grown by one pair at a time along augmenting paths."""

    def __init__(self, texts: Sequence[np.ndarray], orders: Sequence[np.ndarray], per_text: int) -> None:
        self._texts = [numbers.tolist() for numbers in texts]
        self._orders = [order.tolist() for order in orders]
        self._per_text = per_text
        self._next = [0] * len(texts)  # before it in its order, a bin has no pair whose text has room
        self._users: dict[int, list[tuple[int, int]]] = {}  # text: its drawn pairs, as (bin, position)
        self.drawn: list[dict[int, None]] = [{} for _ in texts]  # positions by bin; sets that keep their order

    def fill(self, wanted: int) -> bool:
        """Draw so many pairs from each bin, bin by bin; False where one cannot give them."""
        return all(self.extend(number) for number in range(len(self._texts)) for _ in range(wanted))

    def extend(self, start: int) -> bool:
        """Draw one pair more from a bin, moving draws of other bins where it must; False where that is impossible."""
        # How each bin was reached: the bin before it, the pair that this one wants, the pair that stands in its way.
        way: dict[int, tuple[int, int, int] | None] = {start: None}
        waiting = deque([start])
        while waiting:
            current = waiting.popleft()
            free = self._free_pair(current)
            if free is not None:
                self._take(current, free)
                while (step := way[current]) is not None:
                    before, pair, taken = step
                    self._release(current, taken)
                    self._take(before, pair)
                    current = before
                return True
            for pair in self._orders[current]:
                if pair in self.drawn[current]:
                    continue
                for other, taken in self._users[self._texts[current][pair]]:
                    if other not in way:
                        way[other] = (current, pair, taken)
                        waiting.append(other)
        return False

    def _free_pair(self, current: int) -> int | None:
        """The first pair in a bin's order whose text has room. Texts never get room back: draws only move on them."""
        order, texts = self._orders[current], self._texts[current]
        while self._next[current] < len(order):
            pair = order[self._next[current]]
            if pair not in self.drawn[current] and len(self._users.get(texts[pair], ())) < self._per_text:
                return int(pair)
            self._next[current] += 1
        return None

    def _take(self, current: int, pair: int) -> None:
        self.drawn[current][pair] = None
        self._users.setdefault(self._texts[current][pair], []).append((current, pair))

    def _release(self, current: int, pair: int) -> None:
        del self.drawn[current][pair]
        self._users[self._texts[current][pair]].remove((current, pair))
