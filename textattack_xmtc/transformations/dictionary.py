"""WordNet and a tagger through NLTK, and which sense of a word is meant: how frequent, how much its gloss shares."""

from __future__ import annotations

import math
import pickle
import re
import zipfile
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import nltk

from textattack_xmtc.errors import MissingExtraError
from textattack_xmtc.evidence.protocol import stem
from textattack_xmtc.resources.function_words import ENGLISH

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


CONTEXT_WEIGHT = 3.0
"""What a shared stem counts, against the logarithm of a sense's frequency."""

_SMOOTHING = 1.0  # added to the counts of SemCor, which has none for most senses
_TAGGER_ODDS = 9.0
_RADIUS = 50  # words of context on each side
_WORD = re.compile(r"[a-z]{3,}")


def context_of(words: Sequence[str], index: int) -> frozenset[str]:
    """The stems of the content words around one, itself left out."""
    near = [*words[max(0, index - _RADIUS) : index], *words[index + 1 : index + 1 + _RADIUS]]
    return _stems(" ".join(near))


def likely_senses(lemma: str, pos: str, context: frozenset[str]) -> Mapping[Any, float]:
    """How likely each sense of a lemma is in a context (extended Lesk: Banerjee and Pedersen 2003).

    A sense weighs its count in SemCor, plus 1, times e to the power of 3 times the number of context stems in its
    signature (lemmas, gloss and examples of the sense and of its neighbours), over the root of the signature's size.

    Returns:
        A share for each sense; they add up to 1.

    Raises:
        MissingExtraError: WordNet is missing.
    """
    weights = {}
    for synset, count, signature in _senses(lemma, pos):
        shared = len(context & signature) / math.sqrt(len(signature) or 1)
        weights[synset] = (count + _SMOOTHING) * math.exp(CONTEXT_WEIGHT * shared)
    total = sum(weights.values())
    return {synset: weight / total for synset, weight in weights.items()}


@lru_cache(maxsize=32768)
def likely_pos(form: str, pos: str) -> float:
    """How likely a form has the part of speech that a tagger gave it, by how often SemCor has its lemmas as which.

    The tagger counts as right in nine of ten cases where both are as frequent.
    """
    counts = dict.fromkeys("nvar", 0.0)
    for other in counts:
        lemma = wordnet().morphy(form, other)
        if lemma is not None:
            counts[other] = _SMOOTHING + sum(count for _, count, _ in _senses(lemma, other))
    return _TAGGER_ODDS * counts[pos] / (_TAGGER_ODDS * counts[pos] + sum(counts.values()) - counts[pos])


@lru_cache(maxsize=32768)
def _senses(lemma: str, pos: str) -> tuple[tuple[Any, int, frozenset[str]], ...]:
    """The senses of a lemma, the count of the lemma in each, and their signatures."""
    senses = []
    for synset in wordnet().synsets(lemma, pos):
        count = sum(one.count() for one in synset.lemmas() if one.name().lower() == lemma)
        senses.append((synset, count, _signature(synset) - _stems(lemma)))
    return tuple(senses)


@lru_cache(maxsize=65536)
def _signature(synset: Any) -> frozenset[str]:
    near = [synset, *synset.hypernyms(), *synset.hyponyms(), *synset.similar_tos(), *synset.topic_domains()]
    near += [*synset.part_meronyms(), *synset.part_holonyms(), *synset.also_sees()]
    texts = (f"{' '.join(one.lemma_names())} {one.definition()} {' '.join(one.examples())}" for one in near)
    return frozenset().union(*(_stems(text.replace("_", " ")) for text in texts))


def _stems(text: str) -> frozenset[str]:
    return frozenset(stem(word) for word in _WORD.findall(text.lower()) if word not in ENGLISH)
