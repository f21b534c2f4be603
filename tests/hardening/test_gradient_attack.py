"""Attacks with gradients: what they promise to first order, on each architecture, and what they leave alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.toolkit.hardening import corpus, trained
from textattack_xmtc.hardening.gradient_attack import LOOKS, GradientAttack
from textattack_xmtc.models.aplc_xlnet.scorer import APLCXLNet
from textattack_xmtc.models.folder import load_model
from textattack_xmtc.models.torch_scorer import TorchScorer


@pytest.fixture(scope="module", params=["attention-xml", "attention-xml-tree", "aplc-xlnet"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> TorchScorer:
    return load_model(trained(tmp_path_factory.mktemp("gradients") / request.param, request.param), "cpu")


def texts_and_labels() -> tuple[list[str], list[int]]:
    rows = corpus().split("test")
    return list(rows["text"]), [labels[0] for labels in rows["labels"]]


def attack_on(model: TorchScorer, exchanged: float = 0.3) -> GradientAttack:
    return GradientAttack(model, np.concatenate(model.encode(list(corpus().split("train")["text"]))), exchanged)


def logits(model: TorchScorer, encoded: list[list[int]], labels: list[int]) -> np.ndarray:
    with torch.no_grad():
        scores = model.differentiable(encoded, torch.tensor(sorted(set(labels))))
    return scores[torch.arange(len(labels)), [sorted(set(labels)).index(label) for label in labels]].numpy()


def nudged(model: TorchScorer, text: list[int], label: int, place: int, word: int, step: float) -> float:
    """The logit, with the vectors of one place moved a little from the word's there to another's."""

    def move(table: torch.nn.Embedding, _: object, vectors: torch.Tensor) -> torch.Tensor:
        moved = vectors.clone()
        index = (place, 0) if isinstance(model, APLCXLNet) else (0, place)  # XLNet reads places by texts
        moved[index] += step * (table.weight[word] - moved[index])
        return moved

    hooks = [table.register_forward_hook(move) for table in model.word_tables()]
    try:
        return float(logits(model, [text], [label])[0])
    finally:
        for hook in hooks:
            hook.remove()


def exchanged_at_random(model: TorchScorer, text: list[int], rng: np.random.Generator) -> list[int]:
    """As many words exchanged as an attack may, for words of other training texts."""
    fixed = set(model.fixed_tokens().tolist())
    words = [word for other in model.encode(list(corpus().split("train")["text"])) for word in other]
    free, words = [at for at, word in enumerate(text) if word not in fixed], [w for w in words if w not in fixed]
    places = rng.choice(free, min(len(free), int(np.ceil(0.3 * len(text)))), replace=False)
    return [int(rng.choice(words)) if at in places else word for at, word in enumerate(text)]


def test_effects_are_derivatives(model: TorchScorer) -> None:
    texts, labels = texts_and_labels()
    encoded = model.encode(texts[:2])  # of different lengths, so that one is padded
    assert len(encoded[0]) != len(encoded[1])
    proposed = np.array([5, 9, 12])
    effects = attack_on(model)._effects(
        encoded, [((labels[0], -1.0),), ((labels[1], 1.0),)], torch.from_numpy(proposed)
    )
    for text, label, sign, actual in zip(encoded, labels, (-1, 1), effects, strict=False):
        assert actual.shape == (len(text), 3)
        for place in range(0, len(text), 3):
            for column, word in enumerate(proposed.tolist()):
                step = 1e-2
                ahead, behind = (nudged(model, text, label, place, word, signed) for signed in (step, -step))
                expected = sign * (ahead - behind) / (2 * step)
                assert actual[place, column] == pytest.approx(expected, abs=2e-3, rel=0.02)


def test_targets_fall_or_rise(model: TorchScorer) -> None:
    texts, labels = texts_and_labels()
    encoded = model.encode(texts)
    others = [(label + 1) % 6 for label in labels]
    before_own, before_other = logits(model, encoded, labels), logits(model, encoded, others)
    rng = np.random.default_rng(0)
    fallen = attack_on(model).attacked(encoded, [((label, -1.0),) for label in labels], rng)
    risen = attack_on(model).attacked(encoded, [((label, 1.0),) for label in others], rng)
    # To first order only, so not each of them. The logits' size depends on the processor that trained, and one draw of
    # words on chance: the control is the mean of several.
    by_chance = [[exchanged_at_random(model, text, rng) for text in encoded] for _ in range(8)]
    lost_by_chance = np.mean([before_own - logits(model, texts, labels) for texts in by_chance])
    gained_by_chance = np.mean([logits(model, texts, others) - before_other for texts in by_chance])
    assert np.mean(before_own - logits(model, fallen, labels)) > 0.1 + 1.1 * lost_by_chance
    assert np.mean(logits(model, risen, others) - before_other) > 0.1 + 1.1 * gained_by_chance
    assert not model.network.training


def test_so_many_words_are_exchanged_and_no_others(model: TorchScorer) -> None:
    texts, labels = texts_and_labels()
    encoded = model.encode(texts)
    targets = [((label, -1.0),) for label in labels]
    for share in (0.01, 0.3, 1.0):
        actual = attack_on(model, share).attacked(encoded, targets, np.random.default_rng(1))
        fixed = set(model.fixed_tokens().tolist())
        for old, new in zip(encoded, actual, strict=True):
            assert len(old) == len(new)
            changed = [place for place, pair in enumerate(zip(old, new, strict=True)) if pair[0] != pair[1]]
            assert len(changed) <= np.ceil(share * len(old))
            assert not {old[place] for place in changed} & fixed and not {new[place] for place in changed} & fixed
        assert any(old != new for old, new in zip(encoded, actual, strict=True))
    if isinstance(model, APLCXLNet):
        assert all(new[-2:] == [model.subwords.sep_id, model.subwords.cls_id] for new in actual)


def test_the_same_draws_give_the_same_attacks(model: TorchScorer) -> None:
    texts, labels = texts_and_labels()
    encoded, targets = model.encode(texts), [((label, -1.0),) for label in labels]
    one, two = (attack_on(model).attacked(encoded, targets, np.random.default_rng(3)) for _ in range(2))
    assert one == two != encoded and LOOKS > 1


def test_in_training_the_network_stays_in_training(model: TorchScorer) -> None:
    texts, labels = texts_and_labels()
    model.network.train()
    weights = [weight.clone() for weight in model.network.parameters()]
    attack_on(model).attacked(
        model.encode(texts[:3]), [((label, -1.0),) for label in labels[:3]], np.random.default_rng()
    )
    assert model.network.training and all(weight.grad is None for weight in model.network.parameters())
    assert all((old == new).all() for old, new in zip(weights, model.network.parameters(), strict=True))
    model.network.eval()


def test_nothing_to_put_in_changes_nothing(model: TorchScorer, tmp_path: Path) -> None:
    attack = GradientAttack(model, model.fixed_tokens(), 0.5)
    assert attack.attacked([[5, 6]], [((0, -1.0),)], np.random.default_rng(0)) == [[5, 6]]
    assert attack_on(model).attacked([], [], np.random.default_rng(0)) == []
