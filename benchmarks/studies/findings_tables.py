"""The tables of `docs/results.md`, from the folders of finished campaigns."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan, sqrt
from pathlib import Path
from statistics import median
from typing import Any, TypedDict

import numpy as np

from textattack_xmtc.results.campaign import Campaign
from textattack_xmtc.results.folder import read_campaign
from textattack_xmtc.results.records import Model
from textattack_xmtc.results.statistics import Estimate, difference_of
from textattack_xmtc.results.summary import SampleResults

HERE = Path(__file__).parent
PAGE, RESULTS = HERE.parents[1] / "docs" / "results.md", HERE / "findings.json"
SHORT = {"attention-xml": "AttentionXML", "attention-xml-tree": "AttentionXML tree", "aplc-xlnet": "APLC-XLNet"}
LOSSES = {"none": "plain", "pw-normalised": "PW", "pw-cb-normalised": "PW-cb"}


@dataclass(frozen=True)
class Setting:
    """When an attack counts as successful: share of changed words at most, similarity above."""

    name: str
    share: float  # of the change rate that the campaign allowed
    similarity: float | None = None


ANY, HALF, SIMILAR = Setting("limit", 1.0), Setting("half the limit", 0.5), Setting("similarity > 0.8", 1.0, 0.8)
SETTINGS = (ANY, HALF, SIMILAR)


class _Conditions(TypedDict):
    threshold: float | None
    limit: float


@dataclass(frozen=True)
class Cell:
    """A finished campaign with what it was: corpus, architecture, goal."""

    corpus: str
    architecture: str
    goal: str
    campaign: Campaign

    @property
    def victim(self) -> str:
        """Corpus and architecture, as rows of a table are called."""
        return f"{self.corpus} | {SHORT[self.architecture]}"

    def models(self) -> list[tuple[str, Model]]:
        """The models that were attacked to the end, with the names of their losses; the plain one first."""
        start, n = f"{self.corpus}-{self.architecture}-", len(self.campaign.samples)
        found = {one.name.removeprefix(start): one for one in self.campaign.models if len(one.records) == n}
        return [(LOSSES[loss], found[loss]) for loss in LOSSES if loss in found]

    def success(self, model: Model, setting: Setting, bin_number: int | None = None, wrong: bool = True) -> Estimate:
        """The attack's rate of success on a model; with `wrong`, what it gets wrong before counts as lost."""
        return self.campaign.results[model.name].rate(bin_number, wrong_counts=wrong, **self.conditions(setting))

    def conditions(self, setting: Setting) -> _Conditions:
        """What `SampleResults` asks of a success."""
        return {"threshold": setting.similarity, "limit": setting.share * self.campaign.max_change_rate}


def read_cells(folders: Mapping[Any, Path]) -> list[Cell]:
    """The campaigns in which every sample has a record at least on the plain model."""
    found = [
        Cell(one.corpus, one.architecture, one.goal, read_campaign(folder))
        for one, folder in folders.items()
        if (folder / "campaign.json").exists()
    ]
    return [cell for cell in found if cell.models() and cell.models()[0][0] == "plain"]


def write_tables(folders: Mapping[Any, Path]) -> None:
    """Put the tables of all campaigns between their marks in the page, and their numbers into a file."""
    cells = read_cells(folders)
    put_tables({name: make(cells) for name, make in TABLES.items()}, RESULTS)


def put_tables(tables: Mapping[str, Table], results: Path) -> None:
    """Put tables between their marks in the page, and their numbers into a file."""
    page, numbers = PAGE.read_text(encoding="utf-8"), {}
    for name, (head, rows) in tables.items():
        lines = [
            "| " + " | ".join(head) + " |",
            "|" + "---|" * len(head),
            *("| " + " | ".join(row) + " |" for row in rows),
        ]
        begin, end = f"<!-- table: {name} -->\n", f"<!-- end: {name} -->"
        before, _, rest = page.partition(begin)
        if not rest:
            raise SystemExit(f"{PAGE} has no mark {begin.strip()}")
        page = before + begin + "\n" + "\n".join(lines) + "\n\n" + end + rest.partition(end)[2]
        numbers[name] = [dict(zip(head, row, strict=True)) for row in rows]
    PAGE.write_text(page, encoding="utf-8")
    results.write_text(json.dumps(numbers, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


Table = tuple[list[str], list[list[str]]]


def overview(cells: Sequence[Cell]) -> Table:
    """Claim (a), and tables 3 and 5: every positive campaign."""
    head = ["corpus", "model", "loss", "n", "success", "within half the change rate", "with similarity > 0.8"]
    head += ["similarity of successes / all", "changed words", "queries"]
    rows = []
    for cell in _of(cells, "positive"):
        for loss, model in cell.models():
            attacked = [r for r in model.records.values() if r.outcome in ("succeeded", "failed")]
            won = [record for record in attacked if cell.campaign.reached(record)]
            rates = [cell.success(model, setting, wrong=False) for setting in SETTINGS]
            rows.append(
                [
                    *(*cell.victim.split(" | "), loss, f"{rates[0].n}", *map(percent, rates)),
                    f"{_mean(cell, won)} / {_mean(cell, attacked)}",
                    f"{median(r.changed for r in won):g} of {median(r.words for r in won):g}" if won else "",
                    f"{np.mean([r.queries for r in attacked]):,.0f}",
                ]
            )
    return head, rows


def goals(cells: Sequence[Cell]) -> Table:
    """Claim (b): positive targets against negative ones, within a cluster and without."""
    head = ["corpus", "model", "positive", "negative, in a cluster", "negative, any"]
    head += ["positive less cluster (points)", "cluster less any (points)", "queries a success: positive, cluster, any"]
    rows = []
    for cell in _of(cells, "positive"):
        found = [_one(cells, cell, goal) for goal in ("positive", "negative-cluster", "negative")]
        if any(part is None for part in found):
            continue
        parts = [part for part in found if part is not None]
        rates = [part.success(part.models()[0][1], ANY) for part in parts]
        costs = [_cost(part) for part in parts]
        rows.append(
            [
                *(*cell.victim.split(" | "), *(f"{percent(rate)}, n = {rate.n}" for rate in rates)),
                *(points(apart(rates[0], rates[1])), points(apart(rates[1], rates[2])), ", ".join(costs)),
            ]
        )
    return head, rows


def tails(cells: Sequence[Cell]) -> Table:
    """Claim (c): the rarest bin against the most frequent one, on plain models."""
    head = ["corpus", "model", "tail: training texts", "head: training texts", "counted when"]
    head += ["tail", "head", "tail less head (points)"]
    rows = []
    for cell in _of(cells, "positive"):
        (_, model), *_ = cell.models()
        first, last = cell.campaign.bins[0], cell.campaign.bins[-1]
        for setting in SETTINGS:
            tail, best = (cell.success(model, setting, bin_number=part.number) for part in (first, last))
            names = [f"{part.lowest:,} to {part.highest:,}" for part in (first, last)]
            rows.append(
                [
                    *(*cell.victim.split(" | "), *names, setting.name),
                    *(f"{percent(rate)}, n = {rate.n}" for rate in (tail, best)),
                    points(apart(tail, best)),
                ]
            )
    return head, rows


def defence(cells: Sequence[Cell]) -> Table:
    """Claims (d) and (e): the reweighted models against the plain one, on the rarest and the most frequent bin."""
    head = ["corpus", "model", "loss", "bin", "counted when", "plain", "reweighted", "of these wrong before"]
    head += ["difference (points)", "right on both: difference (points)", "n both"]
    rows = []
    for cell in _of(cells, "positive"):
        (_, plain), *others = cell.models()
        for loss, model in others:
            for part, name in ((cell.campaign.bins[0], "tail"), (cell.campaign.bins[-1], "head")):
                for setting in (ANY, HALF):
                    rows.append(
                        [
                            *(*cell.victim.split(" | "), loss, name, setting.name),
                            *_compared(cell, plain, model, part.number, setting),
                        ]
                    )
    return head, rows


def _compared(cell: Cell, plain: Model, other: Model, part: int, setting: Setting) -> list[str]:
    sides = [cell.campaign.results[model.name].of_bin(part, wrong_counts=True).rows for model in (plain, other)]
    common = sides[0].index.intersection(sides[1].index)
    one, two = (SampleResults(rows.loc[common]) for rows in sides)
    wrongs = [np.asarray(side.rows["wrong_before"]) for side in (one, two)]
    conditions = cell.conditions(setting)
    won = [side.passed(**conditions) | before for side, before in zip((one, two), wrongs, strict=True)]
    wrong, texts = wrongs[1], np.asarray(one.rows["text"])
    primary, _ = difference_of(won[1], won[0], texts)
    secondary, _ = difference_of(won[1][~wrong], won[0][~wrong], texts[~wrong])
    shares = [f"{share.mean():.0%}" if len(share) else "" for share in won]
    return [*shares, f"{int(wrong.sum())} of {len(wrong)}", points(primary), points(secondary), f"{secondary.n}"]


def bins(cells: Sequence[Cell]) -> Table:
    """Every bin of every positive campaign (Figure 2 in numbers)."""
    head = ["corpus", "model", "loss", "success by bin, rarest first: training texts, share (n)"]
    rows = []
    for cell in _of(cells, "positive"):
        for loss, model in cell.models():
            parts = [(part, cell.success(model, HALF, bin_number=part.number)) for part in cell.campaign.bins]
            texts = [
                f"{part.lowest:,} to {part.highest:,}: {rate.value:.0%} ({rate.n})" for part, rate in parts if rate.n
            ]
            rows.append([*cell.victim.split(" | "), loss, "; ".join(texts)])
    return head, rows


TABLES: Mapping[str, Callable[[Sequence[Cell]], Table]] = {
    "overview": overview,
    "goals": goals,
    "tails": tails,
    "defence": defence,
    "bins": bins,
}


def apart(first: Estimate, second: Estimate) -> Estimate:
    """The difference of two shares of different samples; Newcombe's interval (1998, method 10) from Wilson's limits."""
    value = first.value - second.value
    low = value - sqrt((first.value - first.low) ** 2 + (second.high - second.value) ** 2)
    high = value + sqrt((first.high - first.value) ** 2 + (second.value - second.low) ** 2)
    return Estimate(value, low, high, min(first.n, second.n))


def _of(cells: Iterable[Cell], goal: str) -> list[Cell]:
    return [cell for cell in cells if cell.goal == goal]


def _one(cells: Iterable[Cell], like: Cell, goal: str) -> Cell | None:
    wanted = (like.corpus, like.architecture, goal)
    return next((cell for cell in cells if (cell.corpus, cell.architecture, cell.goal) == wanted), None)


def _mean(cell: Cell, records: Sequence[Any]) -> str:
    values = [1.0 if record.changed == 0 else cell.campaign.similarity(record) for record in records]
    known = [value for value in values if not isnan(value)]
    return f"{np.mean(known):.2f}" if known else ""


def _cost(cell: Cell) -> str:
    attacked = [r for r in cell.models()[0][1].records.values() if r.outcome in ("succeeded", "failed")]
    won = sum(cell.campaign.reached(record) for record in attacked)
    return f"{sum(record.queries for record in attacked) / won:,.0f}" if won else "no success"


def percent(rate: Estimate) -> str:
    return f"{rate.value:.0%} ({rate.low:.0%} to {rate.high:.0%})" if rate.n else "no sample"


def points(found: Estimate) -> str:
    return f"{100 * found.value:+.0f} ({100 * found.low:+.0f} to {100 * found.high:+.0f})" if found.n else ""
