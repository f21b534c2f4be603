"""Mode adv-xmtc: the attack as the paper's published script runs it, where that differs from Algorithm 1.

A plain loop over a list of words, made to be read beside docs/adv-xmtc.md, whose row numbers it names. It shares no
search with the paper's attack. Candidates come from `adv_xmtc_words`; drawing samples and measuring similarity are the
campaign's work.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from textattack_xmtc.campaign.published.words import STOP_WORDS, UnmaskedProposals
from textattack_xmtc.errors import InputError
from textattack_xmtc.goal import POSITIVE, GoalName, goal_named
from textattack_xmtc.scores import TopK
from textattack_xmtc.words import change_budget
from textattack_xmtc.wrappers import XMTCModelWrapper

INVALID, CHANGE_LIMIT, NO_WORD_LEFT, SUCCESS = -1, 1, 2, 4
"""How the loop ended, in the script's codes (row 16)."""


class Change(NamedTuple):
    """One word exchanged; `position` counts the words between single spaces, from 0."""

    position: int
    before: str
    after: str


@dataclass(frozen=True)
class PublishedResult:
    """How an attack on one text and target ended.

    Attributes:
        outcome: "succeeded", "failed" or "skipped".
        reason: None for a success; "change limit" or "words" for a failure; "wrong before" for what is skipped.
        code: how the loop ended: -1, 1, 2 or 4 (row 16). Code 4 with outcome "failed" is a success that changed too
            many words, which the script's analysis drops (row 8).
        words: n, words between single spaces.
        text: the final text; the original where the loop ended with code 1, as the script keeps it (row 16).
        changes: the words that were exchanged and counted, in the order of the attack.
        leftovers: the words that rejected candidates took the place of, uncounted (row 5).
        queries: distinct texts that were sent to the victim.
    """

    outcome: Literal["succeeded", "failed", "skipped"]
    reason: str | None
    code: int
    words: int
    text: str
    changes: tuple[Change, ...]
    leftovers: tuple[Change, ...]
    queries: int


class PublishedAttack:
    """The published script's attack on one victim.

    Args:
        masked_lm: a hub name, a folder, or a loaded model with its tokenizer; the script's was bert-base-cased.
        goal: "positive" (the target has to leave the k best labels), "negative" (it has to enter them) or
            "untargeted" (some true label has to leave them).
        max_change_rate: a success is dropped unless it changed a smaller share of the words (row 8).
        candidates: how many words of the masked LM are looked at for each word of the text.
        max_length: tokens that the masked LM reads; what it can read where it is None (row 9).

    Attributes:
        hidden: what stands in a word's place when its importance is measured (row 3).
        second_sigmoid: whether gains are measured on the sigmoid of the victim's probabilities (row 10).

    Raises:
        InputError: an unknown goal, k or a rate out of range, a masked LM that cannot be used.

    Example:
        ::

            victim = ScorerWrapper.from_folder("runs/tagger")
            attack = PublishedAttack(victim, k=5, masked_lm="bert-base-cased", goal="positive")
            result = attack.attack("the text ...", target=17, labels=[3, 17])
    """

    def __init__(
        self,
        victim: XMTCModelWrapper,
        k: int,
        masked_lm: str | Path | tuple[Any, Any],
        goal: GoalName = POSITIVE,
        max_change_rate: float = 0.1,
        candidates: int = 48,
        max_length: int | None = None,
    ) -> None:
        victim.check_k(k)
        change_budget(max_change_rate, 0)  # refuses what is not a rate
        self.victim, self.k, self.goal, self.max_change_rate = victim, k, goal_named(goal), max_change_rate
        self.proposals = UnmaskedProposals(masked_lm, candidates, max_length)
        architecture = str(getattr(victim.model, "architecture", ""))
        self.hidden = "/UNK/" if architecture.startswith("attention-xml") else "[UNK]"
        self.second_sigmoid = architecture == "aplc-xlnet" and victim.score_kind == "probability"

    def attack(self, text: str, target: int, labels: Sequence[int]) -> PublishedResult:
        """Attack one text.

        Raises:
            InputError: the target is true where it must not be, or is not where it must be; no such label.
            VictimError: the victim's answer is not usable.
        """
        if (target in labels) != self.goal.true_targets:
            raise InputError(
                f"the target {target} of a goal {self.goal.name!r} is {'a' if target in labels else 'no'} true label",
                "attack true labels with the positive and the untargeted goal, others with the negative goal",
            )
        words = text.replace("\n", "").split(" ")  # row 2: line breaks are dropped, also between two words
        (top,), (scores,) = self.victim.top_k([text], self.k)
        shown = TopK.of_row(top, scores).labels
        if not self.goal.right_before(shown, target):
            return PublishedResult("skipped", "wrong before", INVALID, len(words), text, (), (), 1)
        queries = QueryState(self, text, target, labels, shown)
        proposed = self.proposals(words)  # row 1: once, before anything is changed
        current, changes, leftovers, code = list(words), list[Change](), list[Change](), NO_WORD_LEFT
        for position in self._by_importance(words, queries):
            if len(changes) > int(0.5 * len(words)):  # row 8: one more than half gets through
                code = CHANGE_LIMIT
                break
            candidates = proposed[position] if position < len(proposed) else []  # row 9
            if words[position] in STOP_WORDS or not candidates:  # row 13: as written, "The" is no stop word
                continue
            winner, reached = self._first_or_best(current, position, candidates, queries)
            if winner is None:  # row 5: the list was written to, and nothing puts the word back
                current[position] = candidates[-1]
                leftovers.append(Change(position, words[position], candidates[-1]))
                continue
            current[position] = winner
            changes.append(Change(position, words[position], winner))
            if reached:
                code = SUCCESS
                break
        final = text if code == CHANGE_LIMIT else " ".join(current)  # row 16: code 1 keeps the original
        return PublishedResult(
            *self._judged(code, len(changes), len(words)),
            code,
            len(words),
            final,
            tuple(changes),
            tuple(leftovers),
            len(queries.seen),
        )

    def _by_importance(self, words: list[str], queries: QueryState) -> list[int]:
        """Positions, the most important word first; ties by position. The last word is not among them (row 4)."""
        positions = range(len(words) - 1)
        hidden = (_with(words, position, self.hidden) for position in positions)
        gains = [gain for texts in _portions(hidden, self.victim.batch_size) for gain in queries.gains(texts)]
        return sorted(positions, key=lambda position: -gains[position])

    def _first_or_best(
        self, current: list[str], position: int, candidates: list[str], queries: QueryState
    ) -> tuple[str | None, bool]:
        """The first candidate that reaches the goal (row 7), else the one with the largest gain, else None."""
        winner, largest = None, 0.0
        offered = iter(candidates)
        for texts in _portions((_with(current, position, word) for word in candidates), self.victim.batch_size):
            for gain, reached in zip(queries.gains(texts), queries.reached(texts), strict=True):
                candidate = next(offered)
                if reached:
                    return candidate, True
                if gain > largest:
                    winner, largest = candidate, gain
        return winner, False

    def _judged(self, code: int, changed: int, words: int) -> tuple[Literal["succeeded", "failed"], str | None]:
        if code == NO_WORD_LEFT:
            return "failed", "words"
        below = code != CHANGE_LIMIT and Fraction(changed, words) < Fraction(str(self.max_change_rate))
        if not below:  # row 8: dropped afterwards
            return "failed", "change limit"
        return "succeeded", None


class QueryState:
    """The two questions of the loop about one example, and the distinct texts that they took."""

    def __init__(
        self, attack: PublishedAttack, text: str, target: int, labels: Sequence[int], top_k: tuple[int, ...]
    ) -> None:
        self._victim, self._k, self._second_sigmoid = attack.victim, attack.k, attack.second_sigmoid
        self._goal = attack.goal
        # Sorted, so that sums are added in one order. The script's loop has one target; this is Eq. 3.1.
        self._at_stake = self._goal.at_stake(top_k, labels, [target])
        self._labels = self._goal.scored(top_k, self._at_stake)
        self.seen: set[int] = set()  # hashes: the texts of a long example would take its length squared
        self._original = float(self._values([text])[0])

    def gains(self, texts: list[str]) -> list[float]:
        """How much nearer to the goal each text is than the *original* text (row 6)."""
        gains = self._values(texts) - self._original
        return list(map(float, -gains if self._goal.minimize else gains))

    def reached(self, texts: list[str]) -> list[bool]:
        """Whether each text reaches the goal."""
        return [self._goal.reached(set(top.tolist()), self._at_stake) for top in self._victim.top_k(texts, self._k)[0]]

    def _values(self, texts: list[str]) -> np.ndarray:
        """What the loop compares: the scores of the labels under attack, added up."""
        self.seen.update(map(hash, texts))
        scores = self._victim.score(texts, self._labels)
        if self._second_sigmoid:  # row 10
            scores = 1 / (1 + np.exp(-scores))
        values: np.ndarray = scores.astype(np.float64).sum(axis=1)
        return values


def _with(words: list[str], position: int, word: str) -> str:
    return " ".join([*words[:position], word, *words[position + 1 :]])


def _portions(texts: Iterator[str], size: int) -> Iterator[list[str]]:
    while portion := list(islice(texts, size)):
        yield portion
