"""Results of attacks as a table: one row a result."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd  # type: ignore[import-untyped]

from textattack_xmtc.errors import InputError
from textattack_xmtc.goal_functions import TopKGoalFunctionResult


def results_frame(results: Iterable[Any]) -> pd.DataFrame:
    """A table of what attacks with this package's goals did.

    Args:
        results: what `Attacker.attack_dataset()` or `attack.attack(...)` gives; one result or many.

    Returns:
        Columns: `outcome` ("succeeded", "failed" or "skipped"), `reason`, `targets` (names of the labels at stake),
        `left` (those that are no longer shown), `rank_before`, `rank_after`, `score_before`, `score_after`
        (lists in the order of `targets`; a rank is None where it is unknown or beyond what the victim ranks),
        `shown_before`, `shown_after` (label names, best first), `words`, `changed`, `queries`, `similarity` and
        `encoder` (None where it was not measured), `original`, `final`.

    Raises:
        InputError: something that is no result of an attack with this package's goals.

    Example:
        >>> len(results_frame([]))
        0
    """
    many = [results] if hasattr(results, "original_result") else list(results)
    rows = [_row(result) for result in many]
    return pd.DataFrame(rows, columns=list(rows[0]) if rows else None)


def _row(result: Any) -> dict[str, Any]:
    first, final = getattr(result, "original_result", None), getattr(result, "perturbed_result", None)
    if not isinstance(first, TopKGoalFunctionResult) or not isinstance(final, TopKGoalFunctionResult):
        raise InputError(
            f"a {type(result).__name__} is not a result of this package's goals", "give what `attack.attack` returned"
        )
    kind = type(result).__name__.removesuffix("AttackResult")
    outcome = {"Successful": "succeeded", "Failed": "failed", "Skipped": "skipped"}.get(kind, kind.lower())
    name, targets = final.display.name, final.targets
    similarity = getattr(final, "similarity", None)
    return {
        "outcome": outcome,
        "reason": final.reason.removeprefix(f"{outcome}: "),
        "targets": [name(label) for label in targets],
        "left": [name(label) for label in final.left],
        **_pair("rank", [first.rank(label) for label in targets], [final.rank(label) for label in targets]),
        **_pair("score", *([one.raw_output.scores.get(label) for label in targets] for one in (first, final))),
        **_pair("shown", *([name(label) for label in one.shown] for one in (first, final))),
        "words": first.attacked_text.num_words,
        "changed": len(first.attacked_text.all_words_diff(final.attacked_text)),
        "queries": result.num_queries,
        "similarity": None if similarity is None else similarity.cosine,
        "encoder": None if similarity is None else similarity.encoder,
        "original": first.attacked_text.text,
        "final": final.attacked_text.text,
    }


def _pair(name: str, before: Any, after: Any) -> dict[str, Any]:
    return {f"{name}_before": before, f"{name}_after": after}
