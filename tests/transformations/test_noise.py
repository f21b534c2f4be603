"""Every kind of noise against plain rules; where words stand afterwards; random noise at a rate."""

from __future__ import annotations

import pickle
import unicodedata
from collections.abc import Callable
from typing import Any, get_args

import numpy as np
import pytest
from textattack import Attack
from textattack.constraints.pre_transformation import RepeatModification
from textattack.shared import AttackedText

from tests.toolkit.victims import bag
from tests.toolkit.wordnet import needs_wordnet
from textattack_xmtc import XMTCPositive
from textattack_xmtc.constraints import FunctionWordModification
from textattack_xmtc.errors import InputError, MissingExtraError
from textattack_xmtc.goal_functions import PositiveTargeted
from textattack_xmtc.search_methods import MaskedDelta
from textattack_xmtc.search_options import NoiseKind
from textattack_xmtc.transformations import WordSwapNoise, noise
from textattack_xmtc.transformations.noise import NOISE, noisy_text
from textattack_xmtc.words import word_spans

TEXT = "The modelling of Müller's well-known summer colours, in naïve clouds: a learned MODEL & rural life"
KINDS = [pytest.param(kind, marks=needs_wordnet if kind == "spelling" else ()) for kind in get_args(NoiseKind)]


def variants(kind: NoiseKind, word: str, after: str = "") -> tuple[str, ...]:
    words = [word, after] if after else [word]
    text = " ".join(words)
    return NOISE[kind].variants(text, words, word_spans(text, words), 0)


def distance(one: str, other: str) -> int:
    """Levenshtein's, by the textbook."""
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        before, row = row, [i]
        for j, sign in enumerate(other, 1):
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + (letter != sign)))
    return row[-1]


def bare(word: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFD", word) if not unicodedata.combining(sign))


def looks_latin(word: str) -> str:
    """Cyrillic letters by the Latin letter that they look like, as Unicode calls them."""
    same = {"DZE": "S", "ER": "P", "ES": "C", "HA": "X", "U": "Y", "EN": "H", "VE": "B", "IE": "E"}
    same |= {"BYELORUSSIAN-UKRAINIAN I": "I", "EM": "M", "KOMI DE": "D", "SHHA": "H"}
    letters = []
    for sign in word:
        name = unicodedata.name(sign)
        if name.startswith("CYRILLIC"):
            size, _, plain = name.removeprefix("CYRILLIC ").partition(" LETTER ")
            sign = same.get(plain, plain[0])
            sign = sign.lower() if size == "SMALL" else sign
        letters.append(sign)
    return "".join(letters)


RULES: dict[NoiseKind, Callable[[str, str], bool]] = {
    "typos": lambda word, form: distance(word, form) <= 2 and (len(form) < len(word) or form.count(" ") == 0),
    "ocr": lambda word, form: distance(word, form) <= 2,
    "splits": lambda word, form: form.replace(" ", "") == word and len(form) == len(word) + 1,
    "hyphens": lambda word, form: form.replace("-", "").replace(" ", "") == word.replace("-", ""),
    "homoglyphs": lambda word, form: looks_latin(form) == word and distance(word, form) == 1,
    "invisible": lambda word, form: "".join(sign for sign in form if unicodedata.category(sign) != "Cf") == word,
    "case": lambda word, form: form.lower() == word.lower(),
    "accents": lambda word, form: bare(form) == form and distance(bare(word), form) <= 1,
    "spelling": lambda word, form: distance(word, form) <= 2 and word[0] == form[0],
    "inflection": lambda word, form: word[:2].lower() == form[:2].lower(),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_makes_of_words_what_its_rule_says(kind: NoiseKind) -> None:
    words = AttackedText(TEXT).words
    spans = word_spans(TEXT, words)
    made = {word: NOISE[kind].variants(TEXT, words, spans, index) for index, word in enumerate(words)}
    assert sum(map(len, made.values())), "this text has a word for every kind"
    for index, (word, forms) in enumerate(made.items()):
        assert len(set(forms)) == len(forms) and word not in forms
        for form in forms:
            assert any(map(str.isalnum, form))
            if kind == "joins":
                assert form == word + words[index + 1]
            else:
                assert RULES[kind](word, form), (word, form)


@pytest.mark.parametrize(
    ("kind", "word", "some", "none"),
    [
        ("typos", "nets", ("bets", "ents", "nts"), ("pets",)),
        ("typos", "BBC", (), ("BC",)),
        ("ocr", "modern", ("rnodern", "modem", "mod" + "c" + "rn"), ()),
        ("splits", "nets", ("ne ts",), ("n ets",)),
        ("splits", "2020", (), ("20 20",)),
        ("hyphens", "well-known", ("wellknown", "well known"), ()),
        ("hyphens", "strengths", (), ("st-rengths",)),
        ("homoglyphs", "on", ("\u043en",), ()),
        ("case", "BBC", ("bbc", "Bbc"), ()),
        ("accents", "Müller", ("Muller", "Mueller"), ()),
        ("accents", "plain", (), ("plain",)),
        ("accents", "Mu\u0308ller", ("Muller", "Mueller"), ()),
        ("inflection", "Children", ("Child",), ()),
        ("inflection", "networks", ("network", "networking"), ("net",)),
        ("inflection", "xyzzyk", (), ("xyzzyks",)),
        pytest.param("spelling", "colours", ("colors",), (), marks=needs_wordnet),
        pytest.param("spelling", "Analyze", ("Analyse",), (), marks=needs_wordnet),
        pytest.param("spelling", "CENTER", ("CENTRE",), (), marks=needs_wordnet),
        pytest.param("spelling", "modelling", ("modeling",), (), marks=needs_wordnet),
        pytest.param("spelling", "four", (), ("for",), marks=needs_wordnet),
        pytest.param("spelling", "hall", (), ("hal",), marks=needs_wordnet),
    ],
)
def test_words(kind: NoiseKind, word: str, some: tuple[str, ...], none: tuple[str, ...]) -> None:
    forms = variants(kind, word)
    assert set(some) <= set(forms) and not set(none) & set(forms)
    if not some:
        assert forms == () or none


def test_words_are_joined_only_over_a_single_space() -> None:
    assert variants("joins", "deep", "nets") == ("deepnets",)
    words, text = ["deep", "nets", "and", "roots"], "deep, nets  and\nroots"
    spans = word_spans(text, words)
    assert [NOISE["joins"].variants(text, words, spans, index) for index in range(4)] == [()] * 4


def test_what_is_missing_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Any:
        raise MissingExtraError("no WordNet", "get it")

    noise._variants.cache_clear()
    noise._same_word.cache_clear()
    monkeypatch.setattr(noise, "wordnet", missing)
    with pytest.raises(MissingExtraError, match="no WordNet"):
        WordSwapNoise("spelling")
    WordSwapNoise("typos")


# Candidates -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_words_keep_the_positions_of_the_original(kind: NoiseKind) -> None:
    """Through several changes, whatever is split or joined."""
    original = AttackedText(TEXT)
    swap, current = WordSwapNoise(kind, max_candidates=3), AttackedText(TEXT)
    rng = np.random.default_rng(0)
    for _ in range(4):
        candidates = swap(current, [RepeatModification(), FunctionWordModification()])
        if not candidates:
            break
        for candidate in candidates:
            changed = candidate.all_words_diff(current)
            assert len(candidate.words) == len(original.words)
            assert candidate.attack_attrs["newly_modified_indices"] == changed
            assert candidate.attack_attrs["modified_indices"] == candidate.all_words_diff(original)
            assert len(changed) == 1 + (kind == "joins")
            # The words are those that the text has, in their order, and nothing else has changed.
            spans = word_spans(candidate.text, candidate.words)
            assert [candidate.text[start:end] for start, end in spans] == candidate.words
            again = pickle.loads(pickle.dumps(candidate))
            assert (again.text, again.words) == (candidate.text, candidate.words)
        current = candidates[rng.integers(len(candidates))]
    assert current.text != TEXT


def test_at_most_so_many_candidates_are_drawn_by_seed_and_word() -> None:
    text = AttackedText("networks learn networks")

    def of(seed: int) -> list[list[str]]:
        swap = WordSwapNoise("typos", 5, seed)
        return [[one.words[index] for one in swap(text, indices_to_modify=[index])] for index in (0, 2)]

    first, again, other = of(0), of(0), of(1)
    assert first == again != other
    assert first[0] == first[1] and len(first[0]) == 5
    assert set(first[0]) < set(variants("typos", "networks"))
    few = [one.words[1] for one in WordSwapNoise("splits")(text, indices_to_modify=[1])]
    assert few == list(variants("splits", "learn"))


def test_constraints_hold_for_both_words_that_are_joined() -> None:
    text = AttackedText("the deep nets of roots grow")
    joined = WordSwapNoise("joins")(text, [FunctionWordModification()])
    assert [one.text for one in joined] == ["the deepnets of roots grow", "the deep nets of rootsgrow"]


@pytest.mark.parametrize(("rate", "changed"), [(0.2, 0), (0.4, 2), (0.7, 2), (0.8, 4)])
def test_two_joined_words_count_as_two(rate: float, changed: int) -> None:
    victim = bag({word: [1.0] for word in ("aaaa", "bbbb", "cccc", "dddd")}, [0.0, 1.5])
    text = "aaaa bbbb, cccc dddd, eeee"
    search = MaskedDelta(rate)
    attack = Attack(PositiveTargeted(victim, k=1), [RepeatModification()], WordSwapNoise("joins"), search)
    attack.goal_function.query_budget = 10**6
    result = attack.attack(text, 0)
    final = result.perturbed_result.attacked_text
    assert len(final.all_words_diff(AttackedText(text))) <= changed


@pytest.mark.parametrize("kind", ["typos", "joins", "splits", "invisible"])
def test_a_recipe_takes_noise_without_a_masked_lm(kind: NoiseKind) -> None:
    victim = bag({"amber": [2.0, 0.0], "stone": [1.0, 0.0]}, [0.0, 1.5])
    text = "amber stone lies, in granite hills, where amber stone grows"
    options: dict[str, Any] = {"k": 1, "max_change_rate": 0.5, "encoder": "embedded", "masked_lm": "absent"}
    result = XMTCPositive.build(victim, candidate_source=kind, **options).attack(text, 0)
    final = result.perturbed_result
    assert final.attacked_text.text != text
    assert "changed" in str(final.notes) and final.similarity.cosine <= 1
    assert str(result)  # TextAttack prints it
    assert result.goal_function_result_str() and result.diff_color("ansi")


@pytest.mark.parametrize(
    ("options", "message"),
    [({"kind": "noise"}, "unknown kind='noise'"), ({"max_candidates": 0}, "invalid max_candidates=0")],
)
def test_options_are_checked(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        WordSwapNoise(**options)


# Random noise ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_random_noise_is_a_rate_of_words_by_seed_and_text(kind: NoiseKind) -> None:
    assert noisy_text(TEXT, kind, 0.0).text == TEXT
    everything = noisy_text(TEXT, kind, 1.0)
    words = AttackedText(TEXT).words
    spans = word_spans(TEXT, words)
    able = sum(bool(NOISE[kind].variants(TEXT, words, spans, index)) for index in range(len(words)))
    assert everything.words == len(words)
    assert everything.changed == able or (kind == "joins" and everything.changed > 1)
    assert noisy_text(TEXT, kind, 0.5, 3) == noisy_text(TEXT, kind, 0.5, 3)
    some = {noisy_text(TEXT, kind, 0.5, seed).text for seed in range(20)}
    assert len(some) > 1


def test_as_many_words_are_hit_as_the_rate_says() -> None:
    texts = [f"granite meadow lantern harbour violin saddle {number}" for number in range(500)]
    for rate in (0.05, 0.2):
        made = [noisy_text(text, "case", rate) for text in texts]
        share = sum(one.changed for one in made) / (6 * len(texts))
        assert abs(share - rate) < 4 * (rate * (1 - rate) / 3000) ** 0.5


def test_what_is_hit_stays_hit_at_higher_rates() -> None:
    before: set[int] = set()
    for rate in (0.1, 0.3, 0.6, 0.9):
        final = noisy_text(TEXT, "case", rate, 5).text.split()
        hit = {index for index, word in enumerate(TEXT.split()) if final[index] != word}
        assert before <= hit
        before = hit
    assert before


def test_texts_without_words_stay() -> None:
    for text in ("", "  ", "... !"):
        assert noisy_text(text, "typos", 1.0) == (text, 0, 0)


@pytest.mark.parametrize(
    ("kind", "rate", "message"), [("x", 0.5, "unknown noise='x'"), ("case", 1.5, "noise rate 1.5")]
)
def test_rates_and_kinds_are_checked(kind: Any, rate: float, message: str) -> None:
    with pytest.raises(InputError, match=message):
        noisy_text(TEXT, kind, rate)
