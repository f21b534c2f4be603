"""Words as NLTK's `word_tokenize` finds them: Punkt's sentences first, then the words of each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from textattack_xmtc.errors import ModelFolderError
from textattack_xmtc.models.folder import read_dict
from textattack_xmtc.words import Span
from textattack_xmtc.workdir.files import write_json

SENTENCES = "sentences.json"
"""The file of a model folder that holds Punkt's parameters."""

_UNK = "<UNK>"
_STANDS_IN = " UNK "  # as long as the word it stands for, and a word of its own wherever it stands


class NLTKWords:
    """Finds the words of texts; those without a letter, digit or underscore are left out.

    Args:
        parameters: Punkt's, as `nltk.tokenize.punkt.PunktParameters`.
    """

    def __init__(self, parameters: Any) -> None:
        from nltk.tokenize import NLTKWordTokenizer
        from nltk.tokenize.punkt import PunktSentenceTokenizer

        self._parameters = parameters
        self._sentences = PunktSentenceTokenizer(parameters)
        tokenizer = NLTKWordTokenizer()

        @lru_cache(maxsize=2**14)
        def words(sentence: str) -> tuple[Span, ...]:
            return spans_of(tokenizer.tokenize(sentence), sentence)

        self._words = words

    @classmethod
    def installed(cls) -> NLTKWords | None:
        """With the parameters for English that NLTK finds (`punkt_tab`); None where it finds none."""
        from nltk.tokenize.punkt import PunktTokenizer

        try:
            return cls(PunktTokenizer("english")._params)
        except LookupError:
            return None

    @classmethod
    def from_folder(cls, folder: Path) -> NLTKWords:
        """With the parameters in a model folder.

        Raises:
            ModelFolderError: the file is missing or damaged.
        """
        from nltk.tokenize.punkt import PunktParameters

        stored, parameters = read_dict(folder, SENTENCES), PunktParameters()
        try:
            parameters.abbrev_types = {str(word) for word in stored["abbreviations"]}
            parameters.sent_starters = {str(word) for word in stored["sentence_starters"]}
            parameters.collocations = {(str(first), str(second)) for first, second in stored["collocations"]}
            for word, flags in stored["orthographic_context"].items():
                parameters.ortho_context[word] = int(flags)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ModelFolderError(
                f"{str(folder / SENTENCES)!r} does not hold Punkt's parameters ({error!r})", "save the model again"
            ) from error
        return cls(parameters)

    def write(self, folder: Path) -> None:
        """Write the parameters into a model folder: it then reads texts alike on every machine."""
        parameters = self._parameters
        content = {
            "abbreviations": sorted(parameters.abbrev_types),
            "sentence_starters": sorted(parameters.sent_starters),
            "collocations": sorted(map(list, parameters.collocations)),
            "orthographic_context": dict(sorted(parameters.ortho_context.items())),
        }
        write_json(folder / SENTENCES, content)

    def __call__(self, text: str) -> Iterator[Span]:
        """The spans of the words of a text, in order; `<UNK>` is one word."""
        plain = text.replace(_UNK, _STANDS_IN)
        for first, last in self._sentences.span_tokenize(plain):
            for start, end in self._words(plain[first:last]):
                span = first + start, first + end
                masked = text.startswith(_UNK, span[0] - 1) if span[0] else False
                yield (span[0] - 1, span[1] + 1) if masked else span


def spans_of(tokens: Iterable[str], text: str) -> tuple[Span, ...]:
    """Where the tokens of NLTK that are words stand in their text."""
    spans, end = [], 0
    for token in tokens:
        # Tokens stand in the text as they are, but for quotation marks, which have no word character.
        start = text.find(token, end) if re.search(r"\w", token) else -1
        if start >= 0:
            end = start + len(token)
            spans.append((start, end))
    return tuple(spans)
