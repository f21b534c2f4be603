"""The label tree of a shortlist model: groups of labels, from few large ones to many small ones, and the labels."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import safetensors
from safetensors.numpy import load_file, save_file

from textattack_xmtc.errors import InputError, ModelFolderError

TREE = "tree.safetensors"


class LabelTree:
    """Levels of nodes: groups of labels, and on the last level the labels themselves, numbered as everywhere.

    Level 0 has no common root. Every node of a further level has one parent on the level before it, and every group has
    at least one child.

    Args:
        parents: for each level but the first, the parent of each of its nodes.

    Attributes:
        parents: the same, as int64.
        sizes: how many nodes each level has; the last entry is the number of labels.

    Raises:
        InputError: no level of groups, a parent that is not a number from 0 upwards, or a group without children.

    Example:
        >>> tree = LabelTree([np.array([0, 0, 1]), np.array([2, 0, 0, 1])])
        >>> tree.sizes, [nodes.tolist() for nodes in tree.path([0, 3])]
        ((2, 3, 4), [[1, 0], [2, 1], [0, 3]])
        >>> tree.children(1).tolist()
        [[1, 2], [3, -1], [0, -1]]
    """

    def __init__(self, parents: Sequence[np.ndarray]) -> None:
        if not parents or any(not len(nodes) for nodes in parents):
            raise InputError("a label tree needs a level of groups and labels", "use a flat model for so few labels")
        self.parents = tuple(np.asarray(nodes, dtype=np.int64) for nodes in parents)
        self.sizes = (int(self.parents[0].max()) + 1, *(len(nodes) for nodes in self.parents))
        for level, (nodes, groups) in enumerate(zip(self.parents, self.sizes, strict=False)):
            few = nodes.min() < 0 or nodes.max() >= groups or groups > len(nodes)  # a damaged number may be huge
            if few or not np.bincount(nodes, minlength=groups).all():
                raise InputError(
                    f"the {len(nodes)} nodes of level {level + 1} are not the children of the {groups} groups of "
                    f"level {level}, at least one each",
                    "number the groups of each level from 0 without gaps",
                )

    @classmethod
    def from_clusters(cls, clusters: Sequence[np.ndarray]) -> LabelTree:
        """The tree whose levels of groups are these clusterings of all labels, the coarsest first.

        Each gives the cluster of each label, numbered from 0 without gaps; each is inside the one before it
        (`datasets.label_clusters.hierarchical_clusters`).

        Raises:
            InputError: a cluster is not inside a cluster of the level before it, or as for the tree itself.

        Example:
            >>> LabelTree.from_clusters([np.array([0, 1, 0, 1]), np.array([0, 2, 1, 2])]).sizes
            (2, 3, 4)
        """
        parents = []
        for level, (coarse, fine) in enumerate(pairwise(clusters)):
            above = np.zeros(int(np.max(fine)) + 1, dtype=np.int64)
            above[fine] = coarse
            if (above[fine] != coarse).any():
                raise InputError(
                    f"the clusters of level {level + 1} are not inside those of level {level}",
                    "give the depths of one hierarchy, the coarsest first",
                )
            parents.append(above)
        return cls([*parents, *clusters[-1:]])

    @classmethod
    def from_folder(cls, folder: Path) -> LabelTree:
        """The tree in a model folder.

        Raises:
            ModelFolderError: its file is missing, damaged, or holds no label tree.
        """
        file = folder / TREE
        if not file.is_file():
            raise ModelFolderError(f"{str(folder)!r} has no {TREE}", "save or copy the model again")
        try:
            levels = load_file(file)
            return cls([levels[f"parents.{level}"] for level in range(len(levels))])
        except (safetensors.SafetensorError, OSError, KeyError, InputError) as error:
            raise ModelFolderError(f"{str(file)!r} holds no label tree ({error})", "save the model again") from error

    def write(self, folder: Path) -> None:
        """Write the tree into a model folder that is there."""
        save_file({f"parents.{level}": nodes for level, nodes in enumerate(self.parents)}, folder / TREE)

    def path(self, labels: Sequence[int] | np.ndarray) -> list[np.ndarray]:
        """The node of each of m labels on each level, the coarsest first: int64, shape `(m,)` a level."""
        path = [np.asarray(labels, dtype=np.int64)]
        for above in reversed(self.parents):
            path.insert(0, above[path[0]])
        return path

    def children(self, level: int) -> np.ndarray:
        """The children of each group of a level, ascending, filled up with -1: int64, shape `(groups, most)`."""
        nodes = self.parents[level]
        counts = np.bincount(nodes, minlength=self.sizes[level])
        table = np.full((len(counts), counts.max()), -1, dtype=np.int64)
        order = np.argsort(nodes, kind="stable")
        first = np.cumsum(counts) - counts
        table[nodes[order], np.arange(len(nodes)) - first[nodes[order]]] = order
        return table

    def surely_reached(self, beam: int) -> int:
        """How many labels a search reaches at least that keeps the `beam` best groups of each level.

        Example:
            >>> LabelTree([np.array([0, 0, 1]), np.array([2, 0, 0, 1])]).surely_reached(beam=1)
            1
        """
        reached = self.sizes[0]
        for nodes in self.parents:
            reached = int(np.sort(np.bincount(nodes))[:beam][:reached].sum())
        return reached


def depths_of_levels(deepest: int, first_groups: int = 2048, branching: int = 8) -> list[int]:
    """Which depths of a binary hierarchy become the levels of groups of a tree; depth d has at most `2 ** d` clusters.

    The deepest does, and from there every `log2(branching)`-th upwards, to the first one with at most `first_groups`
    clusters: the fewest networks for what level 0 may cost. The paper takes 8 children a group for most of its data
    sets.

    Raises:
        InputError: `first_groups` is below 1 or `branching` below 2.

    Example:
        >>> depths_of_levels(17), depths_of_levels(7)
        ([11, 14, 17], [7])
    """
    if first_groups < 1 or branching < 2:
        raise InputError(
            f"a tree cannot have {first_groups} first groups of {branching} children",
            "choose 1 or more groups and 2 or more children",
        )
    depths = [deepest]
    while 2 ** depths[0] > first_groups:
        depths.insert(0, max(0, depths[0] - int(np.log2(branching))))
    return depths
