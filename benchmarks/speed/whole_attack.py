"""A whole positive-targeted attack on AttentionXML with a BERT of base size, against TextAttack's own parts.

Both are given the same network, text, candidates and limits, and the same sentence encoder as a filter. The weights
are random: only times are asked for, and that both are the same attack. With such weights one word is often enough to
push a label out of the 5 best; it has to leave the 100 best here, so that more words must be changed and the masked LM
counts as it does in real attacks. The quick run takes one shorter text.
"""

from __future__ import annotations

from typing import Any

from benchmarks.speed import baselines
from benchmarks.speed.parts import WIKI10, attention_xml, masked_lm, texts_of
from benchmarks.speed.ranking import published
from benchmarks.speed.rows import Row, Setup, at_least
from textattack_xmtc import XMTCPositive
from textattack_xmtc.constraints.encoders import load_encoder
from textattack_xmtc.targets import GroundTruth
from textattack_xmtc.transformations import XMTCWordSwapMaskedLM
from textattack_xmtc.wrappers import ScorerWrapper

GOALS = {WIKI10: 30, 1_000: 3}
QUICK_WORDS, FULL_WORDS = 100, 200
K, MIN_SIMILARITY, RATE = 100, 0.5, 0.1


def rows(setup: Setup) -> list[Row]:
    texts = texts_of(FULL_WORDS, 2, seed=2) if setup.full else texts_of(QUICK_WORDS, 1, seed=2)
    lm = masked_lm()
    check_one_by_one()
    return [row for labels, goal in GOALS.items() for row in against_stock(labels, goal, lm, texts)]


def against_stock(labels: int, goal: float, lm: tuple[Any, Any], texts: list[str]) -> list[Row]:
    model = attention_xml(labels)
    encoder = load_encoder("embedded")
    ours = attack_on(model, lm, k=K, min_similarity=MIN_SIMILARITY)
    stock = baselines.stock_attack(published(model), model.mask_word, lm, encoder, MIN_SIMILARITY, K, RATE)
    seconds, changes = [0.0, 0.0], 0
    for text in texts:
        best = int(model.top_k([text], 1)[0][0, 0])
        results, taken = baselines.side_by_side(text, ours, truth_of(best), stock, best)
        seconds = [whole + part for whole, part in zip(seconds, taken, strict=True)]
        assert baselines.same_attack(*results), "the two attacks differ"
        final = results[0].perturbed_result.attacked_text
        changes += len(final.all_words_diff(results[0].original_result.attacked_text))
    n, words = len(texts), len(texts[0].split(" "))
    what = f"attack on a {words}-word text, {labels:,} labels, masked LM of BERT-base's size"
    return [
        at_least(f"{what}, against stock", seconds[1] / seconds[0], goal, "times", n),
        Row(f"{what}: words changed", round(changes / n, 1), "words", n=n),
        Row(f"{what}: time", round(seconds[0] / n, 2), "s", n=n),
    ]


def attack_on(model: Any, lm: tuple[Any, Any], **options: Any) -> Any:
    """The paper's attack with the parent's candidates."""
    swap = XMTCWordSwapMaskedLM(*lm, filters=False)
    options.setdefault("max_change_rate", RATE)
    return XMTCPositive.build(ScorerWrapper(model), masked_lm=swap, encoder="embedded", **options)


def truth_of(label: int) -> str:
    return GroundTruth((str(label),), (str(label),)).encode()


def check_one_by_one() -> None:
    """The published script's way through Algorithm 1 ends with the same texts, on a smaller victim."""
    from textattack.shared import AttackedText

    model, lm = attention_xml(500, hidden=32), masked_lm(hidden_size=32, num_hidden_layers=1, num_attention_heads=2)
    attack = attack_on(model, lm)

    def propose(text: str, index: int) -> list[str]:
        found = attack.transformation(AttackedText(text), indices_to_modify=[index])
        return [candidate.words[index] for candidate in found]

    for text in texts_of(20, 3, seed=3):
        best = int(model.top_k([text], 1)[0][0, 0])
        plain = baselines.one_by_one(text, best, published(model), model.mask_word, propose, max_change_rate=RATE)
        result = attack.attack(text, truth_of(best))
        assert result.perturbed_result.attacked_text.text == plain, "the two attacks differ"
