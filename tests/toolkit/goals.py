"""Goals on small victims, and how one is put to a text."""

from __future__ import annotations

from typing import Any

from textattack.goal_function_results import GoalFunctionResultStatus
from textattack.shared import AttackedText

from tests.toolkit.victims import table
from textattack_xmtc.targets import GroundTruth

SEARCHING, SUCCEEDED = GoalFunctionResultStatus.SEARCHING, GoalFunctionResultStatus.SUCCEEDED
SKIPPED = GoalFunctionResultStatus.SKIPPED
NAMES = ["axis", "scipy", "stats", "mean", "numpy"]


def known(kind: Any, **options: Any) -> Any:
    """A goal for a victim that has names for its labels and ranks them in their order."""
    return kind(table({"first": [5, 4, 3, 2, 1]}, label_names=NAMES), k=2, **options)


def begin(goal: Any, text: str = "first", labels: Any = (), targets: Any = None) -> Any:
    """The result of the original text."""
    return goal.init_attack_example(AttackedText(text), GroundTruth(tuple(labels), targets).encode())[0]


def of(goal: Any, *texts: str) -> Any:
    """The results of further texts."""
    return goal.get_results([AttackedText(text) for text in texts])[0]
