"""Attacks for training: one ranking for all targets of a text, one or two words changed, few candidates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from nltk.corpus import stopwords
from textattack.shared.utils import has_letter, words_from_text

from textattack_xmtc.hardening.candidates import KeptCandidates, Place
from textattack_xmtc.models.torch_scorer import TorchScorer
from textattack_xmtc.words import Span, replaced, word_spans

FIRST_LOOK = 16
"""Blocks of words that a text is cut into, at most: masked one by one, they say where to look closer."""


@dataclass(frozen=True)
class Target:
    """A text of a list, and a label that an attack on it works on.

    Attributes:
        text: position of the text.
        label: the label, as the model counts.
        raise_it: whether the label is to come up (a wrong one) or to go down (a true one).
    """

    text: int
    label: int
    raise_it: bool = False


class QuickAttack:
    """Finds the words of a text that matter to its targets, and exchanges the first of them.

    This is section 3 with less of everything: words are ranked in two looks (blocks of words, then the words of the
    best blocks of each target), all targets of a text from the same scores; `changes` words are tried, in that order,
    with the masked LM's candidates for the unchanged text, which is why they can be kept; no candidate ends the search.

    Args:
        model: the victim.
        candidates: what proposes words; None for an attack that is only asked where words stand.
        changes: words that are changed at most.
    """

    def __init__(self, model: TorchScorer, candidates: KeptCandidates | None, changes: int) -> None:
        self._model, self._candidates, self._changes = model, candidates, changes
        self._stop = frozenset(stopwords.words("english"))

    def attacked(self, texts: Sequence[str], targets: Sequence[Target]) -> list[str]:
        """An attacked text for each target; the text itself where no word could be changed for the better."""
        assert self._candidates is not None
        by_text: dict[int, list[int]] = {}
        for number, target in enumerate(targets):
            by_text.setdefault(target.text, []).append(number)
        chosen: list[list[Span]] = [[] for _ in targets]
        for text, numbers in by_text.items():
            own = [targets[number] for number in numbers]
            for number, spans in zip(numbers, self.ranked(texts[text], own), strict=True):
                chosen[number] = spans[: self._changes]
        places = [(_plain(texts[t.text]), span) for t, spans in zip(targets, chosen, strict=True) for span in spans]
        proposed = dict(zip(places, self._candidates.at(places), strict=True))
        return [
            self._exchanged(_plain(texts[target.text]), target, spans, proposed)
            for target, spans in zip(targets, chosen, strict=True)
        ]

    def changeable(self, text: str) -> list[Span]:
        """Where the words stand that may be changed: no stop words, and only what the model reads."""
        words = words_from_text(text)
        read = self._model.characters_read(text)
        spans = zip(words, word_spans(text, words), strict=True)
        return [s for word, s in spans if has_letter(word) and word.lower() not in self._stop and s[1] <= read]

    def ranked(self, text: str, targets: Sequence[Target]) -> list[list[Span]]:
        """For each target the words of a text to change, the most important first: as many as are tried, or more."""
        text = _plain(text)
        spans = self.changeable(text)
        if not spans:
            return [[] for _ in targets]
        size = -(-len(spans) // FIRST_LOOK)
        blocks = [spans[start : start + size] for start in range(0, len(spans), size)]
        gains = self._gains(text, blocks, targets)
        if size == 1:
            return [[spans[place] for place in np.argsort(-column, kind="stable")] for column in gains.T]
        # The best blocks of any target, word by word: each target then takes its own from them.
        best = np.unique(np.argsort(-gains, axis=0, kind="stable")[: self._changes])
        words = [span for block in best for span in blocks[block]]
        gains = self._gains(text, [[span] for span in words], targets)
        return [[words[place] for place in np.argsort(-column, kind="stable")] for column in gains.T]

    def _gains(self, text: str, blocks: Sequence[Sequence[Span]], targets: Sequence[Target]) -> np.ndarray:
        """How far each block, masked, brings each target: shape `(blocks, targets)`."""
        masked = []
        for block in blocks:
            without = text
            for span in reversed(block):
                without = replaced(without, span, self._model.mask_word)
            masked.append(without)
        scores = self._model.score(masked, [target.label for target in targets], "logit")
        signs = np.array([1 if target.raise_it else -1 for target in targets])
        gains: np.ndarray = scores * signs
        return gains

    def _exchanged(self, text: str, target: Target, spans: Sequence[Span], proposed: dict[Place, list[str]]) -> str:
        sign = 1 if target.raise_it else -1
        current = text
        now: float | None = None
        moved: list[tuple[int, int]] = []  # where the text has become longer, and by how much
        for span in spans:
            words = proposed[text, span]
            if not words:
                continue
            shift = sum(by for start, by in moved if start < span[0])
            place = (span[0] + shift, span[1] + shift)
            tried = [current] * (now is None) + [replaced(current, place, word) for word in words]
            scores = sign * self._model.score(tried, [target.label], "logit")[:, 0]
            if now is None:
                now, scores, tried = float(scores[0]), scores[1:], tried[1:]
            best = int(scores.argmax())
            if scores[best] > now:
                now, current = float(scores[best]), tried[best]
                moved.append((span[0], len(words[best]) - (span[1] - span[0])))
        return current


def _plain(text: str) -> str:
    """A text as the masked LM can read it: halves of surrogate pairs are refused by tokenizers."""
    return text.encode("utf-8", "replace").decode("utf-8")
