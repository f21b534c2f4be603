"""How far targets are from what they must overtake to be shown."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from textattack_xmtc.scores import ScoreKind


def margin(
    targets: Sequence[float],
    rivals: Sequence[float],
    k: int | None,
    kind: ScoreKind,
    thresholds: Sequence[float] | None = None,
) -> float:
    """How far targets are above what they must overtake to be shown, summed over them.

    Args:
        targets: their scores.
        rivals: the scores of labels that are in their way.
        k: how many labels are shown at most; None where only thresholds decide.
        kind: of probabilities, the log-odds are compared: their differences would hardly see a target far behind.
        thresholds: the least score with which each target is shown; None where only k decides.

    Returns:
        0 where the only target is level with the k-th best rival (or with its threshold, where that is higher). Where
        nothing is in the way, the sum of the targets' scores.

    Example:
        >>> margin([3.0], [9.0, 4.0, 1.0], k=2, kind="logit"), margin([3.0], [9.0], k=2, kind="logit")
        (-1.0, 3.0)
        >>> margin([3.0], [9.0, 4.0, 1.0], k=2, kind="logit", thresholds=[5.0])
        -2.0
    """
    target_scores, rival_scores, least = (_comparable(scores, kind) for scores in (targets, rivals, thresholds or ()))
    ahead = np.sort(rival_scores)[::-1][k - len(target_scores) :] if k is not None else rival_scores[:0]
    bar = np.full(len(target_scores), ahead[0] if len(ahead) else -np.inf)
    bar = np.maximum(bar, least) if len(least) else bar
    return float((target_scores - np.where(np.isfinite(bar), bar, 0.0)).sum())


def _comparable(scores: Sequence[float], kind: ScoreKind) -> np.ndarray:
    values = np.array(scores, dtype=np.float64)
    if kind == "probability":
        values = np.clip(values, 1e-12, 1 - 1e-7)  # float32 knows no probability between that and 1
        values = np.log(values) - np.log1p(-values)
    return values
