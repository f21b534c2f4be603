"""`make bench` and `make bench-full`: what is measured against what, in one run on one thread.

    python -m benchmarks.speed [--full] [--only MODULE...] [--out FOLDER] \
        [--victim FOLDER --data FOLDER --masked-lm FOLDER]

The results are written to `results.json` and `results.md` of this folder (`results-full` for the full run), or to OUT.
The last three are for the attacks on real texts (`real_texts`); without them these rows are not measured.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.speed.measuring import MODULES, measured
from benchmarks.speed.rows import Setup, keep, table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="more texts, all sizes; takes an hour or more")
    parser.add_argument("--only", nargs="+", choices=MODULES, default=list(MODULES), metavar="MODULE")
    parser.add_argument("--out", type=Path, help="folder of the results; otherwise this one, if nothing is left out")
    parser.add_argument("--victim", type=Path, metavar="FOLDER", help="a trained model")
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="its texts: test.jsonl.xz")
    parser.add_argument("--masked-lm", type=Path, metavar="FOLDER", help="a masked language model for these texts")
    options = parser.parse_args()
    rows = measured(options.only, Setup(options.full, options.victim, options.data, options.masked_lm))
    print(table(rows))
    if options.out is not None or len(options.only) == len(MODULES):
        keep(rows, options.out or Path(__file__).parent, "results-full" if options.full else "results")


if __name__ == "__main__":
    main()
