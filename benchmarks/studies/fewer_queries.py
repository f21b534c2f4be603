"""What an attack gives up when it asks fewer queries: every variant on the same samples, paired.

    python -m benchmarks.studies.fewer_queries --data FOLDER --models FOLDER --masked-lm FOLDER --records FOLDER \
        [--only CORPUS GOAL] [--samples 200] [--minutes 30]

Victims are those that `benchmarks.studies.models` keeps in `--models`; FOLDER of `--data` holds their corpora. Samples
are drawn as a campaign draws them, one a text. Left out are those on which the variants were chosen (another seed), so
that the winner is not chosen on the figures shown, and library records whose title occurs in training. Records are kept
one by one: stopped and started again, it goes on. Results: `benchmarks/studies/fewer_queries.json` and
`fewer_queries.md`, of all records that are there.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.speed.rows import machine
from benchmarks.studies.findings import title
from textattack_xmtc.campaign.plan import Plan
from textattack_xmtc.results.statistics import BOOTSTRAP_DRAWS, wilson

RESULTS = Path(__file__).parent / "fewer_queries.json"
VICTIMS = {
    "tib-bench": "tib-bench-attention-xml-tree-none",
    "api-docs": "api-docs-attention-xml-tree-none",
}
GOALS = ("positive", "negative")
EXPLORED_SEED, REPORTED_SEED = 11, 0
EXPLORED = {"tib-bench": (48, 200), "api-docs": (64, 200)}  # sizes of the positive draws that were looked at before
BASELINE = ("masked-delta", "all")
VARIANTS = (
    BASELINE,
    ("masked-delta", "until-goal"),
    ("masked-delta", "while-better"),
    ("masked-blocks", "until-goal"),
    ("masked-blocks", "while-better"),
)
LEFT_OUT = {"negative": {("masked-delta", "until-goal"), ("masked-blocks", "until-goal")}}  # to save time


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--models", type=Path, required=True)
    parser.add_argument("--masked-lm", required=True)
    parser.add_argument("--records", type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=[], help="a corpus, a goal, or both")
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=float("inf"), help="for each corpus and goal")
    options = parser.parse_args()
    options.records.mkdir(parents=True, exist_ok=True)
    for corpus, model in VICTIMS.items():
        for goal in GOALS:
            if set(options.only) <= {corpus, goal} and (options.models / model).is_dir():
                measure(corpus, goal, options)
    rows = [row for file in sorted(options.records.glob("*.jsonl")) for row in summary(file)]
    RESULTS.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    RESULTS.with_suffix(".md").write_text(table(rows), encoding="utf-8")
    print(table(rows))


def measure(name: str, goal: str, options: argparse.Namespace) -> None:
    """Attack the samples with every variant, sample by sample, until they or the minutes are used up."""
    from textattack_xmtc.campaign.attack import SampleAttack, load_tools
    from textattack_xmtc.campaign.samples import draw_samples
    from textattack_xmtc.campaign.victims import load_victim
    from textattack_xmtc.datasets.load import load_corpus

    corpus = load_corpus(name if name == "api-docs" else options.data / name)
    folder = str(options.models / VICTIMS[name])
    plan = Plan.of(
        {
            "models": [folder],
            "data": name,
            "goal": goal,
            "total": options.samples,
            "labels_per_bin": 100,
            "seed": REPORTED_SEED,
            "encoder": "embedded",
            "masked_lm": options.masked_lm,
        }
    )
    victim = load_victim(VICTIMS[name], folder, corpus.label_names)
    top, known = victim.top_k(corpus.split("test"), plan.k), np.asarray(victim.from_corpus >= 0)
    seen = replace(plan, goal="positive", seed=EXPLORED_SEED)
    explored = {
        sample.text
        for total in EXPLORED[name]
        for sample in draw_samples(corpus, top, replace(seen, total=total), known).samples
    }
    trained = {title(text) for text in corpus.split("train")["text"]} if name == "tib-bench" else set()
    samples = [
        sample
        for sample in draw_samples(corpus, top, plan, known).samples
        if sample.text not in explored and title(sample.text) not in trained
    ]
    tools = load_tools(plan, None)
    variants = [variant for variant in VARIANTS if variant not in LEFT_OUT.get(goal, ())]
    attacks = {
        variant: SampleAttack(
            replace(plan, **dict[str, Any](zip(("ranking", "candidate_order"), variant, strict=True))),
            victim,
            corpus.label_names,
            tools,
        )
        for variant in variants
    }
    assert tools.masked_lm is not None
    forget = remember(victim.model, tools.masked_lm)
    file = options.records / f"{name}-{goal}.jsonl"
    done = {record["sample"] for record in _records(file)}
    end = time.monotonic() + 60 * options.minutes
    with file.open("a", encoding="utf-8") as opened:
        for sample in samples:
            if sample.number in done:
                continue
            if time.monotonic() > end:
                break
            forget()
            found = {" ".join(variant): attack.record(sample) for variant, attack in attacks.items()}
            opened.write(json.dumps({"sample": sample.number, "corpus": name, "goal": goal, "found": found}) + "\n")
            opened.flush()


def remember(model: Any, masked_lm: Any) -> Callable[[], None]:
    """Keep the answers of victim and masked LM, for the variants ask about the same texts; the function forgets them.

    Figures stay as they are: it is the goal that counts queries, each variant's on its own.
    """
    rows: dict[Any, Any] = {}
    logits: dict[Any, Any] = {}
    score, top_k, mask_logits = model.score, model.top_k, masked_lm._mask_logits

    def kept_score(texts: Sequence[str], labels: Sequence[int]) -> np.ndarray:
        keys = [(text, tuple(labels)) for text in texts]
        new = [text for text, key in zip(texts, keys, strict=True) if key not in rows]
        rows.update(zip([(text, tuple(labels)) for text in new], score(new, labels), strict=True))
        return np.array([rows[key] for key in keys]).reshape(len(texts), len(labels))

    def kept_top_k(texts: Sequence[str], k: int) -> tuple[np.ndarray, np.ndarray]:
        new = [text for text in texts if (text, k) not in rows]
        found = zip(*top_k(new, k), strict=True)
        rows.update(zip([(text, k) for text in new], found, strict=True))
        labels, scores = zip(*[rows[text, k] for text in texts], strict=True) if texts else top_k([], k)
        return np.array(labels), np.array(scores)

    def kept_mask_logits(text: str, spans: Sequence[Any]) -> Any:
        key = (text, *spans)
        if key not in logits:
            logits[key] = mask_logits(text, spans)
        return logits[key]

    def forget() -> None:
        rows.clear()
        logits.clear()

    model.score, model.top_k, masked_lm._mask_logits = kept_score, kept_top_k, kept_mask_logits
    return forget


def summary(file: Path) -> list[dict[str, Any]]:
    """A row a variant. Samples that no variant could attack, such as texts that are too short, are left out."""
    records = [record for record in _records(file) if all(r["outcome"] != "skipped" for r in record["found"].values())]
    if not records:
        return []
    baseline = " ".join(BASELINE)
    found = {variant: [record["found"][variant] for record in records] for variant in records[0]["found"]}
    success = {v: np.array([r["outcome"] == "succeeded" for r in rows], dtype=float) for v, rows in found.items()}
    queries = {v: np.array([r["queries"] for r in rows], dtype=float) for v, rows in found.items()}
    rows = []
    for variant, own in found.items():
        share = wilson(int(success[variant].sum()), len(own))
        paired = _resampled(success[variant], queries[variant], success[baseline], queries[baseline])
        good = [r for r in own if r["outcome"] == "succeeded"]
        rows.append(
            {
                "corpus": records[0]["corpus"],
                "goal": records[0]["goal"],
                "variant": variant,
                "n": len(own),
                "words": round(float(np.mean([r["words"] for r in own])), 1),
                "success": [round(value, 4) for value in (share.value, share.low, share.high)],
                "queries": round(float(queries[variant].mean()), 1),
                "queries_a_success": round(float(queries[variant].sum() / max(1, len(good))), 1),
                "success_less_baseline": paired[0],
                "share_of_success": paired[1],
                "share_of_queries_a_success": paired[2],
                "changed_words": round(float(np.mean([len(r["changes"]) for r in good])), 2) if good else None,
                "similarity": round(float(np.mean([r["similarity"]["cosine"] for r in good])), 3) if good else None,
                "errors": sum(r["outcome"] == "error" for r in own),
                "machine": machine(),
            }
        )
    return rows


def _resampled(success: np.ndarray, queries: np.ndarray, success_0: np.ndarray, queries_0: np.ndarray) -> list[Any]:
    """Three comparisons with the baseline, each as value, low, high: 95% percentile bootstrap over samples."""
    random = np.random.default_rng(0)
    draws = random.integers(0, len(success), (BOOTSTRAP_DRAWS, len(success)))
    everything = np.arange(len(success))[None]

    def compared(chosen: np.ndarray) -> np.ndarray:
        own, base = success[chosen].sum(axis=1), success_0[chosen].sum(axis=1)
        asked, asked_0 = queries[chosen].sum(axis=1), queries_0[chosen].sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.array([(own - base) / chosen.shape[1], own / base, (asked / own) / (asked_0 / base)])

    values, spread = compared(everything)[:, 0], compared(draws)
    with np.errstate(invalid="ignore"):  # draws without a success cost infinitely much
        low, high = np.nanpercentile(spread, [2.5, 97.5], axis=1)
    return [[_number(x) for x in triple] for triple in zip(values, low, high, strict=True)]


def _number(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None


def _records(file: Path) -> Iterator[dict[str, Any]]:
    if file.exists():
        yield from map(json.loads, file.read_text(encoding="utf-8").splitlines())


def table(rows: list[dict[str, Any]]) -> str:
    lines = [
        "Intervals are 95%: Wilson's for success, a bootstrap over samples for what is compared with masked-delta and "
        "all candidates (Algorithm 1) on the same samples. A query is a distinct text sent to the victim.",
        "",
    ]
    for corpus, goal in dict.fromkeys((row["corpus"], row["goal"]) for row in rows):
        own = [row for row in rows if (row["corpus"], row["goal"]) == (corpus, goal)]
        lines += [
            f"## {corpus}, {goal}-targeted: n = {own[0]['n']} samples, {own[0]['words']:.0f} words on average",
            "",
        ]
        lines += [
            "| ranking | candidates | success | queries an attack | queries a success | of Algorithm 1's success | "
            "of its queries a success | changed words | similarity |",
            "|" + "---|" * 9,
        ]
        for row in own:
            ranking, order = row["variant"].split()
            cells = [ranking, order, _percent(row["success"]), f"{row['queries']:.0f}"]
            cells += [f"{row['queries_a_success']:.0f}"]
            cells += [_percent(row["share_of_success"]), _percent(row["share_of_queries_a_success"])]
            cells += ["" if row[key] is None else f"{row[key]:g}" for key in ("changed_words", "similarity")]
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    if not rows:
        return "nothing is measured yet\n"
    lines += ["Changed words and similarity (cosine, the embedded encoder) are means over successes.", ""]
    return "\n".join([*lines, f"Machine: {rows[0]['machine']}; one thread, one seed.", ""])


def _percent(triple: list[float | None]) -> str:
    value, low, high = ("?" if number is None else f"{number:.0%}" for number in triple)
    return f"{value} ({low} to {high})"


if __name__ == "__main__":
    main()
