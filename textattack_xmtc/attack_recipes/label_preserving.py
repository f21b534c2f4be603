"""Attacks after which the label still fits: its words stay, or are exchanged for words of the same sense."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any, Self

from textattack.attack_results import AttackResult, SkippedAttackResult
from textattack.goal_function_results import GoalFunctionResultStatus

from textattack_xmtc.attack_recipes.recipe import XMTCRecipe
from textattack_xmtc.constraints.label_evidence import NO_EVIDENCE, Preservation, labels_of
from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.datasets.load import load_corpus
from textattack_xmtc.errors import InputError
from textattack_xmtc.evidence.protection import Preserve
from textattack_xmtc.evidence.protocol import Evidence
from textattack_xmtc.evidence.sources import load_evidence
from textattack_xmtc.goal_functions import NegativeTargeted, PositiveTargeted, TopKGoalFunctionResult
from textattack_xmtc.search_options import SenseFilter, is_noise
from textattack_xmtc.transformations.dictionary import is_installed
from textattack_xmtc.transformations.same_sense import SameSense
from textattack_xmtc.transformations.word_swap_same_sense import WordSwapSameSense


class LabelPreservingRecipe(XMTCRecipe):
    """A recipe of the paper that keeps the label (docs/validity.md); not Algorithm 1.

    By default every exchanged word keeps its sense. With `candidate_source="masked-lm"` only words that speak for a
    label need to, and the masked LM's words may stand for all others.
    """

    candidate_source = "same-sense"
    preservation: Preservation

    @classmethod
    def build(  # type: ignore[override]  # options of its own, and the others by name
        cls,
        model_wrapper: Any,
        preserve: str = "paraphrased",
        senses: SenseFilter = "context",
        evidence: Evidence | str = "name+texts",
        label_names: str | Path | None = None,
        data: str | Path | Corpus | None = None,
        seed: int = 0,
        **options: Any,
    ) -> Self:
        """Assemble the attack.

        Args:
            model_wrapper: the victim.
            preserve: "frozen" (the words with the most evidence stay), "paraphrased" (they may be exchanged for words
                of the same sense), "random" (the control) or "none"; with `:SHARE` of the content words (0.2).
            senses: which senses of a word count: "context", "first" or "all".
            evidence: how much words speak for a label, or a source by name, as `load_evidence` takes it; by default
                its name and, with `data`, its training texts.
            label_names: a file of label names, where the victim's labels are numbers.
            data: training texts for the evidence and for candidates of "label-texts": what `load_corpus` takes, or a
                corpus.
            seed: of the protected words that are drawn.
            options: as `XMTCPositive.build` takes them.

        Raises:
            InputError: a parameter that cannot be.
            MissingExtraError: WordNet is missing; the message has the command. "frozen" and "random" with the masked
                LM's candidates do without it, and then do not say which changes keep their sense.
            DataError: the file of label names or the data cannot be read.
        """
        corpus = load_corpus(data) if isinstance(data, (str, Path)) else data
        names = None if label_names is None else LabelNames.read(Path(label_names))
        if isinstance(evidence, str):
            evidence = load_evidence(evidence, corpus, names)
        elif names is not None:
            raise InputError("label_names would change nothing: this evidence has its own", "leave it out")
        kept = Preserve.parse(preserve)
        source = options.get("candidate_source")
        needed = kept.mode == "paraphrased" or source in (None, "same-sense")
        sense = SameSense(senses) if needed or (not is_noise(source) and is_installed()) else None
        if source == "label-texts":
            options["data"] = corpus
        attack = super().build(model_wrapper, seed=seed, **options)
        if isinstance(attack.transformation, WordSwapSameSense):
            attack.transformation = WordSwapSameSense(sense=sense)
        attack.preservation = Preservation(
            kept,
            evidence,
            sense,
            attack.encoder,
            seed,
            spoken_words_too=True,
        )
        attack.preservation.install(attack)
        return attack

    def _attack(self, initial_result: TopKGoalFunctionResult) -> AttackResult:
        if not self.preservation.knows(initial_result.attacked_text.text, labels_of(self.goal_function)):
            initial_result.goal_status = GoalFunctionResultStatus.SKIPPED
            initial_result.reason = f"skipped: {NO_EVIDENCE}, neither a name nor training texts of the target are known"
            return SkippedAttackResult(initial_result)
        return super()._attack(initial_result)

    def _measure(self, result: AttackResult) -> None:
        final = result.perturbed_result
        original = result.original_result.attacked_text
        final.preservation = facts = self.preservation.facts(
            original, final.attacked_text, labels_of(self.goal_function)
        )
        changes = facts["changes"]
        same = [change["sense"] for change in changes]
        windows = [change["window"] for change in changes if change["window"] is not None]
        final.notes.append(
            f"{facts['mode']}: {len(facts['protected'])} of {facts['content']} content words protected"
            + (f", same sense kept in {sum(same)} of {len(changes)} changes" if None not in same else "")
            + (f", smallest window similarity {min(windows):.3f}" if windows else "")
        )
        super()._measure(result)


def _all_parameters() -> inspect.Signature:
    """What `build` takes, with what it passes on: the command line reads it."""
    added, parent = (inspect.signature(recipe.build.__func__) for recipe in (LabelPreservingRecipe, XMTCRecipe))  # type: ignore[attr-defined]
    passed_on = [parameter for name, parameter in parent.parameters.items() if name not in added.parameters]
    listed = [parameter for parameter in added.parameters.values() if parameter.kind is not parameter.VAR_KEYWORD]
    return added.replace(parameters=[*listed, *passed_on])


LabelPreservingRecipe.build.__func__.__signature__ = _all_parameters()  # type: ignore[attr-defined]


class XMTCPositiveLabelPreserving(LabelPreservingRecipe):
    """Push a true label out of the k best with the label kept: `--recipe xmtc-positive-label-preserving`."""

    goal = PositiveTargeted


class XMTCNegativeLabelPreserving(LabelPreservingRecipe):
    """Pull a wrong label in without evidence for it: `--recipe xmtc-negative-label-preserving`."""

    goal = NegativeTargeted
