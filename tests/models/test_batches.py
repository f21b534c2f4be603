"""Batches by length and by what a network holds, and that a text's scores do not depend on its batch."""

import numpy as np
import pytest

from textattack_xmtc.models import torch_scorer
from textattack_xmtc.models.aplc_xlnet.scorer import build_small
from textattack_xmtc.models.attention_xml.architecture import AttentionXMLConfig
from textattack_xmtc.models.attention_xml.flat import AttentionXML, AttentionXMLNetwork
from textattack_xmtc.models.attention_xml.vocabulary import Vocabulary
from textattack_xmtc.models.batches import by_length

TEXTS = [" ".join(["boil", "an", "egg", "or", "tea"][: 1 + n % 5] * (1 + n // 5)) for n in range(40)]
LABELS = ["eggs", "tea", "salad", "soup"]


def attention_xml():
    vocabulary = Vocabulary.of_texts(TEXTS)
    sizes = AttentionXMLConfig(embedding_size=8, hidden_size=6, linear_sizes=(5,))
    return AttentionXML(AttentionXMLNetwork(len(vocabulary), len(LABELS), sizes), vocabulary, LABELS, device="cpu")


def aplc_xlnet():
    return build_small(TEXTS, LABELS, hidden_size=8, layers=1, heads=2, device="cpu")


@pytest.mark.parametrize("budget", [1, 30, 100, 10**6])
def test_batches_hold_every_text_once_and_keep_to_the_budget(budget):
    lengths = np.random.default_rng(0).integers(1, 12, 50).tolist()
    batches = list(by_length(lengths, 8, lambda length: length**2, budget))
    assert sorted(position for batch in batches for position in batch) == list(range(50))
    for batch in batches:
        longest = max(lengths[position] for position in batch)
        assert len(batch) <= 8 and (len(batch) == 1 or len(batch) * longest**2 <= budget)
    ordered = [lengths[position] for batch in batches for position in batch]
    assert ordered == sorted(lengths, reverse=True)


@pytest.mark.parametrize("make", [attention_xml, aplc_xlnet])
def test_a_small_budget_gives_the_same_scores(make, monkeypatch):
    model = make()
    plain = model.score(TEXTS, [2, 0], "logit"), model.top_k(TEXTS, 3, "logit")
    monkeypatch.setattr(torch_scorer, "float_budget", lambda _: 1)
    assert len(list(model._batches(model.encode(TEXTS), "logit", 32))) == len(TEXTS)
    np.testing.assert_allclose(model.score(TEXTS, [2, 0], "logit"), plain[0], rtol=0, atol=1e-5)
    np.testing.assert_array_equal(model.top_k(TEXTS, 3, "logit")[0], plain[1][0])


@pytest.mark.parametrize("make", [attention_xml, aplc_xlnet])
def test_longer_texts_count_more(make):
    model = make()
    assert model._floats(1) > 0 and model._floats(200) >= 200 * model._floats(1)


def test_few_labels_and_many_give_the_same_scores():
    """With fewer labels than words the first layer of the MLP comes after the sum over the words, else before it."""
    model = attention_xml()
    texts = ["boil tea", " ".join(["egg"] * 30)]
    alone = np.concatenate([model.score(texts, [label], "logit") for label in range(len(LABELS))], axis=1)
    np.testing.assert_allclose(alone, model.dense(texts, "logit"), rtol=0, atol=1e-5)
