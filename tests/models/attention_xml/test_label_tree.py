"""The structure of a label tree: paths, children, what a beam is sure to reach, files, and which depths are levels."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from textattack_xmtc.errors import InputError, ModelFolderError
from textattack_xmtc.models.attention_xml.label_tree import TREE, LabelTree, depths_of_levels


def random_tree(seed=0):
    random = np.random.default_rng(seed)
    parents = []
    for groups, nodes in ((5, 13), (13, 40)):
        # one child for each group, the rest anywhere
        parents.append(
            random.permutation(np.concatenate([np.arange(groups), random.integers(0, groups, nodes - groups)]))
        )
    return LabelTree(parents)


def test_paths_and_children_are_two_views_of_one_tree():
    tree = random_tree()
    assert tree.sizes == (5, 13, 40)
    path = tree.path(range(40))
    for level in (0, 1):
        table = tree.children(level)
        for group in range(tree.sizes[level]):
            children = [child for child in range(tree.sizes[level + 1]) if tree.parents[level][child] == group]
            assert [child for child in table[group].tolist() if child >= 0] == children
        assert all(path[level + 1][label] in table[path[level][label]] for label in range(40))
    assert path[2].tolist() == list(range(40))


def test_from_clusters():
    coarse, fine = np.array([0, 0, 1, 1, 0]), np.array([1, 0, 2, 2, 0], dtype=np.int32)
    tree = LabelTree.from_clusters([coarse, fine])
    assert [nodes.tolist() for nodes in tree.parents] == [[0, 0, 1], fine.tolist()]
    assert [nodes.tolist() for nodes in tree.path([0, 3])] == [[0, 1], [1, 2], [0, 3]]
    with pytest.raises(InputError, match="clusters of level 1 are not inside those of level 0"):
        LabelTree.from_clusters([coarse, np.array([0, 0, 0, 1, 1])])


@pytest.mark.parametrize(
    ("parents", "message"),
    [
        ([], "needs a level of groups"),
        ([[]], "needs a level of groups"),
        ([[0, 2]], "the 2 nodes of level 1 are not the children of the 3 groups of level 0"),
        ([[-1, 0]], "level 1 are not the children of the 1 groups"),
        ([[0, 2**62]], f"the 2 nodes of level 1 are not the children of the {2**62 + 1} groups of level 0"),
        ([[0, 0], [0, 2**62]], "level 2 are not the children of the 2 groups of level 1"),
        ([[0, -(2**63)]], "level 1 are not the children"),
        ([[0, 2**63 - 1]], "level 1 are not the children"),
        ([[0, 1], [0, 2]], "level 2 are not the children of the 2 groups of level 1"),
    ],
)
def test_what_is_no_tree_is_refused(parents, message):
    with pytest.raises(InputError, match=message):
        LabelTree([np.array(nodes, dtype=np.int64) for nodes in parents])


def test_surely_reached_is_the_worst_case_of_any_scores():
    tree = random_tree(seed=1)
    random = np.random.default_rng(0)
    for beam in (1, 2, 4, 13):
        least = min(reached_with_random_scores(tree, beam, random) for _ in range(300))
        assert tree.surely_reached(beam) <= least
    assert tree.surely_reached(13) == 40
    even = LabelTree([np.arange(8) // 2, np.arange(24) // 3])
    assert [even.surely_reached(beam) for beam in (1, 2, 4, 8)] == [3, 6, 12, 24]


def reached_with_random_scores(tree, beam, random):
    nodes = np.arange(tree.sizes[0])
    for parents in tree.parents:
        kept = random.permutation(nodes)[:beam]
        nodes = np.flatnonzero(np.isin(parents, kept))
    return len(nodes)


def test_saved_and_read_again(tmp_path):
    tree = random_tree()
    tree.write(tmp_path)
    again = LabelTree.from_folder(tmp_path)
    assert again.sizes == tree.sizes
    assert all((one == other).all() for one, other in zip(again.parents, tree.parents, strict=True))


def test_damaged_files_are_refused(tmp_path):
    with pytest.raises(ModelFolderError, match=f"has no {TREE}"):
        LabelTree.from_folder(tmp_path)
    (tmp_path / TREE).write_bytes(b"no tree")
    with pytest.raises(ModelFolderError, match="holds no label tree"):
        LabelTree.from_folder(tmp_path)
    save_file({"parents.1": np.zeros(3, dtype=np.int64)}, tmp_path / TREE)
    with pytest.raises(ModelFolderError, match="holds no label tree"):
        LabelTree.from_folder(tmp_path)
    save_file({"parents.0": np.array([0, 7])}, tmp_path / TREE)
    with pytest.raises(ModelFolderError, match="not the children of the 8 groups"):
        LabelTree.from_folder(tmp_path)
    save_file({"parents.0": np.array([0, 2**62])}, tmp_path / TREE)  # memory for so many groups is not taken
    with pytest.raises(ModelFolderError, match=r"holds no label tree .*not the children of the"):
        LabelTree.from_folder(tmp_path)


def test_depths_of_levels():
    assert depths_of_levels(0) == [0]
    assert depths_of_levels(11) == [11]
    assert depths_of_levels(12) == [9, 12]
    assert depths_of_levels(6, first_groups=4, branching=4) == [2, 4, 6]
    assert depths_of_levels(5, first_groups=1, branching=8) == [0, 2, 5]
    for arguments in ({"first_groups": 0}, {"branching": 1}):
        with pytest.raises(InputError, match="a tree cannot have"):
            depths_of_levels(5, **arguments)
