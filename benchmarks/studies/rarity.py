"""Do rare labels fall more easily because they are rare? Labels with many texts, learnt again from a handful of them.

    python -m benchmarks.studies.rarity --out FOLDER [--keep 4] [--seeds 3]

On the demo's corpus. For each seed, half of the labels with 24 to 75 training texts are drawn as "thinned": all but
`--keep` training texts of each are taken away, with their other labels. A model learns from what is left, and another
one from the whole. Both are attacked on the same test texts: with nothing protected, with the fifth of the content
words that has the most evidence frozen, and with as many drawn words frozen. Evidence is that of the whole corpus for
both, so that it cannot be poorer for the thinned labels.

A pair of text and label counts where both models have the label among the k best. The other half of these labels
("left") shows what the smaller training set alone does. Everything is kept below FOLDER; the same command resumes.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from textattack_xmtc.campaign.runner import run_campaign
from textattack_xmtc.datasets.api_docs import load_api_docs
from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.datasets.load import load_corpus
from textattack_xmtc.models.demo import demo_folder, demo_part
from textattack_xmtc.models.training.plan import small_plan, train_folder
from textattack_xmtc.results.folder import read_campaign
from textattack_xmtc.results.records import SUCCEEDED

MANY = (24, 75)
SHARE = 0.2
THINNED, LEFT = 0, 1
CONDITIONS = {"none": "none", "frozen": f"frozen:{SHARE}", "random": f"random:{SHARE}"}
RESAMPLES = 10_000

Labels = npt.NDArray[np.int64]


def draw_labels(counts: npt.NDArray[np.int64], seed: int) -> tuple[Labels, Labels]:
    """The labels to be thinned, and those to be left: two halves of the labels with many texts.

    Example:
        >>> thinned, left = draw_labels(np.array([1, 30, 40, 50, 60, 99]), 0)
        >>> sorted([*thinned.tolist(), *left.tolist()])
        [1, 2, 3, 4]
    """
    many = np.random.default_rng(seed).permutation(np.flatnonzero((counts >= MANY[0]) & (counts <= MANY[1])))
    return np.sort(many[: len(many) // 2]), np.sort(many[len(many) // 2 :])


def thinned_texts(labels: Sequence[Sequence[int]], thinned: Labels, keep: int, seed: int) -> list[int]:
    """The training texts that stay: all without a thinned label, and texts that give each at most `keep`.

    Args:
        labels: of each training text.
        thinned: the labels to be thinned.
        keep: training texts that each of these has at most.
        seed: of the draw.

    Example:
        >>> thinned_texts([[0], [0], [1], [0, 1]], np.array([0]), 1, 0)
        [1, 2]
    """
    count = dict.fromkeys(thinned.tolist(), 0)
    stay = []
    for text in np.random.default_rng(seed).permutation(len(labels)).tolist():
        own = [label for label in labels[text] if label in count]
        if all(count[label] < keep for label in own):
            stay.append(text)
            for label in own:
                count[label] += 1
    return sorted(stay)


def part_of(corpus: Corpus, texts: Sequence[int]) -> Corpus:
    """The corpus with these of its training texts alone."""
    return Corpus(corpus.name, corpus.label_names, {**corpus.splits, "train": corpus.split("train").select(texts)})


def write_demo_corpus(folder: Path) -> Path:
    """The demo's corpus as a folder of JSON Lines."""
    if not (folder / "test.jsonl").exists():
        corpus = demo_part(load_api_docs())
        folder.mkdir(parents=True, exist_ok=True)
        for split in ("train", "test"):
            rows = corpus.split(split).select_columns(["id", "text", "labels"])
            lines = [json.dumps({**row, "labels": [corpus.label_names[i] for i in row["labels"]]}) for row in rows]
            (folder / f"{split}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def train(corpus: Corpus, folder: Path, seed: int) -> None:
    if folder.exists():
        return
    plan = small_plan("attention-xml").changed(
        {"batch_size": 64, "learning_rate": 5e-3, "label_sample": 400, "seed": seed}
    )
    train_folder(corpus, plan, folder, resume=True, device="cpu")


def write_samples(file: Path, corpus: Corpus, thinned: Labels, left: Labels, seed: int) -> None:
    """One pair a test text whose label is thinned or left, as a campaign takes samples."""
    rng = np.random.default_rng(seed)
    part = {**dict.fromkeys(thinned.tolist(), THINNED), **dict.fromkeys(left.tolist(), LEFT)}
    lines: list[str] = []
    for row in corpus.split("test"):
        own = [label for label in row["labels"] if label in part]
        if own:
            target = int(rng.choice(own))
            sample = {"sample": len(lines), "text_id": row["id"], "text": row["text"], "labels": list(row["labels"])}
            lines.append(json.dumps({**sample, "target": target, "bin": part[target]}))
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def run(out: Path, seed: int, keep: int) -> None:
    data = write_demo_corpus(out / "corpus")
    corpus, folder = load_corpus(data), out / f"seed-{seed}"
    folder.mkdir(parents=True, exist_ok=True)
    thinned, left = draw_labels(corpus.label_counts, seed)
    stay = thinned_texts(list(corpus.split("train")["labels"]), thinned, keep, seed)
    train(corpus, folder / "whole", seed)
    train(part_of(corpus, stay), folder / "thinned", seed)
    samples = folder / "samples.jsonl"
    write_samples(samples, corpus, thinned, left, seed)
    options = {
        "models": [str(folder / "whole"), str(folder / "thinned")],
        "data": str(data),
        "samples": str(samples),
        "masked_lm": str(demo_folder() / "masked_lm"),
        "encoder": "embedded",
    }
    for name, preserve in CONDITIONS.items():
        if not run_campaign(folder / name, {**options, "preserve": preserve}, resume=True):
            raise SystemExit(f"stopped in {folder / name}; the same command resumes")


def falls(out: Path, seeds: int) -> dict[tuple[str, str, int], npt.NDArray[np.bool_]]:
    """Which pairs fell, by condition, model and part; pairs that both models attacked in every condition, all seeds."""
    found: dict[tuple[str, str, int], list[bool]] = {}
    for seed in range(seeds):
        campaigns = {name: read_campaign(out / f"seed-{seed}" / name) for name in CONDITIONS}
        samples = campaigns["none"].samples
        cells = {(name, model.name): model.records for name, one in campaigns.items() for model in one.models}
        both = [i for i in samples if all(i in records and records[i].attacked for records in cells.values())]
        for (name, model), records in cells.items():
            for i in both:
                found.setdefault((name, model, samples[i].bin), []).append(records[i].outcome == SUCCEEDED)
    return {cell: np.array(values) for cell, values in found.items()}


def difference(values: npt.NDArray[np.float64], seed: int = 0) -> str:
    """A mean of differences in points, with its 95% bootstrap interval over pairs.

    Example:
        >>> difference(np.array([1.0, 1.0]))
        '+100 (+100 to +100)'
    """
    rng = np.random.default_rng(seed)
    again = values[rng.integers(0, len(values), (RESAMPLES, len(values)))].mean(axis=1)
    low, high = np.quantile(again, [0.025, 0.975])
    return f"{100 * values.mean():+.0f} ({100 * low:+.0f} to {100 * high:+.0f})"


def table(out: Path, seeds: int) -> str:
    cells = falls(out, seeds)
    lines = ["| labels | attack | n | learnt from all texts | learnt from a handful | difference, points |"]
    lines.append("|---|---|---|---|---|---|")
    for part, title in ((THINNED, "thinned"), (LEFT, "left as they are")):
        for name in CONDITIONS:
            whole, thin = (cells[name, model, part].astype(float) for model in ("whole", "thinned"))
            shares = f"{whole.mean():.0%} | {thin.mean():.0%}"
            lines.append(f"| {title} | {name} | {len(whole)} | {shares} | {difference(thin - whole)} |")
    for part, title in ((THINNED, "thinned"), (LEFT, "left as they are")):
        gain = {
            model: cells["frozen", model, part].astype(float) - cells["random", model, part].astype(float)
            for model in ("whole", "thinned")
        }
        lines.append(
            f"| {title} | frozen less random | {len(gain['whole'])} | {100 * gain['whole'].mean():+.0f} | "
            f"{100 * gain['thinned'].mean():+.0f} | {difference(gain['thinned'] - gain['whole'])} |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--keep", type=int, default=4, help="training texts that a thinned label keeps")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--tables", action="store_true", help="only print")
    arguments = parser.parse_args()
    if not arguments.tables:
        for seed in range(arguments.seeds):
            run(arguments.out, seed, arguments.keep)
    print(table(arguments.out, arguments.seeds))


if __name__ == "__main__":
    main()
