"""From a plan and a sample to a record: the attack on one text and label, and what is written down of it."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from textattack.attack_results import FailedAttackResult, SkippedAttackResult
from textattack.shared import AttackedText

from textattack_xmtc.attack_recipes import XMTCNegative, XMTCPositive, XMTCRecipe, XMTCUntargeted
from textattack_xmtc.campaign.plan import Plan
from textattack_xmtc.campaign.victims import Victim
from textattack_xmtc.constraints.encoders import load_encoder
from textattack_xmtc.constraints.label_evidence import NO_EVIDENCE, Preservation
from textattack_xmtc.constraints.similarity import Similarity, measure
from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.datasets.load import load_corpus
from textattack_xmtc.encoders.encoder import Encoder
from textattack_xmtc.errors import InputError
from textattack_xmtc.evidence.label_texts import TrainingWords
from textattack_xmtc.evidence.protection import Preserve
from textattack_xmtc.evidence.protocol import Evidence
from textattack_xmtc.evidence.sources import evidence_model, load_evidence
from textattack_xmtc.goal import GOALS
from textattack_xmtc.hubs import DEFAULT_MASKED_LM
from textattack_xmtc.results.records import ERROR, FAILED, SKIPPED, SUCCEEDED, WRONG_BEFORE, Sample
from textattack_xmtc.scores import TopK
from textattack_xmtc.search_options import needs_masked_lm
from textattack_xmtc.targets import GroundTruth, Label
from textattack_xmtc.transformations import WordSwapNoise, WordSwapSameSense, XMTCWordSwapMaskedLM
from textattack_xmtc.transformations.same_sense import SameSense
from textattack_xmtc.words import change_budget
from textattack_xmtc.workdir.provenance import fingerprint
from textattack_xmtc.wrappers import BEYOND

UNKNOWN_LABEL = "unknown label"
CHANGE_LIMIT, WORDS, QUERY_BUDGET = "change limit", "words", "query budget"

_RECIPES: Mapping[str, type[XMTCRecipe]] = {
    recipe.goal.goal.name: recipe for recipe in (XMTCPositive, XMTCNegative, XMTCUntargeted)
}
_PUBLISHED_MASKED_LM = "bert-base-cased"
_THRESHOLD = 0.8  # section 4.3.1; of the cosine in mode paper, of the script's own measure in mode adv-xmtc

_WORDS = 5  # words that a record says the target hangs on

JSON = dict[str, Any]


@dataclass(frozen=True)
class Tools:
    """What all models of a campaign are attacked and judged with, so that only the models differ.

    Attributes:
        encoder: measures similarity.
        masked_lm: proposes words; None where candidates are words of the same sense or noise.
        masked_lm_source: the folder or hub name that it was loaded from.
        training_words: the words of labels by the corpus's training texts, where the plan takes candidates from them.
        evidence: how much words speak for a label, where the plan measures what is kept of it.
    """

    encoder: Encoder
    masked_lm: XMTCWordSwapMaskedLM | None
    masked_lm_source: str | None
    training_words: TrainingWords | None = None
    evidence: Evidence | None = None

    def facts(self, plan: Plan) -> JSON:
        """What is written down of them: what came of the choices that were left to the program."""
        source = self.masked_lm_source
        names = None if plan.evidence_names is None else fingerprint(Path(plan.evidence_names))
        return {
            "encoder": self.encoder.name,
            "masked_lm": source,
            "masked_lm_fingerprint": None if source is None else fingerprint(source),
            "similarity": "cosine" if plan.mode == "paper" else "published",
            "threshold": _THRESHOLD,
            **({} if thresholds_print(plan) is None else {"thresholds": thresholds_print(plan)}),
            **({} if self.evidence is None else {"evidence": self.evidence.name, "label_names": names}),
        }


def load_tools(plan: Plan, companion: Path | None, encoder: str = "", masked_lm: str = "") -> Tools:
    """Load the encoder and the masked LM of a plan.

    Args:
        companion: the masked LM kept with the reference model, or None; what "auto" stands for.
        encoder: where given, in place of the plan's: what "auto" stood for when the campaign began.
        masked_lm: the same for the masked LM.

    Raises:
        InputError, MissingExtraError, ModelFolderError: one of them cannot be loaded.
    """
    source: str | None = masked_lm or plan.masked_lm
    if not needs_masked_lm(plan.candidate_source):
        source = None
    elif source == "auto":
        source = str(companion or (DEFAULT_MASKED_LM if plan.mode == "paper" else _PUBLISHED_MASKED_LM))
    swap = None
    if source is not None:
        swap = XMTCWordSwapMaskedLM(source, max_candidates=plan.candidates, dtype=plan.masked_lm_dtype)
    words = TrainingWords(load_corpus(plan.data, **plan.given())) if plan.candidate_source == "label-texts" else None
    evidence = None
    if plan.preserve is not None:
        _check_independent(plan)
        names = None if plan.evidence_names is None else LabelNames.read(Path(plan.evidence_names), plan.label_language)
        evidence = load_evidence(plan.evidence, load_corpus(plan.data, **plan.given()), names)
    return Tools(load_encoder(encoder or plan.encoder), swap, source, words, evidence)


def _check_independent(plan: Plan) -> None:
    """Refuse evidence that asks a victim."""
    asked = evidence_model(plan.evidence)
    digest = None if asked is None else fingerprint(asked)
    for model in plan.models:
        if digest is not None and fingerprint(model) == digest:
            raise InputError(
                f"evidence={plan.evidence!r} asks the victim {model!r} itself", "name a model that is not attacked"
            )


def thresholds_print(plan: Plan) -> str | None:
    """What tells the file of thresholds from another one; None where the plan names no file."""
    file = Path(plan.threshold or "")
    return fingerprint(file) if file.is_file() else None


class SampleAttack:
    """One model under the attack of a plan: what a process holds that turns samples into records.

    Args:
        label_names: the corpus's label names, by index; samples and records count labels as the corpus does.
        with_words: whether records say on which words the targets hang.

    Raises:
        InputError: k does not fit the model, or the masked LM not the mode.
    """

    def __init__(
        self, plan: Plan, victim: Victim, label_names: Sequence[str], tools: Tools, with_words: bool = False
    ) -> None:
        self._plan, self._victim, self._label_names, self._tools = plan, victim, label_names, tools
        self._with_words = with_words
        self._rule = victim.model.decision_rule(plan.k)
        if plan.mode == "adv-xmtc" and self._rule.threshold is not None:
            raise InputError(
                f"{victim.name} has a threshold, and mode adv-xmtc counts the k best alone", "use mode paper"
            )
        self._attack = self._paper() if plan.mode == "paper" else self._published()

    def record(self, sample: Sample) -> JSON:
        """Attack one sample. An exception on the way becomes a record as well, with its message as the reason.

        Returns:
            A record as a campaign's folder keeps it, without dense scores.
        """
        start = time.perf_counter()
        try:
            fields = self._attacked(sample)
        except Exception as error:  # whatever it is, the samples after this one are not to be lost
            fields = {"outcome": ERROR, "reason": f"{type(error).__name__}: {error}"}
        return record_of(self._plan, sample, self._tools.encoder.name, fields, time.perf_counter() - start)

    def _attacked(self, sample: Sample) -> JSON:
        goal = GOALS[self._plan.goal]
        target = int(self._victim.from_corpus[sample.target])
        if target < 0:
            # A label that the model never learnt is not among its best: for a true label, that is its mistake.
            reason = WRONG_BEFORE if goal.true_targets else UNKNOWN_LABEL
            return {"outcome": SKIPPED, "reason": reason, "words": self._words(sample.text)}
        before = self._answer(sample.text, target)
        if not goal.right_before(before["top_k"], sample.target):
            wrong = {"outcome": SKIPPED, "reason": WRONG_BEFORE, "before": before}
            return wrong | {"words": self._words(sample.text), "queries": 1}
        ending = self._attack(sample, target)
        fields: JSON = {"outcome": ending.outcome, "reason": ending.reason, "before": before}
        fields |= {"words": ending.words, "changes": ending.changes, "queries": ending.queries, **ending.beside}
        if ending.outcome == SKIPPED:
            return fields
        changed = ending.text != sample.text
        similarity = ending.similarity or measure(self._tools.encoder, sample.text, ending.text)
        return fields | {
            "after": self._answer(ending.text, target) if changed else before,
            "change_rate": len(ending.changes) / ending.words if ending.words else 0.0,
            "adversarial": ending.text if changed else None,
            "similarity": {name: getattr(similarity, name) for name in ("cosine", "angular", "published")},
        }

    def _answer(self, text: str, target: int) -> JSON:
        """Where the target stands, and the labels that the model shows, at most k.

        The rank is looked up where the target is not among them.
        """
        model, k = self._victim.model, self._plan.k
        top, scores = model.top_k([text], k)
        best, shown = TopK.of_row(top[0], scores[0]), self._rule.shown(top[0], scores[0])
        rank = best.rank(target)
        if rank is not None:
            score = best.scores[rank - 1]
        else:
            rank, score = int(model.rank([text], [target])[0, 0]), float(model.score([text], [target])[0, 0])
        beyond = None
        if rank == BEYOND:  # of such a label no more is certain than that it is not among the best
            rank, beyond = None, k
        return {
            "rank": rank,
            "beyond": beyond,
            "score": score,
            "top_k": self._victim.to_corpus[list(shown.labels)].tolist(),
            "top_k_scores": list(shown.scores),
        }

    def _words(self, text: str) -> int:
        return int(AttackedText(text).num_words) if self._plan.mode == "paper" else len(text.split(" "))

    # The two modes -------------------------------------------------------------------------------------------------

    def _paper(self) -> Any:
        plan = self._plan
        attack = _RECIPES[plan.goal].build(
            self._victim.model,
            k=plan.k,
            max_change_rate=plan.max_change_rate,
            candidates=plan.candidates,
            masked_lm=self._tools.masked_lm or "auto",
            encoder=self._tools.encoder,
            ranking=plan.ranking,
            candidate_order=plan.candidate_order,
            candidate_source=plan.candidate_source,
            objective=plan.objective,
            data=self._tools.training_words,
            seed=plan.seed,
        )

        preservation = self._preservation(attack)
        # A model without label names counts them as the corpus does.
        counted = self._victim.model.labels.names is None
        named: Sequence[Label] = range(len(self._label_names)) if counted else self._label_names

        def run(sample: Sample, target: int) -> _Ending:
            labels = (self._label_names[sample.target],)
            if preservation is not None and not preservation.knows(sample.text, labels):
                return _Ending(SKIPPED, NO_EVIDENCE, sample.text, self._words(sample.text), [], 0)
            truth = GroundTruth(tuple(named[label] for label in sample.labels), (named[sample.target],))
            result = attack.attack(sample.text, truth.encode())
            first, final = result.original_result.attacked_text, result.perturbed_result.attacked_text
            if isinstance(result, SkippedAttackResult):
                reason = result.perturbed_result.reason.removeprefix("skipped: ")
                return _Ending(SKIPPED, reason, sample.text, first.num_words, [], result.num_queries)
            positions = sorted(first.all_words_diff(final))
            changes = [_change(position, first.words[position], final.words[position]) for position in positions]
            outcome, reason = SUCCEEDED, None
            if isinstance(result, FailedAttackResult):
                outcome, reason = FAILED, _why(attack, len(changes), first.num_words)
            similarity = result.perturbed_result.similarity
            beside: JSON = {} if preservation is None else {"preservation": preservation.facts(first, final, labels)}
            if self._with_words:
                beside["hangs_on"] = word_shares(first.words, attack.search_method.ranked)
            return _Ending(
                outcome, reason, final.text, first.num_words, changes, result.num_queries, similarity, beside
            )

        return run

    def _preservation(self, attack: XMTCRecipe) -> Preservation | None:
        """What the plan keeps of a label, installed in the attack; None where it neither keeps nor measures."""
        plan, tools, sense = self._plan, self._tools, None
        if isinstance(attack.transformation, WordSwapSameSense):
            sense = SameSense(plan.senses)
            attack.transformation = WordSwapSameSense(sense=sense)
        if plan.preserve is None or tools.evidence is None:
            return None
        if not isinstance(attack.transformation, WordSwapNoise):
            sense = sense or SameSense(plan.senses)
        preserve = Preserve.parse(plan.preserve)
        preservation = Preservation(
            preserve, tools.evidence, sense, tools.encoder, plan.preserve_seed, label_names=self._label_names
        )
        preservation.install(attack)
        return preservation

    def _published(self) -> Any:
        from textattack_xmtc.campaign.published.adv_xmtc import PublishedAttack

        plan, source = self._plan, self._tools.masked_lm_source
        assert source is not None  # `Plan` sees to it
        attack = PublishedAttack(
            self._victim.model,
            k=plan.k,
            masked_lm=source,
            goal=plan.goal,
            max_change_rate=plan.max_change_rate,
            candidates=plan.candidates,
        )

        def run(sample: Sample, target: int) -> _Ending:
            truth = self._victim.from_corpus[list(sample.labels)]
            result = attack.attack(sample.text, target, [int(label) for label in truth if label >= 0])
            changes, leftovers = ([_change(*change) for change in part] for part in (result.changes, result.leftovers))
            beside = {"code": result.code, "leftovers": leftovers}
            return _Ending(
                result.outcome, result.reason, result.text, result.words, changes, result.queries, beside=beside
            )

        return run


class _Ending(NamedTuple):
    """How an attack ended, in either mode; `beside` is what only one of them has to say."""

    outcome: str
    reason: str | None
    text: str
    words: int
    changes: list[JSON]
    queries: int
    similarity: Similarity | None = None
    beside: Mapping[str, Any] = {}


_DEFAULTS: Mapping[str, Any] = {
    "outcome": None,
    "reason": None,
    "before": None,
    "after": None,
    "words": 0,
    "changes": [],
    "change_rate": 0.0,
    "adversarial": None,
    "similarity": None,
    "encoder": None,
    "queries": 0,
}
"""The fields of a record in their order, with their defaults."""


def record_of(plan: Plan, sample: Sample, encoder: str, fields: Mapping[str, Any], seconds: float = 0.0) -> JSON:
    """A whole record; missing fields get their defaults.

    Args:
        encoder: the name of what similarity was, or would have been, measured with.
        fields: those that an attack has set.
        seconds: how long it took.
    """
    head = {"sample": sample.number, "text_id": sample.text_id, "target": sample.target, "bin": sample.bin}
    filled = {**_DEFAULTS, "encoder": encoder, **fields}
    return {**head, "goal": plan.goal, **filled, "seconds": round(seconds, 6)}


def word_shares(words: Sequence[str], importance: Mapping[int, float]) -> list[list[Any]]:
    """The words that a target hangs on: their shares of what masking brings in all, by the attack's own ranking.

    Words that bring nothing are left out; a word at several places counts as one, whatever its capitals.

    Args:
        words: of the text.
        importance: how much nearer to the goal the text is without a word, by the word's index.

    Example:
        >>> word_shares(["A", "kernel", "Kernel", "of"], {1: 0.5, 0: 0.2, 2: 0.1, 3: -0.1})
        [['kernel', 0.75], ['a', 0.25]]
    """
    gains: Counter[str] = Counter()
    for index, gain in importance.items():
        gains[words[index].lower()] += max(gain, 0.0)  # type: ignore[assignment]  # a Counter of floats
    total = sum(gains.values())
    return [[word, round(gain / total, 4)] for word, gain in gains.most_common(_WORDS) if gain > 0]


def _change(position: int, before: str, after: str) -> JSON:
    return {"position": position, "from": before, "to": after}


def _why(attack: XMTCRecipe, changed: int, words: int) -> str:
    """Which limit ended a failed attack, asked in the order in which the search does."""
    goal = attack.goal_function
    if math.isfinite(goal.query_budget) and goal.num_queries >= goal.query_budget:
        return QUERY_BUDGET
    return CHANGE_LIMIT if changed == change_budget(attack.search_method.max_change_rate, words) else WORDS
