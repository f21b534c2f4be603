"""Noise that happens by itself, by kind: what it makes of a word, what a reader keeps, and random noise at a rate."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple

from textattack.shared.utils import words_from_text
from textattack.transformations import (
    WordSwap,
    WordSwapNeighboringCharacterSwap,
    WordSwapQWERTY,
    WordSwapRandomCharacterDeletion,
)

from textattack_xmtc.errors import InputError
from textattack_xmtc.search_options import NoiseKind, require_choice
from textattack_xmtc.transformations.dictionary import wordnet
from textattack_xmtc.words import Span, replaced, seeded, word_spans

Keeps = Literal["look", "sense", "reading"]
"""What a reader keeps: the same sight (look), the same word (sense), or a word that can be made out, but may read as
another one (reading)."""

_LEAST_LETTERS = 4  # shorter words cannot be made out after an error
_INVISIBLE = "\u200b\u200c\u200d"  # those of Boucher et al. (2022), "Bad Characters"
_VOWEL = re.compile("[aeiouyäöü]", re.IGNORECASE)


@dataclass(frozen=True)
class Noise:
    """One kind of noise.

    Attributes:
        what: what it does, in one line.
        keeps: what a reader keeps (`Keeps`).
        forms: what it makes of a word; of two, joined by a space, where `joins`. Always in the same order.
        joins: it takes the word and the next one together. Both count as changed.
    """

    what: str
    keeps: Keeps
    forms: Callable[[str], Iterable[str]]
    joins: bool = False

    @property
    def keeps_sense(self) -> bool | None:
        """True where the word stays what it is; None, not known, where an error may have made it another one."""
        return None if self.keeps == "reading" else True

    def variants(self, text: str, words: Sequence[str], spans: Sequence[Span], index: int) -> tuple[str, ...]:
        """What this noise makes of a word of a text, or of this word and the next one where it joins.

        The word itself, and what has no letter or digit, are left out: noise never leaves nothing of a word.

        Args:
            words: its words in order; "" for one that was joined to the word before it.
            spans: where they stand (`words.word_spans`).

        Example:
            >>> text = "Deep nets"
            >>> NOISE["splits"].variants(text, ["Deep", "nets"], [(0, 4), (5, 9)], 0)
            ('De ep',)
            >>> NOISE["joins"].variants(text, ["Deep", "nets"], [(0, 4), (5, 9)], 0)
            ('Deepnets',)
        """
        word = words[index]
        if self.joins:
            if index + 1 == len(words) or not words[index + 1] or text[spans[index][1] : spans[index + 1][0]] != " ":
                return ()
            word = f"{word} {words[index + 1]}"
        return _variants(self, word)

    def span(self, spans: Sequence[Span], index: int) -> Span:
        """The characters that a variant of the word at `index` stands for."""
        return spans[index][0], spans[index + self.joins][1]


@lru_cache(maxsize=2**16)
def _variants(noise: Noise, word: str) -> tuple[str, ...]:
    return tuple(form for form in dict.fromkeys(noise.forms(word)) if form != word and any(map(str.isalnum, form)))


# What each kind makes of a word --------------------------------------------------------------------------------------


def _long(word: str) -> bool:
    return sum(map(str.isalpha, word)) >= _LEAST_LETTERS


def _like(word: str, form: str) -> str:
    """A form with the capitals of a word."""
    if len(word) > 1 and word.isupper():
        return form.upper()
    return form.capitalize() if word[:1].isupper() else form


@lru_cache(maxsize=1)
def _swaps() -> tuple[WordSwap, ...]:
    swaps = (WordSwapQWERTY, WordSwapNeighboringCharacterSwap, WordSwapRandomCharacterDeletion)
    return tuple(swap(random_one=False) for swap in swaps)


def _typos(word: str) -> Iterator[str]:
    for swap in _swaps() if _long(word) else ():
        yield from swap._get_replacement_words(word)


_OCR = (
    "rn m,m rn,cl d,d cl,vv w,w vv,nn m,li h,ri n,l 1,1 l,I l,l I,i l,O 0,0 O,o 0,"
    "S 5,5 S,B 8,8 B,e c,c e,u n,n u,h b,f t"
)
"""What scanners and their programs take for one another."""


def _ocr(word: str) -> Iterator[str]:
    for pair in _OCR.split(",") if _long(word) else ():
        seen, taken = pair.split()
        for match in re.finditer(seen, word):
            yield replaced(word, match.span(), taken)


def _parts(word: str) -> Iterator[tuple[str, str]]:
    """A word in two, at least two letters each."""
    for cut in range(2, len(word) - 1) if _long(word) else ():
        first, last = word[:cut], word[cut:]
        if (first[-2:] + last[:2]).isalpha():
            yield first, last


def _splits(word: str) -> Iterator[str]:
    return (f"{first} {last}" for first, last in _parts(word))


def _joins(words: str) -> Iterator[str]:
    yield words.replace(" ", "")


def _hyphens(word: str) -> Iterator[str]:
    if "-" in word:
        yield from (word.replace("-", ""), word.replace("-", " "))
    for first, last in _parts(word):
        if _VOWEL.search(first) and _VOWEL.search(last):
            yield f"{first}-{last}"


_HOMOGLYPHS = str.maketrans(
    "aceijopsxydhqwABCEHIJKMOPSTX",
    "\u0430\u0441\u0435\u0456\u0458\u043e\u0440\u0455\u0445\u0443\u0501\u04bb\u051b\u051d"
    "\u0410\u0412\u0421\u0415\u041d\u0406\u0408\u041a\u041c\u041e\u0420\u0405\u0422\u0425",
)
"""Cyrillic letters that look like Latin ones. (TextAttack's word swap needs a file that its wheel lacks.)"""


def _homoglyphs(word: str) -> Iterator[str]:
    for place, letter in enumerate(word):
        if ord(letter) in _HOMOGLYPHS:
            yield word[:place] + letter.translate(_HOMOGLYPHS) + word[place + 1 :]


def _invisible(word: str) -> list[str]:
    return [word[:place] + mark + word[place:] for place in range(1, len(word)) for mark in _INVISIBLE]


def _case(word: str) -> tuple[str, ...]:
    return (word.lower(), word.upper(), word.capitalize())


_LETTERS = str.maketrans({"ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "Æ": "Ae", "œ": "oe", "Œ": "Oe"})
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})


def _accents(word: str) -> Iterator[str]:
    for spelled in (word, unicodedata.normalize("NFC", word).translate(_UMLAUTS)):
        letters = unicodedata.normalize("NFD", spelled.translate(_LETTERS))
        yield unicodedata.normalize("NFC", "".join(sign for sign in letters if not unicodedata.combining(sign)))


_SPELLINGS = (
    "our or,ise ize,isa iza,isi izi,yse yze,ysi yzi,tre ter,tred tered,"
    "ogue og,ence ense,ll l,ae e,oe e,mme m,mould mold,grey gray,que ck"
)
"""British spellings and their American ones; WordNet has to list both words with a sense in common."""


def _spellings(word: str) -> Iterator[str]:
    lower = word.lower()
    for pair in _SPELLINGS.split(",") if word in (lower, lower.capitalize(), word.upper()) else ():
        for seen, other in (pair.split(), pair.split()[::-1]):
            for match in re.finditer(seen, lower):
                form = replaced(lower, match.span(), other)
                if form != lower and _same_word(lower, form):
                    yield _like(word, form)


@lru_cache(maxsize=2**16)
def _same_word(one: str, other: str) -> bool:
    """Whether a sense of WordNet has both, each in its lemma."""
    for pos in "nvar":
        lemmas = [wordnet().morphy(word, pos) for word in (one, other)]
        if None not in lemmas and lemmas[0] != lemmas[1]:
            senses = (set(wordnet().synsets(lemma, pos)) for lemma in lemmas)
            if set.intersection(*senses):
                return True
    return False


def _inflections(word: str) -> Iterator[str]:
    from lemminflect import getAllInflections, getAllLemmas

    for pos, lemmas in getAllLemmas(word.lower()).items():
        for lemma in lemmas:
            for forms in getAllInflections(lemma, pos).values():
                yield from (_like(word, form) for form in forms if word.lower() != form)


NOISE: dict[NoiseKind, Noise] = {
    "typos": Noise("a letter beside the right one (QWERTY), two letters swapped, or one left out", "reading", _typos),
    "ocr": Noise("letters that scanning takes for others, such as rn for m or 1 for l", "reading", _ocr),
    "splits": Noise("a space within the word", "reading", _splits),
    "joins": Noise("no space between the word and the next one", "reading", _joins, joins=True),
    "hyphens": Noise("a hyphen as at the end of a line, or one of the word's own lost", "sense", _hyphens),
    "homoglyphs": Noise("a Cyrillic letter that looks like the Latin one", "look", _homoglyphs),
    "invisible": Noise("a character of no width within the word", "look", _invisible),
    "case": Noise("the word in small letters, in capitals, or with a capital", "sense", _case),
    "accents": Noise("letters without accents; umlauts also as two letters", "sense", _accents),
    "spelling": Noise("British for American spelling and the other way (WordNet)", "sense", _spellings),
    "inflection": Noise("another form of the word: number, tense, comparison (lemminflect)", "reading", _inflections),
}
"""Every kind: the candidate sources and `evaluate --noise` by name."""


class NoisyText(NamedTuple):
    """A text with random noise.

    Attributes:
        changed: how many of the words of the original were changed.
    """

    text: str
    changed: int
    words: int


def noisy_text(text: str, kind: NoiseKind, rate: float, seed: int = 0) -> NoisyText:
    """Random noise: each word is hit with probability `rate`, and what it becomes is drawn evenly from its variants.

    Nothing asks a model. A word that this kind cannot change stays. The draws depend on the seed and the text alone,
    and words that are hit at a rate are hit in the same way at every higher one (but for joins, whose words overlap).

    Args:
        rate: in [0, 1].
        seed: another one gives other draws.

    Raises:
        InputError: an unknown kind, or a rate outside [0, 1].
        MissingExtraError: kind "spelling" without WordNet.

    Example:
        >>> noisy_text("Deep nets, deep roots", "joins", 1.0)
        NoisyText(text='Deepnets, deeproots', changed=4, words=4)
    """
    require_choice("noise", kind, NoiseKind)
    if not 0 <= rate <= 1:
        raise InputError(f"invalid noise rate {rate}", "choose a share of the words between 0 and 1")
    noise, words = NOISE[kind], words_from_text(text)
    spans = word_spans(text, words)
    draws = seeded(seed, text).random((len(words), 2))
    pieces, end, changed, index = [], 0, 0, 0
    while index < len(words):
        hit, choice = draws[index]
        if hit < rate and (variants := noise.variants(text, words, spans, index)):
            start, stop = noise.span(spans, index)
            pieces += [text[end:start], variants[int(choice * len(variants))]]
            end, changed, index = stop, changed + 1 + noise.joins, index + noise.joins
        index += 1
    return NoisyText("".join([*pieces, text[end:]]), changed, len(words))
