"""The result of one text in words: the labels that are shown for it, and the ranks of the labels at stake."""

from __future__ import annotations

import reprlib
from dataclasses import dataclass
from typing import Any

from textattack.goal_function_results import GoalFunctionResult, GoalFunctionResultStatus
from textattack.shared import AttackedText

from textattack_xmtc.goal import UNTARGETED, Goal
from textattack_xmtc.scores import LabelScores
from textattack_xmtc.targets import LabelSpace


@dataclass
class Display:
    """What is needed to put an answer into words; shared by all results of one example.

    Attributes:
        goal: what the attack wants.
        rule: which labels are shown, in words.
    """

    labels: LabelSpace
    targets: tuple[int, ...]
    goal: Goal
    rule: str

    def top(self, answer: LabelScores) -> str:
        """The labels that are shown, best first, those at stake starred: `stats*, scipy, axis`."""
        if answer.top is None:
            return ""
        return ", ".join(self.name(label) + "*" * (label in self.targets) for label in answer.top.labels)

    def name(self, label: int) -> str:
        """A label's name on one line."""
        return " ".join(self.labels.name(label).split())

    def movement(self, label: int, before: LabelScores, after: LabelScores) -> str:
        """`target stats: rank 1 -> 7, score 0.91 -> 0.22`."""
        kind = "true label" if self.goal.name == UNTARGETED else "target"
        return (
            f"{kind} {self.name(label)}: rank {_rank(label, before)} -> {_rank(label, after)}, "
            f"score {before.scores[label]:.3g} -> {after.scores[label]:.3g}"
        )

    def departures(self, answer: LabelScores) -> str:
        """Which true labels an untargeted attack has pushed out, in a line; empty for the other goals."""
        if self.goal.name != UNTARGETED or answer.top is None:
            return ""
        left = [self.name(label) for label in self.targets if label not in answer.top]
        return f"true labels that left the {self.rule}: {', '.join(left) or 'none'}"


class TopKGoalFunctionResult(GoalFunctionResult):
    """One text with its victim's answer and how near it is to the goal.

    Attributes:
        raw_output: the answer, a `LabelScores`.
        output: the labels that are shown, in words; those at stake are starred.
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

    def __repr__(self) -> str:
        text = reprlib.repr(self.attacked_text.text)
        return f"{type(self).__name__}({text}, top=[{self.output}], score={self.score:.4g})"

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
        """The labels that are shown; for the text of an attack, also how each target moved and further notes."""
        top = self.raw_output.top
        lines = [f"[top-{len(top.labels) if top else 0}: {self.output}]"]
        if self.initial is not None:
            lines += filter(None, [self.display.departures(self.raw_output)])
            lines += [self.display.movement(label, self.initial.raw_output, self.raw_output) for label in self.targets]
        lines += self.notes
        if self.reason:
            lines.append(f"({self.reason})")
        # The original's arrow is printed behind it: it stays on one line.
        separator = " " if self.initial is None else "\n"
        return separator.join(lines)

    @property
    def targets(self) -> tuple[int, ...]:
        """The labels at stake, ascending: targets, or in an untargeted attack the true labels that are shown."""
        return self.display.targets

    @property
    def shown(self) -> tuple[int, ...]:
        """The labels that the victim shows for this text, best first."""
        return () if self.raw_output.top is None else self.raw_output.top.labels

    def rank(self, label: int) -> int | None:
        """The rank of a label, 1 for the best; None where it was not asked for or the victim does not rank it."""
        top = self.raw_output.top
        within = None if top is None else top.rank(label)
        return within if within is not None else self.raw_output.ranks.get(label)

    @property
    def left(self) -> tuple[int, ...]:
        """Those of `targets` that are not shown for this text, ascending."""
        return tuple(label for label in self.targets if label not in self.shown)


def _rank(label: int, answer: LabelScores) -> str:
    if label in answer.ranks:
        rank = answer.ranks[label]
        return "beyond the labels that the victim ranks" if rank is None else str(rank)
    within = answer.top.rank(label) if answer.top else None
    if within is not None:
        return str(within)
    return f">{len(answer.top.labels)}" if answer.top else "?"
