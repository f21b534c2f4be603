"""Which words say the same as a word of a text: synonyms of the sense that fits its context, in its form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from textattack.shared import AttackedText
from textattack.shared.utils import words_from_text

from textattack_xmtc.errors import InputError
from textattack_xmtc.resources.function_words import ENGLISH
from textattack_xmtc.search_options import SenseFilter, require_choice
from textattack_xmtc.transformations.dictionary import context_of, likely_pos, likely_senses, tagger, wordnet
from textattack_xmtc.words import word_spans

MIN_AGREEMENT = 0.5
"""Least agreement of a word and its synonym about the sense, measured in benchmarks/studies/sense_filters.py."""

_POS = {"N": "n", "V": "v", "J": "a", "R": "r"}  # first letter of a Penn tag: WordNet's part of speech
_TAGS = {
    "n": ("NN", "NNS"),
    "v": ("VB", "VBP", "VBZ", "VBD", "VBN", "VBG"),
    "a": ("JJ", "JJR", "JJS"),
    "r": ("RB", "RBR", "RBS"),
}
_WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")
_BREAK = re.compile(r"[.:;!?,()\[\]\u2013\u2014]")
_SENTENCE_END = re.compile(r"[.:;!?\n\u2013\u2014\"\u201c]")
_COMPARED = ("JJR", "JJS", "RBR", "RBS")
_SYLLABLE = re.compile(r"[aeiouy]+(?!$)|[iouy]+$|(?<=l)e$")
_VOWELS = frozenset("aeiou")
_LEAST_LETTERS = 3
_NEIGHBOURS = 4


class Word(NamedTuple):
    """A word that may be exchanged.

    Attributes:
        lemma: as WordNet lists it.
        pos: WordNet's part of speech, "n", "v", "a" or "r".
    """

    lemma: str
    pos: str
    tag: str


class SameSense:
    """Words of the same sense by WordNet, in context.

    A sense is as likely as it is frequent (counts of SemCor) and as its gloss, examples and neighbours share stems
    with the text (extended Lesk: Banerjee and Pedersen 2003). A synonym and its word agree as far as both, in that
    place, are likely to have a sense that they share.

    Numerals, abbreviations, names and words of less than three letters are left alone and never proposed. A synonym is
    one word, of the same part of speech, takes over inflection and capitals, and fits an article before it.

    Args:
        senses: which senses count. "first" and "all" are baselines.
        min_agreement: in [0, 1]; for "context".

    Raises:
        InputError: an unknown filter, or an agreement outside [0, 1].
        MissingExtraError: WordNet or the tagger is missing.

    Example:
        ::

            SameSense().words(AttackedText("Robots in manufacturing"), 0)  # ("Automatons", "Golems")
    """

    def __init__(self, senses: SenseFilter = "context", min_agreement: float = MIN_AGREEMENT) -> None:
        require_choice("senses", senses, SenseFilter)
        if not 0 <= min_agreement <= 1:
            raise InputError(f"invalid min_agreement={min_agreement}", "choose a number between 0 and 1")
        wordnet(), tagger()
        self.senses, self.min_agreement = senses, min_agreement

    def words(self, text: AttackedText, index: int) -> tuple[str, ...]:
        """Words that may stand at `index` with the sense kept, those that agree most first; ties by the alphabet."""
        return tuple(self._agreeing(text.text, tuple(text.words), index))

    def same(self, text: AttackedText, index: int, word: str) -> bool:
        """Whether `word` at `index` keeps the sense of what stands there: a synonym as above, or the word itself."""
        original = text.words[index]
        return word.lower() == original.lower() or word.lower() in map(str.lower, self.words(text, index))

    def agreement(self, text: AttackedText, index: int, word: str) -> float:
        """How much a word agrees with the one at `index` about the sense, in [0, 1]; 0 for one that is no synonym."""
        synonyms = _synonyms(text.text, tuple(text.words), index)
        return next((agreement for other, agreement in synonyms if other.lower() == word.lower()), 0.0)

    def _agreeing(self, text: str, words: tuple[str, ...], index: int) -> Iterable[str]:
        if self.senses == "context":
            return [word for word, agreement in _synonyms(text, words, index) if agreement >= self.min_agreement]
        return _synonyms_of_senses(text, words, index, 1 if self.senses == "first" else None)

    def __repr__(self) -> str:
        return f"SameSense({self.senses!r}, {self.min_agreement})"


@lru_cache(maxsize=4096)
def _synonyms(text: str, words: tuple[str, ...], index: int) -> tuple[tuple[str, float], ...]:
    """Synonyms in any sense, in the form of the word, with their agreement; the highest first."""
    word = _analysed(text, words)[index]
    if word is None:
        return ()
    context = context_of(words, index)
    senses = likely_senses(word.lemma, word.pos, context)
    share_of_pos = likely_pos(words[index].lower(), word.pos)
    agreements: dict[str, float] = {}
    for synset in senses:
        for lemma in _lemmas(synset, word):
            form = _inflected(lemma, word, words, index)
            if form is not None and form not in agreements:
                other = likely_senses(lemma, word.pos, context)
                shared = sum(min(share, other.get(sense, 0.0)) for sense, share in senses.items())
                agreements[form] = share_of_pos * shared
    return tuple(sorted(agreements.items(), key=lambda item: (-item[1], item[0])))


def _synonyms_of_senses(text: str, words: tuple[str, ...], index: int, number: int | None) -> list[str]:
    word = _analysed(text, words)[index]
    if word is None:
        return []
    synsets = wordnet().synsets(word.lemma, word.pos)[:number]
    lemmas = dict.fromkeys(lemma for synset in synsets for lemma in _lemmas(synset, word))
    forms = (_inflected(lemma, word, words, index) for lemma in lemmas)
    return list(dict.fromkeys(form for form in forms if form is not None))


# What a word is ------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=16)
def _analysed(text: str, words: tuple[str, ...]) -> tuple[Word | None, ...]:
    """Each word of a text that may be exchanged, None for the others."""
    spans = word_spans(text, words)
    before = [text[(spans[i - 1][1] if i else 0) : start] for i, (start, _) in enumerate(spans)]
    opens = [bool(_SENTENCE_END.search(gap)) or not index for index, gap in enumerate(before)]
    tokens, places = [], []
    for index, word in enumerate(words):
        if index and (sign := _BREAK.search(before[index])):
            tokens.append(sign[0])
        places.append(len(tokens))
        # Capitals of a title or a sentence's start make the tagger see names.
        tokens.append(word.lower() if opens[index] or _in_title(words, index) else word)
    tags = [tag for _, tag in tagger().tag(tokens)]
    names = _names(words, opens)
    return tuple(
        None if word.lower() in names else _exchangeable(word, tags[place])
        for word, place in zip(words, places, strict=True)
    )


def _names(words: Sequence[str], opens: Sequence[bool]) -> set[str]:
    """Words that stand with a capital where nothing but a name has one, in lower case."""
    return {
        word.lower()
        for index, word in enumerate(words)
        if word[:1].isupper() and not opens[index] and not _in_title(words, index)
    }


def _in_title(words: Sequence[str], index: int) -> bool:
    """Whether most content words around this one have capitals: there, a capital says nothing."""
    near = [*words[max(0, index - _NEIGHBOURS) : index], *words[index + 1 : index + 1 + _NEIGHBOURS]]
    content = [word for word in near if word.lower() not in ENGLISH and word[0].isalpha()]
    return bool(content) and sum(word[0].isupper() for word in content) >= 0.6 * len(content)


def _exchangeable(word: str, tag: str) -> Word | None:
    lower = word.lower()
    if lower in ENGLISH or not _sayable(lower) or (word != lower and word != word.capitalize()):
        return None
    pos = _POS.get(tag[:1])
    if pos is None or tag.startswith("NNP"):
        return None
    lemma = _lemma(lower, pos)
    if lemma is None:
        return None
    form = next((other for other in (tag, *_TAGS[pos]) if other in _TAGS[pos] and lower in _forms(lemma, other)), None)
    return None if form is None else Word(lemma, pos, form)


def _sayable(lower: str) -> bool:
    """Whether a lower-cased word is neither numeral nor abbreviation.

    Example:
        >>> [_sayable(word) for word in ("robot", "well-known", "rpm", "84", "x", "fig")]
        [True, True, False, False, False, True]
    """
    if not _WORD.fullmatch(lower) or len(lower) < _LEAST_LETTERS:
        return False
    return any(letter in "aeiouy" for letter in lower)


@lru_cache(maxsize=65536)
def _lemma(lower: str, pos: str) -> str | None:
    """The lemma that WordNet knows of a form, itself where it is one; None for words and names that it does not."""
    base = wordnet().morphy(lower, pos)
    if base is None or not any(_common(synset) for synset in wordnet().synsets(base, pos)):
        return None
    return str(base)


@lru_cache(maxsize=65536)
def _forms(lemma: str, tag: str) -> tuple[str, ...]:
    from lemminflect import getInflection

    if tag in ("NN", "VB", "VBP", "JJ", "RB"):
        return (lemma,)
    return tuple(getInflection(lemma, tag))


# What a synonym is ---------------------------------------------------------------------------------------------------


def _common(synset: Any) -> bool:
    """Whether a sense is neither a name nor a number."""
    return not synset.instance_hypernyms() and not any(
        any(sign.isdigit() for sign in name) for name in synset.lemma_names()
    )


def _lemmas(synset: Any, word: Word) -> list[str]:
    """The other lemmas of a sense that can stand where `word` does."""
    if not _common(synset):
        return []
    lemmas = synset.lemmas()
    base = next((lemma for lemma in lemmas if lemma.name().lower() == word.lemma), None)
    if base is None or base.name() != word.lemma:  # a lemma with a capital is a name or an abbreviation
        return []
    frames = set(base.frame_ids())
    return [
        lemma.name()
        for lemma in lemmas
        if lemma.name() != word.lemma
        and _sayable(lemma.name())
        and words_from_text(lemma.name()) == [lemma.name()]
        and lemma.name() not in ENGLISH
        and not _is_form(lemma.name(), word)
        and lemma.syntactic_marker() in (None, base.syntactic_marker())
        and (word.pos != "v" or frames & set(lemma.frame_ids()))
    ]


def _is_form(lemma: str, word: Word) -> bool:
    """Whether a lemma is another form of the word's own (credentials, credential), or a gerund among nouns."""
    if word.pos == "n" and lemma.endswith("ing") and not word.lemma.endswith("ing"):
        return True
    return any(
        lemma in _forms(word.lemma, tag) or word.lemma in _forms(lemma, tag) for tag in _TAGS[word.pos] if tag != "VB"
    )


def _inflected(lemma: str, word: Word, words: Sequence[str], index: int) -> str | None:
    """A synonym in the form of the word and with its capitals; None where it has no such form or article."""
    original = words[index]
    forms = _forms(lemma, word.tag)
    if not forms or forms[0] == original.lower():
        return None
    form = forms[0]
    if word.tag in _COMPARED and not _compares(lemma):
        return None
    if index and words[index - 1].lower() in ("a", "an") and (form[0] in _VOWELS) != (original[0].lower() in _VOWELS):
        return None
    return form.capitalize() if original[0].isupper() else form


def _compares(lemma: str) -> bool:
    """Whether an adjective or adverb is compared by its ending.

    Example:
        >>> _compares("large"), _compares("easy"), _compares("omnipresent")
        (True, True, False)
    """
    syllables = len(_SYLLABLE.findall(lemma))
    return syllables == 1 or (syllables == 2 and lemma.endswith("y"))
