"""Algorithm 1: rank words by masking them, then exchange them one by one for the candidate that helps most."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from textattack.goal_function_results import GoalFunctionResultStatus
from textattack.search_methods import SearchMethod
from textattack.shared import AttackedText, logger
from textattack.shared.validators import transformation_consists_of_word_swaps

from textattack_xmtc.errors import InputError
from textattack_xmtc.search_options import CandidateOrder, require_choice
from textattack_xmtc.transformations import CANDIDATE_ORDER
from textattack_xmtc.transformations.substitution import WORDS_CHANGED
from textattack_xmtc.words import Span, change_budget, replaced, word_spans

CHUNK = 4
"""Candidates that are asked about at a time, where not all are."""

PATIENCE = 2
"""Chunks in a row with nothing better, after which `while-better` leaves a word."""

_PORTION_CHARACTERS = 2**24


@runtime_checkable
class ObjectiveGoal(Protocol):
    """What the search asks of a goal beside TextAttack's `get_results`."""

    def objective_values(self, texts: Sequence[str], of_original: bool = False) -> np.ndarray:
        """How near each text is to the goal; larger is nearer. `of_original`: they depend on the original alone."""
        ...


class MaskedDelta(SearchMethod):
    """Greedy search in the order of masked-word importance (Algorithm 1; Eq. 3.1 to 3.4).

    Every word that may be changed is masked in the original text, and words are tried in the order of
    how much nearer to the goal that brings the text; ties by position. For each, the candidate with the
    largest gain over the current text wins; ties by the masked LM's order; no gain, no change. The goal
    is tested on the text with the winner. At most `floor(max_change_rate * n)` words are changed.

    Words that constraints keep as they are, and words that the victim does not read, are not asked
    about: their importance could not matter.

    Two things can be exchanged for what needs fewer queries: the order of the words, by a subclass, and how a
    word's candidates are asked about, by `candidate_order`.

    Args:
        max_change_rate: theta, share of the words that may be changed.
        candidate_order: "all" is Algorithm 1; the others ask in chunks of `CHUNK` and stop early (`CandidateOrder`).

    Raises:
        InputError: the rate is not in (0, 1]; there is no such order; the goal cannot score texts by their targets
            alone.
    """

    is_black_box = True

    def __init__(self, max_change_rate: float = 0.1, candidate_order: CandidateOrder = "all") -> None:
        change_budget(max_change_rate, 0)  # refuses an invalid rate
        require_choice("candidate_order", candidate_order, CandidateOrder)
        self.max_change_rate = max_change_rate
        self.candidate_order = candidate_order
        self._warned_truncated = False
        self.ranked: Mapping[int, float] = {}
        """What `importance` has found of the last text; empty for rankings that do without it."""

    @property
    def goal_function(self) -> Any:
        """The goal; TextAttack's `Attack` sets it."""
        return self._goal_function

    @goal_function.setter
    def goal_function(self, goal: Any) -> None:
        if not isinstance(goal, ObjectiveGoal):
            raise InputError(
                f"the search xmtc-masked-delta cannot work with the goal {type(goal).__name__}",
                "use it with xmtc-positive-targeted, xmtc-negative-targeted or xmtc-untargeted, "
                "or use another search such as greedy-word-wir",
            )
        self._goal_function = goal

    def perform_search(self, initial_result: Any) -> Any:
        """Attack one text; gives the result of the last text that was accepted."""
        original: AttackedText = initial_result.attacked_text
        self.ranked = {}
        budget = change_budget(self.max_change_rate, original.num_words)
        order = self._order(original, initial_result.score)
        current, changed = initial_result, 0
        # The budget is looked at first: an order may spend queries on telling the next word.
        while changed < budget and (index := next(order, None)) is not None and not self._out_of_queries():
            candidates = self._candidates(current.attacked_text, original, [index])
            affordable = [text for text in candidates if changed + _words_changed(text) <= budget]
            winner = self._winner(current, affordable)
            if winner is None:
                continue
            current, changed = winner, changed + _words_changed(winner.attacked_text)
            if current.goal_status == GoalFunctionResultStatus.SUCCEEDED:
                return current
        return self._given_up(initial_result, current, budget, changed)

    def _winner(self, current: Any, candidates: Sequence[AttackedText]) -> Any:
        """The result of the candidate with the largest gain among those asked about; None where none gains."""
        best, winner, stale = -np.inf, None, 0
        size = max(1, len(candidates)) if self.candidate_order == "all" else CHUNK
        for start in range(0, len(candidates), size):
            chunk = candidates[start : start + size]
            nearness = self.goal_function.objective_values([candidate.text for candidate in chunk])
            if len(nearness) and nearness.max() > best:
                best, stale = nearness.max(), 0
                if best > current.score:
                    # argmax takes the first of equals, which is the masked LM's first.
                    results, _ = self.get_goal_results([chunk[int(nearness.argmax())]])
                    winner = results[0]
                    if winner.goal_status == GoalFunctionResultStatus.SUCCEEDED:
                        break
            else:
                stale += 1
                if self.candidate_order == "while-better" and stale == PATIENCE:
                    break
        return winner

    def _given_up(self, initial: Any, current: Any, budget: int, changed: int) -> Any:
        words = initial.attacked_text.num_words
        if budget == 0:
            reason = f"too short: {words} words allow no change at {self.max_change_rate:.0%}"
        elif self._out_of_queries():
            reason = "query budget used up"
        elif changed == budget:
            reason = f"{changed} of {words} words changed, the limit"
        else:
            reason = "no word left to change"
        # A copy: where nothing was changed, this is the result of the original text as well.
        final = copy.copy(current)
        final.initial, final.notes, final.reason = initial, [], f"failed: {reason}"
        return final

    def _order(self, original: AttackedText, score: float) -> Iterator[int]:
        """Indices of the words that may be changed, the most important first."""
        self.ranked = self.importance(original, score)
        yield from self.ranked

    def importance(self, original: AttackedText, score: float) -> dict[int, float]:
        """How much nearer to the goal masking each word brings the text: Eq. 3.1 to 3.3.

        Args:
            original: the text.
            score: how near it is to the goal.

        Returns:
            By the position of the word, the most important first, ties by position. Words that may not be changed, or
            that the victim does not read, are not asked about; others are missing where queries ran out.
        """
        spans = word_spans(original.text, original.words)
        indices = self._changeable(original, spans)
        importance = self._masked(original.text, [[spans[index]] for index in indices]) - score
        # A stable sort keeps the order of positions among equals; a query budget may have cut the list.
        return {indices[position]: float(importance[position]) for position in np.argsort(-importance, kind="stable")}

    def _masked(self, text: str, blocks: Sequence[Sequence[Span]]) -> np.ndarray:
        """How near `text` is to the goal with each of these blocks of words masked; fewer if queries run out."""
        # In portions: all masked texts of a long text would take its length squared.
        portion = max(1, _PORTION_CHARACTERS // max(1, len(text)))
        mask = self.goal_function.model.mask
        nearness = [
            self.goal_function.objective_values(
                [_all_replaced(text, block, mask) for block in blocks[start : start + portion]], of_original=True
            )
            for start in range(0, len(blocks), portion)
        ]
        return np.concatenate([*nearness, np.zeros(0)])

    def _changeable(self, original: AttackedText, spans: Sequence[Span]) -> list[int]:
        """Indices of the words that constraints let change and the victim reads, ascending."""
        _, allowed = self.get_indices_to_order(original)
        read = self.goal_function.model.characters_read(original.text)
        if read < len(original.text):
            self._warn_truncated(read, len(original.text))
        return [index for index in sorted(allowed) if spans[index][1] <= read]

    def _candidates(self, current: AttackedText, original: AttackedText, indices: list[int]) -> list[AttackedText]:
        """The candidates for words of the current text, first those that came first in the list of their word."""
        texts = self.get_transformations(current, original_text=original, indices_to_modify=indices)
        return sorted(texts, key=lambda text: text.attack_attrs.get(CANDIDATE_ORDER, 0))

    def _out_of_queries(self) -> bool:
        return bool(self.goal_function.num_queries >= self.goal_function.query_budget)

    def _warn_truncated(self, read: int, length: int) -> None:
        if not self._warned_truncated:
            self._warned_truncated = True
            logger.warning(
                f"xmtc: the victim reads the first {read:,} of the {length:,} characters of a text; words beyond "
                "are left alone (warned once)"
            )

    def check_transformation_compatibility(self, transformation: Any) -> bool:
        """Only word swaps: the words of a text keep their places."""
        return bool(transformation_consists_of_word_swaps(transformation))

    def extra_repr_keys(self) -> list[str]:  # noqa: D102
        return ["max_change_rate", "candidate_order"]


def _words_changed(candidate: AttackedText) -> int:
    """How many words of the current text a candidate changes: two, where noise has joined them."""
    return int(candidate.attack_attrs.get(WORDS_CHANGED, 1))


def _all_replaced(text: str, spans: Sequence[Span], word: str) -> str:
    for span in reversed(spans):  # from the end: what stands before a cut keeps its place
        text = replaced(text, span, word)
    return text
