"""The weights of Eq. 4.6 against numbers worked out by hand, and the losses against torch and finite differences."""

import numpy as np
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from textattack_xmtc.errors import InputError
from textattack_xmtc.models.label_weights import label_weights
from textattack_xmtc.models.losses import ReweightedLoss

COUNTS = np.array([0, 1, 2, 98])


def test_w_by_hand():
    # W = 2/p - 1 = 1 + 2 C (n + 1.5)^-0.55 with C = (ln 1000 - 1) 2.5^0.55 = 9.778889
    expected = [16.648377, 12.815511, 10.819335, 2.557818]
    assert label_weights("pw", COUNTS, 1000) == pytest.approx(expected, abs=1e-5)


def test_c_by_hand():
    # (1 - 0.9) / (1 - 0.9^n): n = 1: 0.1 / 0.1; n = 2: 0.1 / 0.19; n = 98: 0.1 / (1 - 3.279e-5)
    assert label_weights("cb", COUNTS, 1000) == pytest.approx([1.0, 1.0, 0.526316, 0.100003], abs=1e-6)


def test_both_are_the_product():
    assert label_weights("pw-cb", COUNTS, 1000) == pytest.approx([16.648377, 12.815511, 5.694387, 0.255790], abs=1e-5)
    assert label_weights("none", COUNTS, 1000).tolist() == [1, 1, 1, 1]


def test_mode_adv_xmtc_scales_w_to_sum_to_the_number_of_labels_before_c():
    w = label_weights("pw", COUNTS, 1000, mode="adv-xmtc")
    assert w.sum() == pytest.approx(len(COUNTS))
    assert w / w[0] == pytest.approx(label_weights("pw", COUNTS, 1000) / label_weights("pw", COUNTS, 1000)[0])
    both = label_weights("pw-cb", COUNTS, 1000, mode="adv-xmtc")
    assert both == pytest.approx(w * label_weights("cb", COUNTS, 1000))


def test_families_of_propensity_constants():
    # A, B = 0.6, 2.6, N = 100, n = 7: W = 1 + 2 * 3.605170 * 3.6^0.6 / 9.6^0.6
    assert label_weights("pw", np.array([7]), 100, "amazon") == pytest.approx([5.002898], rel=1e-5)
    assert label_weights("pw", np.array([7]), 100, (0.6, 2.6)) == pytest.approx([5.002898], rel=1e-5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "focal"}, "unknown reweighting 'focal'"),
        ({"mode": "exact"}, "unknown mode 'exact'"),
        ({"beta": 1.0}, "beta=1.0"),
        ({"constants": "imdb"}, "unknown propensity family 'imdb'"),
        ({"n_train": 50}, "with 50 training texts"),
    ],
)
def test_unknown_choices_are_refused(arguments, message):
    with pytest.raises(InputError, match=message):
        label_weights(**{"kind": "pw", "label_counts": COUNTS, "n_train": 1000} | arguments)


def batch(dtype=torch.float64, texts=4, labels=6):
    generator = torch.Generator().manual_seed(3)
    scores = torch.randn(texts, labels, generator=generator, dtype=torch.float64) * 3
    targets = (torch.rand(texts, labels, generator=generator) < 0.3).double()
    weights = torch.rand(labels, generator=generator) * 5
    return scores.to(dtype), targets.to(dtype), weights


def plain_loss(kind, scores, targets, weights):
    """Eq. 4.6 entry by entry."""
    total = 0.0
    for row in range(len(scores)):
        for label in range(len(scores[row])):
            z, y = float(scores[row][label]), float(targets[row][label])
            if kind == "bce":
                positive, negative = np.log1p(np.exp(-z)), np.log1p(np.exp(z))
            else:
                positive, negative = max(0.0, 1 - z) ** 2, max(0.0, 1 + z) ** 2
            total += float(weights[label]) * y * positive + (1 - y) * negative
    return total / len(scores)


@pytest.mark.parametrize("kind", ["bce", "squared-hinge"])
def test_the_loss_is_equation_4_6_and_weights_only_its_positive_part(kind):
    scores, targets, weights = batch()
    assert targets.sum() > 3
    actual = ReweightedLoss(weights, kind)(scores, targets)
    assert float(actual) == pytest.approx(plain_loss(kind, scores, targets, weights))
    unweighted = ReweightedLoss(None, kind)(scores, targets)
    assert float(unweighted) == pytest.approx(plain_loss(kind, scores, targets, torch.ones(6)))
    negatives = torch.zeros_like(targets)
    assert torch.equal(ReweightedLoss(weights, kind)(scores, negatives), ReweightedLoss(None, kind)(scores, negatives))


def test_unweighted_it_is_torchs_binary_cross_entropy():
    scores, targets, _ = batch(torch.float32)
    expected = binary_cross_entropy_with_logits(scores, targets, reduction="sum") / len(scores)
    assert torch.allclose(ReweightedLoss()(scores, targets), expected)
    assert torch.allclose(ReweightedLoss(torch.ones(6))(scores, targets), expected)


@pytest.mark.parametrize("kind", ["bce", "squared-hinge"])
@pytest.mark.parametrize("weighted", [True, False])
def test_gradients_are_those_of_finite_differences(kind, weighted):
    scores, targets, weights = batch()
    loss = ReweightedLoss(weights if weighted else None, kind)
    scores.requires_grad_()
    loss(scores, targets).backward()
    step = 1e-6
    for row, label in np.ndindex(*scores.shape):
        moved = scores.detach().clone()
        moved[row, label] += step
        above = float(loss(moved, targets))
        moved[row, label] -= 2 * step
        slope = (above - float(loss(moved, targets))) / (2 * step)
        assert float(scores.grad[row, label]) == pytest.approx(slope, abs=1e-6)
    assert scores.grad.abs().max() > 0.1


@pytest.mark.parametrize("kind", ["bce", "squared-hinge"])
def test_columns_take_the_weights_of_their_labels(kind):
    scores, targets, weights = batch()
    full = ReweightedLoss(weights, kind, reduction="none")
    every = full(scores, targets)
    shared = torch.tensor([4, 0, 2])
    assert torch.allclose(full(scores[:, shared], targets[:, shared], labels=shared), every[:, shared])
    columns = torch.stack([torch.randperm(6, generator=torch.Generator().manual_seed(row))[:3] for row in range(4)])
    assert torch.allclose(
        full(scores.gather(1, columns), targets.gather(1, columns), labels=columns), every.gather(1, columns)
    )


def test_a_column_that_is_no_label_has_weight_1_and_importance_multiplies_both_parts():
    scores, targets, weights = batch()
    loss = ReweightedLoss(weights, reduction="none")
    plain = ReweightedLoss(reduction="none")(scores, targets)
    labels = torch.tensor([-1, 1, 2, 3, 4, -1])
    actual = loss(scores, targets, labels=labels)
    assert torch.allclose(actual[:, [0, 5]], plain[:, [0, 5]])
    assert torch.allclose(actual[:, 1:5], loss(scores, targets)[:, 1:5])
    importance = torch.tensor([2.0, 1.0, 1.0, 1.0, 1.0, 0.0]).double()
    for kind in ("bce", "squared-hinge"):
        weighted = ReweightedLoss(weights, kind, reduction="none")
        both = weighted(scores, targets, importance=importance)
        assert torch.allclose(both, weighted(scores, targets) * importance)


def test_reductions():
    scores, targets, weights = batch()
    every = ReweightedLoss(weights, reduction="none")(scores, targets)
    assert every.shape == scores.shape
    assert torch.allclose(ReweightedLoss(weights, reduction="sum")(scores, targets), every.sum())
    assert torch.allclose(ReweightedLoss(weights)(scores, targets), every.sum(dim=1).mean())


@pytest.mark.parametrize("kind", ["bce", "squared-hinge"])
def test_bfloat16_scores_are_summed_in_float32(kind):
    scores, targets, weights = batch(torch.bfloat16)
    scores.requires_grad_()
    actual = ReweightedLoss(weights, kind)(scores, targets)
    assert actual.dtype == torch.float32
    # Only the scores themselves are rounded: from there on it is the float64 computation to float32's precision.
    assert float(actual.detach()) == pytest.approx(plain_loss(kind, scores.detach(), targets, weights), rel=1e-5)
    actual.backward()
    assert scores.grad.dtype == torch.bfloat16
    assert torch.isfinite(scores.grad).all()


def test_large_logits_neither_overflow_nor_vanish():
    scores = torch.tensor([[200.0, -200.0]], requires_grad=True)
    actual = ReweightedLoss(torch.tensor([1.0, 3.0]))(scores, torch.tensor([[0.0, 1.0]]))
    assert float(actual.detach()) == pytest.approx(200 + 3 * 200)
    actual.backward()
    assert scores.grad.tolist() == [[1.0, -3.0]]


def test_weights_move_with_the_module_and_stay_out_of_its_state():
    loss = ReweightedLoss(torch.ones(3))
    assert loss.state_dict() == {}
    assert loss.to("meta").positive_weights.device.type == "meta"


@pytest.mark.parametrize(
    ("weights", "arguments", "message"),
    [
        ([1.0, -1.0], {}, "finite and at least 0"),
        ([1.0, float("nan")], {}, "finite and at least 0"),
        ([[1.0]], {}, r"shape \(1, 1\)"),
        ([1.0], {"kind": "hinge"}, "unknown loss 'hinge'"),
        ([1.0], {"reduction": "max"}, "unknown reduction 'max'"),
    ],
)
def test_what_cannot_be_a_loss_is_refused(weights, arguments, message):
    with pytest.raises(InputError, match=message):
        ReweightedLoss(torch.tensor(weights), **arguments)


@pytest.mark.parametrize(
    ("columns", "labels", "message"),
    [
        (3, None, "3 columns, and there are weights for 6 labels"),
        (3, [0, 1], r"labels have shape \(2,\)"),
        (2, [0, 6], "label 6 of 6"),
    ],
)
def test_columns_that_do_not_fit_the_weights_are_refused(columns, labels, message):
    scores, targets, weights = batch()
    labels = None if labels is None else torch.tensor(labels)
    with pytest.raises(InputError, match=message):
        ReweightedLoss(weights)(scores[:, :columns], targets[:, :columns], labels=labels)
    with pytest.raises(InputError, match=r"as \(texts, columns\)"):
        ReweightedLoss(weights)(scores, targets[:, :2])
