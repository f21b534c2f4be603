"""The paper's models and losses on real data, beside the most frequent labels and a tree of linear classifiers.

    python -m benchmarks.studies.models --data FOLDER --keep FOLDER [--only WORDS...]

FOLDER holds the corpora `tib-ci`, `tib-bench` and `cooking`, each as `train.jsonl.xz` and `test.jsonl.xz`; what is not
there is left out. Of the large ones a part of the training texts is drawn. Each cell runs in a process of its own, so
that its peak memory is its own, on one thread, one seed. Trained models are kept in `--keep`, and what is there is
measured and not trained again. `--only` takes the cells whose names hold all these words. Results:
`benchmarks/studies/models.json` and `models.md`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.speed.rows import machine
from textattack_xmtc.datasets.corpus import Corpus
from textattack_xmtc.datasets.load import load_corpus
from textattack_xmtc.metrics import PROPENSITY_CONSTANTS, only_labels, propensities, recall_at_k

RESULTS = Path(__file__).parent / "models.json"
SMALL, LARGE = ("cooking", "tib-ci"), ("tib-bench", "api-docs")
TEXTS = {"tib-bench": 10_000, "api-docs": 10_000}  # drawn training texts: with all, a tree takes hours on one core
MAX_LENGTH = {"tib-bench": 100}  # words that a tree reads of a text
TAIL = 5  # a tail label has at most so many training texts
NORMALISED = "-normalised"  # W sums to the number of labels, as in the published code
EPOCHS = {"attention-xml": {"tib-ci": 20}, "aplc-xlnet": {"tib-ci": 12}, "attention-xml-tree": {}}
SHOWN = ("P@1", "P@3", "P@5", "PSP@1", "PSP@3", "PSP@5", "tail recall@5")


def cells() -> list[tuple[str, str, str]]:
    """Corpus, model and reweighting of every cell."""
    found = [(corpus, model, "") for corpus in (*SMALL, *LARGE) for model in ("most frequent labels", "napkinXC PLT")]
    for model in ("attention-xml", "aplc-xlnet"):
        found += [(corpus, model, loss) for corpus in SMALL for loss in ("none", "pw", "pw-cb")]
        found += [(corpus, model, loss + NORMALISED) for corpus in SMALL for loss in ("pw", "pw-cb")]
    losses = ("none", "pw" + NORMALISED, "pw-cb" + NORMALISED)
    found += [(corpus, "attention-xml-tree", loss) for corpus in LARGE for loss in losses]
    return found + [(corpus, "aplc-xlnet", loss) for corpus in LARGE for loss in losses[:2]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--keep", type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--cell", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.cell:
        name, model, loss = options.cell
        print(json.dumps(measured(name, model, loss, options.data, options.keep)))
        return
    for cell in cells():
        words = " ".join(cell).split()
        there = cell[0] == "api-docs" or (options.data / cell[0]).is_dir()
        if not there or not set(options.only) <= set(words):
            continue
        print(" ".join(cell), flush=True)
        command = [sys.executable, "-m", "benchmarks.studies.models", "--data", options.data, "--keep", options.keep]
        done = subprocess.run(
            [*map(str, command), "--cell", *cell],
            stdout=subprocess.PIPE,
            text=True,
            check=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
        _keep(json.loads(done.stdout.splitlines()[-1]))
    print(RESULTS.with_suffix(".md").read_text(encoding="utf-8"))


def measured(name: str, model: str, loss: str, data: Path, keep: Path) -> dict[str, Any]:
    corpus = load_corpus(name if name == "api-docs" else data / name)
    if name in TEXTS:
        corpus = corpus.holding_out(len(corpus.split("train")) - TEXTS[name])
        splits = {split: corpus.splits[split] for split in ("train", "test")}
        corpus = Corpus(name, corpus.label_names, splits)
    start = time.monotonic()
    kinds: dict[str, Callable[[Corpus], np.ndarray]] = {
        "most frequent labels": most_frequent_labels,
        "napkinXC PLT": napkinxc_plt,
    }
    if model in kinds:
        top_k, seconds, memory, note = kinds[model](corpus), None, None, ""
        seconds = round(time.monotonic() - start, 1)
    else:
        top_k, seconds, memory, note = trained(corpus, model, loss, keep / f"{name}-{model}-{loss}")
    truth, counts, texts = corpus.label_matrix("test"), corpus.label_counts, len(corpus.split("train"))
    from textattack_xmtc.models.evaluation import measures

    found = measures(top_k, truth, propensities(counts, texts, *PROPENSITY_CONSTANTS["other"]))
    found["tail recall@5"] = recall_at_k(top_k, only_labels(truth, counts <= TAIL), 5)
    return {
        "corpus": name,
        "model": model,
        "loss": loss,
        "seconds": seconds,
        "peak_memory_mb": memory,
        "note": note,
        "texts": [texts, truth.shape[0]],
        "labels": truth.shape[1],
        "machine": machine(),
        **{measure: round(found[measure], 4) for measure in SHOWN},
    }


def trained(corpus: Corpus, model: str, loss: str, folder: Path) -> tuple[np.ndarray, float, int, str]:
    from textattack_xmtc.models.evaluation import best_labels
    from textattack_xmtc.models.folder import load_model
    from textattack_xmtc.models.loss_settings import LossSettings
    from textattack_xmtc.models.training.plan import small_plan, train_folder

    if not folder.exists():
        reweight = loss.removesuffix(NORMALISED)
        mode = "adv-xmtc" if loss.endswith(NORMALISED) else "paper"
        plan = small_plan(model, LossSettings(reweight, mode=mode))  # type: ignore[arg-type]  # a key of EPOCHS, a kind of loss
        epochs = EPOCHS[model].get(corpus.name, plan.settings.epochs)
        average = None if plan.settings.average_from is None else epochs // 2
        settings = replace(plan.settings, epochs=epochs, average_from=average, patience=5)
        length = MAX_LENGTH.get(corpus.name, plan.max_length)
        train_folder(corpus, replace(plan, settings=settings, max_length=length), folder, resume=True, device="cpu")
    log = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    best = best_labels(load_model(folder, "cpu"), corpus.split("test")["text"])
    return best, log["seconds"], log["peak_memory_mb"], f"{len(log['log'])} epochs"


def most_frequent_labels(corpus: Corpus) -> np.ndarray:
    best = np.argsort(-corpus.label_counts, kind="stable")[:5]
    return np.tile(best, (len(corpus.split("test")), 1))


def napkinxc_plt(corpus: Corpus) -> np.ndarray:
    """A probabilistic label tree of linear classifiers on TF-IDF; a Huffman tree, the other settings napkinXC's own.

    (Its default, a tree by k-means, ends in a segmentation fault on `tib-ci`: napkinXC 0.7.2, one thread.)
    """
    from napkinxc.models import PLT
    from sklearn.feature_extraction.text import TfidfVectorizer

    train, test = corpus.split("train"), corpus.split("test")
    vectorizer = TfidfVectorizer(sublinear_tf=True, min_df=2, dtype=np.float32)
    rows = vectorizer.fit_transform(train["text"])
    labelled = [position for position, labels in enumerate(train["labels"]) if labels]
    with tempfile.TemporaryDirectory() as folder:
        model = PLT(folder, seed=0, threads=1, tree_type="huffman")
        model.fit(rows[labelled], [train["labels"][position] for position in labelled])
        found = model.predict(vectorizer.transform(test["text"]), top_k=5)
    best = np.full((len(found), 5), -1, dtype=np.int64)
    for row, labels in zip(best, found, strict=True):
        row[: len(labels)] = labels
    return best


def _keep(cell: dict[str, Any]) -> None:
    known = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []
    key = ("corpus", "model", "loss")
    rows = [row for row in known if any(row[part] != cell[part] for part in key)] + [cell]
    order = {name: place for place, name in enumerate(cells())}
    rows.sort(key=lambda row: order.get(tuple(row[part] for part in key), 999))
    RESULTS.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    RESULTS.with_suffix(".md").write_text(_table(rows), encoding="utf-8")


def _table(rows: list[dict[str, Any]]) -> str:
    lines = []
    for corpus in dict.fromkeys(row["corpus"] for row in rows):
        own = [row for row in rows if row["corpus"] == corpus]
        texts, tests = own[0]["texts"]
        lines += [f"## {corpus}: {texts:,} training texts, {tests:,} test texts, {own[0]['labels']:,} labels", ""]
        lines += [f"| model | loss | {' | '.join(SHOWN)} | training | peak memory |"]
        lines += ["|" + "---|" * (len(SHOWN) + 4)]
        for row in own:
            values = " | ".join(f"{row[measure]:.3f}" for measure in SHOWN)
            memory = "" if row["peak_memory_mb"] is None else f"{row['peak_memory_mb']:,} MB"
            loss = {"": "", "none": "plain"}.get(
                row["loss"], row["loss"].replace("pw", "PW").replace(NORMALISED, ", normalised")
            )
            lines.append(f"| {row['model']} | {loss} | {values} | {row['seconds']:,.0f} s | {memory} |")
        lines.append("")
    return "\n".join([*lines, f"Machine: {rows[0]['machine']}; one thread, one seed, n = test texts.", ""])


if __name__ == "__main__":
    main()
