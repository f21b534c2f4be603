"""AttentionXML with a label tree against its equations in loops; beams, flags and files."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.toolkit.plain_tree import BEAM, LABELS, TEXTS, WORDS, make_model, make_tree, plain_beam, plain_probabilities
from textattack_xmtc.errors import InputError, ModelFolderError
from textattack_xmtc.models import folder
from textattack_xmtc.models.attention_xml import label_attention
from textattack_xmtc.models.attention_xml.label_tree import TREE, LabelTree
from textattack_xmtc.models.attention_xml.tree import FLOOR, AttentionXMLTree, AttentionXMLTreeNetwork
from textattack_xmtc.models.attention_xml.vocabulary import UNK
from textattack_xmtc.wrappers import ScorerWrapper


@pytest.fixture(scope="module")
def model() -> Any:
    return make_model()


@pytest.fixture(scope="module")
def plain(model: Any) -> list[Any]:
    return [plain_probabilities(model, text) for text in TEXTS]


@pytest.fixture(scope="module")
def beams(model: Any, plain: list[Any]) -> list[Any]:
    return [plain_beam(model, probabilities, BEAM) for probabilities in plain]


def test_dense_is_the_product_along_the_path(model: Any, plain: list[Any]) -> None:
    expected = np.array([probabilities[-1] for probabilities in plain])
    assert np.diff(np.sort(expected, axis=1), axis=1).min() > 1e-6  # the tests of the beam need scores without ties
    assert model.dense(TEXTS) == pytest.approx(expected, abs=1e-5)
    assert model.dense(TEXTS, "logit") == pytest.approx(np.log(expected / (1 - expected)), abs=1e-4)


@pytest.mark.parametrize("kind", ["probability", "logit"])
def test_what_is_predicted_has_the_best_labels_of_the_beam(model: Any, kind: str) -> None:
    narrow = AttentionXMLTree(model.network, model.vocabulary, model.label_names, 20, 2, "cpu")
    predicted, exact = narrow.predicted(TEXTS, kind), narrow.dense(TEXTS, kind)
    reached = narrow.rank(TEXTS, range(len(model.label_names))) > 0
    assert not reached.all() and (predicted[~reached] == FLOOR[kind]).all()
    assert predicted[reached] == pytest.approx(exact[reached], abs=1e-5)
    labels, scores = narrow.top_k(TEXTS, 3, kind)
    assert labels.tolist() == np.argsort(-predicted, axis=1, kind="stable")[:, :3].tolist()
    assert scores == pytest.approx(-np.sort(-predicted, axis=1)[:, :3], abs=1e-6)
    victim = ScorerWrapper(narrow, kind)
    assert (victim(TEXTS) == predicted).all()
    assert victim.score(TEXTS, [4, 9]) == pytest.approx(exact[:, [4, 9]], abs=1e-5)


@pytest.mark.parametrize("kind", ["probability", "logit"])
@pytest.mark.parametrize("labels", [[17], [3, 29, 3, 0], list(range(LABELS))])
def test_score_is_columns_of_dense_whether_or_not_the_beam_reaches_them(
    model: Any, beams: list[Any], labels: list[int], kind: str
) -> None:
    assert any(set(labels) - set(beam) for beam in beams)
    for batch_size in (1, 4):
        actual = model.score(TEXTS, labels, kind, batch_size)
        assert actual.dtype == np.float32
        assert actual == pytest.approx(model.dense(TEXTS, kind)[:, labels], abs=1e-5)


@pytest.mark.parametrize("batch_size", [1, 6])
def test_top_k_is_the_best_of_the_beam(model: Any, plain: list[Any], beams: list[Any], batch_size: int) -> None:
    k = model.network.tree.surely_reached(BEAM)
    labels, scores = model.top_k(TEXTS, k, "probability", batch_size)
    assert (labels.dtype, scores.dtype) == (np.int64, np.float32)
    for row, (probabilities, beam) in enumerate(zip(plain, beams, strict=True)):
        best = sorted(beam, key=lambda label: (-probabilities[-1][label], label))[:k]
        assert labels[row].tolist() == best
        assert scores[row] == pytest.approx([probabilities[-1][label] for label in best], abs=1e-5)
    assert any(
        labels[row].tolist() != np.argsort(-np.array(plain[row][-1]))[:k].tolist() for row in range(len(TEXTS))
    )  # the beam matters


def test_ranks_keep_to_the_beam(model: Any, plain: list[Any], beams: list[Any]) -> None:
    ranks = model.rank(TEXTS, range(LABELS), "logit", batch_size=4)
    assert ranks.dtype == np.int64
    for row, (probabilities, beam) in enumerate(zip(plain, beams, strict=True)):
        assert np.flatnonzero(model.rank(TEXTS, range(LABELS), batch_size=4)[row]).tolist() == beam
        order = sorted(beam, key=lambda label: (-probabilities[-1][label], label))
        expected = [order.index(label) + 1 if label in beam else 0 for label in range(LABELS)]
        assert ranks[row].tolist() == expected
    assert not ranks.all()


def test_a_beam_that_keeps_all_groups_leaves_nothing_out(model: Any) -> None:
    wide = AttentionXMLTree(model.network, model.vocabulary, model.label_names, 20, beam=9, device="cpu")
    dense = wide.dense(TEXTS)
    labels, scores = wide.top_k(TEXTS, LABELS)
    assert wide.rank(TEXTS, range(LABELS)).all()
    assert labels.tolist() == np.argsort(-dense, axis=1, kind="stable").tolist()
    assert scores == pytest.approx(-np.sort(-dense, axis=1), abs=1e-5)


def test_ties_go_to_the_lower_label(model: Any) -> None:
    network = AttentionXMLTreeNetwork(len(model.vocabulary), make_tree(), model.network.config)
    with torch.no_grad():
        for level in range(3):
            network.network(level).attention.zero_()
    tied = AttentionXMLTree(network, model.vocabulary, model.label_names, beam=BEAM, device="cpu")
    beam = plain_beam(tied, [[0.0] * size for size in network.tree.sizes], BEAM)
    labels, scores = tied.top_k(["an egg"], 4)
    assert labels[0].tolist() == beam[:4]
    assert len(set(scores[0].tolist())) == 1
    assert tied.rank(["an egg"], beam).tolist() == [list(range(1, len(beam) + 1))]


def test_extreme_scores_neither_saturate_nor_overflow(model: Any) -> None:
    network = AttentionXMLTreeNetwork(len(model.vocabulary), make_tree(), model.network.config)
    extreme = AttentionXMLTree(network, model.vocabulary, model.label_names, beam=BEAM, device="cpu")
    for bias, expected in ((60.0, 60 - math.log(3)), (-60.0, -180.0)):
        with torch.no_grad():
            for level in range(3):
                network.network(level).output.weight.zero_()
                network.network(level).output.bias.fill_(bias)
        logits = extreme.score(["an egg"], [0, 7], "logit")
        assert logits == pytest.approx(np.full((1, 2), expected), abs=1e-4)
        assert extreme.dense(["an egg"], "logit") == pytest.approx(expected, abs=1e-4)
        labels, scores = extreme.top_k(["an egg"], 3)
        assert np.isfinite(scores).all() and (labels >= 0).all()


def test_chunks_change_nothing(model: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    before = model.dense(TEXTS), model.score(TEXTS, [4, 9, 20]), *model.top_k(TEXTS, 3)
    monkeypatch.setattr(label_attention, "_CHUNK_FLOATS", 1)
    after = model.dense(TEXTS), model.score(TEXTS, [4, 9, 20]), *model.top_k(TEXTS, 3)
    for one, other in zip(before, after, strict=True):
        assert one == pytest.approx(other, abs=1e-6)


def test_score_reads_only_the_rows_of_the_path(model: Any) -> None:
    tree = make_tree()
    path = [int(nodes[0]) for nodes in tree.path([17])]
    network = AttentionXMLTreeNetwork(len(model.vocabulary), tree, model.network.config)
    network.load_state_dict(model.network.state_dict())
    with torch.no_grad():
        for level, node in enumerate(path):
            rows = network.network(level).attention
            rows[torch.arange(len(rows)) != node] = torch.nan
    poisoned = AttentionXMLTree(network, model.vocabulary, model.label_names, 20, BEAM, device="cpu")
    assert poisoned.score(TEXTS, [17]) == pytest.approx(model.score(TEXTS, [17]), abs=1e-6)


def test_words_beyond_max_length_are_not_read(model: Any) -> None:
    long = " ".join(WORDS * 2)
    read = long[: model.characters_read(long)]
    assert len(read.split()) == 20
    assert model.score([long], [3]) == pytest.approx(model.score([read], [3]))
    assert model.characters_read("an egg") == len("an egg")
    assert (model.score(["zebra", ""], [3]) == model.score([UNK, UNK], [3])).all()


def test_what_the_model_cannot_answer_is_refused(model: Any) -> None:
    sure = model.network.tree.surely_reached(BEAM)
    for k in (0, sure + 1):
        with pytest.raises(InputError, match=f"k={k} does not fit the {sure} labels that a beam of 2 groups"):
            model.top_k(TEXTS, k)
    for ask in (model.score, model.rank):
        with pytest.raises(InputError, match="label index 30 is not one of the 30"):
            ask(TEXTS, [30])
    with pytest.raises(InputError, match="cannot give scores='score'"):
        model.rank(TEXTS, [0], "score")
    with pytest.raises(InputError, match="beam=0 keeps no group"):
        AttentionXMLTree(model.network, model.vocabulary, model.label_names, beam=0)
    with pytest.raises(InputError, match="the label tree has 30 labels, the label list 2"):
        AttentionXMLTree(model.network, model.vocabulary, ["a", "b"])


@pytest.fixture
def saved(model: Any, tmp_path: Path) -> Path:
    return folder.save_model(model, tmp_path / "model")


def test_saved_and_loaded(model: Any, saved: Path) -> None:
    again = folder.load_model(saved, "cpu")
    assert isinstance(again, AttentionXMLTree)
    assert (again.beam, again.max_length, again.label_names) == (BEAM, 20, model.label_names)
    assert (again.score(TEXTS, [17, 2]) == model.score(TEXTS, [17, 2])).all()
    assert (again.top_k(TEXTS, 3)[0] == model.top_k(TEXTS, 3)[0]).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda path: (path / TREE).unlink(), f"has no {TREE}"),
        (lambda path: edit(path, beam=None), "does not describe a model of kind AttentionXML .tree."),
        (lambda path: edit(path, beam=0), "beam=0 keeps no group"),
        (lambda path: edit(path, network={"linear_sizes": [3], "depth": 2}), "unexpected keyword argument 'depth'"),
        (lambda path: LabelTree([np.arange(LABELS)]).write(path), r"holds the weight 'levels\.2\."),
        (
            lambda path: LabelTree([np.arange(9) % 5, np.arange(LABELS) % 9]).write(path),
            r"the weight 'levels\.0\.attention' .* has the shape \(4, 10\)",
        ),
    ],
)
def test_folders_that_do_not_fit_are_refused(saved: Path, change: Callable[..., Any], message: str) -> None:
    change(saved)
    with pytest.raises(ModelFolderError, match=message):
        folder.load_model(saved, "cpu")


def edit(path: Path, **changes: Any) -> None:
    config = json.loads((path / folder.CONFIG).read_text()) | changes
    (path / folder.CONFIG).write_text(json.dumps(config))


def test_bfloat16_keeps_to_its_tolerance(model: Any, tmp_path: Path) -> None:
    half = folder.load_model(folder.save_model(model, tmp_path / "model"), "cpu", "bfloat16")
    assert half.network.network(1).lstm.forwards[0].weight_ih_l0.dtype == torch.bfloat16
    difference = np.abs(half.dense(TEXTS) - model.dense(TEXTS))
    assert 0 < difference.max() < 0.05
