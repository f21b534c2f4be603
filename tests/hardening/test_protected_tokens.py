"""Which tokens attacks leave alone."""

from __future__ import annotations

import numpy as np
import pytest

from tests.toolkit.hardening import NAMES, corpus, sign, trained
from textattack_xmtc.evidence.training_texts import TrainingTextEvidence
from textattack_xmtc.hardening.gradient_attack import GradientAttack
from textattack_xmtc.hardening.protected_tokens import ProtectedTokens
from textattack_xmtc.hardening.tail_sampler import Target
from textattack_xmtc.models.folder import load_model
from textattack_xmtc.models.torch_scorer import TorchScorer


@pytest.fixture(scope="module", params=["attention-xml", "aplc-xlnet"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> TorchScorer:
    return load_model(trained(tmp_path_factory.mktemp("protected") / request.param, request.param), "cpu")


def protected(model: TorchScorer, share: float) -> ProtectedTokens:
    train = corpus().split("train")
    return ProtectedTokens(model, TrainingTextEvidence(corpus()), train["text"], train["labels"], share, 0)


def tokens(model: TorchScorer, *words: str) -> set[int]:
    return {token for word in model.encode(words) for token in word}


def test_words_that_speak_most_for_a_true_label(model: TorchScorer) -> None:
    text = f"the {NAMES[2]} of {NAMES[2]}x and some other word"
    target = Target(0, 2)
    # Of the three content words, one; and two, the word and its companion.
    assert set(protected(model, 0.3).of(text, target)) == tokens(model, sign(2))
    assert set(protected(model, 0.6).of(text, target)) == tokens(model, sign(2), f"{NAMES[2]}x")
    assert protected(model, 0.0).of(text, target) == []


def test_words_that_speak_for_a_wrong_label_are_not_put_in(model: TorchScorer) -> None:
    text = f"the {NAMES[2]} of {NAMES[2]}x"
    kept = set(protected(model, 0.2).of(text, Target(0, 3, raise_it=True)))
    assert tokens(model, sign(3), f"{NAMES[3]}x", f"{NAMES[3]}y") <= kept
    assert not (tokens(model, sign(2), "of") - set(model.fixed_tokens().tolist())) - tokens(model, sign(3)) & kept


def test_attacks_leave_them_alone(model: TorchScorer) -> None:
    rows = corpus().split("test")
    encoded, labels = model.encode(list(rows["text"])), [row[0] for row in rows["labels"]]
    words = np.concatenate(model.encode(list(corpus().split("train")["text"])))
    attack, leave = GradientAttack(model, words, 1.0), protected(model, 0.3)
    for sign_, raise_it in ((-1.0, False), (1.0, True)):
        goals = [((label, sign_),) for label in labels]
        kept = [leave.of(text, Target(0, label, raise_it)) for text, label in zip(rows["text"], labels, strict=True)]
        attacked = attack.attacked(encoded, goals, np.random.default_rng(0), kept)
        assert attacked != encoded
        for old, new, left in zip(encoded, attacked, kept, strict=True):
            assert left
            changed = [(before, after) for before, after in zip(old, new, strict=True) if before != after]
            assert not {token for pair in changed for token in pair} & set(left)
