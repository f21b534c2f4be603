"""What the recipes have in common: the parts of section 3, and what is measured of the final text."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar, Self

from textattack.attack_recipes import AttackRecipe
from textattack.attack_results import AttackResult, FailedAttackResult, SkippedAttackResult
from textattack.constraints.pre_transformation import RepeatModification
from textattack.goal_function_results import GoalFunctionResultStatus
from textattack.shared import logger

from textattack_xmtc.constraints.encoders import load_encoder
from textattack_xmtc.constraints.similarity import EncoderSimilarity, measure
from textattack_xmtc.constraints.words import FunctionWordModification
from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.datasets.load import load_corpus
from textattack_xmtc.evidence.label_texts import TrainingWords
from textattack_xmtc.goal_functions import TopKGoalFunction, TopKGoalFunctionResult
from textattack_xmtc.hubs import DEFAULT_MASKED_LM
from textattack_xmtc.scores import ComputeType, ScoreKind
from textattack_xmtc.search_methods import search_named
from textattack_xmtc.search_options import (
    CandidateOrder,
    CandidateSource,
    Objective,
    Ranking,
    needs_masked_lm,
)
from textattack_xmtc.targets import GroundTruth
from textattack_xmtc.thresholds import Threshold
from textattack_xmtc.transformations import LabelWords, XMTCWordSwapMaskedLM, word_swap_named
from textattack_xmtc.words import change_budget
from textattack_xmtc.wrappers import as_victim


class XMTCRecipe(AttackRecipe):
    """An attack on the k best labels, as section 3 describes it; the recipes fill in the goal."""

    goal: ClassVar[type[TopKGoalFunction]]
    ranking: ClassVar[Ranking] = "masked-delta"
    candidate_order: ClassVar[CandidateOrder] = "all"
    candidate_source: ClassVar[CandidateSource] = "masked-lm"
    objective: ClassVar[Objective] = "targets"
    encoder: Any = None

    @classmethod
    def build(
        cls,
        model_wrapper: Any,
        k: int | None = 5,
        max_change_rate: float = 0.1,
        candidates: int = 48,
        masked_lm: str | Path | XMTCWordSwapMaskedLM = "auto",
        encoder: Any = "auto",
        min_similarity: float | None = None,
        score_space: ScoreKind | None = None,
        ranking: Ranking | None = None,
        candidate_order: CandidateOrder | None = None,
        candidate_source: CandidateSource | None = None,
        objective: Objective | None = None,
        data: str | Path | Corpus | LabelWords | None = None,
        seed: int = 0,
        threshold: Threshold | None = None,
        masked_lm_dtype: ComputeType = "float32",
    ) -> Self:
        """Assemble the attack.

        Args:
            model_wrapper: the victim; any wrapper of TextAttack, any of `textattack_xmtc.wrappers`.
            k: how many labels are shown at most; None where only the threshold decides.
            max_change_rate: theta, share of the words that may be changed (rounded down).
            candidates: how many words of the masked LM, or forms that noise gives it, are tried for each word.
            masked_lm: a hub name, a folder, or "auto": the one that is kept with the victim, else
                bert-base-uncased; or a word swap that has it loaded (then `candidates` is its own). Words of the same
                sense and noise need none.
            encoder: measures how similar the final text is: "use", "sbert", "embedded", "auto" or
                an encoder (`textattack_xmtc.constraints.encoders`).
            min_similarity: where given, candidates must be more similar to the original than this
                (cosine); otherwise similarity is measured on the final text only, as in the paper.
            score_space: rank and pick on "probability" or "logit" scores; the victim's own by default.
            ranking: the order of the words, "masked-delta", "masked-blocks", "first-candidate" or "random"; the
                recipe's own by default.
            candidate_order: how a word's candidates are asked about, "all", "until-goal" or "while-better"; the
                recipe's own by default.
            candidate_source: where candidates come from, "masked-lm", "label-texts", "label-names", "answers" or
                "same-sense", or a kind of noise (`search_options.NoiseKind`); the recipe's own by default, but without
                `data` label names in place of label texts.
            objective: how near a text is to the goal, "targets" or, for a recipe whose targets are to rise, "margin";
                the recipe's own by default.
            data: what "label-texts" takes the words of labels from: what `load_corpus` takes, a corpus, or
                `TrainingWords` that were made of one.
            seed: of the ranking "random", and of the forms of a word where noise has more than `candidates`.
            threshold: the least score of a label that is shown: one number, one for each label, or a file
                (`thresholds.read_threshold`); the victim's own where it is None.
            masked_lm_dtype: what the masked LM computes in, "float32" or, faster, "bfloat16".

        Returns:
            An attack for `Attacker`, `attack.attack(text, ground_truth)` and the command line.

        Raises:
            InputError: a parameter that cannot be; MissingExtraError: an encoder that is not installed.

        Example:
            ::

                from textattack import Attacker
                from textattack_xmtc import XMTCPositive, XMTCDataset, load_corpus

                attack = XMTCPositive.build(model, k=5, max_change_rate=0.1)
                results = Attacker(attack, XMTCDataset(load_corpus("data/"))).attack_dataset()
        """
        victim = as_victim(model_wrapper)
        goal = cls.goal(victim, k=k, score_space=score_space, objective=objective or cls.objective, threshold=threshold)
        source, loaded = _source(cls, candidate_source, data), None
        words = "words of the same sense" if source == "same-sense" else f"noise ({source})"
        if needs_masked_lm(source):
            chosen = victim.masked_lm_folder or DEFAULT_MASKED_LM if masked_lm == "auto" else masked_lm
            if not isinstance(chosen, XMTCWordSwapMaskedLM):
                chosen = XMTCWordSwapMaskedLM(chosen, max_candidates=candidates, dtype=masked_lm_dtype)
            loaded = chosen
            kept = masked_lm == "auto" and victim.masked_lm_folder is not None
            words = f"masked LM {'kept with the victim' if kept else Path(loaded.masked_lm_source).name}"
        swap = word_swap_named(source, loaded, goal, _training_words(data), candidates, seed)
        measuring = load_encoder(encoder) if isinstance(encoder, str) else encoder
        constraints: list[Any] = [RepeatModification(), FunctionWordModification()]
        if min_similarity is not None:
            constraints.append(EncoderSimilarity(measuring, min_similarity))
        search = search_named(ranking or cls.ranking, candidate_order or cls.candidate_order, max_change_rate, seed)
        attack = cls(goal, constraints, swap, search)
        attack.encoder = measuring
        size = "" if victim.labels.size is None else f" ({victim.labels.size:,} labels)"
        shown = f"k={k}" if goal.threshold is None else str(goal.rule)
        logger.info(f"xmtc: victim {victim.name}{size}, {shown}, {words}, similarity measured by {measuring.name!r}")
        return attack

    def attack(self, example: Any, ground_truth_output: Any) -> AttackResult:
        """Attack one text.

        Args:
            example: the text, as a string or as TextAttack's `AttackedText`.
            ground_truth_output: the true labels and, where wanted, the targets, as `GroundTruth.of` takes them: a list,
                a set, one label, `{"labels": [...], "targets": [...]}`.

        Returns:
            A result with the ranks of the labels at stake and the similarity of the final text.

        Raises:
            InputError: labels or targets that cannot be used.
        """
        try:
            result = super().attack(example, GroundTruth.carried(ground_truth_output))
        finally:
            self.clear_cache()  # the parent does not after a skipped example
        if not isinstance(result, SkippedAttackResult):
            self._measure(result)
        return result

    def _attack(self, initial_result: TopKGoalFunctionResult) -> AttackResult:
        words = initial_result.attacked_text.num_words
        rate = self.search_method.max_change_rate
        if change_budget(rate, words) == 0:
            initial_result.goal_status = GoalFunctionResultStatus.SKIPPED
            initial_result.reason = f"skipped: too short, {words} words allow no change at {rate:.0%}"
            return SkippedAttackResult(initial_result)
        return super()._attack(initial_result)

    def _measure(self, result: AttackResult) -> None:
        first, final = result.original_result, result.perturbed_result
        self.goal_function.ask_ranks(first, final)
        changed = len(first.attacked_text.all_words_diff(final.attacked_text))
        words = first.attacked_text.num_words
        similarity = measure(self.encoder, first.attacked_text.text, final.attacked_text.text)
        final.similarity = similarity
        final.notes.append(
            f"{changed} of {words} words changed ({changed / words:.1%}), "
            f"similarity {similarity.cosine:.3f} (cosine, {similarity.encoder})"
        )
        if isinstance(result, FailedAttackResult):
            # TextAttack shows only the original of a failed attack: it says how far the attack came.
            display = final.display
            first.notes += filter(None, [display.departures(final.raw_output)])
            first.notes += [display.movement(label, first.raw_output, final.raw_output) for label in final.targets]
            first.reason = final.reason

    def __repr__(self) -> str:
        return str(super().__repr__())[:-1] + f"  (similarity measured by):  {getattr(self.encoder, 'name', None)}\n)"

    __str__ = __repr__


def _source(
    recipe: type[XMTCRecipe], chosen: CandidateSource | None, data: str | Path | Corpus | LabelWords | None
) -> CandidateSource:
    """What was chosen, or the recipe's own; without data, a recipe's label texts are label names."""
    default = recipe.candidate_source
    return chosen or ("label-names" if default == "label-texts" and data is None else default)


def _training_words(data: str | Path | Corpus | LabelWords | None) -> LabelWords | None:
    if isinstance(data, (str, Path)):
        data = load_corpus(data)
    return TrainingWords(data) if isinstance(data, Corpus) else data
