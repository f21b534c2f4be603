"""Controls: texts whose answer is known, with as many words changed, at like places, as the texts they stand for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from textattack_xmtc.judges.judge import Case
from textattack_xmtc.resources.function_words import ENGLISH
from textattack_xmtc.results.judgements import ORIGINAL, PRESERVING, RANDOM, REMOVED
from textattack_xmtc.results.records import Sample
from textattack_xmtc.words import replaced, word_spans

Words = Sequence[str]
WeighsWords = Callable[[Words, int], npt.NDArray[np.float64]]
"""How much each word of a text speaks for a label: shape `(words,)`, above 0 where it does."""


SameSenseWords = Callable[[str, Words, int], Words]
"""The words that may stand at an index of a text, given with its words, with the sense kept."""


class ControlMaker:
    """Makes the controls of a campaign's samples; the same seed makes the same controls.

    Args:
        weighs: how much a word speaks for a label.
        label_words: the words that speak for a label, the heaviest first.
        split: the words of a text, as the attack counts them.
    """

    def __init__(
        self,
        weighs: WeighsWords,
        same_sense: SameSenseWords,
        label_words: Callable[[int], Words],
        labels: int,
        split: Callable[[str], list[str]],
        seed: int = 0,
    ) -> None:
        self._weighs, self._same_sense, self._label_words = weighs, same_sense, label_words
        self._labels, self._split, self._seed = labels, split, seed

    def of(self, sample: Sample, positions: Sequence[int]) -> list[Case]:
        """The controls that stand for an adversarial text.

        Args:
            positions: which words of its text the attack changed.

        Returns:
            The original; as many words exchanged for words of the same sense, where so many have one; all evidence
            exchanged for another label's, and further words up to the number that was changed, where there is any; as
            many words exchanged at random.
        """
        words = self._split(sample.text)
        rng = np.random.default_rng([self._seed, sample.number])
        made = [Case(sample.number, ORIGINAL, sample.text, sample.target)]
        for condition, exchanges in (
            (PRESERVING, self._preserving(sample.text, words, positions, rng)),
            (REMOVED, self._removed(sample, words, len(positions), rng)),
            (RANDOM, self._random(sample, words, positions, rng)),
        ):
            if exchanges:
                text = exchanged(sample.text, words, exchanges)
                made.append(Case(sample.number, condition, text, sample.target, len(exchanges)))
        return made

    def removed(self, sample: Sample) -> Case | None:
        """The text with all evidence of its label exchanged for another label's; None where it has none."""
        words = self._split(sample.text)
        exchanges = self._removed(sample, words, 0, np.random.default_rng([self._seed, abs(sample.number)]))
        if not exchanges:
            return None
        text = exchanged(sample.text, words, exchanges)
        return Case(sample.number, REMOVED, text, sample.target, len(exchanges), original=sample.text)

    def _preserving(
        self, text: str, words: Words, positions: Sequence[int], rng: np.random.Generator
    ) -> dict[int, str]:
        """As many words exchanged, each the free one with a synonym that is nearest to a changed place."""
        exchanges: dict[int, str] = {}
        order = sorted(range(len(words)), key=lambda index: min((abs(index - at) for at in positions), default=0))
        for index in order:
            if len(exchanges) == len(positions):
                return exchanges
            if synonyms := self._same_sense(text, words, index):
                exchanges[index] = str(rng.choice(np.array(synonyms, dtype=object)))
        return exchanges if len(exchanges) == len(positions) else {}

    def _removed(self, sample: Sample, words: Words, count: int, rng: np.random.Generator) -> dict[int, str]:
        """All words that speak for the label exchanged for those of another one, and others up to `count`."""
        weights = self._weighs(words, sample.target)
        places = [index for index in _content(words) if weights[index] > 0]
        if not places:
            return {}
        others = [index for index in _content(words) if weights[index] <= 0]
        more = max(0, min(count - len(places), len(others)))
        places += rng.choice(others, more, replace=False).tolist() if more else []
        return dict(zip(places, self._foreign(sample, len(places), rng), strict=True))

    def _random(
        self, sample: Sample, words: Words, positions: Sequence[int], rng: np.random.Generator
    ) -> dict[int, str]:
        """As many content words exchanged for words of another label, wherever they stand."""
        content = _content(words)
        places = rng.choice(content, min(len(positions), len(content)), replace=False).tolist() if content else []
        return dict(zip(places, self._foreign(sample, len(places), rng), strict=True))

    def _foreign(self, sample: Sample, count: int, rng: np.random.Generator) -> list[str]:
        """Words of a label that the text does not have."""
        for label in rng.permutation(self._labels):
            words = [] if label in sample.labels else list(self._label_words(int(label)))
            if words:
                return [words[place % len(words)] for place in range(count)]
        return ["thing"] * count


def exchanged(text: str, words: Words, exchanges: dict[int, str]) -> str:
    """A text with some of its words exchanged, the capital of a first letter kept.

    Example:
        >>> exchanged("Green tea, hot", ["Green", "tea", "hot"], {0: "black", 2: "cold"})
        'Black tea, cold'
    """
    spans = word_spans(text, list(words))
    for index in sorted(exchanges, reverse=True):
        new = exchanges[index]
        text = replaced(text, spans[index], new.capitalize() if words[index][:1].isupper() else new)
    return text


def _content(words: Words) -> list[int]:
    return [index for index, word in enumerate(words) if word.lower() not in ENGLISH and word[:1].isalpha()]
