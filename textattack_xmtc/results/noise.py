"""What random noise costs a model: its measures over the noise rate, with their intervals, as values and as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from textattack_xmtc.results.statistics import Estimate


@dataclass(frozen=True)
class NoiseCurve:
    """A model under one kind of noise.

    Attributes:
        keeps: what a reader keeps: "look", "sense" or "reading".
        texts: how many texts were measured on.
        seeds: how many draws of the noise each rate is the mean of.
        able: the share of the words that this kind can change.
        rates: the noise rates, ascending; the first is 0, no noise.
        changed: the share of the words that was changed at each of them.
        values: by name of the measure, its value at each rate; the interval is a bootstrap over texts.
        losses: by name of the measure, its value without noise less that at each rate, on the same texts.
    """

    model: str
    kind: str
    keeps: str
    texts: int
    seeds: int
    able: float
    rates: tuple[float, ...]
    changed: tuple[float, ...]
    values: Mapping[str, Sequence[Estimate]]
    losses: Mapping[str, Sequence[Estimate]]


def as_csv(curves: Sequence[NoiseCurve]) -> str:
    """A row for each kind, rate and measure."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    ends = ("", "_low", "_high")
    head = ["model", "kind", "keeps", "texts", "seeds", "able", "rate", "changed", "measure"]
    rows.writerow([*head, *(f"value{end}" for end in ends), *(f"loss{end}" for end in ends)])
    for curve in curves:
        for place, (rate, changed) in enumerate(zip(curve.rates, curve.changed, strict=True)):
            for measure, values in curve.values.items():
                value, loss = values[place], curve.losses[measure][place]
                numbers = [value.value, value.low, value.high, loss.value, loss.low, loss.high]
                start = [curve.model, curve.kind, curve.keeps, curve.texts, curve.seeds, f"{curve.able:.6f}", rate]
                rows.writerow([*start, f"{changed:.6f}", measure, *(f"{number:.6f}" for number in numbers)])
    return out.getvalue()
