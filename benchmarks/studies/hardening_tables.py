"""The tables of `benchmarks.studies.hardening`: each cell without an attack, and labels that fall to each attack."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from textattack_xmtc.results.statistics import mcnemar, wilson

WITHIN = (1, 2, 3, 5)
WORDS = {1: "1 word", **{words: f"{words} words" for words in WITHIN[1:]}}


def summary(file: Path) -> list[dict[str, Any]]:
    """A row a cell: what it is worth without an attack, and each attack's success on samples that all cells have."""
    records = list(records_of(file))
    rows = []
    cells = [record for record in records if record["attack"] == "none"]
    for clean_record in cells:
        row = {key: value for key, value in clean_record.items() if key != "attack"}
        row["attacks"] = {}
        for kind in dict.fromkeys(record["attack"] for record in records if record["attack"] != "none"):
            of_kind = [record for record in records if record["attack"] == kind]
            common = set.intersection(*({r["sample"] for r in of_kind if r["cell"] == cell["cell"]} for cell in cells))
            # What is too short for a change is left out everywhere; a label that the model lost is an outcome here.
            short = {r["sample"] for r in of_kind if r["outcome"] == "skipped" and "too short" in (r["reason"] or "")}
            own, plain = (
                {r["sample"]: r for r in of_kind if r["cell"] == cell and r["sample"] in common - short}
                for cell in (row["cell"], "plain")
            )
            attacked = [r for r in own.values() if r["outcome"] in ("succeeded", "failed")]
            won = [r for r in attacked if r["outcome"] == "succeeded"]
            row["attacks"][kind] = {
                "all": _share(sum(fallen(r) for r in own.values()), len(own)),
                "right": _share(len(won), len(attacked)),
                "queries": round(sum(r["queries"] for r in attacked) / max(1, len(attacked)), 1),
                "errors": sum(r["outcome"] == "error" for r in own.values()),
                "within": _within(own, plain),
            }
        rows.append(row)
    return rows


def fallen(record: dict[str, Any], words: float = float("inf")) -> bool:
    """Whether a label is lost, before the attack or by it, with so many words changed at most."""
    if record["outcome"] == "succeeded":
        return bool(math.isinf(words) or round(record["change_rate"] * record["words"]) <= words)
    return bool(record["outcome"] == "skipped")


def _within(own: dict[int, Any], plain: dict[int, Any]) -> dict[str, list[Any]] | None:
    """For each number of words: how many have fallen with no more changed, how many no longer do that did so on the
    plain model, how many do so only now, and McNemar's exact p of these two. None where records do not tell."""
    if not own or not all("change_rate" in record for record in (*own.values(), *plain.values())):
        return None
    found = {}
    for words in WITHIN:
        pairs = [(fallen(plain[number], words), fallen(record, words)) for number, record in own.items()]
        saved, lost = (pairs.count(pair) for pair in ((True, False), (False, True)))
        found[str(words)] = [sum(now for _, now in pairs), saved, lost, mcnemar(saved, lost)]
    return found


def _share(won: int, n: int) -> dict[str, Any]:
    share = wilson(won, n) if n else None
    return {"n": n, "value": None if share is None else [round(v, 4) for v in (share.value, share.low, share.high)]}


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as Markdown, a section for each corpus and architecture."""
    if not rows:
        return "nothing is measured yet\n"
    lines = [
        "Success of the positive-targeted attack (k = 5) on samples of the rarest bin that the plain model has right, "
        "with Wilson's 95% interval: of all of them (a label that a model has lost before the attack counts as "
        "success), and of those that the model in question has right.",
        "",
    ]
    for corpus, model in dict.fromkeys((row["corpus"], row["model"]) for row in rows):
        own = [row for row in rows if (row["corpus"], row["model"]) == (corpus, model)]
        low, high, texts = own[0]["rarest"]
        lines += [
            f"## {corpus}, {model}: rarest bin, labels of {low} to {high} training texts ({texts} test texts)",
            "",
        ]
        tried = list(own[0]["attacks"])
        attacks = [f"{kind}: {of}" for kind in tried for of in ("all", "right")]
        heads = ["model", "P@1", "rarest P@1", "rarest recall@5", *attacks, "extra time", "computed"]
        lines += [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
        for row in own:
            cells = [row["cell"], *(f"{row[key]:.3f}" for key in ("P@1", "rarest P@1", "rarest recall@5"))]
            cells += [_percent(row["attacks"][kind][of]) for kind in tried for of in ("all", "right")]
            cells += ["" if row["extra"] is None else f"{row['extra']:.0f} s of {row['trained']:.0f} s"]
            cells += ["" if row["computed"] is None else f"{row['computed']:.0f} s"]
            lines.append(f"| {' | '.join(cells)} |")
        lines += ["", *_table_of_words(own, [kind for kind in tried if own[0]["attacks"][kind]["within"]])]
    return "\n".join([*lines, f"Machine: {rows[0]['machine']}; one thread, one seed.", ""])


def _table_of_words(rows: list[dict[str, Any]], kinds: list[str]) -> list[str]:
    lines = []
    for kind in kinds:
        n = rows[0]["attacks"][kind]["all"]["n"]
        lines += [
            f"Attack {kind}: how many of the {n} have fallen with at most so many words changed; in brackets, beside "
            "the plain model, how many no longer do, how many do only now, and McNemar's p.",
            "",
            f"| model | {' | '.join(WORDS[words] for words in WITHIN)} |",
            "|" + "---|" * (1 + len(WITHIN)),
        ]
        for row in rows:
            found = row["attacks"][kind]["within"].values()
            plain = row["cell"] == "plain"
            cells = [f"{now}" if plain else f"{now} ({saved}, {lost}; {p:.2g})" for now, saved, lost, p in found]
            lines.append(f"| {row['cell']} | {' | '.join(cells)} |")
        lines.append("")
    return lines


def _percent(found: dict[str, Any]) -> str:
    if found["value"] is None:
        return ""
    value, low, high = (f"{number:.0%}" for number in found["value"])
    return f"{value} ({low} to {high}; n = {found['n']})"


def records_of(file: Path) -> Iterator[dict[str, Any]]:
    """What is kept of the cells, a line each: without an attack, and of each attack on each sample."""
    if file.exists():
        for line in file.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)
