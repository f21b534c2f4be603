"""A campaign folder made up from a seed: two models, five bins, every outcome; no model and no attack is run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

Rows = list[dict[str, Any]]
BINS = ((1, 2), (3, 5), (6, 12), (13, 40), (41, 400))
SUCCESS = {"plain": (0.9, 0.8, 0.7, 0.6, 0.45), "pw-cb": (0.6, 0.6, 0.6, 0.55, 0.5)}
WRONG = {"plain": 0.0, "pw-cb": 0.1}
SUBJECTS = ("variance", "matrix", "gradient", "parser", "socket", "buffer", "kernel", "spectrum", "polygon", "index")
VERBS = ("compute", "return", "estimate", "open", "sort", "filter", "plot", "reshape", "validate", "merge")
REST = ("the", "of", "given", "array", "values", "along", "an", "axis", "with", "optional", "weights", "and", "file")
SWAPS = ("spread", "grid", "slope", "reader", "plug", "store", "core", "range", "shape", "key")


def write_campaign(
    folder: Path,
    samples_per_bin: int = 30,
    goal: str = "positive",
    models: tuple[str, ...] = ("plain", "pw-cb"),
    seed: int = 0,
    pairs_per_text: int = 1,
    **settings: Any,
) -> Path:
    """Write a finished campaign; the samples depend on the seed and the numbers only, not on goal and models."""
    random = np.random.default_rng(seed)
    labels = 40
    names = [f"{SUBJECTS[i % 10]}-{VERBS[i // 10]}" for i in range(labels)]
    counts = np.concatenate([random.integers(low, high + 1, 8) for low, high in BINS])
    samples = _samples(random, labels, samples_per_bin, pairs_per_text)
    _write(folder / "campaign.json", _facts(goal, models, samples_per_bin, pairs_per_text, settings))
    _write(folder / "labels.json", {"names": names, "counts": counts.tolist(), "n_train": 1000})
    bins = [
        {"bin": number, "from": low, "to": high, "labels": 8, "right": 3 * samples_per_bin, "drawn": samples_per_bin}
        for number, (low, high) in enumerate(BINS)
    ]
    _write(folder / "bins.json", bins)
    if goal == "negative":
        _write(folder / "clusters.json", [{"labels": [start, start + 1, start + 2]} for start in range(0, 12, 3)])
    write_lines(folder / "samples.jsonl", samples)
    for name in models:
        # A generator a model: one more model leaves the records of the others as they are.
        rng = np.random.default_rng([seed, *name.encode()])
        write_lines(folder / "records" / f"{name}.jsonl", [_record(rng, name, goal, row, labels) for row in samples])
    return folder


def make_by_label(folder: Path) -> Path:
    """Make a campaign's folder one whose samples were drawn by label: counts of test texts, words, 4 fragile labels."""
    rows = read_lines(folder / "samples.jsonl")
    right = [sum(row["target"] == label for row in rows) for label in range(40)]
    in_test = [number + label % 9 for label, number in enumerate(right)]
    labels = json.loads((folder / "labels.json").read_text(encoding="utf-8"))
    _write(folder / "labels.json", {**labels, "asked": [*range(38)], "in_test": in_test, "right": right})
    for file in (folder / "records").glob("*.jsonl"):
        records = read_lines(file)
        for record, row in zip(records, rows, strict=True):
            first, last = row["text"].lower().rstrip(".").split()[:: len(row["text"].split()) - 1][:2]
            record["hangs_on"] = [[first, 0.6], [last, 0.1]] if first != last else [[first, 0.7]]
            if row["target"] < 4 and record["after"]:  # labels that always fall
                record |= {"outcome": "succeeded", "change_rate": 0.05, "reason": None}
        write_lines(file, records)
    return folder


def write_transfer(folder: Path, name: str = "aplc", seed: int = 0) -> Rows:
    """Try the adversarial texts of a campaign's folder on one more model: of every outcome, some without a control."""
    random, rows = np.random.default_rng(seed), []
    for file in sorted((folder / "records").glob("*.jsonl")):
        for record in read_lines(file):
            if record["outcome"] == "succeeded" and record["change_rate"] <= 0.1:
                outcomes = ["succeeded", "failed", "skipped", "error"]
                row = {"source": file.stem, "sample": record["sample"], "reason": None, "control": None}
                row["outcome"] = str(random.choice(outcomes, p=[0.5, 0.3, 0.18, 0.02]))
                if row["outcome"] in ("succeeded", "failed") and random.random() < 0.9:
                    row["control"] = {"text": "", "top_k": [], "reached": bool(random.random() < 0.2)}
                rows.append(row)
    _write(folder / "transfer.json", [{"name": name, "folder": f"runs/{name}", "fingerprint": "another"}])
    write_lines(folder / "transfer" / f"{name}.jsonl", rows)
    return rows


def write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def read_lines(path: Path) -> Rows:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def change(path: Path, **values: Any) -> None:
    """Set top-level keys of a JSON file; `settings={...}` and `resolved={...}` are merged."""
    facts = json.loads(path.read_text(encoding="utf-8"))
    for key, value in values.items():
        facts[key] = {**facts[key], **value} if isinstance(value, dict) else value
    _write(path, facts)


def _write(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=1), encoding="utf-8")


def _facts(
    goal: str, models: tuple[str, ...], samples_per_bin: int, pairs_per_text: int, settings: dict[str, Any]
) -> dict[str, Any]:
    chosen = {"goal": goal, "k": 5, "max_change_rate": 0.1, "labels_per_bin": 8, "samples_per_bin": samples_per_bin}
    chosen |= {"candidates": 48, "mode": "paper", "ranking": "masked-delta", "cluster": goal == "negative", "seed": 0}
    chosen |= {"encoder": "auto", "masked_lm": "auto", "data": "data/small", "models": [f"runs/{n}" for n in models]}
    statistics = {"name": "small", "train": 1000, "test": 400, "labels": 40, "texts_per_label": 40.25}
    statistics |= {"labels_per_text": 1.61, "tail_share": 0.4, "tail_at_most": 5, "unseen_labels": 0}
    return {
        "format": 1,
        "settings": {**chosen, "reference_model": models[0], "pairs_per_text": pairs_per_text, **settings},
        "resolved": {"encoder": "embedded", "masked_lm": "demo-mlm", "similarity": "cosine", "threshold": 0.8},
        "versions": {"textattack-xmtc": "0.1", "textattack": "0.3.10", "torch": "2.4", "python": "3.11.9"},
        "corpus": {"name": "small", "fingerprint": "0f1e2d3c4b5a", "statistics": statistics},
        "models": [
            {"name": name, "folder": f"runs/{name}", "architecture": "attention-xml", "fingerprint": "9a8b7c"}
            | {"score_kind": "probability", "right": 450}
            for name in models
        ],
        "reference": models[0],
    }


def _samples(random: np.random.Generator, labels: int, samples_per_bin: int, pairs_per_text: int) -> Rows:
    rows: Rows = []
    for number in range(samples_per_bin * len(BINS)):
        bin_number = number % len(BINS)
        target = int(8 * bin_number + random.integers(8))
        others = [int(label) for label in random.choice(labels, 3, replace=False) if label != target]
        words = [*random.choice(VERBS, 1), "the", *random.choice(SUBJECTS, 1), *random.choice(REST, 24)]
        text = " ".join(map(str, words)).capitalize() + "."
        if number % pairs_per_text and rows:
            text = rows[-1]["text"]
        rows.append(
            {"sample": number, "text_id": f"doc-{number - number % pairs_per_text}", "text": text}
            | {"labels": sorted([target, *others]), "target": target, "bin": bin_number}
        )
    return rows


def _record(random: np.random.Generator, name: str, goal: str, sample: dict[str, Any], labels: int) -> dict[str, Any]:
    """A record whose outcome has the probability of its model and bin; one in fifty is an error or too short."""
    words = sample["text"].rstrip(".").split()
    target, draw = sample["target"], random.random()
    inside = [int(label) for label in random.permutation(labels) if label != target]
    with_target, without = [target, *inside[:4]], inside[1:6]
    before, after = (without, with_target) if goal == "negative" else (with_target, without)
    row = {"sample": sample["sample"], "text_id": sample["text_id"], "target": target, "bin": sample["bin"]}
    row |= {"goal": goal, "reason": None, "before": _answer(before, target), "after": None, "words": len(words)}
    row |= {"changes": [], "change_rate": 0.0, "adversarial": None, "similarity": None, "encoder": "embedded"}
    row |= {"queries": 1, "seconds": 0.05}
    if draw < 0.01:
        return row | {"outcome": "error", "reason": "VictimError: not a number", "before": None}
    if draw < 0.02:
        return row | {"outcome": "skipped", "reason": "too short"}
    if draw < 0.02 + WRONG.get(name, 0.0):
        return row | {"outcome": "skipped", "reason": "wrong before", "before": _answer(after, target)}
    succeeded = random.random() < SUCCESS.get(name, SUCCESS["plain"])[sample["bin"]]
    places = sorted(int(place) for place in random.choice(len(words), int(random.integers(1, 4)), replace=False))
    changes = [
        {"position": place, "from": words[place], "to": str(random.choice(SWAPS)) + "y" * (words[place] in SWAPS)}
        for place in places
    ]
    changed = list(words)
    for one in changes:
        changed[one["position"]] = one["to"]
    cosine = float(np.round(1 - abs(random.normal(0, 0.12)), 4))
    similarity = {"cosine": cosine, "angular": 1 - np.arccos(cosine) / np.pi, "published": 1 - np.arccos(cosine)}
    return row | {
        "outcome": "succeeded" if succeeded else "failed",
        "reason": None if succeeded else str(random.choice(["change limit", "words"])),
        "after": _answer(after if succeeded else before, target),
        "changes": changes,
        "change_rate": len(changes) / len(words),
        "adversarial": " ".join(changed) + ".",
        "similarity": similarity,
        "queries": int(random.integers(40, 400)),
        "seconds": float(np.round(random.uniform(0.3, 4), 3)),
    }


def _answer(top: list[int], target: int) -> dict[str, Any]:
    rank = top.index(target) + 1 if target in top else 7
    scores = [round(0.9 - 0.1 * place, 2) for place in range(len(top))]
    return {"rank": rank, "beyond": None, "score": 0.5, "top_k": top, "top_k_scores": scores}
