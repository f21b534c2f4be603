"""What certificates say, by how many training texts a label has."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from textattack_xmtc.certificates.run import Certificate
from textattack_xmtc.results.statistics import Estimate, share_of
from textattack_xmtc.results.tables.table import Cell, Column, Table, rate_column

WORDS = (1, 2, 3)
"""The numbers of exchanged words that have a column."""

_EDGES = (0, 1, 6, 21, 101)
_COLUMNS = (
    Column("bin", "Training texts of the label"),
    Column("n", "True labels"),
    rate_column("plain", "Shown by the model (%)"),
    rate_column("vote", "Shown by the vote (%)"),
    *(rate_column(f"words_{number}", f"Certified, {number} word{'s' * (number > 1)} (%)") for number in WORDS),
)


def certificate_table(
    certificates: Sequence[Certificate], label_counts: np.ndarray, k: int, segments: int, votes: int
) -> Table:
    """Shares of all true labels, with 95% intervals that count a text with several labels as one draw.

    `label_counts`, shape `(labels,)`, has the training texts of each label.
    """
    counts = np.array([label_counts[one.label] for one in certificates])
    rows = []
    for low, high in [*pairwise(_EDGES), (_EDGES[-1], None)]:
        inside = (counts >= low) & (counts < (np.inf if high is None else high))
        name = f"{low} or more" if high is None else f"{low} to {high - 1}" if high - 1 > low else str(low)
        rows += [_row(name, [certificates[place] for place in np.flatnonzero(inside).tolist()])] * bool(inside.any())
    every = _row("all", certificates)
    firsts = list({one.text: one for one in certificates}.values())
    plain = 100 * float(np.mean([one.right_plain for one in firsts]))
    vote = 100 * float(np.mean([one.right_vote for one in firsts]))
    note = (
        f"A text is cut into {segments} segments; each votes for its {votes} best label{'s' * (votes > 1)}, and the "
        f"{k} labels with the most votes are shown. Certified: whatever words are put in the place of so many, the "
        f"vote still shows the label. P@1 on these {len(firsts):,} texts: {plain:.1f}% of the model, {vote:.1f}% of "
        "the vote."
    )
    return Table("certificates", "True labels that no exchange of words can remove", _COLUMNS, (*rows, every), note)


def _row(name: str, of_row: Sequence[Certificate]) -> tuple[Cell, ...]:
    texts = np.array([one.text for one in of_row])

    def share(values: list[bool]) -> Estimate:
        return share_of(np.array(values), texts)

    return (
        name,
        len(of_row),
        share([one.plain for one in of_row]),
        share([one.vote for one in of_row]),
        *(share([one.words >= number for one in of_row]) for number in WORDS),
    )
