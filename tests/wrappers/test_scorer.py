"""A model that looks at a part of its labels only: exact scores anywhere, ranks where it looks."""

from __future__ import annotations

from tests.toolkit.bert import tiny_bert, word_tokenizer
from tests.toolkit.plain_tree import LABELS, TEXTS, make_model
from textattack_xmtc.scores import ranks_of_rows
from textattack_xmtc.wrappers import BEYOND, HuggingFaceWrapper, ScorerWrapper
from textattack_xmtc.wrappers.scorer import VictimScorer


def test_ranks_of_a_label_tree_keep_to_its_beam() -> None:
    model = make_model()
    victim = ScorerWrapper(model)
    labels = list(range(LABELS))
    ranks, reached = victim.rank(TEXTS, labels), model.rank(TEXTS, labels, "logit") > 0
    assert not reached.all() and reached.any()
    assert ((ranks == BEYOND) == ~reached).all()
    # What is beyond the beam has its score all the same, and what is predicted has a floor there.
    scores, predicted = victim.score(TEXTS, labels), victim(TEXTS)
    assert abs(scores - predicted)[reached].max() < 1e-5
    assert (predicted[~reached] == 0).all() and (scores[~reached] > 0).all()


def test_ranks_where_a_model_looks_at_all_labels() -> None:
    model = make_model()
    model.beam = LABELS
    victim = ScorerWrapper(model)
    labels = list(range(LABELS))
    assert (victim.rank(TEXTS, labels) == ranks_of_rows(victim(TEXTS), labels)).all()


def test_an_evaluation_ranks_whatever_the_threshold_of_a_victim() -> None:
    model, tokenizer = tiny_bert(3, 8, None), word_tokenizer(["hot", "egg", "tea"], 8)
    plain, with_threshold = (HuggingFaceWrapper(model, tokenizer, threshold=threshold) for threshold in (None, 0.5))
    answers = [
        VictimScorer(victim, list("abc")).top_k(["hot tea"], 3, "logit", 64) for victim in (plain, with_threshold)
    ]
    assert [answer[0].tolist() for answer in answers[1:]] == [answers[0][0].tolist()]
    assert with_threshold.threshold == 0.5
