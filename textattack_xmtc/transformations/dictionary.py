"""WordNet and a part-of-speech tagger, through NLTK: loaded once a process, with the command where they are missing."""

from __future__ import annotations

import pickle
import zipfile
from functools import lru_cache
from typing import Any

import nltk

from textattack_xmtc.errors import MissingExtraError

DOWNLOAD = "python -m nltk.downloader wordnet averaged_perceptron_tagger_eng"
"""What fetches both, once."""

_TAGGER = "taggers/averaged_perceptron_tagger_eng"
_OLD_TAGGER = "taggers/averaged_perceptron_tagger.zip"
_OLD_TAGGER_FILE = "averaged_perceptron_tagger/averaged_perceptron_tagger.pickle"


@lru_cache(maxsize=1)
def wordnet() -> Any:
    """NLTK's reader of WordNet.

    Raises:
        MissingExtraError: NLTK finds no WordNet; the message has the command.
    """
    reader = nltk.corpus.wordnet
    try:
        reader.ensure_loaded()
    except LookupError:
        raise _missing("WordNet") from None
    return reader


def is_installed() -> bool:
    """Whether NLTK finds WordNet and a tagger."""
    try:
        wordnet(), tagger()
    except MissingExtraError:
        return False
    return True


@lru_cache(maxsize=1)
def tagger() -> Any:
    """NLTK's averaged perceptron tagger for English, from its present data or from that of releases before 3.9.

    Raises:
        MissingExtraError: NLTK finds neither; the message has the command.
    """
    from nltk.tag.perceptron import PerceptronTagger

    try:
        nltk.data.find(_TAGGER)
        return PerceptronTagger()
    except LookupError:
        pass
    try:
        archive = nltk.data.find(_OLD_TAGGER)
    except LookupError:
        raise _missing("a part-of-speech tagger") from None
    with zipfile.ZipFile(str(archive)) as opened, opened.open(_OLD_TAGGER_FILE) as file:
        weights, tags, classes = _PlainUnpickler(file).load()
    old = PerceptronTagger(load=False)
    old.model.weights, old.tagdict, old.classes, old.model.classes = weights, tags, classes, classes
    return old


class _PlainUnpickler(pickle.Unpickler):
    """Reads dictionaries, strings, numbers and sets; a pickle that names anything else could run code."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in {("__builtin__", "set"), ("builtins", "set")}:
            return set
        raise pickle.UnpicklingError(f"{module}.{name} is not part of a tagger")


def _missing(what: str) -> MissingExtraError:
    return MissingExtraError(
        f"words of the same sense need {what}, and NLTK does not find it",
        f"run: {DOWNLOAD} (or set NLTK_DATA to a folder that has it)",
    )
