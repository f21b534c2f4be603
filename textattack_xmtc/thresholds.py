"""Thresholds as people give them: one number, or a file with one for each label."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from textattack_xmtc.errors import InputError
from textattack_xmtc.targets import LabelSpace

Threshold = float | Sequence[float] | str | Path
"""A number, one number for each label, or a file: see `read_threshold`."""

_FORMS = 'give a number, or a file: a JSON object {"label": 0.5, ...} or list, or text with a number a line'


def read_threshold(threshold: Threshold, labels: LabelSpace) -> float | list[float]:
    """The least score of a label that is shown: one number for all labels, or one for each label of a victim.

    Args:
        threshold: a number, also as a string; one for each label; or a file that holds a JSON object from label name to
            number, a JSON list, or a number a line. Lists and lines are in the order of the victim's labels.
        labels: of the victim.

    Raises:
        InputError: neither a number nor a file with a number for each label.

    Example:
        >>> read_threshold("0.5", LabelSpace(["eggs", "tea"]))
        0.5
        >>> import tempfile
        >>> file = Path(tempfile.mkdtemp()) / "thresholds.json"
        >>> _ = file.write_text('{"tea": 0.2, "eggs": 0.5}')
        >>> read_threshold(file, LabelSpace(["eggs", "tea"]))
        [0.5, 0.2]
    """
    if not isinstance(threshold, (str, Path)):
        return threshold if isinstance(threshold, (int, float)) else list(threshold)
    try:
        return float(str(threshold))
    except ValueError:
        file = Path(threshold)
    try:
        text = file.read_text(encoding="utf-8-sig")
        values: Any = json.loads(text) if file.suffix == ".json" else [float(line) for line in text.split()]
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{threshold} does not hold thresholds ({error})", _FORMS) from None
    if isinstance(values, dict):
        values = _by_name(file, values, labels)
    if not isinstance(values, list) or not values or not all(map(_is_number, values)):
        raise InputError(f"{file} does not hold one finite number for each label", _FORMS)
    return [float(value) for value in values]


def _by_name(file: Path, values: dict[str, Any], labels: LabelSpace) -> list[Any]:
    by_index = {labels.index(name): value for name, value in values.items()}
    size = labels.size or len(values)
    missing = [label for label in range(size) if label not in by_index]
    if missing:
        raise InputError(
            f"{file} has no threshold for {len(missing):,} of the {size:,} labels of the victim, such as "
            f"{labels.name(missing[0])!r}",
            "name every label",
        )
    return [by_index[label] for label in range(size)]


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
