"""Words that bring a text nearer to the goal: those that speak for the labels under attack, or learnt from answers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import torch
from textattack.shared import AttackedText, logger
from textattack.shared.utils import has_letter, words_from_text
from textattack.transformations import WordSwap

from textattack_xmtc.errors import InputError
from textattack_xmtc.goal import Goal
from textattack_xmtc.resources.function_words import ENGLISH
from textattack_xmtc.scores import TopK
from textattack_xmtc.targets import LabelSpace
from textattack_xmtc.transformations.label_word_sources import LabelWords, WordVectors
from textattack_xmtc.transformations.word_swap_masked_lm import XMTCWordSwapMaskedLM

PLAUSIBLE = 2_000
"""A candidate is among so many of the masked LM's most plausible words at its place."""


class Answering(Protocol):
    """What is asked of a goal; `TopKGoalFunction` has it."""

    initial_attacked_text: AttackedText

    def answered(self, texts: Sequence[str]) -> np.ndarray:
        """How near texts are to the goal that were asked about in this example; NaN for others."""
        ...


class LearntWords:
    """How much nearer to the goal each word has brought the text, as a share of the best word at the same place.

    Scores grow as the goal comes nearer, so gains of different places cannot be compared; shares can, as the best
    words of one place are tried at the next. What is learnt is forgotten with the example, so that the order of the
    examples does not matter.

    Attributes:
        gains: the last share of each lower-cased word, at most 1; below 0 where it led away from the goal. The mean,
            where it was tried at several places at once.
    """

    def __init__(self, goal: Answering) -> None:
        self._goal = goal
        self._example: AttackedText | None = None
        self.gains: dict[str, float] = {}
        self.places = 0
        self._waiting: tuple[str, list[AttackedText]] = ("", [])

    def learn(self) -> list[tuple[str, float]]:
        """Take in the answers to what was proposed last; what they were, by word."""
        if self._goal.initial_attacked_text is not self._example:
            self._example, self._waiting = self._goal.initial_attacked_text, ("", [])
            self.gains, self.places = {}, 0
        (current, texts), self._waiting = self._waiting, ("", [])
        start, *answers = self._goal.answered([current, *(text.text for text in texts)])
        gains = [
            (new_word(text), float(near - start))
            for text, near in zip(texts, answers, strict=True)
            if not np.isnan(near - start)
        ]
        best = max((gain for _, gain in gains), default=0.0)
        if best > 0:
            shares: dict[str, list[float]] = {}
            for word, gain in gains:
                shares.setdefault(word, []).append(gain / best)
            self.gains.update({word: float(np.mean(values)) for word, values in shares.items()})
        return gains

    def wait_for(self, current: AttackedText, texts: list[AttackedText]) -> None:
        """Remember what is proposed in place of words of the current text."""
        self._waiting = (current.text, texts)
        self.places += 1

    def best(self, number: int) -> list[str]:
        """So many of the words that brought the text nearer, the best first; ties in the order of their trial."""
        good = [word for word, gain in self.gains.items() if gain > 0]
        return sorted(good, key=lambda word: -self.gains[word])[:number]


def new_word(text: AttackedText) -> str:
    """The word that a candidate has put in, in lower case."""
    (index,) = text.attack_attrs["newly_modified_indices"]
    return str(text.words[index]).lower()


class AttackedLabels(Answering, Protocol):
    """What a label-aware word swap asks of a goal function: the labels under attack. `TopKGoalFunction` has it.

    Attributes:
        targets: the labels under attack.
        goal: what is wanted of them.
        top: the labels that are shown for the original text.
        model: the victim, whose `labels` they are.
    """

    targets: tuple[int, ...]
    goal: Goal
    top: TopK
    model: Any


class _LearningWordSwap(WordSwap):
    """A word swap that chooses among the masked LM's plausible words by what was answered in this example."""

    def __init__(
        self,
        masked_lm: XMTCWordSwapMaskedLM,
        goal: Answering,
        max_candidates: int | None = None,
        plausible: int = PLAUSIBLE,
    ) -> None:
        super().__init__()
        self.masked_lm, self.plausible = masked_lm, plausible
        self.max_candidates = masked_lm.max_candidates if max_candidates is None else max_candidates
        if self.max_candidates < 1 or plausible < 1:
            raise InputError(
                f"max_candidates={self.max_candidates} and plausible={plausible} must be positive", "choose 1 or more"
            )
        self._learnt = LearntWords(goal)

    def extra_repr_keys(self) -> list[str]:
        return ["max_candidates", "plausible"]


class WordSwapLabelAware(_LearningWordSwap):
    """Exchange a word for one that speaks for a label, among those that the masked LM finds plausible in its place.

    At the first place that is tried, the candidates are the first `max_candidates` of the label's words that are among
    the `plausible` best of the masked LM there. At later places there are half as many: first, at most half of them,
    the words that brought this text nearest to the goal where they were tried before (`LearntWords`), then words that
    were not tried yet, in the order of the label's words. What is never a candidate of the masked LM (stop words, the
    word itself) is none here. A word that the masked LM spells in several pieces counts as plausible where its first
    piece is as likely as those best words.

    The labels are the targets; where those are to fall, the others of the k best, which compete with them. Several
    labels take turns. A label that the first source knows nothing of is looked up in the next one; where none knows
    any label, the masked LM's own candidates stand. Either is logged once.

    Args:
        masked_lm: the word swap with the masked LM, and the candidates where no label has words.
        goal_function: the goal, which knows the labels under attack.
        sources: where the labels' words come from, the best first.
        max_candidates: words tried at the first place; by default as many as `masked_lm` keeps.
        plausible: how far down the masked LM's list a candidate may stand.

    Raises:
        InputError: no source, or a number that must be positive and is not.
    """

    def __init__(
        self,
        masked_lm: XMTCWordSwapMaskedLM,
        goal_function: AttackedLabels,
        sources: Sequence[LabelWords],
        max_candidates: int | None = None,
        plausible: int = PLAUSIBLE,
    ) -> None:
        super().__init__(masked_lm, goal_function, max_candidates, plausible)
        self.goal_function, self.sources = goal_function, tuple(sources)
        if not self.sources:
            raise InputError("there is no source of words for labels", "give one or several, such as NameWords")
        self._warned: set[str] = set()
        self._kept: tuple[tuple[int, ...], tuple[str, ...]] | None = None
        self._pieces: tuple[Sequence[str], dict[str, int]] | None = None

    def _get_transformations(self, current_text: AttackedText, indices_to_modify: Iterable[int]) -> list[AttackedText]:
        words = self._words()
        if not words:
            return self.masked_lm._get_transformations(current_text, indices_to_modify)
        learnt = self._learnt
        learnt.learn()
        known = dict.fromkeys(learnt.best(len(learnt.gains)))
        new = [word for word in words if word not in learnt.gains]
        number = max(1, self.max_candidates // 2) if known else self.max_candidates

        def pick(logits: torch.Tensor, word: str, at_start: bool) -> list[str]:
            near = self.masked_lm.plausible(logits, word, at_start, self.plausible)
            # Of the spellings of a word in a cased vocabulary, the most plausible one.
            spelled = {proposal.lower(): proposal for proposal in reversed(near)}
            spelled |= {candidate: candidate for candidate in self._of_pieces(logits, word, at_start, words)}
            best = [spelled[candidate] for candidate in known if candidate in spelled][: number // 2]
            return [*best, *(spelled[candidate] for candidate in new if candidate in spelled)][:number]

        texts = self.masked_lm.exchanged(current_text, indices_to_modify, pick)
        learnt.wait_for(current_text, texts)
        return texts

    def _of_pieces(self, logits: torch.Tensor, word: str, at_start: bool, words: Sequence[str]) -> list[str]:
        """Those of `words` that the masked LM spells in pieces, and whose first piece it finds plausible."""
        starts = self._starts(words)
        if not starts:
            return []
        likely = self.masked_lm.likely_starts(logits, list(starts.values()), at_start, self.plausible)
        return [candidate for candidate, fits in zip(starts, likely, strict=True) if fits and candidate != word.lower()]

    def _starts(self, words: Sequence[str]) -> dict[str, int]:
        """The first piece of each of the labels' words that is no token of the masked LM."""
        if self._pieces is None or self._pieces[0] is not words:
            table, tokenizer = self.masked_lm.vocabulary, self.masked_lm.tokenizer
            other = [candidate for candidate in words if candidate not in table.forms and is_word(candidate)]
            # Byte-level vocabularies mark words by the space before them.
            ids = (
                tokenizer([f" {candidate}" for candidate in other], add_special_tokens=False)["input_ids"]
                if other
                else []
            )
            known = {
                candidate: pieces[0]
                for candidate, pieces in zip(other, ids, strict=True)
                if len(pieces) > 1 and tokenizer.unk_token_id not in pieces
            }
            self._pieces = (words, known)
        return self._pieces[1]

    def _words(self) -> tuple[str, ...]:
        """The words of the labels that candidates are to speak for now."""
        labels = self._labels()
        if self._kept is None or self._kept[0] != labels:
            self._kept = (labels, in_turns([self._words_of(label) for label in labels]))
        return self._kept[1]

    def _labels(self) -> tuple[int, ...]:
        targets = tuple(self.goal_function.targets)
        if not self.goal_function.goal.minimize:
            return targets
        return tuple(label for label in self.goal_function.top.labels if label not in targets)

    def _words_of(self, label: int) -> Sequence[str]:
        space: LabelSpace = self.goal_function.model.labels
        known = label if space.names is None else space.name(label)
        for number, source in enumerate(self.sources):
            if words := source.of(known):
                if number:
                    self._warn_once(
                        f"a label without {self.sources[0].name}, such as {known!r}, takes its {source.name}"
                    )
                return words
        self._warn_once(f"nothing is known of a label such as {known!r}: the masked LM's own candidates are tried")
        return ()

    def _warn_once(self, what: str) -> None:
        kind = what.rpartition(" ")[2]
        if kind not in self._warned:
            self._warned.add(kind)
            logger.warning(f"xmtc: {what} (warned once)")


def is_word(word: str) -> bool:
    """Whether a lower-cased word can be a candidate: one word with a letter, and not a function word.

    Example:
        >>> is_word("num_experts"), is_word("2,000"), is_word("the"), is_word("17")
        (True, False, False, False)
    """
    return word not in ENGLISH and has_letter(word) and words_from_text(word) == [word]


def in_turns(lists: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """The first of each list, then the second of each, and so on; what came before is left out.

    Example:
        >>> in_turns([["egg", "salad"], ["salad", "soup", "tea"]])
        ('egg', 'salad', 'soup', 'tea')
    """
    longest = max(map(len, lists), default=0)
    return tuple(dict.fromkeys(items[place] for place in range(longest) for items in lists if place < len(items)))


_RIDGE = 1.0


class WordSwapLearning(_LearningWordSwap):
    """Exchange a word for one that should bring the text nearer to the goal, by what the victim has answered so far.

    Nothing is known of the labels. From the words that were tried in this example, a linear model of their directions
    (`WordVectors`) learns which way the goal lies: ridge regression on the gains of `LearntWords`. Of the masked LM's
    `plausible` best words at a place, half of the candidates are those that the model holds for the best, and half are
    spread evenly over the masked LM's list, other ones at every place. At first, all are spread.

    Args:
        masked_lm: the word swap with the masked LM.
        goal: what answers.
        max_candidates: words tried for a place; by default as many as `masked_lm` keeps.
        plausible: how far down the masked LM's list a candidate may stand.

    Raises:
        InputError: a number that must be positive and is not.
    """

    def _get_transformations(self, current_text: AttackedText, indices_to_modify: Iterable[int]) -> list[AttackedText]:
        self._learnt.learn()
        model = self._model()

        def pick(logits: torch.Tensor, word: str, at_start: bool) -> list[str]:
            near = self.masked_lm.plausible(logits, word, at_start, self.plausible)
            best: list[str] = []
            if model is not None and near:
                order = np.argsort(-(self._directions(near) @ model), kind="stable")
                best = [near[place] for place in order[: self.max_candidates // 2]]
            step = max(1, len(near) // (self.max_candidates - len(best)))
            return list(dict.fromkeys([*best, *near[self._learnt.places % step :: step]]))[: self.max_candidates]

        texts = self.masked_lm.exchanged(current_text, indices_to_modify, pick)
        self._learnt.wait_for(current_text, texts)
        return texts

    def _model(self) -> np.ndarray | None:
        """Which way the goal lies, as far as it is known; shape `(size,)`."""
        gains = self._learnt.gains
        if not gains:
            return None
        rows, values = self._directions(list(gains)), np.array(list(gains.values()))
        squares = rows.T @ rows + _RIDGE * np.eye(rows.shape[1])
        return np.asarray(np.linalg.solve(squares, rows.T @ (values - values.mean())))

    def _directions(self, words: list[str]) -> np.ndarray:
        return self._vectors.vectors[[self._places[word.lower()] for word in words]].astype(np.float64)

    @cached_property
    def _vectors(self) -> WordVectors:
        return WordVectors(self.masked_lm)

    @cached_property
    def _places(self) -> dict[str, int]:
        return {word: place for place, word in reversed(list(enumerate(self._vectors.words.tolist())))}
