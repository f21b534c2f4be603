"""The words of a text as a recurrent model reads them: numbers, and where each word stands."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import islice
from typing import Any

from textattack_xmtc.errors import ModelFolderError
from textattack_xmtc.models.attention_xml.sentences import NLTKWords, spans_of
from textattack_xmtc.words import Span

PAD, UNK = "<PAD>", "<UNK>"
PAD_ID, UNK_ID = 0, 1

_SEPARATOR = "/SEP/"  # stands between title and description in official data, and is the one word not lower-cased
_CHARACTERS_PER_WORD = 20  # a text with more characters a word than this may be far longer than what is read of it
_WORD = re.compile(rf"{UNK}|\w+(?:['\u2019]\w+)*")


def _regex_spans(text: str) -> Iterator[Span]:
    return (match.span() for match in _WORD.finditer(text))


_PIECE = re.compile(rf"{UNK}|(?:(?!{UNK})\S)+")
_ABBREVIATION = re.compile(
    r"\W*(?:[^\W\d_](?:\.[^\W\d_])*"  # an initial, or letters with periods between them
    r"|dr|mr|mrs|ms|prof|rev|hon|gen|col|capt|lt|sgt|sen|rep|gov|pres|st|jr|sr|esq|messrs"
    r"|inc|corp|co|ltd|bros|vs|etc|cf|viz|al|ca|approx|dept|est|fig|figs|eq|eqs|sec|vol|nos|pp|ed|eds|ave|blvd|mt|ft"
    r"|jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec)\.\W*",
    re.IGNORECASE,
)


def _nltk_spans(text: str) -> Iterator[Span]:
    """Nearly the words of the official AttentionXML, where Punkt's parameters are not at hand.

    `word_tokenize` finds sentences first, with parameters to be downloaded, only to know which periods end a sentence
    and are cut off. Here a period before white space is cut off unless it belongs to a common English abbreviation,
    to initials, or to letters with periods between them; the rules for words are NLTK's own.
    """
    last = len(text.rstrip())
    for piece in _PIECE.finditer(text):
        start, end = piece.span()
        if piece[0] == UNK:
            yield start, end
            continue
        keeps_period = end < last and _ABBREVIATION.fullmatch(piece[0]) is not None
        for first, behind in _nltk_words(piece[0], keeps_period):
            yield start + first, start + behind


@lru_cache(maxsize=2**16)
def _nltk_words(piece: str, keeps_period: bool) -> tuple[Span, ...]:
    """The words of a piece of text without white space."""
    # At the end of what it is given, NLTK's tokenizer cuts a period off; before another word it does not.
    tokens = _nltk_tokenizer().tokenize(f"{piece} x" if keeps_period else piece)
    return spans_of(tokens[:-1] if keeps_period else tokens, piece)


@cache
def _nltk_tokenizer() -> Any:
    from nltk.tokenize import NLTKWordTokenizer  # here, for importing NLTK takes its time

    return NLTKWordTokenizer()


PUNKT = "nltk-punkt"
"""Words as NLTK's `word_tokenize` finds them; Punkt's parameters are kept with the model."""

TOKENIZATIONS: dict[str, Callable[[str], Iterator[Span]]] = {"words": _regex_spans, "nltk": _nltk_spans}
"""How a text is cut into words, by the name that a model's configuration gives: the spans of the words, in order.

Each must give the literal `<UNK>` as one word: that is how a word is hidden from the model.
"""


class Vocabulary:
    """The words that a model knows, with their numbers; `<PAD>` is 0 and `<UNK>` is 1.

    Args:
        words: the words by number, `<PAD>` and `<UNK>` first.
        tokenization: one of `TOKENIZATIONS`, or `PUNKT`.
        sentences: for `PUNKT`, what finds the words.

    Raises:
        ModelFolderError: the first two words are others, a word occurs twice, or the tokenisation is unknown.

    Example:
        >>> vocabulary = Vocabulary(["<PAD>", "<UNK>", "mean", "the"])
        >>> vocabulary.encode("The <UNK> mean, the median")
        [3, 1, 2, 3, 1]
    """

    def __init__(self, words: Sequence[str], tokenization: str = "words", sentences: NLTKWords | None = None) -> None:
        if list(words[:2]) != [PAD, UNK]:
            raise ModelFolderError(
                f"a vocabulary starts with {list(words[:2])}, not with {PAD} and {UNK}", "make the model folder again"
            )
        finders = TOKENIZATIONS if sentences is None else {PUNKT: sentences}
        if tokenization not in finders:
            raise ModelFolderError(f"unknown tokenization {tokenization!r}", f"choose {' or '.join(finders)}")
        self.words = tuple(words)
        self.tokenization = tokenization
        self.sentences = sentences
        self._spans: Callable[[str], Iterator[Span]] = finders[tokenization]
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
        counts = Counter(_form(text[start:end]) for text in texts for start, end in spans(text))
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
        if self._spans is _regex_spans:  # most of what a model does for a text beside its network: the shortest way
            far = limit is not None and len(text) > _CHARACTERS_PER_WORD * limit
            words = (match[0] for match in islice(_WORD.finditer(text), limit)) if far else _WORD.findall(text)[:limit]
            return [get(word.lower(), UNK_ID) for word in words]
        return [get(_form(text[start:end]), UNK_ID) for start, end in islice(self._spans(text), limit)]


def _form(word: str) -> str:
    """The form of a word that a vocabulary has."""
    return word if word == _SEPARATOR else word.lower()
