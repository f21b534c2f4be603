"""The bound behind a certificate: what an exchange of words can do to the votes of a text's segments."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np


def certified_words(votes: Sequence[Sequence[int]], label: int, k: int) -> int:
    """How many words may be exchanged, whichever and by whatever, and `label` is still among the k best by votes.

    A word stands in one segment, so an exchange of r words changes the votes of r segments at most, and may change them
    to any others. With V votes for the label, V_j for another label j, and r changed segments:

    - j draws level only if its votes and the label's come together in the r segments that help it most: one where the
      label has a vote takes one away, one where j has none adds one;
    - of k labels that are to draw level, the t with the fewest votes have together at most the sum of the votes of the
      others ranked k - t + 1 to k, and gain at most r min(v, t) where a segment has v votes. They need t (V - r).

    The label is safe from r changes if fewer than k labels can draw level by the first, or if the second fails for some
    t. A tie counts as lost, so however ties are broken, the certificate holds. It is a lower bound: more changes may be
    harmless.

    Args:
        votes: the labels that each segment votes for, each label once in a segment.
        label: the label.
        k: how many labels are shown.

    Returns:
        The number of words; 0 where the bound lets a single one remove the label, or it is not safe even now.

    Source: votes of parts that an attacker can reach only one by one are those of Levine and Feizi (2020,
    "(De)randomized smoothing for certifiable defense against patch attacks"), the argument over the weakest t of k
    labels is that of Jia et al. (2022, "MultiGuard: provably robust multi-label classification").

    Example:
        >>> certified_words([[7], [7], [7], [2], [3]], label=7, k=2)
        1
    """
    counts = Counter(vote for segment in votes for vote in segment)
    has = np.array([label in segment for segment in votes], dtype=np.int64)
    rivals = [other for other in counts if other != label]
    # Of each rival (and of a label without a vote), by segment: how much nearer a changed segment can bring it.
    helps = np.array([has + [rival not in segment for segment in votes] for rival in rivals] + [has + 1])
    helps = np.cumsum(-np.sort(-helps, axis=1), axis=1)
    behind = np.array([counts[label] - counts[rival] for rival in rivals] + [counts[label]])
    ranked = np.sort([*(counts[rival] for rival in rivals), *[0] * k])[::-1][:k]
    weakest = np.cumsum(ranked[::-1])  # by t - 1: the votes of those ranked k - t + 1 to k
    size = np.arange(1, k + 1)
    most = max(map(len, votes), default=0)
    for changes in range(len(votes) + 1):
        gained = helps[:, changes - 1] if changes else np.zeros(len(behind), dtype=np.int64)
        level = gained >= behind
        few = int(level[:-1].sum()) < k and not level[-1]
        left = counts[label] - min(changes, counts[label])
        if not few and not (size * left > weakest + changes * np.minimum(most, size)).any():
            return max(changes - 1, 0)
    return len(votes)
