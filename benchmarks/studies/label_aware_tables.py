"""The tables of `benchmarks.studies.label_aware`: success, queries, similarity and plausibility of paired attacks."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.speed.rows import machine
from benchmarks.studies.label_aware_reach import reached
from textattack_xmtc.results.statistics import wilson

RESULTS = Path(__file__).parent / "label_aware.json"
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)
EXAMPLES = 20
PAPER = "paper"

Records = dict[str, dict[int, Any]]


def write_tables(found: dict[Any, Records], reach: dict[Any, dict[int, Any]]) -> None:
    """Write the JSON and the tables of all cells, each attack beside the paper's on the samples that both have tried.

    Args:
        found: the records of each cell, by attack and sample.
        reach: what is known of each cell's targets, by sample (`label_aware_reach`).
    """
    rows = [row(cell, records, attack, reach[cell]) for cell, records in found.items() for attack in records]
    RESULTS.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    text = table(rows) + "\n" + examples(found)
    RESULTS.with_suffix(".md").write_text(text, encoding="utf-8")
    print(text)


def row(cell: Any, records: Records, attack: str, reach: dict[int, Any]) -> dict[str, Any]:
    """What came of one attack in one cell."""
    base = records.get(PAPER, records[attack])
    shared = [n for n in sorted(records[attack]) if n in base and tried(records[attack][n]) and tried(base[n])]
    own, paper = [records[attack][n] for n in shared], [base[n] for n in shared]
    good = [record for record in own if succeeded(record)]
    reachable = [record for n, record in zip(shared, own, strict=True) if n in reach and reached(reach[n])]
    both = [(mine, its) for mine, its in zip(own, paper, strict=True) if succeeded(mine) and succeeded(its)]
    bins: dict[int, list[int]] = {}
    for record in own:
        bins.setdefault(record["bin"], []).append(int(succeeded(record)))
    share = wilson(len(good), len(own)) if own else None
    ranks = [pair for record in good for pair in record["ranks"]]
    at = {f"{limit:g}": sum(cosine(record) >= limit for record in good) for limit in THRESHOLDS}
    return {
        "corpus": cell.corpus,
        "architecture": cell.architecture,
        "draw": cell.draw,
        "attack": attack,
        "n": len(own),
        "successes": len(good),
        "success": None if share is None else [round(x, 4) for x in (share.value, share.low, share.high)],
        "paper_successes": sum(map(succeeded, paper)),
        "reachable": len(reachable),
        "reachable_successes": sum(map(succeeded, reachable)),
        "queries": mean([record["queries"] for record in own]),
        "queries_a_success": ratio(sum(r["queries"] for r in own), len(good)),
        "paper_queries_a_success": ratio(sum(r["queries"] for r in paper), sum(map(succeeded, paper))),
        "similarity": median([cosine(record) for record in good]),
        "both": len(both),
        "similarity_of_both": median([cosine(mine) for mine, _ in both]),
        "paper_similarity_of_both": median([cosine(its) for _, its in both]),
        "success_at": at,
        "changed_words": mean([len(record["changes"]) for record in good]),
        "rank_of_new_words": median([after for after, _ in ranks]),
        "perplexity_of_new_words": perplexity([after for record in good for after, _ in record["surprises"]]),
        "perplexity_of_old_words": perplexity([before for record in good for _, before in record["surprises"]]),
        "rank_of_old_words": median([before for _, before in ranks if before]),
        "bins": {str(number): [sum(ended), len(ended)] for number, ended in sorted(bins.items())},
        "errors": sum(record["outcome"] == "error" for record in own),
        "machine": machine(),
    }


def tried(record: dict[str, Any]) -> bool:
    return bool(record["outcome"] != "skipped")


def succeeded(record: dict[str, Any]) -> bool:
    return bool(record["outcome"] == "succeeded")


def cosine(record: dict[str, Any]) -> float:
    return float(record["similarity"]["cosine"])


def mean(values: list[Any]) -> float | None:
    return round(float(np.mean(values)), 2) if values else None


def median(values: list[Any]) -> float | None:
    return round(float(np.median(values)), 3) if values else None


def perplexity(surprises: list[float]) -> float | None:
    return round(float(np.exp(np.mean(surprises))), 1) if surprises else None


def ratio(total: float, count: int) -> float | None:
    return round(total / count, 1) if count else None


def table(rows: list[dict[str, Any]]) -> str:
    """A table a cell, as Markdown."""
    lines = [
        "Wrong labels pulled into the 5 best, at most 10% of the words changed. Success with Wilson's 95% interval; "
        "every attack on the samples that the paper's has tried, too. A query is a distinct text sent to the "
        "victim. Similarity: median cosine (sbert, all-MiniLM-L6-v2) of successes. Both: the same where both this "
        "attack and the paper's succeeded, then the paper's there. Ranks: medians over changed words of successes, "
        "among the masked LM's words at their place; words of several pieces have none. Perplexity: of the changed "
        "words, over all their pieces, each masked alone. In brackets, of the words that stood there. Reachable: "
        "targets that the model has among its 5 best on any of at most 20 training and 20 test texts of their own, "
        "or on the 30 best words of their training texts alone; how many of them were reached.",
        "",
    ]
    for key in dict.fromkeys((row["corpus"], row["architecture"], row["draw"]) for row in rows):
        own = [row for row in rows if (row["corpus"], row["architecture"], row["draw"]) == key]
        lines += [f"## {key[0]}, {key[1]}, {key[2]} negatives", ""]
        limits = " | ".join(f"at {limit:g}" for limit in THRESHOLDS)
        lines += ["| attack | n | success | of reachable | paper's on these | queries a success | paper's | "]
        lines[-1] += f"similarity | both | {limits} | changed | rank | perplexity | by bin, rarest first |"
        lines += ["|" + "---|" * (13 + len(THRESHOLDS))]
        for row in own:
            value, low, high = (f"{share:.0%}" for share in row["success"] or (0, 0, 1))
            cells = [row["attack"], row["n"], f"{value} ({low} to {high})"]
            cells += [f"{row['reachable_successes']} of {row['reachable']}", f"{row['paper_successes']} of {row['n']}"]
            cells += [shown(row["queries_a_success"]), shown(row["paper_queries_a_success"]), shown(row["similarity"])]
            cells += [
                f"{row['similarity_of_both']:.3f}, {row['paper_similarity_of_both']:.3f} ({row['both']})"
                if row["both"] and row["attack"] != PAPER
                else ""
            ]
            cells += [f"{count / max(1, row['n']):.0%}" for count in row["success_at"].values()]
            cells += [
                shown(row["changed_words"]),
                f"{shown(row['rank_of_new_words'])} ({shown(row['rank_of_old_words'])})",
                f"{shown(row['perplexity_of_new_words'])} ({shown(row['perplexity_of_old_words'])})",
            ]
            cells += [", ".join(f"{hits}/{n}" for hits, n in row["bins"].values())]
            lines.append("| " + " | ".join(map(str, cells)) + " |")
        lines.append("")
    return "\n".join([*lines, f"Machine: {rows[0]['machine']}." if rows else "nothing is measured yet", ""])


def shown(value: float | None) -> str:
    return "" if value is None else f"{value:,.0f}" if value >= 100 else f"{value:g}"


def examples(found: dict[Any, Records], attack: str = "label-texts") -> str:
    """Successes of one attack, drawn with a fixed seed from all cells: target, similarity and the changed words."""
    good = [
        (cell, record)
        for cell, records in found.items()
        for _, record in sorted(records.get(attack, {}).items())
        if succeeded(record)
    ]
    drawn = random.Random(0).sample(good, min(EXAMPLES, len(good)))
    lines = [f"## {len(drawn)} of {len(good)} successes of {attack}, drawn", ""]
    lines += [
        "| corpus, model | target | similarity | changes (rank of the new word, of the old) |",
        "|---|---|---|---|",
    ]
    for cell, record in drawn:
        ranks = record["ranks"] if len(record["ranks"]) == len(record["changes"]) else [None] * len(record["changes"])
        changes = [
            f"{change['from']} -> {change['to']}" + (f" ({pair[0]:,}, {pair[1] or '?'})" if pair else "")
            for change, pair in zip(record["changes"], ranks, strict=True)
        ]
        where = f"{cell.corpus}, {cell.architecture}, {cell.draw}"
        lines.append(f"| {where} | {record['name']} | {cosine(record):.2f} | {'; '.join(changes)} |")
    return "\n".join([*lines, ""])
