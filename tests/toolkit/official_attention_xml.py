"""Checkpoints as the authors' programs write them, with random weights, and what those compute with them.

Written from the description of the formats, with nothing taken from the package: names and shapes by hand, scores with
plain torch.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import torch

WORDS = ["<PAD>", "<UNK>", "boil", "an", "egg", "do", "n't", "salt", "/SEP/", "tea", "soup", "mr."]
TEXTS = [
    "Boil an EGG. Don't salt it.",
    "tea /SEP/ Mr. Egg boils soup, soup and soup",
    "<UNK> egg",
    "salt",
    "nothing known here at all: 3.5",
]
# the numbers of these words, cut by hand: lower-cased, "don't" in two, no punctuation
NUMBERS = [[2, 3, 4, 5, 6, 7, 1], [9, 8, 11, 4, 1, 10, 10, 1, 10], [1, 4], [7], [1, 1, 1, 1, 1, 1]]
EMBEDDING, HIDDEN = 6, 5


class Payload:
    """A Python object that makes a folder when it is read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.folder),)


def network_state(rows: int, layers: int = 1, linear: tuple[int, ...] = (8,), seed: int = 0) -> dict[str, torch.Tensor]:
    """The state dict of a flat network that knows `rows` labels."""
    generator = torch.Generator().manual_seed(seed)
    shapes = {"emb.emb.weight": (len(WORDS), EMBEDDING), "lstm.init_state": (4 * layers, 1, HIDDEN)}
    for layer in range(layers):
        for end in (f"l{layer}", f"l{layer}_reverse"):
            shapes[f"lstm.lstm.weight_ih_{end}"] = (4 * HIDDEN, 2 * HIDDEN if layer else EMBEDDING)
            shapes[f"lstm.lstm.weight_hh_{end}"] = (4 * HIDDEN, HIDDEN)
            shapes[f"lstm.lstm.bias_ih_{end}"] = (4 * HIDDEN,)
            shapes[f"lstm.lstm.bias_hh_{end}"] = (4 * HIDDEN,)
    shapes["attention.attention.weight"] = (rows, 2 * HIDDEN)
    width = 2 * HIDDEN
    for number, size in enumerate(linear):
        shapes[f"linear.linear.{number}.weight"] = (size, width)
        shapes[f"linear.linear.{number}.bias"] = (size,)
        width = size
    shapes["linear.output.weight"] = (1, width)
    shapes["linear.output.bias"] = (1,)
    made = {key: 0.8 * torch.randn(shape, generator=generator) for key, shape in shapes.items()}
    made["attention.attention.weight"] *= 4  # labels look at different words
    return made


def network_logits(state: dict[str, torch.Tensor], numbers: list[int]) -> np.ndarray:
    """The logits of one text: embedding, BiLSTM from its start, attention a label, shared layers."""
    lstm_state = {key.removeprefix("lstm.lstm."): value for key, value in state.items() if key.startswith("lstm.lstm.")}
    layers = len(lstm_state) // 8
    lstm = torch.nn.LSTM(EMBEDDING, HIDDEN, layers, batch_first=True, bidirectional=True)
    lstm.load_state_dict(lstm_state)
    cells, hidden = state["lstm.init_state"][: 2 * layers], state["lstm.init_state"][2 * layers :]
    with torch.no_grad():
        states = lstm(state["emb.emb.weight"][numbers][None], (hidden, cells))[0][0]  # words, 2 * hidden
        weights = torch.softmax(states @ state["attention.attention.weight"].T, dim=0)  # words, labels
        vectors = weights.T @ states
        number = 0
        while f"linear.linear.{number}.weight" in state:
            weight, bias = state[f"linear.linear.{number}.weight"], state[f"linear.linear.{number}.bias"]
            vectors = torch.relu(vectors @ weight.T + bias)
            number += 1
        logits = vectors @ state["linear.output.weight"].T + state["linear.output.bias"]
    return np.asarray(logits[:, 0].numpy())


def level_state(state: dict[str, torch.Tensor], shards: tuple[int, ...] = ()) -> dict[str, torch.Tensor]:
    """The state dict of a tree's level above 0: `Network.` before all names, a last attention row for padding.

    With `shards`, the attention rows lie in so many rows each, without that row.
    """
    made = {f"Network.{key}": value for key, value in state.items()}
    rows = made.pop("Network.attention.attention.weight")
    if not shards:
        made["Network.attention.attention.weight"] = torch.cat([rows, torch.full((1, 2 * HIDDEN), 99.0)])
    for number, part in enumerate(rows.split(list(shards)) if shards else ()):  # type: ignore[no-untyped-call]
        made[f"AttentionWeights.emb.{number}.weight"] = part.clone()
    return made


def write_beside(folder: Path, labels: int) -> list[str]:
    """`vocab.npy` and `labels.txt`; gives the label names."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"label {number}" for number in range(labels)]
    np.save(folder / "vocab.npy", np.array(WORDS))
    (folder / "labels.txt").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    return names


class Tree:
    """A tree of 4 groups, 8 groups and some labels, written as `FOLDER/FastAttentionXML-Eggs-Tree-0-*`."""

    def __init__(self, folder: Path, labels: int = 16, shards: tuple[int, ...] = ()) -> None:
        random = np.random.default_rng(1)
        self.labels, self.start = labels, folder / "FastAttentionXML-Eggs-Tree-0"
        self.leaves = np.array_split(random.permutation(labels), 8)
        self.states = [network_state(rows, linear=(8, 7), seed=rows) for rows in (4, 8, labels)]
        self.names = write_beside(folder, labels)
        for level, state in enumerate(self.states):
            written = level_state(state, shards if level == 2 else ()) if level else state
            torch.save(written, self.file(level))
        halves = [np.concatenate(self.leaves[2 * group : 2 * group + 2]) for group in range(4)]
        for level, groups in enumerate((halves, self.leaves)):
            np.save(self.clusters(level), _array(groups))

    def file(self, level: int) -> Path:
        return self.start.with_name(f"{self.start.name}-Level-{level}")

    def clusters(self, level: int) -> Path:
        return self.start.with_name(f"{self.start.name}-cluster-Level-{level}.npy")

    def probabilities(self, numbers: list[int]) -> np.ndarray:
        """Of all labels: the sigmoid of each level's score, multiplied along the path."""
        first, second, third = (1 / (1 + np.exp(-network_logits(state, numbers))) for state in self.states)
        logits = np.empty(self.labels)
        for group, leaf in enumerate(self.leaves):
            logits[leaf] = first[group // 2] * second[group] * third[leaf]
        return logits


def _array(groups: list[np.ndarray]) -> np.ndarray:
    """Groups of one size as a table; of several, as an array of Python objects."""
    if len({len(group) for group in groups}) == 1:
        return np.array(groups)
    array = np.empty(len(groups), dtype=object)
    array[:] = groups
    return array
