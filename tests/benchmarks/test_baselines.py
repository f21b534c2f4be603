"""The baselines do the work that they are timed for: the same scores, the same order, the same attack."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from benchmarks.speed import baselines, gpu, overhead, ranking, whole_attack
from benchmarks.speed.parts import aplc_xlnet, attention_xml, attention_xml_tree, masked_lm, texts_of, words
from textattack_xmtc.constraints.encoders import load_encoder
from textattack_xmtc.wrappers import ScorerWrapper

SMALL_LM = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}


def test_the_published_network_gives_this_package_s_scores() -> None:
    model, texts = attention_xml(300, hidden=16), texts_of(12, 5)
    scores = baselines.published_scores(model, texts)
    np.testing.assert_allclose(scores, model.dense(texts), rtol=0, atol=1e-5)


def test_one_by_one_ends_with_the_same_texts() -> None:
    whole_attack.check_one_by_one()


def test_one_by_one_ranks_alike() -> None:
    ranking.check_orders()


@pytest.mark.parametrize("seed", range(3))
def test_stock_is_the_same_attack(seed: int) -> None:
    model, lm = attention_xml(300, hidden=16), masked_lm(**SMALL_LM)
    stock = baselines.stock_attack(ranking.published(model), model.mask_word, lm, load_encoder("embedded"), 0.5, 20)
    ours = whole_attack.attack_on(model, lm, k=20, min_similarity=0.5)
    for text in texts_of(20, 2, seed):
        best = int(model.top_k([text], 1)[0][0, 0])
        results = ours.attack(text, whole_attack.truth_of(best)), stock.attack(text, best)
        assert baselines.same_attack(*results)
        assert results[1].perturbed_result.attacked_text.text != text


def test_another_attack_is_told_apart() -> None:
    model, lm = attention_xml(300, hidden=16), masked_lm(**SMALL_LM)
    ours = whole_attack.attack_on(model, lm, k=5)
    texts = texts_of(20, 2)
    results = [ours.attack(text, whole_attack.truth_of(int(model.top_k([text], 1)[0][0, 0]))) for text in texts]
    assert baselines.same_attack(results[0], results[0]) and not baselines.same_attack(*results)


def test_every_question_of_an_attack_is_noted_and_nothing_stays_behind() -> None:
    model, lm = attention_xml(300, hidden=16), masked_lm(**SMALL_LM)
    attack = whole_attack.attack_on(model, lm, k=20)
    text = texts_of(20, 1)[0]
    truth = whole_attack.truth_of(int(model.top_k([text], 1)[0][0, 0]))
    asked = overhead.noted(attack, lambda: attack.attack(text, truth))
    queries = {text for kind in ("score", "top_k") for texts, *_ in asked[kind] for text in texts}
    assert len(queries) == attack.attack(text, truth).num_queries
    assert asked["fill"] and "score" not in vars(model) and "encode" not in vars(attack.encoder)
    overhead.bare(asked, model, attack.encoder)()


@pytest.mark.parametrize("make", [attention_xml, attention_xml_tree, aplc_xlnet])
def test_victims_of_every_kind_take_a_gpu_s_attack(make: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpu, "STEPS", 2)
    sizes = {"layers": 1, "hidden_size": 16, "heads": 2, "inner_size": 16} if make is aplc_xlnet else {"hidden": 16}
    text = texts_of(12, 1)[0]
    final = gpu.attack(ScorerWrapper(make(300, **sizes)), text).split(" ")
    assert sum(one != other for one, other in zip(final, text.split(" "), strict=True)) == 2


def test_words_are_words_to_every_part() -> None:
    nearest = words()
    assert len(set(nearest)) == 30_000 and all(word.isalpha() and word.islower() for word in nearest)
    tokenizer = masked_lm(**SMALL_LM)[1]
    assert tokenizer.tokenize(" ".join(nearest[:500])) == list(nearest[:500])
