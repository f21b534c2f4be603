"""How far targets are from the labels that they must overtake."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from textattack_xmtc.scores import ScoreKind


def margin(targets: Sequence[float], rivals: Sequence[float], k: int, kind: ScoreKind) -> float:
    """How far targets are above the best label that they must overtake to be among the k best, summed over them.

    Args:
        targets: their scores.
        rivals: the scores of labels that are in their way.
        k: how many labels count as predicted.
        kind: of probabilities, the log-odds are compared: their differences would hardly see a target far behind.

    Returns:
        0 where the only target is level with the k-th best rival. Where rivals are too few to be in the way, what the
        targets score.

    Example:
        >>> margin([3.0], [9.0, 4.0, 1.0], k=2, kind="logit"), margin([3.0], [9.0], k=2, kind="logit")
        (-1.0, 3.0)
    """
    scores = np.array([*targets, *rivals], dtype=np.float64)
    if kind == "probability":
        scores = np.clip(scores, 1e-12, 1 - 1e-7)  # float32 knows no probability between that and 1
        scores = np.log(scores) - np.log1p(-scores)
    ahead = np.sort(scores[len(targets) :])[::-1][k - len(targets) :]
    return float((scores[: len(targets)] - (ahead[0] if len(ahead) else 0.0)).sum())
