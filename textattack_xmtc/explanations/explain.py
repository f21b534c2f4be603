"""Why a label comes for a text: the words that it hangs on, the smallest exchange that takes it away, its twins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from textattack.attack_results import SkippedAttackResult, SuccessfulAttackResult
from textattack.shared import AttackedText

from textattack_xmtc.attack_recipes import XMTCPositive
from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.errors import DataError, InputError
from textattack_xmtc.evidence.sources import load_evidence
from textattack_xmtc.explanations.options import ExplainOptions
from textattack_xmtc.goal_functions import TopKGoalFunctionResult
from textattack_xmtc.scores import NOTHING
from textattack_xmtc.targets import GroundTruth, LabelSpace, match_labels
from textattack_xmtc.words import replaced, word_spans
from textattack_xmtc.wrappers import XMTCModelWrapper, as_victim

TWINS = 3
"""How many twins are named."""

RIVALS = 20
"""The best labels of a text, so many, among which twins are looked for."""


@dataclass(frozen=True)
class Word:
    """What a label owes to a word.

    Attributes:
        drop: what masking it takes from the label's score.
        share: of what all words take that take something; 0 where masking it raises the score.
        speaks: whether the label's name, or its training texts, speak for the word; None where neither is known.
    """

    position: int
    word: str
    drop: float
    share: float
    speaks: bool | None


@dataclass(frozen=True)
class Prediction:
    """Where a label stands: its rank (1 for the best; None where the model does not rank it) and its score."""

    label: str
    rank: int | None
    score: float


@dataclass(frozen=True)
class Exchange:
    """Words whose exchange takes the label away; with any one of them undone, it is shown again.

    Attributes:
        changes: position, word before and word after.
        text: with the exchanged words.
        after: where the label stands then.
        enters: labels that are shown then and were not before.
    """

    changes: tuple[tuple[int, str, str], ...]
    text: str
    after: Prediction
    enters: tuple[str, ...]


@dataclass(frozen=True)
class Twin:
    """A label that hangs on the same words of this text.

    Attributes:
        prediction: where it stands.
        similarity: cosine of what masking each word takes from the two labels, above 0 and up to 1.
    """

    prediction: Prediction
    similarity: float


@dataclass(frozen=True)
class Explanation:
    """Why a label comes for a text.

    Attributes:
        training_texts: how many the label has; None without data.
        scores: what kind of scores all of these are.
        shown: the labels that are shown, best first.
        hangs_on: the words that may be exchanged and that the model reads, the most important first.
        exchange: None where the search found none.
        why_none: the reason then, else empty.
        twins: the nearest first; none where no label's score falls with the same words.
        names: what the labels above are called in a file of names; empty without one.
    """

    model: str
    text: str
    words: int
    label: Prediction
    training_texts: int | None
    scores: str
    shown: tuple[Prediction, ...]
    hangs_on: tuple[Word, ...]
    exchange: Exchange | None
    why_none: str
    twins: tuple[Twin, ...]
    names: Mapping[str, str]


def explain(
    model: Any,
    text: str,
    options: ExplainOptions | None = None,
    corpus: Corpus | None = None,
    label_names: LabelNames | None = None,
) -> Explanation:
    """Explain why a label is among the k best of a text.

    Words are ranked as Algorithm 1 ranks them (`MaskedDelta.importance`): each is masked once, and only the scores of
    labels that are shown are asked for. The exchange is that of Algorithm 1 without a limit on the words, less every
    word that can be undone. Twins are, of the 20 best labels, those whose scores fall with the same words.

    Args:
        model: any wrapper of TextAttack, any of `textattack_xmtc.wrappers`.
        options: which label, and how words are exchanged.
        corpus: its training texts tell which words speak for the label, beside the label's name.
        label_names: what people call the labels, where the model calls them by numbers.

    Raises:
        InputError: an unknown label, or one that is not shown for this text; k does not fit the model; a text without a
            word that can be exchanged; no label of the corpus is one of the model's.
        DataError: the names are of other labels.

    Example:
        ::

            from textattack_xmtc.explanations.explain import explain
            from textattack_xmtc.wrappers import ScorerWrapper

            explanation = explain(ScorerWrapper.from_folder("runs/plain"), "A survey of data mining")
            explanation.hangs_on[0].word, explanation.exchange.changes
    """
    options, victim = options or ExplainOptions(), as_victim(model)
    rule, names = victim.decision_rule(options.k), victim.labels
    rule.check_losable(victim.labels.size)
    best, scores = victim.top_k([text], options.k)
    shown = rule.shown(best[0], scores[0])
    pairs = zip(shown.labels, shown.scores, strict=True)
    top = tuple(Prediction(names.name(one), rank, score) for rank, (one, score) in enumerate(pairs, 1))
    listed = ", ".join(repr(one.label) for one in top) or "none"
    if options.label is None and not top:
        raise InputError("the model shows no label for this text", "give another text")
    called = _names_of(names, label_names)
    index = shown.labels[0] if options.label is None else _index_of(options.label, names, called)
    name = names.name(index)
    if index not in shown.labels:
        raise InputError(
            f"{name!r} is not among the {rule} of this text, which are {listed}", "choose one of these, or a larger k"
        )
    label = index if names.names is None else name
    attack = XMTCPositive.build(
        victim,
        k=options.k,
        max_change_rate=1.0,
        candidates=options.candidates,
        masked_lm=options.masked_lm,
        encoder="embedded",
        candidate_source=options.candidate_source,
    )
    result = attack.attack(text, GroundTruth((label,), (label,)).encode())
    first, ranked = result.original_result.attacked_text, attack.search_method.ranked
    if isinstance(result, SkippedAttackResult) or not ranked:
        raise InputError("no word of this text can be exchanged", "give a text with words other than function words")
    exchange = None
    if isinstance(result, SuccessfulAttackResult):
        exchange = _exchange(attack, first, result.perturbed_result.attacked_text, ranked, set(shown.labels))
    speaks, texts = _evidence(name, victim, first, corpus, label_names)
    twins = _twins(victim, first, list(ranked), index)
    mentioned = [one.label for one in (*top, *(twin.prediction for twin in twins))]
    mentioned += exchange.enters if exchange else ()
    total = sum(drop for drop in ranked.values() if drop > 0)
    return Explanation(
        model=victim.name,
        text=text,
        words=first.num_words,
        label=top[shown.labels.index(index)],
        training_texts=texts,
        scores=victim.score_kind,
        shown=top,
        hangs_on=tuple(
            Word(
                at,
                first.words[at],
                drop,
                max(drop, 0.0) / total if total else 0.0,
                None if speaks is None else speaks[at],
            )
            for at, drop in ranked.items()
        ),
        exchange=exchange,
        why_none="" if exchange else result.perturbed_result.reason.removeprefix("failed: "),
        twins=twins,
        names={label: called[label] for label in mentioned if label in called},
    )


def _names_of(space: LabelSpace, names: LabelNames | None) -> dict[str, str]:
    """What the file of names calls each of the victim's labels that it holds."""
    if names is None:
        return {}
    labels = space.names or [str(index) for index in range(space.size or 0)]
    if labels and not names.name_any(labels):
        raise DataError(
            f"{names.source} names none of the model's {len(labels):,} labels, such as {labels[0]!r}",
            "give the names of these labels",
        )
    called = ((label, names.called(label)) for label in labels)
    return {label: name for label, name in called if name is not None and name != label}


def _index_of(label: str, space: LabelSpace, called: Mapping[str, str]) -> int:
    """The index of a label that is given as the model calls it, or by its name in the file of names."""
    if space.index(label) is None:
        label = next((one for one, name in called.items() if name == label), label)
    return space.require([label])[0]


def _exchange(
    attack: XMTCPositive, first: AttackedText, final: AttackedText, ranked: Mapping[int, float], shown: set[int]
) -> Exchange:
    """The exchange that the search made, less the words that can be undone, the least important first."""
    goal = attack.goal_function
    changed = {position: final.words[position] for position in first.all_words_diff(final)}

    def with_words(words: Mapping[int, str]) -> TopKGoalFunctionResult:
        tried: TopKGoalFunctionResult
        (tried,), _ = goal.get_results([first.replace_words_at_indices(list(words), list(words.values()))])
        return tried

    result, undone = with_words(changed), True
    while undone:
        undone = False
        for position in sorted(changed, key=ranked.__getitem__):
            fewer = {at: word for at, word in changed.items() if at != position}
            attempt = with_words(fewer)
            if attempt.succeeded:
                changed, result, undone = fewer, attempt, True
    goal.ask_ranks(result)
    (target,), names = result.targets, goal.model.labels
    return Exchange(
        tuple((position, first.words[position], word) for position, word in sorted(changed.items())),
        result.attacked_text.text,
        Prediction(names.name(target), result.rank(target), result.raw_output.scores[target]),
        tuple(names.name(label) for label in result.shown if label not in shown),
    )


def _twins(victim: XMTCModelWrapper, text: AttackedText, positions: Sequence[int], label: int) -> tuple[Twin, ...]:
    """The labels, among the best, whose scores fall with the same words."""
    most = min(size for size in (RIVALS, victim.labels.size, victim.shown) if size)
    ranks = {int(one): rank for rank, one in enumerate(victim.top_k([text.text], most)[0][0], 1) if one != NOTHING}
    rivals = [one for one in ranks if one != label]
    spans = word_spans(text.text, text.words)
    masked = [replaced(text.text, spans[position], victim.mask) for position in positions]
    scores = np.asarray(victim.score([text.text, *masked], [label, *rivals]), dtype=np.float64)
    drops = scores[0] - scores[1:]
    lengths = np.linalg.norm(drops, axis=0)
    scale = lengths * lengths[0]
    cosines = np.divide(drops.T @ drops[:, 0], scale, out=np.zeros_like(scale), where=scale > 0)
    twins = [
        Twin(Prediction(victim.labels.name(one), ranks[one], float(score)), float(cosine))
        for one, score, cosine in zip(rivals, scores[0, 1:], cosines[1:], strict=True)
    ]
    return tuple(sorted((twin for twin in twins if twin.similarity > 0), key=lambda twin: -twin.similarity)[:TWINS])


def _evidence(
    name: str, victim: XMTCModelWrapper, text: AttackedText, corpus: Corpus | None, names: LabelNames | None
) -> tuple[list[bool] | None, int | None]:
    """Which words speak for the label, and how many training texts it has."""
    label, texts = name, None
    if corpus is not None:
        matched, _ = match_labels(corpus.label_names, victim.labels, repr(corpus.name))
        if name not in matched:
            return None, 0
        place = matched.index(name)
        label, texts = corpus.label_names[place], int(corpus.label_counts[place])
    evidence = load_evidence("name+texts", corpus, names).weigh(text.text, text.words, label)
    return (None if evidence is None else evidence.backed.tolist()), texts
