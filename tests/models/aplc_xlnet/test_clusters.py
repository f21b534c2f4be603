"""The label clusters against the paper's equations, written out in loops."""

from __future__ import annotations

from math import exp, log, log1p, sqrt
from typing import Any

import numpy as np
import pytest
import torch

from textattack_xmtc.errors import InputError
from textattack_xmtc.models.aplc_xlnet import clusters as probabilistic_clusters
from textattack_xmtc.models.aplc_xlnet.clusters import ProbabilisticLabelClusters, joint_logit
from textattack_xmtc.models.losses import ReweightedLoss
from textattack_xmtc.scores import top_k_of_rows

LABELS, CUTOFFS, WIDTH = 23, (7, 12, 19), 16
KINDS = ("probability", "logit")


@pytest.fixture
def clusters() -> ProbabilisticLabelClusters:
    torch.manual_seed(0)
    made = ProbabilisticLabelClusters(WIDTH, LABELS, CUTOFFS)
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter)
    return made


@pytest.fixture
def hidden() -> torch.Tensor:
    return torch.randn(6, WIDTH, generator=torch.Generator().manual_seed(1))


def dot(left: np.ndarray, right: list[float | float | np.float64]) -> float:
    return sum(float(a) * float(b) for a, b in zip(left, right, strict=True))


def sigmoid(value: float) -> float:
    return 1 / (1 + exp(-value))


def plain_logits(clusters: ProbabilisticLabelClusters, h: list[float]) -> tuple[list[float], list[float]]:
    """The labels' logits within their cluster, and the roots', of one text."""
    weights = {key: value.double().numpy() for key, value in clusters.state_dict().items()}
    head = [dot(row, h) for row in weights["head.weight"]]
    labels, roots = head[: CUTOFFS[0]], head[CUTOFFS[0] :]
    for i in range(len(CUTOFFS)):
        low = [dot(row, h) for row in weights[f"tail.{i}.0.weight"]]
        mean = sum(low) / len(low)
        deviation = sqrt(sum((value - mean) ** 2 for value in low) / len(low) + 1e-5)
        scale, shift = weights[f"tail.{i}.1.weight"], weights[f"tail.{i}.1.bias"]
        normed = [(value - mean) / deviation * a + b for value, a, b in zip(low, scale, shift, strict=True)]
        labels += [dot(row, [max(0.0, value) for value in normed]) for row in weights[f"tail.{i}.3.weight"]]
    return labels, roots


def cluster_of(label: int) -> int:
    return sum(label >= cutoff for cutoff in CUTOFFS)


def plain_probabilities(clusters: ProbabilisticLabelClusters, h: list[float]) -> list[float]:
    labels, roots = plain_logits(clusters, h)
    return [
        sigmoid(value) * (sigmoid(roots[cluster_of(j) - 1]) if cluster_of(j) else 1.0) for j, value in enumerate(labels)
    ]


def test_weights_have_the_official_names_and_shapes(clusters: ProbabilisticLabelClusters) -> None:
    shapes = {key: tuple(value.shape) for key, value in clusters.state_dict().items()}
    assert shapes == {
        "head.weight": (7 + 3, 16),
        **{f"tail.{i}.0.weight": (width, 16) for i, width in enumerate((8, 4, 2))},
        **{f"tail.{i}.1.{part}": (width,) for i, width in enumerate((8, 4, 2)) for part in ("weight", "bias")},
        **{f"tail.{i}.3.weight": (n, width) for i, (n, width) in enumerate(((5, 8), (7, 4), (4, 2)))},
    }


def test_scores_of_all_labels_are_the_equations(clusters: ProbabilisticLabelClusters, hidden: torch.Tensor) -> None:
    expected = np.array([plain_probabilities(clusters, h) for h in hidden.tolist()])
    with torch.no_grad():
        np.testing.assert_allclose(clusters(hidden).numpy(), expected, atol=1e-5)
        # at p near 1, log(p / (1 - p)) is only as good as 1 - p is: this is why the layer does not compute it so
        np.testing.assert_allclose(clusters(hidden, kind="logit").numpy(), np.log(expected / (1 - expected)), atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("labels", [[0], [22], [6, 7], [22, 3, 12, 3, 18, 19, 0], list(range(LABELS))])
def test_wanted_labels_score_as_among_all(
    clusters: ProbabilisticLabelClusters, hidden: torch.Tensor, labels: list[int], kind: str
) -> None:
    with torch.no_grad():
        wanted = clusters(hidden, torch.tensor(labels), kind)
        torch.testing.assert_close(wanted, clusters(hidden, kind=kind)[:, labels], atol=1e-5, rtol=0)


def test_only_the_wanted_clusters_are_computed(clusters: ProbabilisticLabelClusters, hidden: torch.Tensor) -> None:
    seen = spied(clusters)
    clusters(hidden, torch.tensor([2, 20, 21]))
    assert seen == [2]


@pytest.mark.parametrize("chunk", [1, 18, 10**6])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("k", [1, 3, 10, LABELS])
def test_best_labels_are_those_of_all_scores_sorted(
    clusters: ProbabilisticLabelClusters,
    hidden: torch.Tensor,
    k: int,
    kind: str,
    chunk: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(probabilistic_clusters, "_CHUNK_FLOATS", chunk)
    with torch.no_grad():
        labels, scores = clusters.top_k(hidden, k, kind)
        expected_labels, expected_scores = top_k_of_rows(clusters(hidden, kind=kind).numpy(), k)
    np.testing.assert_array_equal(labels.numpy(), expected_labels)
    np.testing.assert_array_equal(scores.numpy(), expected_scores)


@pytest.mark.parametrize("chunk", [6, 18, 10**6])
@pytest.mark.parametrize("k", [1, 2, 5, 9, LABELS])
def test_ties_go_to_the_lower_label(
    clusters: ProbabilisticLabelClusters, hidden: torch.Tensor, k: int, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Weights this large saturate: most probabilities are exactly 0 or 1, across clusters and within."""
    monkeypatch.setattr(probabilistic_clusters, "_CHUNK_FLOATS", chunk)
    with torch.no_grad():
        for parameter in clusters.parameters():
            parameter.mul_(100.0)
        dense = clusters(hidden).numpy()
        assert ((dense == 1.0).sum(axis=1) > 1).all()
        labels, scores = clusters.top_k(hidden, k)
    expected = np.argsort(-dense, axis=1, kind="stable")[:, :k]
    np.testing.assert_array_equal(labels.numpy(), expected)
    np.testing.assert_array_equal(scores.numpy(), np.take_along_axis(dense, expected, axis=1))


@pytest.mark.parametrize("kind", KINDS)
def test_a_tail_whose_root_rules_it_out_is_not_computed(
    clusters: ProbabilisticLabelClusters, hidden: torch.Tensor, kind: str
) -> None:
    with torch.no_grad():
        clusters.head.weight[CUTOFFS[0] + 1] = -100 * hidden[0] / hidden[0].norm()  # the second tail, for text 0
        seen = spied(clusters)
        labels, _ = clusters.top_k(hidden[:1], 3, kind)
        assert 1 not in seen
        np.testing.assert_array_equal(labels.numpy(), top_k_of_rows(clusters(hidden[:1], kind=kind).numpy(), 3)[0])


def test_a_joint_logit_keeps_what_probabilities_lose() -> None:
    roots, tails = torch.meshgrid(*2 * [torch.linspace(-90, 90, 61)], indexing="ij")
    joint = joint_logit(roots, tails)
    for root, tail, actual in zip(
        roots.flatten().tolist(), tails.flatten().tolist(), joint.flatten().tolist(), strict=True
    ):
        # in double precision: p / (1 - p) = 1 / ((1 + e^-r) (1 + e^-t) - 1)
        exact = -log(exp(-root) + exp(-tail) + exp(-root - tail))
        assert actual == pytest.approx(exact, rel=1e-6, abs=1e-6)
    assert (joint <= torch.minimum(roots, tails)).all()
    assert (torch.tensor(40.0).sigmoid() * torch.tensor([20.0, 30.0]).sigmoid()).unique().numel() == 1  # type: ignore[no-untyped-call]
    assert joint_logit(torch.tensor(40.0), torch.tensor([20.0, 30.0])).unique().numel() == 2  # type: ignore[no-untyped-call]


POSITIVES = [[0, 3], [8], [], [2, 13, 20, 22], [13], [6, 9, 10]]


def plain_loss(
    clusters: ProbabilisticLabelClusters,
    hidden: torch.Tensor,
    positives: list[list[int]],
    weights: np.ndarray,
    kind: str,
) -> list[float]:
    """The loss of each text by the chain rule: a cluster without a true label says nothing."""

    def part(score: float, true: bool, weight: float = 1.0) -> float:
        if kind == "bce":
            return weight * log1p(exp(-score)) if true else log1p(exp(score))
        return weight * max(0.0, 1 - score) ** 2 if true else max(0.0, 1 + score) ** 2

    losses = []
    for h, true in zip(hidden.tolist(), positives, strict=True):
        labels, roots = plain_logits(clusters, h)
        has = [any(cluster_of(j) == cluster for j in true) for cluster in range(len(CUTOFFS) + 1)]
        loss = sum(part(root, has[cluster + 1]) for cluster, root in enumerate(roots))
        for j, score in enumerate(labels):
            if cluster_of(j) == 0 or has[cluster_of(j)]:
                loss += part(score, j in true, weights[j])
        losses.append(loss)
    return losses


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", ["bce", "squared-hinge"])
def test_loss_is_that_of_every_text_on_its_own(
    clusters: ProbabilisticLabelClusters, hidden: torch.Tensor, kind: str, weighted: bool
) -> None:
    weights = np.linspace(0.5, 4.0, LABELS) if weighted else np.ones(LABELS)
    expected = plain_loss(clusters, hidden, POSITIVES, weights, kind)
    for reduction, value in (("mean", np.mean(expected)), ("sum", np.sum(expected))):
        loss = ReweightedLoss(weights if weighted else None, kind, reduction)
        assert clusters.loss(hidden, POSITIVES, loss).item() == pytest.approx(value, rel=1e-5)
    for text, alone in enumerate(expected):
        actual = clusters.loss(hidden[text : text + 1], [POSITIVES[text]], ReweightedLoss(weights, kind))
        assert actual.item() == pytest.approx(alone, rel=1e-5)


def test_a_step_computes_and_changes_only_the_clusters_it_needs(
    clusters: ProbabilisticLabelClusters, hidden: torch.Tensor
) -> None:
    seen = spied(clusters)
    clusters.loss(hidden[:2], [[0, 13], [14]], ReweightedLoss()).backward()  # type: ignore[no-untyped-call]
    assert seen == [1]
    assert clusters.head.weight.grad is not None
    assert [tail[3].weight.grad is not None for tail in clusters.tail] == [False, True, False]


def test_true_labels_may_be_given_twice(clusters: ProbabilisticLabelClusters, hidden: torch.Tensor) -> None:
    once = clusters.loss(hidden[:1], [[3, 9]], ReweightedLoss())
    assert clusters.loss(hidden[:1], [[9, 3, 9]], ReweightedLoss()).item() == once.item()


def test_a_loss_must_be_one_number(clusters: ProbabilisticLabelClusters, hidden: torch.Tensor) -> None:
    with pytest.raises(InputError, match="mean"):
        clusters.loss(hidden, POSITIVES, ReweightedLoss(reduction="none"))


def test_labels_can_start_at_their_rates(clusters: ProbabilisticLabelClusters) -> None:
    positives = 3 * POSITIVES
    constant = torch.tensor([0.5, 0.5, *[0.0] * (WIDTH - 2)])
    with torch.no_grad():
        for rows in (clusters.head, *(tail[3] for tail in clusters.tail)):
            rows.weight.zero_()
    clusters.start_at_rates(positives, constant)
    actual = clusters(constant[None])[0].tolist()
    for label in range(LABELS):
        texts = sum(label in row for row in positives)
        inside = sum(any(cluster_of(j) == cluster_of(label) for j in row) for row in positives)
        total = inside if cluster_of(label) else len(positives)
        rate = (texts + 0.5) / (total + 1)
        assert actual[label] == pytest.approx(rate * ((inside + 0.5) / (18 + 1) if cluster_of(label) else 1), rel=1e-4)


def test_a_head_without_tails() -> None:
    clusters = ProbabilisticLabelClusters(4, 3, ())
    hidden = torch.randn(2, 4)
    torch.testing.assert_close(clusters(hidden), (hidden @ clusters.head.weight.T).sigmoid())
    assert clusters.top_k(hidden, 3)[0].shape == (2, 3)
    assert clusters.loss(hidden, [[0], []], ReweightedLoss()).item() > 0


@pytest.mark.parametrize("cutoffs", [(0, 4), (4, 4), (5, 3), (10,), (-1,)])
def test_cutoffs_that_do_not_fit_are_refused(cutoffs: tuple[Any, ...]) -> None:
    with pytest.raises(InputError, match="do not divide 10 labels"):
        ProbabilisticLabelClusters(4, 10, cutoffs)


def spied(clusters: ProbabilisticLabelClusters) -> list[int]:
    """The tails whose projections are computed from now on, in order."""
    seen: list[int] = []
    for position, tail in enumerate(clusters.tail):
        tail[0].register_forward_hook(lambda *_, position=position: seen.append(position))
    return seen
