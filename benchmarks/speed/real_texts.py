"""Attacks on real texts with a trained victim and masked LM, in one process, against TextAttack's own parts.

Given are the folder of a trained model (`--victim`), a folder with `test.jsonl.xz`, a text a line with its "text"
(`--data`), and a folder with a masked language model (`--masked-lm`). Attacked is the best label of each text, right or
not: what is compared is the time, and that both attack alike. Where a victim is a label tree, the two ask for different
things: stock for exact scores of all labels, and this package's goal for the labels that the victim's beam reaches. So
it is asked once more, not timed, with a beam that reaches every label, and then both have to end alike.
"""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from textattack.shared import AttackedText

from benchmarks.speed import baselines
from benchmarks.speed.rows import Row, Setup, at_least
from textattack_xmtc import XMTCPositive
from textattack_xmtc.constraints.encoders import load_encoder
from textattack_xmtc.models.attention_xml.tree import AttentionXMLTree
from textattack_xmtc.targets import GroundTruth
from textattack_xmtc.transformations import XMTCWordSwapMaskedLM
from textattack_xmtc.wrappers import ScorerWrapper

QUICK, FULL, GOAL, MIN_SIMILARITY, MIN_WORDS = 5, 20, 10, 0.5, 20


def rows(setup: Setup) -> list[Row]:
    number = FULL if setup.full else QUICK
    if setup.victim is None or setup.data is None or setup.masked_lm is None:
        return [Row(f"{number} attacks on real texts, against stock", None, "times", f"at least {GOAL}")]
    victim, swap = ScorerWrapper.from_folder(setup.victim), XMTCWordSwapMaskedLM(setup.masked_lm, filters=False)
    ours = XMTCPositive.build(victim, masked_lm=swap, encoder="embedded", min_similarity=MIN_SIMILARITY)
    lm = swap._language_model, swap._lm_tokenizer
    stock = baselines.stock_attack(victim, victim.mask, lm, load_encoder("embedded"), MIN_SIMILARITY)
    seconds, alike, successes = [0.0, 0.0], 0, 0
    texts = texts_in(setup.data, number)
    for text in texts:
        _ = AttackedText(text).words  # whatever the parent loads for other languages, it loads now
    for text in texts:
        best = int(victim.top_k([text], 1)[0][0, 0])
        names = victim.labels.names
        label: Any = best if names is None else names[best]
        truth = GroundTruth((label,), (label,)).encode()
        (result, expected), taken = baselines.side_by_side(text, ours, truth, stock, best)
        seconds = [whole + part for whole, part in zip(seconds, taken, strict=True)]
        successes += "Success" in type(result).__name__
        with all_reached(victim.model):
            alike += baselines.same_attack(ours.attack(text, truth), expected)
    name = (
        f"{number} attacks on texts of {setup.data.name}, {victim.name} with {victim.labels.size:,} labels, "
        f"masked LM {setup.masked_lm.name}"
    )
    return [
        at_least(f"{name}, against stock", seconds[1] / seconds[0], GOAL, "times", number),
        at_least(f"{name}: share that end alike", alike / number, 1, "share", number),
        Row(f"{name}: share that succeed", successes / number, "share", n=number),
        Row(f"{name}: time of an attack", round(seconds[0] / number, 2), "s", n=number),
    ]


@contextmanager
def all_reached(model: Any) -> Iterator[None]:
    """A label tree drops no group meanwhile."""
    if not isinstance(model, AttentionXMLTree):
        yield
        return
    beam, model.beam = model.beam, max(model.network.tree.sizes)
    try:
        yield
    finally:
        model.beam = beam


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
