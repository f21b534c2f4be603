"""Adversarial examples worth showing: which ones, and their texts with the changed words marked (Tables 1 and 6)."""

from __future__ import annotations

import difflib
import re

from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.records import Model, Record
from textattack_xmtc.results.summary import EVIDENCE_KEPT, SENSE_KEPT, YES
from textattack_xmtc.results.tables.table import Kind, Marked

CONTEXT = 9
"""How many words stay on each side of a change in an excerpt."""

_WITHIN_WORDS = "-'_@*"  # signs that TextAttack's words may have in them

CHOICE = (
    "texts that keep the label first, where that was measured; then fewest changed words, rarest bin and most similar; "
    "each target once"
)
"""How `striking` chooses."""


def striking(campaign: Campaign, model: Model, number: int) -> list[Record]:
    """Successes within the allowed change rate, at most `number` of them.

    Where a campaign measured it, those that keep the sense of every word come first, then those that keep the evidence;
    then those whose text counts as similar; then as `CHOICE` says, and by the number of the sample.
    """

    rows = model.rows.loc[model.adversarial]
    similarity = rows["similarity"].fillna(-1.0)
    order = rows.assign(
        sense=rows[SENSE_KEPT.key] != YES,
        evidence=rows[EVIDENCE_KEPT.key] != YES,
        apart=similarity <= campaign.threshold,
        distance=-similarity,
    ).sort_values(["sense", "evidence", "apart", "changed", "bin", "distance"], kind="stable")
    return list(model.records.of(order.drop_duplicates("target").index[:number]))


def marked(original: str, changed: str) -> Marked:
    """Both texts as one, with what was removed and what was added.

    Words are split at white space. An attack that exchanges words keeps their number, and then they are compared
    one by one; otherwise the longest runs in common are kept.

    Example:
        >>> marked("Compute the (small) sum", "Compute the (tiny) sum").pieces
        (('same', 'Compute the ('), ('removed', 'small'), ('added', 'tiny'), ('same', ') sum'))
    """
    old, new = re.split(r"(\s+)", original), re.split(r"(\s+)", changed)
    pieces: list[tuple[Kind, str]] = []
    if len(old) == len(new):
        for before, after in zip(old, new, strict=True):
            pieces += _word(before, after)
    else:
        for tag, i, j, m, n in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            before, after = "".join(old[i:j]), "".join(new[m:n])
            pieces += [("same", before)] if tag == "equal" else [("removed", before), ("added", after)]
    return Marked(_merged(pieces))


def excerpt(text: Marked, context: int = CONTEXT) -> Marked:
    """The changes with `context` words on each side; what is left out is `…`.

    Example:
        >>> excerpt(marked("a b c d e f g", "a b c X e f g"), context=1).pieces
        (('same', '… c '), ('removed', 'd'), ('added', 'X'), ('same', ' e …'))
    """
    pieces: list[tuple[Kind, str]] = []
    last = len(text.pieces) - 1
    for place, (kind, piece) in enumerate(text.pieces):
        words = list(re.finditer(r"\S+", piece))
        keep_start = context if place > 0 else 0
        keep_end = context if place < last else 0
        if kind != "same" or len(words) <= keep_start + keep_end + 1:
            pieces.append((kind, piece))
            continue
        start = piece[: words[keep_start - 1].end()] + " " if keep_start else ""
        end = " " + piece[words[-keep_end].start() :] if keep_end else ""
        pieces.append((kind, f"{start}…{end}"))
    return Marked(tuple(pieces))


def _word(before: str, after: str) -> list[tuple[Kind, str]]:
    """What stands between two spaces, before and after, without the signs and words at its ends that both have."""
    if before == after:
        return [("same", before)]
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    return [
        ("same", before[:start]),
        ("removed", before[start : len(before) - end]),
        ("added", after[start : len(after) - end]),
        ("same", before[len(before) - end :]),
    ]


def _common(before: str, after: str) -> int:
    """How many characters both begin with, up to the last of them that is no part of a word."""
    length = 0
    for place, (one, other) in enumerate(zip(before, after, strict=False), start=1):
        if one != other:
            break
        if not one.isalnum() and one not in _WITHIN_WORDS:
            length = place
    return length


def _merged(pieces: list[tuple[Kind, str]]) -> tuple[tuple[Kind, str], ...]:
    """Neighbours of one kind joined, empty ones dropped."""
    merged: list[tuple[Kind, str]] = []
    for kind, piece in pieces:
        if not piece:
            continue
        if merged and merged[-1][0] == kind:
            merged[-1] = (kind, merged[-1][1] + piece)
        else:
            merged.append((kind, piece))
    return tuple(merged)
