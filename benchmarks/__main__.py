"""`make bench` and `make bench-full`: what is measured against what, in one run on one thread.

    python -m benchmarks [--full] [--only MODULE...] [--out FOLDER]

The results are written to `results.json` and `results.md` of this folder (`results-full` for the full run), or to OUT.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from importlib import import_module
from pathlib import Path

# Before anything loads the libraries that read them: both sides of a comparison get one thread.
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import torch  # noqa: E402

from benchmarks.rows import Row, keep, machine, table  # noqa: E402

MODULES = {
    "masked_texts": "the n masked texts of a text",
    "start_up": "the start-up hook",
    "label_count": "one label's score at 1,000 and 30,938 labels",
    "label_count_tree": "the victim's time from 1,000 to 1,000,000 labels",
    "memory": "peak memory at 670,091 labels",
    "ranking": "ranking a text, against one-by-one",
    "whole_attack": "a whole attack, against stock",
    "overhead": "an attack over the bare forwards",
    "tib_bench": "attacks on real texts, against stock",
    "gpu": "attacks a second on a GPU",
}
ALWAYS_ALIKE = ("masked_texts", "start_up", "label_count")  # no longer run of these


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="more texts, all sizes; takes an hour or more")
    parser.add_argument("--only", nargs="+", choices=MODULES, default=list(MODULES), metavar="MODULE")
    parser.add_argument("--out", type=Path, help="folder of the results; otherwise this one, if nothing is left out")
    options = parser.parse_args()
    torch.set_num_threads(1)

    rows: list[Row] = []
    for name in options.only:
        start = time.perf_counter()
        print(f"{MODULES[name]} ...", file=sys.stderr, flush=True)
        measure = import_module(f"benchmarks.{name}").rows
        rows += measure() if name in ALWAYS_ALIKE else measure(full=options.full)
        print(f"    {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    for row in rows:
        row.machine = f"{machine()}, one thread"
    print(table(rows))
    if options.out is not None or len(options.only) == len(MODULES):
        folder = options.out or Path(__file__).parent
        folder.mkdir(parents=True, exist_ok=True)
        keep(rows, folder, "results-full" if options.full else "results")


if __name__ == "__main__":
    main()
