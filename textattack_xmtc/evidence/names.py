"""Evidence by the name of a label: its words and their inflections, identifiers cut at their seams."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from textattack_xmtc.datasets.label_names import LabelNames
from textattack_xmtc.evidence.protocol import WordEvidence, is_content, stem
from textattack_xmtc.targets import Label

_RUN = re.compile(r"[^\W_]+")
_SEAM = re.compile(r"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[^\W\d])(?=\d)|(?<=\d)(?=[^\W\d])")


def identifier_parts(name: str) -> tuple[str, ...]:
    """The words of a name in lower case: camelCase, snake_case, kebab-case and digits are cut at their seams.

    Example:
        >>> identifier_parts("includeDir_2"), identifier_parts("HTTPServer"), identifier_parts("cast-iron")
        (('include', 'dir', '2'), ('http', 'server'), ('cast', 'iron'))
    """
    return tuple(part.lower() for run in _RUN.findall(name) for part in _SEAM.split(run))


class NameEvidence:
    """A word that has a stem in common with a label's names speaks for it, with weight 1.

    A name is also compared in one piece (`DataFrame` and "dataframe", `cast-iron` and "castiron"). Function words and
    single letters of a name count only where it has no other words: the label `x` is spoken for by "x". A name that
    is mostly digits, such as the number of a thesaurus, is none. Names in another language than the texts share no
    stems with them, so they give no evidence but by words that both languages have.

    Args:
        names: names by label (`--evidence-names`); by default a label is called what it is called in the data.
        further: further names of labels, by label.

    Example:
        >>> source = NameEvidence(further={"eggs": ["omelette"]})
        >>> source.weigh("an egg, two Omelettes", ["an", "egg", "two", "Omelettes"], "eggs").weights.tolist()
        [0.0, 1.0, 0.0, 1.0]
        >>> source.weigh("an egg", ["an", "egg"], "gnd:4026801-9") is None
        True
    """

    name = "name"

    def __init__(self, names: LabelNames | None = None, further: Mapping[Label, Sequence[str]] | None = None) -> None:
        self._names = names or LabelNames()
        self._further = dict(further or {})
        self._stems: dict[Label, frozenset[str]] = {}

    def weigh(self, text: str, words: Sequence[str], label: Label) -> WordEvidence | None:
        """1 for each word of the label's names, 0 for the others; None for a label without a name."""
        wanted = self._of(label)
        if not wanted:
            return None
        named = np.array([not wanted.isdisjoint(_stems_of(word)) for word in words], dtype=bool)
        return WordEvidence(named.astype(np.float64), named)

    def _of(self, label: Label) -> frozenset[str]:
        if label not in self._stems:
            name = self._names.called(label)
            names = [*([name] if name and not is_number(name) else []), *self._further.get(label, ())]
            self._stems[label] = frozenset().union(*map(_stems_of_name, names))
        return self._stems[label]


def is_number(name: str) -> bool:
    """Whether a name is mostly digits, such as a thesaurus number."""
    digits = sum(sign.isdigit() for sign in name)
    return digits > sum(sign.isalpha() for sign in name) or not any(sign.isalnum() for sign in name)


def _stems_of_name(name: str) -> frozenset[str]:
    parts = identifier_parts(name)
    words = [part for part in parts if is_content(part) and len(part) > 1 and not part.isdigit()]
    chosen = words or list(parts)
    whole = [stem("".join(parts))] if len(parts) > 1 else []
    return frozenset([*map(stem, chosen), *whole])


@lru_cache(maxsize=65536)
def _stems_of(word: str) -> frozenset[str]:
    parts = identifier_parts(word)
    return frozenset(map(stem, {word, *parts, "".join(parts)}))
