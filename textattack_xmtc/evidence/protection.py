"""Which words of a text are protected: the share of its content words with the most evidence for a label."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from fractions import Fraction
from typing import Literal, NamedTuple, get_args

import numpy as np

from textattack_xmtc.errors import InputError
from textattack_xmtc.evidence.protocol import WordEvidence, is_content, stem
from textattack_xmtc.targets import Label

PreserveMode = Literal["none", "frozen", "paraphrased", "random"]
"""What happens to protected words.

`frozen`: they stay. `paraphrased`: they may be exchanged for words of the same sense. `random`: as many words, drawn by
the seed, stay; the control. `none`: nothing is protected.
"""

DEFAULT_SHARE = 0.2


class Preserve(NamedTuple):
    """A mode and a share, as `--preserve` takes them.

    Attributes:
        mode: what happens to protected words.
        share: q, of the content words; 0 for mode "none".
    """

    mode: PreserveMode
    share: float

    @classmethod
    def parse(cls, text: str) -> Preserve:
        """Read `MODE` or `MODE:SHARE`.

        Raises:
            InputError: an unknown mode, or a share outside [0, 1].

        Example:
            >>> Preserve.parse("frozen:0.3"), Preserve.parse("none")
            (Preserve(mode='frozen', share=0.3), Preserve(mode='none', share=0.0))
        """
        mode, colon, number = text.partition(":")
        modes = get_args(PreserveMode)
        if mode not in modes or (mode == "none" and colon):
            raise InputError(
                f"unknown preserve={text!r}", "choose none, or frozen, paraphrased or random, with :SHARE or without"
            )
        try:
            share = float(number) if colon else DEFAULT_SHARE
            check_share(share)
        except ValueError as error:
            raise InputError(
                f"invalid preserve={text!r}: {number!r} is not a share of the content words",
                "choose a number from 0 to 1, such as frozen:0.2",
            ) from error
        return cls(mode, 0.0 if mode == "none" else share)  # type: ignore[arg-type]


class Protection(NamedTuple):
    """The protected positions of one text for one label.

    Attributes:
        positions: indices of words.
        content: m, how many content words the text has.
        backed: how many of the positions have evidence that its source tells from chance.
    """

    positions: frozenset[int]
    content: int
    backed: int


def check_share(share: float) -> None:
    """Refuse what is not a share.

    Raises:
        InputError: it is not in [0, 1].
    """
    if not 0 <= share <= 1:
        raise InputError(f"invalid share={share}", "choose a number from 0 to 1")


def protect(
    text: str,
    words: Sequence[str],
    labels: Sequence[Label],
    share: float,
    evidence: WordEvidence | None = None,
    seed: int = 0,
) -> Protection:
    """Protect a share of the content words, those with the most evidence first.

    Protected are round(q m) of the m positions of content words (a half rounds up). A word and its inflections are
    taken together, by their largest weight, until the share is used; of the last one as many positions as are left.
    Words of equal weight, those of weight 0 included, come in an order drawn by text, labels and seed.

    Args:
        labels: the targets, which seed the draw.
        share: q, in [0, 1].
        evidence: weights of the words; None for a random protection.

    Raises:
        InputError: the share is not in [0, 1].

    Example:
        >>> evidence = WordEvidence(np.array([0.0, 2.0, 0.0, 2.0]), np.array([False, True, False, True]))
        >>> words = ["the", "egg", "salad", "eggs"]
        >>> sorted(protect("the egg salad eggs", words, ["food"], 0.67, evidence).positions)
        [1, 3]
    """
    check_share(share)
    content = [position for position, word in enumerate(words) if is_content(word)]
    wanted = int(Fraction(str(share)) * len(content) + Fraction(1, 2))
    groups: dict[str, list[int]] = {}
    for position in content:
        groups.setdefault(stem(words[position]), []).append(position)
    rng = np.random.default_rng([seed, _digest(text, labels)])
    members = list(groups.values())
    drawn = [members[place] for place in rng.permutation(len(members))]
    if evidence is not None:
        weights = evidence.weights
        drawn.sort(key=lambda positions: -max(weights[position] for position in positions))  # stable: ties as drawn
    chosen: list[int] = []
    for positions in drawn:
        left = wanted - len(chosen)
        if left <= 0:
            break
        chosen += positions if len(positions) <= left else rng.choice(positions, left, replace=False).tolist()
    backed = 0 if evidence is None else int(sum(evidence.backed[position] for position in chosen))
    return Protection(frozenset(chosen), len(content), backed)


def _digest(text: str, labels: Sequence[Label]) -> int:
    """A number that depends on the text and the labels only; `hash` differs between runs."""
    content = "\x00".join([text, *sorted(map(str, labels))])
    return int.from_bytes(hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")
