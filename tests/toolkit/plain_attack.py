"""A second, plain implementation of the attack, to compare the real recipe with.

Written from the paper alone (section 3, Algorithm 1) and the project's reading of it; it shares no code with the
package. Texts are lists of words, scores are dense rows, nothing is cached or batched.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

import numpy as np

Goal = Literal["positive", "negative", "untargeted"]
Status = Literal["succeeded", "failed", "skipped"]

REACHED = "goal reached"
BUDGET_USED = "budget used"
NO_WORD_LEFT = "no word left"
TOO_SHORT = "too short"
NOTHING_TO_ATTACK = {
    "positive": "no target in the top k",
    "negative": "all targets in the top k",
    "untargeted": "no true label in the top k",
}


@dataclass
class PlainOutcome:
    """What an attack did; of a skipped attack only `status`, `reason`, `words` and `gamma` say something.

    `status` and `reason`: how it ended; the reasons are this module's constants.
    `words`: the final text.
    `gamma`: the labels that the attack works on, ascending.
    `budget`: how many words may change; `budget_ended`: it failed because so many had changed, words left or not.
    `tried`: the positions that were tried, in that order; `changed`: those of them that were changed.
    `useless_steps`: how many of the tried positions were left as they were.
    `ranking_ties`: how many tried words were exactly as important as the word ranked next.
    `candidate_ties`: in how many steps more than one candidate had the winner's gain.
    `cut_steps`: in how many steps the masked LM gave more usable candidates than are kept.
    `reentered`: targets of a positive-targeted attack outside the top k of the original, inside that of the final text.
    """

    status: Status
    reason: str
    words: list[str]
    gamma: list[int]
    budget: int = 0
    budget_ended: bool = False
    tried: list[int] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    useless_steps: int = 0
    ranking_ties: int = 0
    candidate_ties: int = 0
    cut_steps: int = 0
    reentered: list[int] = field(default_factory=list)


def top_k(scores: np.ndarray, k: int) -> list[int]:
    """Give the k labels with the highest scores, best first; of equal scores the lower label index."""
    return sorted(range(len(scores)), key=lambda label: (-float(scores[label]), label))[:k]


def gamma_of(goal: Goal, targets: set[int], best: Sequence[int]) -> list[int]:
    """Give Gamma, the labels whose scores the attack moves, ascending; `best` is the top k of the original text."""
    if goal == "positive":
        return sorted(targets & set(best))
    if goal == "negative":
        return sorted(targets - set(best))
    return sorted(best)


def goal_reached(goal: Goal, gamma: list[int], true_labels: set[int], final_best: Iterable[int]) -> bool:
    """Say whether a text with this top k is adversarial (the definitions at the head of section 3)."""
    inside = set(final_best)
    if goal == "positive":
        return not inside & set(gamma)
    if goal == "negative":
        return set(gamma) <= inside
    return bool((set(gamma) & true_labels) - inside)


def total(scores: np.ndarray, gamma: list[int]) -> float:
    """Sum the scores of Gamma: float32 values, widened to float64, added in ascending label order.

    Any implementation that adds like this gets the same number bit for bit, so that ties are the same ties.
    """
    result = 0.0
    for label in sorted(gamma):
        result += float(np.float32(scores[label]))
    return result


def gain_of(goal: Goal, before: float, after: float) -> float:
    """Say how much closer to the goal Gamma's sum has come (Eq. 3.1 to 3.4)."""
    return after - before if goal == "negative" else before - after


def budget_of(max_change_rate: float, n_words: int) -> int:
    """Give floor(theta n), with theta read as the decimal number that it prints as."""
    return math.floor(Fraction(str(max_change_rate)) * n_words)


def replaced(words: list[str], position: int, word: str) -> list[str]:
    """Give the text with another word at one position."""
    return [*words[:position], word, *words[position + 1 :]]


def usable(proposed: list[str], word: str, is_stop_word: Callable[[str], bool]) -> list[str]:
    """Drop stop words and the word itself, however its letters are cased; the order stays."""
    return [new for new in proposed if new.lower() != word.lower() and not is_stop_word(new)]


def by_importance(importance: dict[int, float]) -> list[int]:
    """Give the positions, most important first; of equally important words the earlier one."""
    return sorted(importance, key=lambda position: (-importance[position], position))


def best_candidate(gains: list[float]) -> int | None:
    """Give the first candidate with the largest gain above 0, or None (lines 11 to 18)."""
    d, winner = 0.0, None
    for j, gain in enumerate(gains):
        if gain > d:
            d, winner = gain, j
    return winner


def plain_attack(
    text_words: list[str],
    score_row: Callable[[list[str]], np.ndarray],
    candidates: Callable[[list[str], int], list[str]],
    goal: Goal,
    true_labels: set[int],
    targets: set[int],
    k: int,
    max_change_rate: float,
    is_stop_word: Callable[[str], bool],
    mask: str,
    n_candidates: int = 48,
) -> PlainOutcome:
    """Attack one text (Algorithm 1, for all three goals).

    `score_row(words)`: the scores of all labels for a text.
    `candidates(words, i)`: what the masked LM proposes for position i of a text, best first, nothing filtered.
    `targets`: A1 of a positive-targeted attack, A-1 of a negative-targeted one; not read by a untargeted one.
    `max_change_rate`: theta, the share of words that may change. `n_candidates`: how many usable ones are kept.

    Scores are compared and subtracted as float32 values widened to float64, sums go in ascending label order: see
    `total`. A negative-targeted attack with more than k labels in Gamma raises ValueError.
    """
    original_scores = score_row(text_words)
    original_best = top_k(original_scores, k)
    gamma = gamma_of(goal, targets, original_best)

    # What cannot or need not be attacked.
    if goal == "negative" and len(gamma) > k:
        raise ValueError(f"{len(gamma)} negative targets are outside the top k, but only k={k} labels fit into it")
    if not gamma or (goal == "untargeted" and not true_labels & set(original_best)):
        return PlainOutcome("skipped", NOTHING_TO_ATTACK[goal], list(text_words), gamma)
    budget = budget_of(max_change_rate, len(text_words))
    if budget == 0:
        return PlainOutcome("skipped", TOO_SHORT, list(text_words), gamma)

    # Lines 2 to 6: the importance of each word that may be changed, by masking it in the original text.
    original_total = total(original_scores, gamma)
    importance = {}
    for i, word in enumerate(text_words):
        if not is_stop_word(word):
            masked_total = total(score_row(replaced(text_words, i, mask)), gamma)
            importance[i] = gain_of(goal, original_total, masked_total)
    order = by_importance(importance)

    # Lines 7 to 24: change the words in that order.
    outcome = PlainOutcome("failed", NO_WORD_LEFT, list(text_words), gamma, budget)
    for t, i in enumerate(order):
        outcome.tried.append(i)
        if t + 1 < len(order) and importance[i] == importance[order[t + 1]]:
            outcome.ranking_ties += 1
        current = outcome.words
        current_total = total(score_row(current), gamma)
        suggested = usable(candidates(current, i), current[i], is_stop_word)
        outcome.cut_steps += len(suggested) > n_candidates
        suggested = suggested[:n_candidates]
        gains = [gain_of(goal, current_total, total(score_row(replaced(current, i, w)), gamma)) for w in suggested]
        winner = best_candidate(gains)
        if winner is None:
            outcome.useless_steps += 1
            continue
        outcome.candidate_ties += gains.count(gains[winner]) > 1
        outcome.words = replaced(current, i, suggested[winner])
        outcome.changed.append(i)
        if goal_reached(goal, gamma, true_labels, top_k(score_row(outcome.words), k)):
            outcome.status, outcome.reason = "succeeded", REACHED
            break
        if len(outcome.changed) == budget:
            outcome.reason, outcome.budget_ended = BUDGET_USED, True
            break

    if goal == "positive":
        final_best = top_k(score_row(outcome.words), k)
        outcome.reentered = sorted((targets - set(original_best)) & set(final_best))
    return outcome
