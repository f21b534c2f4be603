"""Ranking the words of a text on AttentionXML of Wiki10-31K's size, against the published script's way.

The ceiling is what is left when nothing but the model costs time: its dense forward over its forward for one label, a
text each, from texts that are numbers already. Both read every word of a text. The ranking can come out above it, for
what the masked texts have in common is read once. Random weights: only times are asked for, and the same order.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from textattack.shared import AttackedText

from benchmarks.speed import baselines
from benchmarks.speed.parts import WIKI10, attention_xml, masked_lm, texts_of
from benchmarks.speed.rows import Row, Setup, alternate, at_least
from textattack_xmtc import XMTCPositive
from textattack_xmtc.goal_functions.shared_scores import SharedScores
from textattack_xmtc.models.attention_xml.flat import AttentionXML
from textattack_xmtc.models.attention_xml.vocabulary import PAD_ID
from textattack_xmtc.models.batches import padded
from textattack_xmtc.targets import GroundTruth
from textattack_xmtc.transformations import XMTCWordSwapMaskedLM
from textattack_xmtc.wrappers import ScorerWrapper

WORDS, CHECKED_WORDS, CHECKED_LABELS = 200, 40, 500


def rows(setup: Setup) -> list[Row]:
    """One-by-one is asked for some of its batches, and its time is taken for all texts."""
    check_orders()
    model = attention_xml(WIKI10)
    text = texts_of(WORDS, 1)[0]
    attack, _ = attack_on(model, text)
    asked = (4 if setup.full else 2) * baselines.RANKING_BATCH
    repeats = 5 if setup.full else 2

    def theirs() -> None:
        for _ in range(0, asked, baselines.RANKING_BATCH):
            baselines.published_scores(model, [text] * baselines.RANKING_BATCH)

    one, all_labels = forwards(model, text, attack.goal_function.batch_size)
    ours, slow, single, dense = alternate([lambda: rank(attack, text), theirs, one, all_labels], repeats)
    ratio = slow / asked * WORDS / ours
    ceiling = (dense / baselines.RANKING_BATCH) / (single / attack.goal_function.batch_size)
    what = f"ranking a {WORDS}-word text, AttentionXML of {WIKI10:,} labels, against one-by-one"
    return [
        at_least(what, ratio, round(0.85 * ceiling, 1), "times", repeats),
        Row(f"{what}: the ceiling", round(ceiling, 1), "times", n=repeats),
        at_least(f"{what}: share of the ceiling", ratio / ceiling, 0.85, "share", repeats),
    ]


def attack_on(model: AttentionXML, text: str) -> tuple[Any, int]:
    """The paper's attack (with a masked LM that is never asked), begun on a text, and its target."""
    swap = XMTCWordSwapMaskedLM(*masked_lm(hidden_size=16, num_hidden_layers=1, num_attention_heads=2))
    attack = XMTCPositive.build(ScorerWrapper(model), masked_lm=swap, encoder="embedded")
    best = str(model.top_k([text], 1)[0][0, 0])
    attack.goal_function.init_attack_example(AttackedText(text), GroundTruth((best,), (best,)).encode())
    return attack, int(best)


def rank(attack: Any, text: str) -> list[int]:
    """The ranking alone, with nothing left of an earlier one."""
    goal = attack.goal_function
    goal.clear_cache()
    goal._shared = SharedScores()
    return list(attack.search_method._order(AttackedText(text), 0.0))


def forwards(model: AttentionXML, text: str, batch_size: int) -> tuple[Any, Any]:
    """A call for one label and one for all, in the batches of either side, of texts that are numbers already."""
    label = torch.tensor([7])
    few, many = (padded(model.encode([text] * size), PAD_ID) for size in (baselines.RANKING_BATCH, batch_size))

    def one() -> None:
        with torch.inference_mode():
            hidden = baselines.encoded(model, *many)
            model.network.label_logits(hidden, many[1], model.network.attention[label])

    def all_labels() -> None:
        with torch.inference_mode():
            baselines.dense_part(model, baselines.encoded(model, *few), few[1])

    return one, all_labels


def check_orders() -> None:
    """Both ways rank the words of some smaller texts alike, but for words whose scores only rounding tells apart."""
    model = attention_xml(CHECKED_LABELS)
    for text in texts_of(CHECKED_WORDS, 3, seed=1):
        attack, target = attack_on(model, text)
        orders = rank(attack, text), baselines.ranked(text, target, published(model), model.mask_word)
        masked = [text.replace(word, model.mask_word) for word in text.split(" ")]
        scores = model.score(masked, [target])[:, 0]
        assert np.abs(scores[orders[0]] - scores[orders[1]]).max() < 2e-6, "the two rankings differ"


def published(model: AttentionXML) -> baselines.Dense:
    return lambda texts: baselines.published_scores(model, texts)
