"""What an attack costs beyond the models: its time over that of the bare forwards of the same texts.

An attack is run and every question is noted: which texts the victim scored for one label, of which it gave the k best,
what the masked LM filled in, what was encoded. Then the same is asked of the networks alone, of texts that are numbers
already, all texts of a kind at once in length-sorted batches, which an attack cannot do: it has to wait for one answer
to know the next question. Random weights of real sizes.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from benchmarks.speed.parts import WIKI10, attention_xml, masked_lm, texts_of
from benchmarks.speed.rows import Row, Setup, at_most, seconds_of
from benchmarks.speed.whole_attack import K, attack_on, truth_of
from textattack_xmtc.goal_functions.shared_scores import SharedScores
from textattack_xmtc.models.batches import by_length
from textattack_xmtc.transformations import word_swap_masked_lm
from textattack_xmtc.transformations.word_swap_masked_lm import logits_at

WORDS = (200, 480)
GOAL = 1.25


def rows(setup: Setup) -> list[Row]:
    lm = masked_lm()
    model = attention_xml(WIKI10 if setup.full else 1_000)
    return [overhead(model, lm, words, 3 if setup.full else 1) for words in WORDS]


def overhead(model: Any, lm: tuple[Any, Any], words: int, repeats: int) -> Row:
    attack = attack_on(model, lm, k=K)
    text = texts_of(words, 3, seed=2)[2]
    truth = truth_of(int(model.top_k([text], 1)[0][0, 0]))
    asked = noted(attack, lambda: attack.attack(text, truth))
    again = bare(asked, model, attack.encoder)
    again()
    whole = parts = 0.0
    for _ in range(repeats):
        attack.goal_function._shared = SharedScores()
        whole += seconds_of(lambda: attack.attack(text, truth))
        parts += seconds_of(again)
    name = f"attack on a {words}-word text, {len(model.label_names):,} labels, over the bare forwards"
    return at_most(name, whole / parts, GOAL, "times", repeats)


def noted(attack: Any, run: Callable[[], object]) -> dict[str, list[Any]]:
    """The questions of an attack, by kind."""
    asked: dict[str, list[Any]] = {"score": [], "top_k": [], "rank": [], "encode": [], "fill": []}
    scorer, encoder, plain = attack.goal_function.model.model, attack.encoder, word_swap_masked_lm.logits_at

    def noting(kind: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def noted_call(texts: Any, *others: Any) -> Any:
            asked[kind].append((list(texts), *others))
            return call(texts, *others)

        return noted_call

    def filling(model: Any, inputs: Any, positions: Any) -> Any:
        asked["fill"].append((model, inputs, positions))
        return plain(model, inputs, positions)

    for owner, kinds in ((scorer, ("score", "top_k", "rank")), (encoder, ("encode",))):
        for kind in kinds:
            setattr(owner, kind, noting(kind, getattr(owner, kind)))
    word_swap_masked_lm.logits_at = filling
    try:
        run()
    finally:
        word_swap_masked_lm.logits_at = plain
        for owner, kinds in ((scorer, ("score", "top_k", "rank")), (encoder, ("encode",))):
            for kind in kinds:
                delattr(owner, kind)
    return asked


def bare(asked: dict[str, list[Any]], model: Any, encoder: Any) -> Callable[[], None]:
    """The forwards alone, prepared to be run at once."""
    calls: list[Callable[[], Any]] = []
    for kind in ("score", "top_k", "rank"):
        by_form: dict[tuple[Any, ...], list[str]] = {}
        for texts, what, score_kind, _ in asked[kind]:
            form = (tuple(what) if kind == "score" else None, score_kind)
            by_form.setdefault(form, []).extend(texts)
        for (labels, score_kind), texts in by_form.items():
            wanted = None if labels is None else torch.tensor(labels)
            encoded = model.encode(texts)
            for positions in by_length([len(text) for text in encoded], 32):
                batch = [encoded[position] for position in positions]
                calls.append(partial(model._scores, batch, wanted, score_kind))
    fills = asked["fill"]
    for positions in by_length([inputs["input_ids"].shape[1] for _, inputs, _ in fills], 8):
        calls.append(filled(fills, positions))
    if asked["encode"]:
        texts = [text for (texts,) in asked["encode"] for text in texts]
        calls.append(lambda: encoder.encode(texts))

    def run() -> None:
        with torch.inference_mode():
            for call in calls:
                call()

    return run


def filled(fills: list[Any], positions: list[int]) -> Callable[[], Any]:
    """One forward of the masked LM for several of its calls, padded to the longest."""
    chosen = [fills[position] for position in positions]
    longest = max(inputs["input_ids"].shape[1] for _, inputs, _ in chosen)
    names = [name for name in chosen[0][1] if name in ("input_ids", "attention_mask", "token_type_ids")]
    joined = {
        name: torch.cat(
            [torch.nn.functional.pad(inputs[name], (0, longest - inputs[name].shape[1])) for _, inputs, _ in chosen]
        )
        for name in names
    }
    masks = [position for _, _, places in chosen for position in places]
    return lambda: logits_at(chosen[0][0], joined, masks)
