"""The words of a text as a recurrent model reads them: numbers, and where each word stands."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

from textattack_xmtc.errors import ModelFolderError
from textattack_xmtc.words import Span

PAD, UNK = "<PAD>", "<UNK>"
PAD_ID, UNK_ID = 0, 1

_WORD = re.compile(rf"{UNK}|\w+(?:['\u2019]\w+)*")


def _regex_spans(text: str) -> Iterator[Span]:
    return (match.span() for match in _WORD.finditer(text))


TOKENIZATIONS: dict[str, Callable[[str], Iterator[Span]]] = {"words": _regex_spans}
"""How a text is cut into words, by the name that a model's configuration gives: the spans of the words, in order.

Each must give the literal `<UNK>` as one word: that is how a word is hidden from the model.
"""


class Vocabulary:
    """The words that a model knows, with their numbers; `<PAD>` is 0 and `<UNK>` is 1.

    Args:
        words: the words by number, `<PAD>` and `<UNK>` first.
        tokenization: one of `TOKENIZATIONS`.

    Raises:
        ModelFolderError: the first two words are others, a word occurs twice, or the tokenisation is unknown.

    Example:
        >>> vocabulary = Vocabulary(["<PAD>", "<UNK>", "mean", "the"])
        >>> vocabulary.encode("The <UNK> mean, the median")
        [3, 1, 2, 3, 1]
    """

    def __init__(self, words: Sequence[str], tokenization: str = "words") -> None:
        if list(words[:2]) != [PAD, UNK]:
            raise ModelFolderError(
                f"a vocabulary starts with {list(words[:2])}, not with {PAD} and {UNK}", "make the model folder again"
            )
        if tokenization not in TOKENIZATIONS:
            raise ModelFolderError(
                f"the tokenisation {tokenization!r} is unknown", f"choose one of {', '.join(TOKENIZATIONS)}"
            )
        self.words = tuple(words)
        self.tokenization = tokenization
        self._spans = TOKENIZATIONS[tokenization]
        self._ids = {word: number for number, word in enumerate(self.words)}
        if len(self._ids) != len(self.words):
            twice = next(word for word, count in Counter(self.words).items() if count > 1)
            raise ModelFolderError(f"the word {twice!r} stands twice in a vocabulary", "make the model folder again")

    @classmethod
    def of_texts(cls, texts: Iterable[str], size: int = 500_000, tokenization: str = "words") -> Vocabulary:
        """The `size` most frequent words of `texts`; ties are broken by the alphabet.

        Example:
            >>> Vocabulary.of_texts(["b a", "b c"], size=4).words
            ('<PAD>', '<UNK>', 'b', 'a')
        """
        spans = TOKENIZATIONS[tokenization]
        counts = Counter(text[start:end].lower() for text in texts for start, end in spans(text))
        counts.pop(UNK.lower(), None)
        ranked = sorted(counts, key=lambda word: (-counts[word], word))
        return cls([PAD, UNK, *ranked[: size - 2]], tokenization)

    def __len__(self) -> int:
        return len(self.words)

    def spans(self, text: str, limit: int | None = None) -> list[Span]:
        """Where the words of `text` stand, in characters; at most `limit` of them, the first.

        Example:
            >>> Vocabulary(["<PAD>", "<UNK>"]).spans("a <UNK>, b", limit=2)
            [(0, 1), (2, 7)]
        """
        return list(islice(self._spans(text), limit))

    def encode(self, text: str, limit: int | None = None) -> list[int]:
        """The numbers of the words of `text`; at most `limit` of them, the first. Empty for a text without words."""
        # "<UNK>" lower-cased is in no vocabulary, so it becomes UNK_ID as every unknown word does.
        get = self._ids.get
        return [get(text[start:end].lower(), UNK_ID) for start, end in islice(self._spans(text), limit)]
