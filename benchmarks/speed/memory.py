"""How far an attack raises the memory of a process over the loaded models: a 480-word text, 670,091 labels (Linux)."""

from __future__ import annotations

import gc
import multiprocessing
from pathlib import Path
from typing import Any

import torch
from textattack.constraints.pre_transformation import MaxWordIndexModification

from benchmarks.speed.parts import AMAZON, aplc_xlnet, attention_xml_tree, masked_lm, texts_of
from benchmarks.speed.rows import Row, Setup, at_most
from benchmarks.speed.whole_attack import attack_on, truth_of

WORDS, CHANGES, GOAL = 480, 2, 300
CHANGEABLE = 32  # the first words, which are ranked: one batch of the victim is like another


def rows(setup: Setup) -> list[Row]:
    """Each victim in a process of its own. Quick: fewer layers."""
    found = []
    for kind in ("AttentionXML (tree)", "APLC-XLNet"):
        name = f"peak memory of an attack over the loaded models, {kind}, {WORDS} words, {AMAZON:,} labels"
        name += "" if setup.full else ", few layers"
        if not Path("/proc/self/clear_refs").exists():
            found.append(Row(name, None, "MB", f"at most {GOAL}"))
            continue
        spawn = multiprocessing.get_context("spawn")
        answer = spawn.SimpleQueue()
        process = spawn.Process(target=measure, args=(kind, setup.full, answer))
        process.start()
        process.join()
        if process.exitcode:
            raise RuntimeError(f"the process that measures ended with {process.exitcode}")
        found.append(at_most(name, answer.get(), GOAL, "MB", 1))
    return found


def measure(kind: str, full: bool, answer: Any) -> None:
    torch.set_num_threads(1)
    few: dict[str, Any] = {} if full else {"num_hidden_layers": 2}
    victim: Any
    if kind == "APLC-XLNet":
        victim = aplc_xlnet(AMAZON, **({} if full else dict[str, Any](layers=1)))
    else:
        victim = attention_xml_tree(AMAZON, hidden=256 if full else 64)
    attack = attack_on(victim, masked_lm(**few), max_change_rate=0.05)
    attack.pre_transformation_constraints.append(MaxWordIndexModification(CHANGEABLE))
    warm, text = texts_of(20, 1, seed=4)[0], texts_of(WORDS, 1, seed=4)[0]
    attack.attack(warm, truth_of(int(victim.top_k([warm], 1)[0][0, 0])))  # what the libraries set up once
    attack.search_method.max_change_rate = CHANGES / WORDS
    truth = truth_of(int(victim.top_k([text], 1)[0][0, 0]))
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # forget the earlier peak
    before = status("VmRSS")
    attack.attack(text, truth)
    answer.put((status("VmHWM") - before) / 1024)


def status(key: str) -> int:
    """A line of this process's status, in KiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key))
