"""What the three goals have in common: targets, queries, and the two questions that a search asks.

A search asks `objective_values` (how near are these texts to the goal; target scores only) for every candidate, and
`get_results` (is the goal reached; the labels that are shown, too) for the text it picked. TextAttack's own searches
only know the second question and work as well, at its price.
"""

from __future__ import annotations

import hashlib
from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from textattack.goal_function_results import GoalFunctionResultStatus
from textattack.goal_functions import GoalFunction
from textattack.shared import AttackedText, logger, validators

from textattack_xmtc.errors import InputError
from textattack_xmtc.goal import Goal
from textattack_xmtc.goal_functions.margin import margin
from textattack_xmtc.goal_functions.result import Display, TopKGoalFunctionResult
from textattack_xmtc.goal_functions.shared_scores import SharedScores
from textattack_xmtc.scores import NOTHING, LabelScores, ScoreKind, TopK
from textattack_xmtc.search_options import Objective, require_choice
from textattack_xmtc.targets import GroundTruth, Label
from textattack_xmtc.thresholds import Threshold
from textattack_xmtc.wrappers import BEYOND, XMTCModelWrapper, as_victim

_NO_TARGETS = "the list of targets is empty"
_NO_LABELS = "the text has no labels"
_LISTED = 5  # labels in a message
_FIRST_DEPTH = 16  # labels that are asked for first where only a threshold says how many are shown

Examples = Literal["one per true label", "one per text"]


class TopKGoalFunction(GoalFunction):
    """A goal about which labels a victim shows: the k best, those above a threshold, or both.

    Args:
        model_wrapper: the victim; any wrapper of TextAttack, any of `textattack_xmtc.wrappers`.
        k: how many labels are shown at most; None where only the threshold decides.
        score_space: rank and pick on scores of this kind; the victim's own where it is None.
        objective: how near a text is to the goal, "targets" (Eq. 3.1 to 3.4) or "margin" (`search_options.Objective`).
        threshold: the least score of a label that is shown: one number, one for each label, or a file
            (`thresholds.read_threshold`); the victim's own where it is None.
        options: what TextAttack's `GoalFunction` takes, such as `query_budget`.

    Attributes:
        goal: what is wanted of which labels (`textattack_xmtc.goal`).
        examples: what one example of this goal is, where a data set names no targets.
        rule: which labels the victim shows.
        targets: the labels whose scores are under attack in the current example (Gamma of section 3), ascending.
        at_stake: the labels that have to leave, or to enter, what the victim shows.

    Raises:
        InputError: k is not between 1 and the number of labels; the threshold does not fit the scores; the victim has
            no scores of that kind; there is no such objective, or not for this goal.
    """

    model: XMTCModelWrapper
    goal: ClassVar[Goal]
    examples: ClassVar[Examples]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        # TextAttack warns about goals that its table of compatible models lacks; ours take any victim.
        validators.MODELS_BY_GOAL_FUNCTION[cls] = [r""]

    def __init__(
        self,
        model_wrapper: Any,
        k: int | None = 5,
        score_space: ScoreKind | None = None,
        objective: Objective = "targets",
        threshold: Threshold | None = None,
        **options: Any,
    ) -> None:
        require_choice("objective", objective, Objective)
        if objective == "margin" and self.goal.minimize:
            raise InputError("the objective 'margin' is for targets that are to rise", "use it with the negative goal")
        victim = as_victim(model_wrapper)
        if score_space is not None:
            victim = victim.with_score_kind(score_space)
        self.rule = victim.decision_rule(k, threshold)
        options.setdefault("model_batch_size", victim.batch_size)
        # The parent's cache is keyed by text alone and survives a skip; the answers below are kept per example.
        super().__init__(victim, use_cache=False, **options)
        self.k = k
        self.score_space = victim.score_kind
        self.objective = objective
        self.threshold = self.rule.threshold
        self.targets: tuple[int, ...] = ()
        self.at_stake: frozenset[int] = frozenset()
        self._rivals: tuple[int, ...] = ()
        self._answers: dict[bytes, LabelScores] = {}
        self._values: dict[bytes, float] = {}
        self._shared = SharedScores()
        self._initial: TopKGoalFunctionResult | None = None
        self._warned_unknown_labels = False

    # One example ---------------------------------------------------------------------------------------------------

    def init_attack_example(
        self, attacked_text: AttackedText, ground_truth_output: int | str
    ) -> tuple[TopKGoalFunctionResult, bool]:
        """Decide what is under attack, and whether there is anything to do.

        Raises:
            InputError: a target that the victim does not know, more targets than fit, a text in several columns.
            VictimError: the victim's answer is not usable.
        """
        self.clear_cache()
        self._initial = None
        self.num_queries = 0
        self.initial_attacked_text = attacked_text
        self.ground_truth_output = ground_truth_output
        text = _text_of(attacked_text)
        truth = GroundTruth.of(ground_truth_output)
        true_labels = frozenset(self._known(truth))
        asked = self._asked(truth)
        self._check_targets(asked or (), true_labels)

        self._ask_top_k([text])
        top = self._best(text)
        self.true_labels, self.top = true_labels, top
        wanted, reason = self._choose(text, asked)
        self.at_stake = self.goal.at_stake(top.labels, true_labels, wanted)
        self.targets = self.goal.scored(top.labels, self.at_stake)
        reason = "" if self.targets else f"skipped: {self._explain(truth, asked, reason)}"
        self._rivals = top.labels if self.objective == "margin" else ()
        self._ask_scores([text], self._compared)
        self._display = Display(self.model.labels, tuple(sorted(self.at_stake)), self.goal, str(self.rule))
        status = GoalFunctionResultStatus.SEARCHING if self.targets else GoalFunctionResultStatus.SKIPPED
        initial = self._result(attacked_text, status, reason=reason)
        self._initial = initial
        return initial, self.num_queries >= self.query_budget

    def check_example(self, ground_truth_output: Any) -> None:
        """Check the labels and targets of an example without a query: what cannot be known before an answer is not.

        Raises:
            InputError: labels of another kind, a target that the victim does not know or that does not suit the goal.
        """
        truth = GroundTruth.of(ground_truth_output)
        self._check_targets(self._asked(truth) or (), frozenset(self.model.labels.known(truth.labels)))

    def _check_targets(self, asked: Sequence[int], true_labels: frozenset[int]) -> None:
        """Raise InputError for a target that is true and must not be, or is wrong and must not be."""

    @abstractmethod
    def _choose(self, text: str, asked: list[int] | None) -> tuple[tuple[int, ...], str]:
        """The targets of this example (A1 or A-1), and the reason to give where none of them is at stake."""

    def get_output(self, attacked_text: AttackedText) -> str:
        """The labels that are shown, as a ground truth: what interactive mode attacks with."""
        names = self.model.labels.names
        (shown,) = self._shown([_text_of(attacked_text)])
        return GroundTruth(tuple(i if names is None else names[i] for i in shown.labels)).encode()

    def clear_cache(self) -> None:
        """Forget every answer: what one example learnt never answers for another (`SharedScores` says what may)."""
        self._answers, self._values = {}, {}

    # What a search asks --------------------------------------------------------------------------------------------

    def objective_values(self, texts: Sequence[str], of_original: bool = False) -> np.ndarray:
        """How near texts are to the goal: the sum of the targets' scores, negated where they are to fall.

        The differences of these numbers are Eq. 3.1 to 3.4. Asks the victim for the targets' scores only. With the
        objective "margin": `margin`, and the scores of the rivals are asked for, too: the labels that are shown for the
        original and for the texts whose results were asked for since.

        Args:
            texts: n texts; those beyond the query budget are left unanswered.
            of_original: these texts depend on the original text alone, as its masked texts do. Where the targets are
                among the labels that are shown, the scores of all of these are asked for, and the next target of the
                same text finds them here. Each attack counts its queries as if it had been the first.

        Returns:
            float64, at most n numbers; larger is nearer.
        """
        admitted = self._admit(texts)
        if of_original and set(self.targets) <= set(self.top.labels):
            self._ask_shared(admitted)
        self._ask_scores(admitted, self._compared)
        return np.array([self._value(text) for text in admitted], dtype=np.float64)

    def answered(self, texts: Sequence[str]) -> np.ndarray:
        """The last objective values of texts that were asked about in this example; NaN for others. Sends no query.

        Returns:
            float64, one number a text; larger is nearer.
        """
        return np.array([self._values.get(_key(text), np.nan) for text in texts], dtype=np.float64)

    def get_results(
        self, attacked_text_list: Sequence[AttackedText], check_skip: bool = False
    ) -> tuple[list[TopKGoalFunctionResult], bool]:
        """Results of whole texts, shown labels included, and whether the query budget is used up."""
        texts = self._admit([_text_of(text) for text in attacked_text_list])
        self._ask_top_k(texts)
        if self.objective == "margin":
            best = [label for text in texts for label in self._best(text).labels if label not in self.targets]
            self._rivals = tuple(dict.fromkeys([*self._rivals, *best]))
        self._ask_scores(texts, self._compared)
        results = []
        for attacked_text, text in zip(attacked_text_list, texts, strict=False):
            reached = self.goal.reached(self._best(text).labels, self.at_stake)
            status = GoalFunctionResultStatus.SUCCEEDED if reached else GoalFunctionResultStatus.SEARCHING
            results.append(self._result(attacked_text, status))
        return results, self.num_queries >= self.query_budget

    def ask_ranks(self, *results: TopKGoalFunctionResult) -> None:
        """Look up the ranks of the labels at stake that are not shown in `results`; may cost a dense row each."""
        for result in results:
            answer = result.raw_output
            beyond = [label for label in result.targets if answer.top is None or label not in answer.top]
            ranks = self.model.rank([_text_of(result.attacked_text)], beyond)
            for label, rank in zip(beyond, ranks[0], strict=True):
                answer.ranks[label] = None if rank == BEYOND else int(rank)

    # Queries: a distinct text sent to the victim, in whatever form -------------------------------------------------

    def _admit(self, texts: Sequence[str]) -> list[str]:
        """Count the texts that are new; cut the list where the query budget ends."""
        admitted = []
        for text in texts:
            if _key(text) not in self._answers:
                if self.num_queries >= self.query_budget:
                    break
                self.num_queries += 1
                self._answers[_key(text)] = LabelScores()
            admitted.append(text)
        return admitted

    def _answer(self, text: str) -> LabelScores:
        return self._answers[_key(text)]

    def _best(self, text: str) -> TopK:
        """The labels that are shown for a text that was asked about for them."""
        top = self._answer(text).top
        assert top is not None
        return top

    def _ask_top_k(self, texts: Sequence[str]) -> None:
        self._admit(texts)
        new = list(dict.fromkeys(text for text in texts if self._answer(text).top is None))
        for text, top in zip(new, self._shown(new), strict=True):
            self._answer(text).top = top

    def _shown(self, texts: Sequence[str]) -> list[TopK]:
        """The labels that the victim shows for each text."""
        if self.k is not None:
            return [self.rule.shown(row, values) for row, values in zip(*self.model.top_k(texts, self.k), strict=True)]
        shown: dict[str, TopK] = {}
        depth = _FIRST_DEPTH if self.model.labels.size else 1  # a victim that was never asked may not know its size
        while len(shown) < len(set(texts)):
            most = self.model.shown or self.model.labels.size
            depth = min(depth, most or depth)
            open_texts = [text for text in dict.fromkeys(texts) if text not in shown]
            for text, row, values in zip(open_texts, *self.model.top_k(open_texts, depth), strict=True):
                top = self.rule.shown(row, values)
                # Scores do not increase: behind one below every threshold there is nothing to show.
                if row[-1] == NOTHING or depth == most or values[-1] < np.float32(self.rule.least or 0):
                    shown[text] = top
            depth *= 4
        return [shown[text] for text in texts]

    def _ask_scores(self, texts: Sequence[str], labels: Sequence[int]) -> None:
        new = list(dict.fromkeys(text for text in texts if self._answer(text).missing(labels)))
        if new:
            for text, row in zip(new, self.model.score(new, labels), strict=True):
                self._answer(text).add(dict(zip(labels, map(float, row), strict=True)))

    def _ask_shared(self, texts: Sequence[str]) -> None:
        """The scores of all labels that are shown for the original: the order of the attacks on them must not matter.

        (A label's score may differ in its last bits by which others it is computed with.)
        """
        labels = sorted(self.top.labels)
        kept = self._shared.of(_key(_text_of(self.initial_attacked_text)), self.top)
        new = list(dict.fromkeys(text for text in texts if _key(text) not in kept))
        if new:
            for text, row in zip(new, self.model.score(new, labels), strict=True):
                kept[_key(text)] = tuple(map(float, row))
        for text in texts:
            self._answer(text).add(dict(zip(labels, kept[_key(text)], strict=True)))

    @property
    def _compared(self) -> tuple[int, ...]:
        """The labels whose scores say how near a text is."""
        return self.targets + self._rivals

    def _value(self, text: str) -> float:
        value = self._values[_key(text)] = self._nearness(self._answer(text))
        return value

    def _nearness(self, answer: LabelScores) -> float:
        if self.objective == "margin":
            targets, rivals = ([answer.scores[label] for label in labels] for labels in (self.targets, self._rivals))
            return margin(targets, rivals, self.k, self.score_space, self.rule.thresholds(self.targets))
        total = answer.total(self.targets)
        return -total if self.goal.minimize else total

    def _result(self, attacked_text: AttackedText, status: int, reason: str = "") -> TopKGoalFunctionResult:
        text = _text_of(attacked_text)
        return TopKGoalFunctionResult(
            attacked_text,
            self._answer(text),
            self._display,
            status,
            self._value(text),
            self.num_queries,
            self.ground_truth_output,
            initial=self._initial,
            reason=reason,
        )

    def _known(self, truth: GroundTruth) -> list[int]:
        known = self.model.labels.known(truth.labels)
        unknown = [label for label in truth.labels if self.model.labels.index(label) is None]
        if unknown and not self._warned_unknown_labels:
            self._warned_unknown_labels = True
            logger.warning(
                f"xmtc: {len(unknown)} of the {len(truth.labels)} labels of a text, such as {unknown[0]!r}, are not "
                "among the victim's and are left out; this warning is not repeated"
            )
        return known

    def _asked(self, truth: GroundTruth) -> list[int] | None:
        """The targets that came with the example, or None where this goal is to choose them."""
        if truth.targets is None:
            return None
        labels = self.model.labels
        wanted = truth.targets
        if labels.names is not None:
            # A true label that the victim never learnt is no mistake of the person who asks; any other name is.
            wanted = tuple(label for label in wanted if label not in truth.labels or labels.index(label) is not None)
        return labels.require(wanted)

    def _explain(self, truth: GroundTruth, asked: list[int] | None, reason: str) -> str:
        """Why there is no target: what is missing, or else the goal's own reason."""
        if asked == []:
            return f"the victim knows none of the targets {_listed(truth.targets)}" if truth.targets else _NO_TARGETS
        if asked is None and self.goal.minimize and not self.true_labels:
            return f"the victim knows none of the labels {_listed(truth.labels)}" if truth.labels else _NO_LABELS
        if self.goal.minimize and not self.top.labels:
            return f"nothing is shown: no label is among the {self.rule}"
        return reason

    # What TextAttack's base class wants ----------------------------------------------------------------------------

    @property
    def batch_size(self) -> int:
        """How many texts go into one call of the victim (`--model-batch-size`)."""
        return int(self.model.batch_size)

    @batch_size.setter
    def batch_size(self, size: int) -> None:
        self.model.batch_size = size

    def _is_goal_complete(self, model_output: LabelScores, _: AttackedText) -> bool:
        return model_output.top is not None and self.goal.reached(model_output.top.labels, self.at_stake)

    def _get_score(self, model_output: LabelScores, _: AttackedText) -> float:
        return self._nearness(model_output)

    def _goal_function_result_type(self) -> type[TopKGoalFunctionResult]:
        return TopKGoalFunctionResult

    def _process_model_outputs(self, inputs: Any, outputs: Any) -> Any:
        return outputs

    def extra_repr_keys(self) -> list[str]:  # noqa: D102
        threshold = "rule" if np.ndim(self.threshold or 0) else "threshold"  # not a number for each of 10^5 labels
        options = [threshold] * (self.threshold is not None) + ["objective"] * (self.objective != "targets")
        return ["k", "score_space", *options, *super().extra_repr_keys()]


def _key(text: str) -> bytes:
    """What an answer is kept under: the masked texts of a long text would take its length squared."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _text_of(attacked_text: AttackedText) -> str:
    text = attacked_text.tokenizer_input
    if not isinstance(text, str):
        raise InputError(
            f"this text has the columns {', '.join(attacked_text.column_labels)}, expected one",
            "join the columns of the data set into one text",
        )
    return text


def _listed(labels: Sequence[Label]) -> str:
    return ", ".join(map(str, labels[:_LISTED])) + ", ..." * (len(labels) > _LISTED)
