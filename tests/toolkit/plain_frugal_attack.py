"""The attacks that ask fewer queries, once more and plainly, to compare the real ones with.

Written from what `search_options` promises; shares only the plain attack's arithmetic, and no code with the package.
Texts are lists of words, scores are dense rows, nothing is kept but the set of texts that were asked about.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.toolkit.plain_attack import (
    budget_of,
    by_importance,
    gain_of,
    gamma_of,
    goal_reached,
    replaced,
    top_k,
    total,
    usable,
)
from tests.toolkit.worlds import MASK, ToyWorld


@dataclass
class FrugalOutcome:
    """What an attack did.

    `words`: the final text. `changed`: the positions that were changed, in that order.
    `asked`: the texts that the victim was asked about; their number is that of the queries.
    `hidden`: blocks were split, and some were never; `cut_chunks`: candidates were left that nobody asked about.
    """

    succeeded: bool
    words: list[str]
    changed: list[int] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)
    hidden: bool = False
    cut_chunks: bool = False


class FrugalAttack:
    """One attack on one world; `run` it once. Worlds that cannot be attacked are not for it."""

    def __init__(
        self, world: ToyWorld, ranking: str, candidate_order: str, block: int, chunk: int, patience: int
    ) -> None:
        self.world, self.ranking, self.candidate_order = world, ranking, candidate_order
        self.block, self.chunk, self.patience, self.kept = block, chunk, patience, 48
        self.out = FrugalOutcome(False, list(world.words))
        self.gamma = gamma_of(world.goal, world.targets, top_k(self.row(world.words), world.k))
        self.original_total = self.total(world.words)

    def row(self, words: list[str]) -> Any:
        self.out.asked.add(" ".join(words))
        return self.world.score_row(words)

    def total(self, words: list[str]) -> float:
        return total(self.row(words), self.gamma)

    def gain(self, before: float, words: list[str]) -> float:
        return gain_of(self.world.goal, before, self.total(words))

    def reached(self) -> bool:
        best = top_k(self.row(self.out.words), self.world.k)
        return goal_reached(self.world.goal, self.gamma, self.world.true_labels, best)

    def masked_gain(self, positions: list[int]) -> float:
        words = [MASK if i in positions else word for i, word in enumerate(self.world.words)]
        return self.gain(self.original_total, words)

    def order(self) -> Iterator[int]:
        allowed = [i for i, word in enumerate(self.world.words) if not self.world.is_stop_word(word)]
        if self.ranking == "masked-delta":
            yield from by_importance({i: self.masked_gain([i]) for i in allowed})
            return
        blocks = [allowed[i : i + self.block] for i in range(0, len(allowed), self.block)]
        gains = [self.masked_gain(block) for block in blocks]
        while blocks:
            at = max(range(len(blocks)), key=lambda j: (gains[j], -blocks[j][0]))
            block, _ = blocks.pop(at), gains.pop(at)
            if len(block) == 1:
                self.out.hidden = any(len(other) > 1 for other in blocks)
                yield block[0]
                continue
            middle = len(block) - len(block) // 2
            for half in (block[:middle], block[middle:]):
                blocks.append(half)
                gains.append(self.masked_gain(half))

    def change(self, i: int) -> None:
        """Try the position: perhaps another word stands there afterwards."""
        world, current = self.world, self.out.words
        before = self.total(current)
        proposed = usable(world.candidates(current, i), current[i], world.is_stop_word)[: self.kept]
        best, in_vain = float("-inf"), 0
        size = len(proposed) if self.candidate_order == "all" else self.chunk
        for start in range(0, len(proposed), size or 1):
            # The whole chunk is asked about before anything is compared.
            gains = [self.gain(before, replaced(current, i, word)) for word in proposed[start:][:size]]
            better, best = max(gains) > best, max(best, *gains)
            gained = better and best > 0
            if gained:
                self.out.words = replaced(current, i, proposed[start + gains.index(best)])
            in_vain = 0 if better else in_vain + 1
            stop = (gained and self.reached()) or (in_vain == self.patience and self.candidate_order == "while-better")
            if stop:
                self.out.cut_chunks |= start + size < len(proposed)
                break
        if self.out.words != current:
            self.out.changed.append(i)

    def run(self) -> FrugalOutcome:
        order = self.order()
        budget = budget_of(self.world.max_change_rate, len(self.world.words))
        while len(self.out.changed) < budget and not self.out.succeeded:
            i = next(order, None)
            if i is None:
                break
            changes = len(self.out.changed)
            self.change(i)
            self.out.succeeded = len(self.out.changed) > changes and self.reached()
        return self.out
