"""`make bench`: the quick benchmarks in one run; results in `benchmarks/results.json` and `results.md`."""

from pathlib import Path

from benchmarks import label_count, masked_texts, start_up
from benchmarks.rows import keep, table

ROWS = [row for module in (start_up, masked_texts, label_count) for row in module.rows()]
keep(ROWS, Path(__file__).parent)
print(table(ROWS))
