"""Attacks on texts of `tib-bench` with a trained victim and masked LM, one process, against TextAttack's own parts.

`XMTC_BENCH_VICTIM` names the folder of a trained model, `XMTC_BENCH_DATA` a folder with `test.jsonl.xz` (a text a line,
with its "text"), `XMTC_BENCH_MASKED_LM` a folder with a masked language model. Without them there is no row.
Attacked is the best label of each text, right or not: what is compared is the time, and that both attack alike.
"""

from __future__ import annotations

import json
import lzma
import os
import time
from pathlib import Path
from typing import Any

from textattack.shared import AttackedText

from benchmarks import baselines
from benchmarks.rows import Row, at_least, machine
from textattack_xmtc import XMTCPositive
from textattack_xmtc.constraints.encoders import load_encoder
from textattack_xmtc.models.wrappers import ScorerWrapper
from textattack_xmtc.targets import GroundTruth
from textattack_xmtc.transformations import XMTCWordSwapMaskedLM

NAMES = ("XMTC_BENCH_VICTIM", "XMTC_BENCH_DATA", "XMTC_BENCH_MASKED_LM")
QUICK, FULL, GOAL, MIN_SIMILARITY, MIN_WORDS = 5, 20, 10, 0.5, 20


def rows(full: bool = False) -> list[Row]:
    number = FULL if full else QUICK
    name = f"{number} attacks on texts of tib-bench, trained victim and masked LM, against stock"
    folders = [os.environ.get(variable, "") for variable in NAMES]
    if not all(folder and Path(folder).is_dir() for folder in folders):
        return [Row(name, None, "times", f"at least {GOAL}", machine=machine())]
    victim, swap = ScorerWrapper.from_folder(folders[0]), XMTCWordSwapMaskedLM(folders[2], filters=False)
    name = f"{name} ({victim.name}, {victim.labels.size:,} labels)"
    ours = XMTCPositive.build(victim, masked_lm=swap, encoder="embedded", min_similarity=MIN_SIMILARITY)
    lm = swap._language_model, swap._lm_tokenizer
    stock = baselines.stock_attack(victim, victim.mask, lm, load_encoder("embedded"), MIN_SIMILARITY)
    seconds, alike, successes = [0.0, 0.0], 0, 0
    texts = texts_in(Path(folders[1]), number)
    for text in texts:
        _ = AttackedText(text).words  # whatever the parent loads for other languages, it loads now
    for text in texts:
        best = int(victim.top_k([text], 1)[0][0, 0])
        names = victim.labels.names
        label: Any = best if names is None else names[best]
        results = []
        for side, (attack, truth) in enumerate(((ours, GroundTruth((label,), (label,)).encode()), (stock, best))):
            start = time.perf_counter()
            results.append(attack.attack(text, truth))
            seconds[side] += time.perf_counter() - start
        alike += baselines.same_attack(*results)
        successes += "Success" in type(results[0]).__name__
    return [
        at_least(name, seconds[1] / seconds[0], GOAL, "times", number),
        Row(f"{name}: share that end alike", alike / number, "share", n=number),
        Row(f"{name}: share that succeed", successes / number, "share", n=number),
        Row(f"{name}: time of an attack", round(seconds[0] / number, 2), "s", n=number),
    ]


def texts_in(folder: Path, number: int) -> list[str]:
    """The first texts that are long enough to be changed at all."""
    found = []
    with lzma.open(folder / "test.jsonl.xz", "rt", encoding="utf-8") as lines:
        for line in lines:
            text = json.loads(line)["text"]
            if len(text.split()) >= MIN_WORDS:
                found.append(text)
            if len(found) == number:
                break
    return found
