"""The rows of a campaign's folder as plain objects: samples, records, bins, models, and trials on other models."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textattack_xmtc.results.lines import Lines

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

SUCCEEDED, FAILED, SKIPPED, ERROR = OUTCOMES = ("succeeded", "failed", "skipped", "error")
WRONG_BEFORE = "wrong before"
"""Why a sample is skipped that the model gets wrong without an attack."""

TOO_SHORT = "too short"
"""Why a sample is skipped whose text has too few words for a single change."""

SIMILARITIES = ("cosine", "angular", "published")
"""The similarities that a record holds; a campaign's threshold is about one of them."""

_SIMILARITY_RANGES = {"cosine": (-1, 1), "angular": (0, 1), "published": (1 - math.pi, 1)}


@dataclass(frozen=True, slots=True)
class Prediction:
    """What a model predicts for a text: where the target stands, and the best labels.

    Attributes:
        rank: the target's rank, 1 for the best; None where it is beyond the labels that the model looks at.
        beyond: how many labels the model looks at, where the rank is None.
    """

    rank: int | None
    beyond: int | None
    score: float
    top_k: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """A drawn text with its target; `labels` are the true ones, `bin` counts from the rarest."""

    number: int
    text_id: str
    text: str
    labels: tuple[int, ...]
    target: int
    bin: int


@dataclass(frozen=True, slots=True)
class Record:
    """What the attack did to one sample on one model: a line of the records.

    `positions` are those of the changed words in the original text, also where a word was split or joined to the next.

    `preservation` says what was kept of the label (docs/validity.md); None where that was not measured. `hangs_on` has
    the words that the target hangs on, with their shares of what the attack's ranking found; empty where records of a
    campaign do not say.
    """

    sample: int
    outcome: str
    reason: str | None
    before: Prediction | None
    after: Prediction | None
    words: int
    positions: tuple[int, ...]
    change_rate: float
    adversarial: str | None
    similarity: Mapping[str, float] | None
    queries: int
    seconds: float
    preservation: Mapping[str, Any] | None = None
    hangs_on: tuple[tuple[str, float], ...] = ()

    @property
    def changed(self) -> int:
        """How many words were changed."""
        return len(self.positions)

    @property
    def attacked(self) -> bool:
        """Whether the attack ran to its end."""
        return self.outcome in (SUCCEEDED, FAILED)

    @property
    def wrong_before(self) -> bool:
        """Whether the model got the sample wrong without an attack, so that there was nothing to attack."""
        return self.outcome == SKIPPED and self.reason == WRONG_BEFORE


@dataclass(frozen=True, slots=True)
class Bin:
    """A range of label frequencies, in training texts; `right` samples were there, `drawn` of them were drawn."""

    number: int
    lowest: int
    highest: int
    labels: int
    right: int
    drawn: int


@dataclass(frozen=True)
class Model:
    """A model of a campaign.

    Attributes:
        facts: what `campaign.json` says of it.
        records: its records by the number of the sample, each read when it is asked for.
        rows: what tables need of every record, a row each by the number of the sample (`summary.row_types`).
    """

    name: str
    facts: Mapping[str, Any]
    records: Lines[Record]
    rows: pd.DataFrame

    @property
    def adversarial(self) -> list[int]:
        """The samples whose goal was reached within the change rate by a changed text, ascending."""
        rows = self.rows
        return list(rows.index[(rows["success"] == 1) & rows["adversarial"]])


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of an adversarial text that was found on one model, on another.

    Attributes:
        source: the model that it was found on.
        sample: the number of the sample.
        outcome: one of `OUTCOMES`; skipped where the other model gets the original text wrong.
        control: whether the goal was also reached by a text in which as many other words were exchanged for the same
            new ones; None where there is no such text, or it was not asked about.
    """

    source: str
    sample: int
    outcome: str
    control: bool | None


@dataclass(frozen=True)
class Transfer:
    """A model that the adversarial texts of a campaign were tried on: its facts, and trials by source and sample."""

    name: str
    facts: Mapping[str, Any]
    trials: Mapping[tuple[str, int], Trial]


def sample_of(row: Any) -> Sample:
    """A sample from its row of `samples.jsonl`."""
    labels = tuple(map(int, row["labels"]))
    return Sample(
        int(row["sample"]), str(row["text_id"]), str(row["text"]), labels, int(row["target"]), int(row["bin"])
    )


def bin_of(row: Any) -> Bin:
    """A bin from its row of `bins.json`."""
    return Bin(*(int(row[key]) for key in ("bin", "from", "to", "labels", "right", "drawn")))


def record_of(row: Any) -> Record:
    """A record from its row.

    Raises:
        KeyError, ValueError: a field is missing, or no attack can have such a value.
    """
    outcome = str(row["outcome"])
    if outcome not in OUTCOMES:
        raise ValueError(f"outcome {outcome!r}")
    before, after = _prediction(row["before"]), _prediction(row["after"])
    if outcome not in (SKIPPED, ERROR) and (before is None or after is None):
        raise ValueError(f"{outcome}, but nothing before or after the attack")
    words, changes = int(_within("words", row["words"])), row["changes"] or ()
    if len(changes) > words:
        raise ValueError(f"words={words}, and {len(changes)} of them changed")
    positions = tuple(int(_within("position", change["position"], most=words - 1)) for change in changes)
    for name, (least, most) in _SIMILARITY_RANGES.items():
        if row["similarity"] and row["similarity"].get(name) is not None:
            _within(name, row["similarity"][name], least - 1e-3, most + 1e-3)  # computed in float32
    return Record(
        sample=int(row["sample"]),
        outcome=sys.intern(outcome),
        reason=None if row["reason"] is None else sys.intern(str(row["reason"])),
        before=before,
        after=after,
        words=words,
        positions=positions,
        change_rate=_within("change_rate", row["change_rate"] or 0, most=1),
        adversarial=row["adversarial"],
        similarity=row["similarity"],
        queries=int(_within("queries", row["queries"])),
        seconds=_within("seconds", row["seconds"], most=sys.float_info.max),
        preservation=_preservation(row.get("preservation")),
        hangs_on=tuple((str(word), _within("share", share, most=1)) for word, share in row.get("hangs_on") or ()),
    )


def _within(name: str, value: Any, least: float = 0, most: float = float("inf")) -> float:
    """A number that an attack can have had."""
    number = float(value)
    if not least <= number <= most:
        raise ValueError(f"{name}={value!r}, expected {least:g} to {most:g}")
    return number


def _preservation(row: Any) -> dict[str, Any] | None:
    """What was kept of the label, once it is clear that each change says what counts ask."""
    if row is None:
        return None
    for change in row["changes"]:
        if not {change["evidence"], change["sense"]} <= {True, False, None}:
            raise ValueError(f"the change {change!r}")
    return dict(row)


def _prediction(row: Any) -> Prediction | None:
    if row is None:
        return None
    rank = None if row.get("rank") is None else int(_within("rank", row["rank"], 1))
    beyond = None if row.get("beyond") is None else int(_within("beyond", row["beyond"]))
    score = _within("score", row["score"], -sys.float_info.max, sys.float_info.max)
    return Prediction(rank, beyond, score, tuple(map(int, row["top_k"])))


def trial_of(row: Any) -> Trial:
    """A trial from its row of `transfer/`."""
    outcome, control = str(row["outcome"]), row["control"]
    if outcome not in OUTCOMES:
        raise ValueError(f"outcome {outcome!r}")
    return Trial(
        source=str(row["source"]),
        sample=int(row["sample"]),
        outcome=outcome,
        control=None if control is None else bool(control["reached"]),
    )
