"""Attacks a second on a GPU: a full ranking of 256 words, then 10 steps of 48 candidates, without a masked LM.

Random weights: APLC-XLNet of base size and AttentionXML of Wiki10-31K's size. Without a GPU the rows say that nothing
was measured.
"""

from __future__ import annotations

import time
from typing import Any

import torch

from benchmarks.speed.parts import WIKI10, aplc_xlnet, attention_xml, texts_of, words
from benchmarks.speed.rows import Row, Setup, at_least
from textattack_xmtc.wrappers import ScorerWrapper

WORDS, STEPS, CANDIDATES, BATCH = 256, 10, 48, 256
GOALS = {"APLC-XLNet": 10, "AttentionXML": 50}


def rows(setup: Setup) -> list[Row]:
    found = []
    for kind, goal in GOALS.items():
        name = f"{kind} on a GPU: attacks of {STEPS} steps on {WORDS}-word texts"
        if not torch.cuda.is_available():
            found += [Row(name, None, "a second", f"at least {goal}")]
            continue
        model = attention_xml(WIKI10, device="cuda") if kind == "AttentionXML" else aplc_xlnet(WIKI10, device="cuda")
        victim = ScorerWrapper(model, batch_size=BATCH)
        number = 20 if setup.full else 5
        texts = texts_of(WORDS, number + 1)
        attack(victim, texts[0])
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as seen:
            attack(victim, texts[0])
        start = time.perf_counter()
        for text in texts[1:]:
            attack(victim, text)
        taken = (time.perf_counter() - start) / number
        busy = sum(event.self_device_time_total for event in seen.key_averages()) / 1e6
        found += [
            at_least(name, 1 / taken, goal, "a second", number),
            Row(f"{name}: share of the time it computes", round(busy / taken, 3), "share", n=number),
        ]
    return found


def attack(victim: Any, text: str) -> str:
    """The victim's part of an attack: what is asked does not depend on what is answered, but for the text it ends with.

    One candidate of each step is taken, so that every step asks about new texts.
    """
    parts, (target,) = text.split(" "), victim.top_k([text], 1)[0][0].tolist()
    masked = [" ".join([*parts[:i], victim.mask, *parts[i + 1 :]]) for i in range(len(parts))]
    order = victim.score(masked, [target])[:, 0].argsort(kind="stable")
    for step, index in enumerate(order[:STEPS].tolist()):
        options = words()[step * CANDIDATES : (step + 1) * CANDIDATES]
        candidates = [" ".join([*parts[:index], word, *parts[index + 1 :]]) for word in options]
        parts = candidates[int(victim.score(candidates, [target])[:, 0].argmin())].split(" ")
        victim.top_k([" ".join(parts)], 5)
    return " ".join(parts)
