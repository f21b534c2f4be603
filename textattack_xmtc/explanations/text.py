"""An explanation as text for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from textattack_xmtc.explanations.explain import Exchange, Explanation, Prediction
from textattack_xmtc.results.markup import printable

_BAR = 20  # signs for a share of 100%
_MOST = 10  # words


def as_text(explanation: Explanation) -> str:
    """The explanation in lines: label, words, exchange, twins."""
    one, unit = explanation, "probability" if explanation.scores == "probability" else "score"
    texts = "" if one.training_texts is None else f", {one.training_texts:,} training texts"
    called = partial(_called, one.names)
    lines = [
        f"{called(one.label.label)}: rank {one.label.rank}, {unit} {one.label.score:.3g} ({one.model}){texts}",
        f"shown: {', '.join(f'{called(shown.label)} {shown.score:.3g}' for shown in one.shown)}",
        "",
        f"hangs on (each word masked once, as the attack ranks them; {unit} that it takes, share of all):",
    ]
    width = max(len(word.word) for word in one.hangs_on[:_MOST])
    for word in one.hangs_on[:_MOST]:
        bar = "#" * round(_BAR * word.share)
        speaks = "  speaks for the label" if word.speaks else ""
        lines.append(f"  {word.word:<{width}}  {word.drop:>9.3g}  {word.share:>4.0%}  {bar:<{_BAR}}{speaks}".rstrip())
    left = len(one.hangs_on) - _MOST
    lines += [f"  and {left} more words"] * (left > 0)
    lines += ["", *(_exchange(one, one.exchange, unit) if one.exchange else [f"no exchange found: {one.why_none}"])]
    if one.twins:
        lines += ["", f"labels that hang on the same words here (cosine, at most 1; rank and {unit}):"]
        lines += [f"  {twin.similarity:>5.2f}  {_place(one, twin.prediction)}" for twin in one.twins]
    return printable("\n".join(lines))


def _exchange(explanation: Explanation, exchange: Exchange, unit: str) -> list[str]:
    before, after, changes = explanation.label, exchange.after, exchange.changes
    called = partial(_called, explanation.names)
    rank = "beyond what the model ranks" if after.rank is None else after.rank
    return [
        f"taken away by {len(changes)} of {explanation.words} words (undo any of them, and it is shown again):",
        *(f"  {word} -> {other}" for _, word, other in changes),
        f"  rank {before.rank} -> {rank}, {unit} {before.score:.3g} -> {after.score:.3g}; "
        f"now shown: {', '.join(map(called, exchange.enters)) or 'fewer labels'}",
    ]


def _called(names: Mapping[str, str], label: str) -> str:
    return f"{label} ({names[label]})" if label in names else label


def _place(explanation: Explanation, prediction: Prediction) -> str:
    return f"{_called(explanation.names, prediction.label)} (rank {prediction.rank}, {prediction.score:.3g})"
