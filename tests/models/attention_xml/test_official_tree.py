"""Official AttentionXML checkpoints with a label tree: scores along the path, padding rows, shards, groups."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from tests.toolkit.official_attention_xml import (
    HIDDEN,
    NUMBERS,
    TEXTS,
    Payload,
    Tree,
    level_state,
    network_logits,
    network_state,
)
from textattack_xmtc.errors import InputError, ModelFolderError
from textattack_xmtc.models.attention_xml.official import read_attention_xml
from textattack_xmtc.models.attention_xml.official_tree import tree_start
from textattack_xmtc.models.attention_xml.tree import AttentionXMLTree
from textattack_xmtc.models.folder import load_model, save_model
from textattack_xmtc.models.importers.options import ImportOptions

pytestmark = pytest.mark.usefixtures("no_punkt")


def imported(tree: Any, tmp_path: Path, **options: Any) -> Any:
    """The checkpoint as a user gets it: imported, saved, loaded."""
    model = read_attention_xml(tree.start, ImportOptions(**options))
    return load_model(save_model(model, tmp_path / "model"), device="cpu")


def check(model: Any, tree: Any) -> None:
    expected = np.stack([tree.probabilities(numbers) for numbers in NUMBERS])
    assert np.ptp(expected, axis=1)[:3].min() > 0.02, "labels are told apart"
    np.testing.assert_allclose(model.dense(TEXTS), expected, atol=1e-5)
    labels = [3, 0, tree.labels - 1]
    np.testing.assert_allclose(model.score(TEXTS, labels), expected[:, labels], atol=1e-5)


@pytest.mark.parametrize("shards", [(), (6, 5, 5), (16,)], ids=["padding row", "shards", "one shard"])
def test_it_scores_as_the_product_along_the_path(tmp_path: Path, shards: tuple[Any, ...]) -> None:
    tree = Tree(tmp_path / "official", shards=shards)
    model = imported(tree, tmp_path)
    assert isinstance(model, AttentionXMLTree)
    assert model.network.tree.sizes == (4, 8, 16)
    assert model.label_names == tuple(tree.names)
    check(model, tree)


def test_more_shards_than_digits(tmp_path: Path) -> None:
    """Shard 10 comes behind shard 9, not behind shard 1."""
    tree = Tree(tmp_path / "official", labels=24, shards=(2,) * 12)
    check(imported(tree, tmp_path), tree)


def test_shards_with_a_row_for_padding(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "official", shards=(8, 8))
    state = torch.load(tree.file(2))
    state["AttentionWeights.emb.1.weight"] = torch.cat(
        [state["AttentionWeights.emb.1.weight"], torch.full((1, 2 * HIDDEN), 99.0)]
    )
    torch.save(state, tree.file(2))
    check(imported(tree, tmp_path), tree)


def test_data_parallel_names(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "official")
    for level in range(3):
        torch.save({f"module.{key}": value for key, value in torch.load(tree.file(level)).items()}, tree.file(level))
    check(imported(tree, tmp_path), tree)


def test_groups_of_unequal_sizes_need_trust(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "official", labels=19)
    with pytest.raises(ModelFolderError, match=r"-cluster-Level-1\.npy' holds an array of Python objects.*--trust"):
        read_attention_xml(tree.start, ImportOptions())
    check(imported(tree, tmp_path, trust=True), tree)


def test_groups_are_not_run_without_trust(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    np.save(tree.clusters(1), np.array([Payload(tmp_path / "made")], dtype=object))
    with pytest.raises(ModelFolderError, match="--trust"):
        read_attention_xml(tree.start, ImportOptions())
    assert not (tmp_path / "made").exists()


def test_a_tree_of_two_levels(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "two")
    tree.file(0).unlink()
    torch.save(tree.states[1], tree.file(0))  # the 8 groups as level 0, without a padding row
    tree.file(2).replace(tree.file(1))
    tree.clusters(1).replace(tree.clusters(0))
    model = imported(tree, tmp_path)
    assert model.network.tree.sizes == (8, 16)
    second, third = (np.stack([_sigmoids(state, numbers) for numbers in NUMBERS]) for state in tree.states[1:])
    for group, leaf in enumerate(tree.leaves):
        np.testing.assert_allclose(model.dense(TEXTS)[:, leaf], second[:, [group]] * third[:, leaf], atol=1e-5)


def test_a_tree_of_four_levels(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "four")
    for level in (2, 1, 0):
        tree.file(level).rename(tree.file(level + 1))
    tree.clusters(1).rename(tree.clusters(2))  # those of the levels before are not needed
    first = network_state(2, linear=(8, 7), seed=50)
    torch.save(first, tree.file(0))
    torch.save(level_state(tree.states[0]), tree.file(1))
    model = read_attention_xml(tree.start, ImportOptions())
    assert model.network.tree.sizes == (2, 4, 8, 16)
    assert [nodes.tolist() for nodes in model.network.tree.parents[:2]] == [[0, 0, 1, 1], [0, 0, 1, 1, 2, 2, 3, 3]]
    expected = np.stack([tree.probabilities(numbers) for numbers in NUMBERS])
    top = np.stack([_sigmoids(first, numbers) for numbers in NUMBERS])
    for group, leaf in enumerate(tree.leaves):
        expected[:, leaf] *= top[:, [group // 4]]
    np.testing.assert_allclose(model.dense(TEXTS), expected, atol=1e-5)


def _sigmoids(state: Any, numbers: Any) -> Any:
    return 1 / (1 + np.exp(-network_logits(state, numbers)))


def test_the_beam_is_the_configurations_or_the_given_one(tmp_path: Path) -> None:
    tree = Tree(tmp_path / "official")
    file = tmp_path / "model.yaml"
    file.write_text(yaml.safe_dump({"level": 3, "k": 2, "top": 3, "model": {"hidden_size": HIDDEN}}))
    assert imported(tree, tmp_path).beam == 64
    assert imported(tree, tmp_path, configurations=(file,)).beam == 3
    assert imported(tree, tmp_path, configurations=(file,), beam=2).beam == 2
    with pytest.raises(InputError, match="beam=0"):
        read_attention_xml(tree.start, ImportOptions(beam=0))


def change(level: Any, edit: Any) -> Any:
    def damage(tree: Any) -> None:
        state = torch.load(tree.file(level))
        edit(state)
        torch.save(state, tree.file(level))

    return damage


def groups(array: Any) -> Any:
    return lambda tree: np.save(tree.clusters(1), array)


ATTENTION = "Network.attention.attention.weight"
DAMAGES = {
    "no labels' level": (lambda tree: tree.file(2).unlink(), "the files of 2 levels, not of 3; add .*-Level-2'"),
    "only one level": (lambda tree: (tree.file(2).unlink(), tree.file(1).unlink()), "the files of 1 levels, not of 3"),
    "no groups": (lambda tree: tree.clusters(1).unlink(), r"there is no file .*-cluster-Level-1\.npy"),
    "no weight": (
        change(1, lambda state: state.pop("Network.lstm.init_state")),
        r"-Level-1' lacks the weight 'lstm\.init_state'",
    ),
    "no attention": (change(2, lambda state: state.pop(ATTENTION)), "-Level-2' lacks the weight 'attention.attention"),
    "no rows for some labels": (
        change(2, lambda state: state.update({ATTENTION: torch.zeros(15, 10)})),
        r"'Network\.attention\.attention\.weight' .*-Level-2' has the shape \(15, 10\); .* should be \(16, 10\)",
    ),
    "another width on a level": (
        change(1, lambda state: state.update({"Network.linear.linear.0.weight": torch.zeros(8, 9)})),
        r"'Network\.linear\.linear\.0\.weight' .*-Level-1' has the shape \(8, 9\)",
    ),
    "fewer groups than groups of labels": (
        groups(np.arange(16).reshape(4, 4)),
        r"'Network\.attention\.attention\.weight' .*-Level-1' .* shape \(9, 10\); .* should be \(4, 10\)",
    ),
    "groups that are no multiple": (
        change(0, lambda state: state.update({"attention.attention.weight": torch.zeros(3, 10)})),
        r"-Level-1' are for 8 groups, which are not equally many children for each of the 3 groups",
    ),
    "a label twice": (groups(np.zeros((8, 2), dtype=int)), "hold 16 labels, which are not 0 to 15, each once"),
    "labels missing": (groups(np.arange(8)[:, None]), "hold 8 labels, which are not 0 to 15"),
    "groups of words": (groups(np.array([["a", "b"]] * 8)), "does not hold groups of label indices"),
    "groups of fractions": (groups(np.arange(16.0).reshape(8, 2)), "does not hold groups of label indices"),
    "one number": (groups(np.array(3)), "does not hold groups of label indices"),
    "no list of groups": (groups(np.arange(16)), "does not hold groups of label indices"),
}


@pytest.mark.parametrize("case", DAMAGES)
def test_what_does_not_fit_together_is_refused(tmp_path: Path, case: str) -> None:
    tree = Tree(tmp_path)
    read_attention_xml(tree.start, ImportOptions())
    damage, message = DAMAGES[case]
    damage(tree)
    with pytest.raises(ModelFolderError, match=message):
        read_attention_xml(tree.start, ImportOptions())


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda state: state.pop("AttentionWeights.emb.1.weight"), r"lacks the weight 'AttentionWeights\.emb\.1\."),
        (
            lambda state: state.update({"AttentionWeights.emb.1.weight": torch.zeros(5, 9)}),
            r"'AttentionWeights\.emb\.1\.weight' .* shape \(5, 9\); by 'AttentionWeights\.emb\.0\.weight', it",
        ),
        (
            lambda state: state.update({"AttentionWeights.emb.1.weight": torch.zeros(9, 10)}),
            r"'AttentionWeights\.emb\.0\.weight to AttentionWeights\.emb\.2\.weight' .* shape \(20, 10\)",
        ),
    ],
)
def test_shards_that_do_not_fit_are_named(tmp_path: Path, edit: Callable[..., Any], message: str) -> None:
    tree = Tree(tmp_path, shards=(6, 5, 5))
    change(2, edit)(tree)
    with pytest.raises(ModelFolderError, match=message):
        read_attention_xml(tree.start, ImportOptions())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"level": 4}, r"the files of 3 levels, not of 4; add .*-Level-3"),
        ({"level": 2}, "the files of 3 levels, not of 2; remove"),
        ({"level": 1}, "the files of 3 levels, not of 1; remove"),
        ({"k": 4}, "are not 4 children for each of the 4 groups"),
        ({"model": {"hidden_size": 6}}, r"'lstm\.init_state' .*-Level-0' .* should be \(4, 1, 6\)"),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(tmp_path: Path, settings: dict[str, Any], message: str) -> None:
    tree = Tree(tmp_path)
    (tmp_path / "model.yaml").write_text(yaml.safe_dump(settings))
    with pytest.raises(ModelFolderError, match=message):
        read_attention_xml(tree.start, ImportOptions(configurations=(tmp_path / "model.yaml",)))


def test_a_file_that_is_there_is_no_start_of_a_tree(tmp_path: Path) -> None:
    tree = Tree(tmp_path)
    assert tree_start(tree.start) == tree.start
    tree.start.write_bytes(b"")
    assert tree_start(tree.start) is None
    assert tree_start(tree.file(1)) == tree.start
    assert tree_start(tmp_path / "nowhere") is None
    assert tree_start(Path()) is None
