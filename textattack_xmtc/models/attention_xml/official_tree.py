"""The files of an official AttentionXML with a label tree: one checkpoint a level, and which labels a group has.

For the start of its files' names, `START`, there are `START-Level-0` (groups) and so on up to the labels, and
`START-cluster-Level-0.npy` and so on: for each level of groups, the labels of each group. The labels were halved again
and again in order, so group g of a level has the groups `g k` to `g k + k - 1` of the next level as children, and only
the last of these files is needed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from glob import escape
from pathlib import Path
from typing import Any

import numpy as np
import torch

from textattack_xmtc.errors import InputError, ModelFolderError
from textattack_xmtc.models.attention_xml.label_tree import LabelTree
from textattack_xmtc.models.attention_xml.official_weights import ATTENTION, own_weights, sizes_in
from textattack_xmtc.models.attention_xml.tree import AttentionXMLTreeNetwork
from textattack_xmtc.models.importers.checkpoints import Checkpoint, read_array, read_checkpoint
from textattack_xmtc.models.importers.options import sizes_of

_SHARD = re.compile(r"AttentionWeights\.emb\.(\d+)\.weight")
_CLUSTERS = re.compile(r"-cluster-Level-(\d+)\.npy$")
_BELONGS = "give the files that belong to this checkpoint"


def tree_start(source: Path) -> Path | None:
    """What the names of a tree's files start with, where `source` is that, or the file of a level; None for no tree.

    Example:
        >>> str(tree_start(Path("FastAttentionXML-Amazon-670K-Tree-0-Level-3")))
        'FastAttentionXML-Amazon-670K-Tree-0'
    """
    if not source.name:  # the current folder, or the root
        return None
    start = source.with_name(re.sub(r"-Level-\d+$", "", source.name))
    if start != source or (not source.is_file() and _level_file(source, 0).is_file()):
        return start
    return None


def tree_network(
    start: Path, settings: Mapping[str, Any], words: int, labels: int, trust: bool = False
) -> AttentionXMLTreeNetwork:
    """The network of all levels, from files whose names begin with `start`.

    Raises:
        ModelFolderError: a file is missing, damaged or not trusted, or levels, groups, labels, shapes and the settings
            `level` and `k` do not fit together.
    """
    files = _level_files(start, sizes_of(settings, "level").get("level"))
    last = len(files) - 1
    groups = _groups(_clusters_file(start, last - 1), labels, trust)
    checkpoints, rows = [], []
    for level, file in enumerate(files):
        known = {last: labels, last - 1: int(groups.max()) + 1}.get(level)
        checkpoint = _with_whole_attention(read_checkpoint(file, trust), level > 0, known)
        checkpoints.append(checkpoint)
        rows.append(checkpoint.matrix_shape(ATTENTION)[0] if known is None else known)
    sizes = sizes_in(checkpoints[0], settings)
    weights: dict[str, torch.Tensor] = {}
    for level, (checkpoint, size) in enumerate(zip(checkpoints, rows, strict=True)):
        level_weights = own_weights(checkpoint, sizes, words, size)
        weights |= {f"levels.{level}.{key}": value for key, value in level_weights.items()}
    branching = sizes_of(settings, "k").get("k") if last > 1 else None
    try:
        tree = LabelTree([*(_halved(rows, level, files, branching) for level in range(1, last)), groups])
    except InputError as error:
        raise ModelFolderError(
            f"the levels of {str(start)!r} are not a label tree ({error.problem})", _BELONGS
        ) from error
    with torch.device("meta"):
        network = AttentionXMLTreeNetwork(words, tree, sizes)
    network.load_state_dict(weights, assign=True)
    return network


def _level_file(start: Path, level: int) -> Path:
    return start.with_name(f"{start.name}-Level-{level}")


def _clusters_file(start: Path, level: int) -> Path:
    return start.with_name(f"{start.name}-cluster-Level-{level}.npy")


def _level_files(start: Path, branching: int | None) -> list[Path]:
    """The checkpoint of each level: of so many as the configuration says, or the files of groups."""
    files: list[Path] = []
    while _level_file(start, len(files)).is_file():
        files.append(_level_file(start, len(files)))
    clusters = map(_CLUSTERS.search, (file.name for file in start.parent.glob(f"{escape(start.name)}-cluster-*")))
    wanted = branching or max([2, len(files), *(int(match[1]) + 2 for match in clusters if match)])
    if len(files) != wanted:
        raise ModelFolderError(
            f"the tree {str(start)!r} has the files of {len(files)} levels, not of {wanted}",
            "remove what does not belong to it"
            if len(files) > wanted
            else f"add {str(_level_file(start, len(files)))!r}",
        )
    if wanted < 2:
        raise ModelFolderError(f"the tree {str(start)!r} has no level of groups", _BELONGS)
    return files


def _groups(file: Path, labels: int, trust: bool) -> np.ndarray:
    """The group of each label, int64, shape `(labels,)`."""
    array = read_array(file, trust)
    members = [np.asarray(group) for group in array] if array.ndim else []
    if not members or any(group.ndim != 1 or group.dtype.kind not in "iu" for group in members):
        raise ModelFolderError(f"{str(file)!r} does not hold groups of label indices", _BELONGS)
    whole = np.concatenate(members)
    if not np.array_equal(np.sort(whole), np.arange(labels)):
        raise ModelFolderError(
            f"the groups in {str(file)!r} hold {len(whole)} labels, which are not 0 to {labels - 1}, each once",
            "give the label names and groups of the same model",
        )
    groups = np.empty(labels, dtype=np.int64)
    groups[whole] = np.repeat(np.arange(len(members)), [len(group) for group in members])
    return groups


def _halved(rows: Sequence[int], level: int, files: Sequence[Path], branching: int | None) -> np.ndarray:
    """The parents of the groups of a level, of which each has as many as the others."""
    children, left = divmod(rows[level], rows[level - 1])
    if left or not children or children != (branching or children):
        raise ModelFolderError(
            f"the attention rows of {str(files[level])!r} are for {rows[level]} groups, which are not "
            f"{branching or 'equally many'} children for each of the {rows[level - 1]} groups of "
            f"{str(files[level - 1])!r}",
            _BELONGS,
        )
    return np.arange(rows[level], dtype=np.int64) // children


def _with_whole_attention(checkpoint: Checkpoint, above: bool, known: int | None) -> Checkpoint:
    """The checkpoint with its attention rows in one weight, and without the row for padding.

    That row is the last one of an attention in one weight, on a level above 0; `known` is the number of the level's
    nodes, where it is known.
    """
    weights, names = dict(checkpoint.weights), dict(checkpoint.names)
    numbered = sorted((int(match[1]), match[0]) for match in map(_SHARD.fullmatch, weights) if match)
    shards = [key for _, key in numbered]
    if shards:
        for number, (shard, _) in enumerate(numbered):
            if shard != number:
                raise ModelFolderError(
                    f"{str(checkpoint.file)!r} lacks the weight 'AttentionWeights.emb.{number}.weight'",
                    "check that it is complete",
                )
        width = checkpoint.matrix_shape(shards[0])[1]
        for key in shards:
            rows, own_width = checkpoint.matrix_shape(key)
            if own_width != width:
                raise ModelFolderError(
                    f"the weight {names[key]!r} in {str(checkpoint.file)!r} has the shape {(rows, own_width)}; "
                    f"by {names[shards[0]]!r}, it should be {(rows, width)}",
                    "check that it is complete",
                )
        names[ATTENTION] = names[shards[0]] + (f" to {names[shards[-1]]}" if len(shards) > 1 else "")
        weights[ATTENTION] = torch.cat([weights.pop(key) for key in shards])
    rows = replace(checkpoint, weights=weights, names=names).matrix_shape(ATTENTION)[0]
    padded = rows == known + 1 if known is not None else not shards
    if above and padded:
        weights[ATTENTION] = weights[ATTENTION][:-1]
    return replace(checkpoint, weights=weights, names=names)
