"""Memory and time that a corpus of AmazonCat-13K's size takes: read from files first, opened again, looked at.

    python -m benchmarks.speed.corpus_memory [--format jsonl|raw-text] [--share 0.1] [--folder FOLDER]

The texts are synthetic: 1,186,239 for training and 306,782 for testing, about 120 words each, 13,330 labels whose
frequencies fall off as a power law, 5.04 labels a text (the paper's Table 2). Every step runs in a process of its own.
Its peak is the resident memory of the whole process, Python and libraries included, and also the pages of the mapped
Arrow files that it touched, which the system takes back when it needs them; its own memory at the end is without those
(Linux only).
"""

import argparse
import json
import logging
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.speed.rows import Row, at_most, machine, table

SPLITS = {"train": 1_186_239, "test": 306_782}
LABELS, LABELS_PER_TEXT, WORDS_PER_TEXT = 13_330, 5.04, 120
GOAL_MIB = 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--format", choices=("jsonl", "raw-text"), default="raw-text")
    parser.add_argument("--share", type=float, default=1.0, help="of the texts")
    parser.add_argument("--folder", type=Path, help="where the files go (about 3 GB); by default a temporary folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        write_texts(folder, options.format, options.share)
        size = sum(file.stat().st_size for file in folder.iterdir()) / 2**30
        steps = {"import only": nothing, "first reading": open_corpus, "opened again": open_corpus, "looked at": look}
        rows = [row for what, step in steps.items() for row in measured(what, step, folder)]
    title = f"{options.format} files of {size:.2f} GiB, {sum(SPLITS.values()) * options.share:,.0f} texts\n\n"
    print(title + table(rows))
    if options.share == 1:
        (Path(__file__).parent / f"corpus_memory_{options.format}.md").write_text(title + table(rows), encoding="utf-8")
    sys.exit(any(row.met is False for row in rows))


def write_texts(folder: Path, kind: str, share: float) -> None:
    random = np.random.default_rng(0)
    words = np.array(["".join(random.choice(list("abcdefghij"), random.integers(2, 10))) for _ in range(50_000)])
    popularity = 1 / np.arange(1, LABELS + 1)
    popularity /= popularity.sum()
    pool = [" ".join(words[random.zipf(1.3, WORDS_PER_TEXT) % len(words)]) for _ in range(5_000)]
    for split, full in SPLITS.items():
        count = int(full * share)
        drawn = random.choice(LABELS, size=int(count * LABELS_PER_TEXT * 1.2), p=popularity)
        sizes = 1 + random.poisson(1.045 * LABELS_PER_TEXT - 1, count)  # some are drawn twice and count once
        ends = np.cumsum(sizes)
        rows = (
            (f"{i} {pool[i % len(pool)]}", drawn[end - n : end])
            for i, (n, end) in enumerate(zip(sizes, ends, strict=True))
        )
        if kind == "jsonl":
            with (folder / f"{split}.jsonl").open("w") as file:
                for text, labels in rows:
                    named = [f"label {label}" for label in labels]
                    file.write(json.dumps({"text": text, "labels": named}) + "\n")
        else:
            with (
                (folder / f"{split}_raw_texts.txt").open("w") as file,
                (folder / f"{split}_labels.txt").open("w") as own,
            ):
                for text, labels in rows:
                    file.write(f"{text}\n")
                    own.write(" ".join(f"label_{label}" for label in labels) + "\n")


def measured(what: str, step: Callable[[Path], object], folder: Path) -> list[Row]:
    """Run a step in a new process: its time, its peak, and its own memory at the end."""
    spawn = multiprocessing.get_context("spawn")
    answer = spawn.SimpleQueue()
    process = spawn.Process(target=run, args=(step, folder, answer))
    process.start()
    process.join()
    if process.exitcode:
        sys.exit(f"{what} failed")
    seconds, peak, own = answer.get()
    # Who reads texts from everywhere touches all pages of the files: that is what memory-mapping is for.
    bounded = step is not look
    return [
        Row(f"{what}, time", round(seconds, 1), "s", n=1, machine=machine()),
        at_most(f"{what}, peak", peak, GOAL_MIB, "MiB", 1)
        if bounded
        else Row(f"{what}, peak with mapped pages", round(peak), "MiB", n=1, machine=machine()),
        at_most(f"{what}, own memory at the end", own, GOAL_MIB, "MiB", 1),
    ]


def run(step: Callable[[Path], object], folder: Path, answer: "multiprocessing.SimpleQueue[tuple[float, ...]]") -> None:
    from textattack_xmtc.datasets import load  # noqa: F401  (its time is not the step's)

    logging.disable()
    start = time.perf_counter()
    kept = step(folder)
    seconds = time.perf_counter() - start
    scale = 2**20 if sys.platform == "darwin" else 2**10
    answer.put((seconds, round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale), own_memory()))
    del kept


def own_memory() -> float:
    """Resident memory of this process without pages of files, in MiB; NaN where the system does not say."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((round(int(line.split()[1]) / 2**10) for line in lines if line.startswith("RssAnon")), float("nan"))


def nothing(folder: Path) -> None:
    pass


def open_corpus(folder: Path) -> object:
    from textattack_xmtc.datasets.load import load_corpus

    corpus = load_corpus(folder, cache=folder / "cache")
    assert len(corpus.label_names) > LABELS * 0.9
    return corpus


def look(folder: Path) -> object:
    """Statistics, the label matrix, and 10,000 texts from everywhere."""
    from textattack_xmtc.datasets.load import load_corpus
    from textattack_xmtc.datasets.statistics import corpus_statistics

    corpus = load_corpus(folder, cache=folder / "cache")
    statistics, matrix = corpus_statistics(corpus), corpus.label_matrix("train")
    rows = corpus.split("train")
    for row in np.random.default_rng(0).integers(0, len(rows), 10_000):
        rows[int(row)]
    print(statistics)
    return matrix


if __name__ == "__main__":
    main()
