"""What an attack shows of a text: its k best labels, and where the targets stand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from textattack.goal_function_results import GoalFunctionResult, GoalFunctionResultStatus
from textattack.shared import AttackedText

from textattack_xmtc.scores import LabelScores
from textattack_xmtc.targets import LabelSpace


@dataclass
class Display:
    """What is needed to put an answer into words; shared by all results of one example.

    Attributes:
        labels: the victim's label space.
        targets: the labels under attack (Gamma), ascending.
        starred: labels marked with a star in the k best.
    """

    labels: LabelSpace
    targets: tuple[int, ...]
    starred: frozenset[int]

    def top(self, answer: LabelScores) -> str:
        """The k best labels, best first, targets starred: `stats*, scipy, axis`."""
        if answer.top is None:
            return ""
        return ", ".join(self.name(label) + "*" * (label in self.starred) for label in answer.top.labels)

    def name(self, label: int) -> str:
        """A label's name on one line."""
        return " ".join(self.labels.name(label).split())

    def movement(self, label: int, before: LabelScores, after: LabelScores) -> str:
        """`target stats: rank 1 -> 7, score 0.91 -> 0.22`."""
        return (
            f"target {self.name(label)}: rank {_rank(label, before)} -> {_rank(label, after)}, "
            f"score {before.scores[label]:.3g} -> {after.scores[label]:.3g}"
        )


class TopKGoalFunctionResult(GoalFunctionResult):
    """One text with its victim's answer and how near it is to the goal.

    Attributes:
        raw_output: the answer, a `LabelScores`.
        output: the k best labels in words, targets starred.
        reason: why an example was skipped or an attack gave up; empty otherwise.
        notes: further lines to show, such as the similarity of the final text.
    """

    raw_output: LabelScores

    def __init__(
        self,
        attacked_text: AttackedText,
        answer: LabelScores,
        display: Display,
        goal_status: int,
        score: float,
        num_queries: int,
        ground_truth_output: Any,
        initial: TopKGoalFunctionResult | None = None,
        reason: str = "",
    ) -> None:
        super().__init__(
            attacked_text,
            answer,
            display.top(answer),
            goal_status,
            score,
            num_queries,
            ground_truth_output,
            goal_function_result_type="Top-k",
        )
        self.display = display
        self.initial = initial
        self.reason = reason
        self.notes: list[str] = []

    @property
    def succeeded(self) -> bool:
        """Whether this text reaches the goal."""
        return bool(self.goal_status == GoalFunctionResultStatus.SUCCEEDED)

    def get_text_color_input(self) -> str:
        """Colour of the words that will be changed."""
        return "red"

    def get_text_color_perturbed(self) -> str:
        """Colour of the words that were put in their place."""
        return "green"

    def get_colored_output(self, color_method: str | None = None) -> str:
        """The k best labels; for the text of an attack, also how each target moved and what else was noted."""
        top = self.raw_output.top
        lines = [f"[top-{len(top.labels) if top else 0}: {self.output}]"]
        if self.initial is not None:
            lines += [self.display.movement(label, self.initial.raw_output, self.raw_output) for label in self.targets]
        lines += self.notes
        if self.reason:
            lines.append(f"({self.reason})")
        # The original's arrow is printed behind it: it stays on one line.
        separator = " " if self.initial is None else "\n"
        return separator.join(lines)

    @property
    def targets(self) -> tuple[int, ...]:
        """The labels under attack (Gamma), ascending."""
        return self.display.targets


def _rank(label: int, answer: LabelScores) -> str:
    if label in answer.ranks:
        rank = answer.ranks[label]
        return "beyond what the victim shows" if rank is None else str(rank)
    within = answer.top.rank(label) if answer.top else None
    if within is not None:
        return str(within)
    return f">{len(answer.top.labels)}" if answer.top else "?"
