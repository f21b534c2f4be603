"""The options of an explanation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from textattack_xmtc.options import option
from textattack_xmtc.search_options import CandidateSource, NoiseKind, require_choice

_EXCHANGES = ("masked-lm", "same-sense", *(kind for kind in get_args(NoiseKind) if kind != "joins"))
"""Sources of candidates that exchange one word and need no target that is to rise."""


@dataclass(frozen=True)
class ExplainOptions:
    """What is explained.

    Raises:
        InputError: an unknown source of candidates.
    """

    label: str | None = option(None, "the label, by name; by default the best one of the text", metavar="LABEL")
    k: int = option(5, "labels that count as shown")
    candidate_source: CandidateSource = option(
        "masked-lm", "where the words of an exchange come from", choices=_EXCHANGES
    )
    masked_lm: str = option(
        "auto", "proposes words: a hub name or a folder; auto: the model's, else bert-base-uncased", metavar="NAME"
    )
    candidates: int = option(48, "words that are tried for each word")

    def __post_init__(self) -> None:
        require_choice("candidate_source", self.candidate_source, Literal[_EXCHANGES])
