"""How the time of an AttentionXML with a label tree grows with the number of labels: random weights, real sizes.

    python -m benchmarks.label_count_tree --labels 1000 10000 100000 1000000 --hidden 64

Times are medians over repeated calls; "attack" is what one attack on a text asks: the score of one label for every text
with one word masked, then for 48 candidates at each of 10 words, and the 5 best labels of 11 texts. The slope is
that of a straight line through the logarithms of labels and times.
"""

from __future__ import annotations

import argparse
import gc
import time
from pathlib import Path

import numpy as np
import torch

from benchmarks.parts import AMAZON, aplc_xlnet, attention_xml_tree, texts_of
from benchmarks.rows import Row, alternate, at_most

CANDIDATES, STEPS = 48, 10
COLUMNS = ("score, 1 text", "score, 32 texts", "top 5, 1 text", "attack")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=int, nargs="+", default=[1_000, 10_000, 100_000, 1_000_000])
    parser.add_argument("--hidden", type=int, default=64, help="width of the LSTM in each direction (the paper: 256)")
    parser.add_argument("--words", type=int, default=200, help="words of a text")
    parser.add_argument("--beam", type=int, default=64)
    parser.add_argument("--first-groups", type=int, default=2048)
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--threads", type=int, help="of torch; its default otherwise")
    parser.add_argument("--cpu-time", action="store_true", help="of all threads, where the machine has other work")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)

    clock = time.process_time if options.cpu_time else time.perf_counter
    print(f"| labels | levels | {' | '.join(f'{column}, ms' for column in COLUMNS)} | memory of a call, MB |")
    print("|---" * (3 + len(COLUMNS)) + "|")
    rows = []
    for labels in options.labels:
        model = attention_xml_tree(labels, options.hidden, options.beam, options.first_groups)
        memory = memory_of_a_call(model, options.words)
        rows.append(times(model, labels, options.words, options.repeats, clock))
        shown = " | ".join(f"{1000 * seconds:.1f}" for seconds in rows[-1])
        sizes = "/".join(map(str, model.network.tree.sizes))
        print(f"| {labels:,} | {sizes} | {shown} | {memory:.0f} |", flush=True)
        del model
        gc.collect()
    if len(rows) < 2:
        return
    slopes = np.polyfit(np.log(options.labels), np.log(rows), 1)[0]
    print(f"| log-log slope | | {' | '.join(f'{slope:.3f}' for slope in slopes)} | |")


def rows(full: bool = False) -> list[Row]:
    """The slopes of an attack's victim time; quick: fewer sizes and narrower networks."""
    many = {
        "AttentionXML (tree)": [1_000, 10_000, 100_000, 1_000_000] if full else [1_000, 1_000_000],
        "APLC-XLNet": [1_000, 10_000, 100_000, AMAZON] if full else [1_000, AMAZON],
    }
    repeats, found = (9, []) if full else (5, [])
    for kind, sizes in many.items():
        models = []
        for labels in sizes:
            if kind == "APLC-XLNet":
                models.append(aplc_xlnet(labels, **({} if full else {"layers": 2})))
            else:
                models.append(attention_xml_tree(labels, hidden=256 if full else 128))
        found.append(slope(kind, models, repeats, words=200))
        del models
        gc.collect()
    return found


def slope(kind, models, repeats, words) -> Row:
    """Of a straight line through the logarithms of labels and of what an attack asks the victim, in seconds."""
    texts = texts_of(words, 8)
    calls = [lambda m=m: m.score(texts, [len(m.label_names) // 3]) for m in models]
    calls += [lambda m=m: m.top_k(texts[:1], 5) for m in models]
    seconds = alternate(calls, repeats)  # in turn, so that the machine's moods fall on all sizes
    one, best = np.array(seconds[: len(models)]) / len(texts), np.array(seconds[len(models) :])
    attacks = (words + STEPS * CANDIDATES) * one + (STEPS + 1) * best
    sizes = [len(model.label_names) for model in models]
    name = f"victim time of an attack, {kind}, from {sizes[0]:,} to {sizes[-1]:,} labels: log-log slope"
    return at_most(name, float(np.polyfit(np.log(sizes), np.log(attacks), 1)[0]), 0.15, "slope", repeats)


def times(model, labels, words, repeats, clock):
    texts, wanted = texts_of(words, 32), [labels // 3]
    one = median(lambda: model.score(texts[:1], wanted), repeats, clock)
    batch = median(lambda: model.score(texts, wanted), max(3, repeats // 3), clock)
    best = median(lambda: model.top_k(texts[:1], 5), repeats, clock)
    return one, batch, best, (words + STEPS * CANDIDATES) / 32 * batch + (STEPS + 1) * best


def median(call, repeats, clock):
    call()
    seconds = []
    for _ in range(repeats):
        start = clock()
        call()
        seconds.append(clock() - start)
    return float(np.median(seconds))


def memory_of_a_call(model, words):
    """How far the first `score` of 32 texts and `top_k` of one raise the peak of this process, in MB (Linux)."""
    texts = texts_of(words, 32)
    model.score(["w1"], [0])  # what the libraries set up once
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # forget the earlier peak
    before = status("VmRSS")
    model.score(texts, [0])
    model.top_k(texts[:1], 5)
    return (status("VmHWM") - before) / 1024


def status(key):
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key))


if __name__ == "__main__":
    main()
