"""Which modules measure what, and how they are run: on one thread, one after the other."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable
from importlib import import_module

from benchmarks.speed.rows import Row, Setup, machine

MODULES = {
    "masked_texts": "the n masked texts of a text",
    "start_up": "the start-up hook",
    "label_count": "one label's score at 1,000 and 30,938 labels",
    "label_slope": "the victim's time from 1,000 to 1,000,000 labels",
    "memory": "peak memory at 670,091 labels",
    "ranking": "ranking a text, against one-by-one",
    "whole_attack": "a whole attack, against stock",
    "overhead": "an attack over the bare forwards",
    "real_texts": "attacks on real texts, against stock",
    "gpu": "attacks a second on a GPU",
}


def measured(names: Iterable[str], setup: Setup) -> list[Row]:
    """The rows of these modules; what goes on is said on stderr."""
    # Before anything loads the libraries that read them: both sides of a comparison get one thread.
    os.environ |= {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    import torch

    torch.set_num_threads(1)
    rows: list[Row] = []
    for name in names:
        start, computed = time.perf_counter(), time.process_time()
        print(f"{MODULES[name]} ...", file=sys.stderr, flush=True)
        rows += import_module(f"benchmarks.speed.{name}").rows(setup)
        taken, computed = time.perf_counter() - start, time.process_time() - computed
        print(f"    {taken:.0f} s, {computed:.0f} s of them computing", file=sys.stderr, flush=True)
    where = machine() + (f"; {torch.cuda.get_device_name()}" if torch.cuda.is_available() else "")
    for row in rows:
        row.machine = where
    return rows
