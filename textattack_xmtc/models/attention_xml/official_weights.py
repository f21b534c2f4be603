"""The weights of one official AttentionXML network: which there are, and what this package calls them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import count, pairwise, takewhile
from typing import Any

import torch

from textattack_xmtc.errors import ModelFolderError
from textattack_xmtc.models.attention_xml.architecture import MOST_LAYERS, AttentionXMLConfig
from textattack_xmtc.models.importers.checkpoints import Checkpoint
from textattack_xmtc.models.importers.options import shares_of, sizes_of

ATTENTION = "attention.attention.weight"
ASKED_BY = "its configuration, vocabulary and label names"
_EMBEDDING, _START = "emb.emb.weight", "lstm.init_state"
_LSTM, _LINEAR, _OUTPUT = "lstm.lstm.", "linear.linear.", "linear.output."
_OUR_START = "lstm.initial_state"


def sizes_in(checkpoint: Checkpoint, settings: Mapping[str, Any]) -> AttentionXMLConfig:
    """The sizes of a network: those that the settings say, and the others from the shapes of its weights.

    Raises:
        ModelFolderError: a weight that tells a size is missing or not a matrix, or a setting is not a size.
    """
    layers = sum(1 for _ in takewhile(checkpoint.weights.__contains__, (f"{_LSTM}weight_hh_l{n}" for n in count())))
    linear = list(takewhile(checkpoint.weights.__contains__, (f"{_LINEAR}{n}.weight" for n in count())))
    configured = sizes_of(settings, "emb_size", "hidden_size", "layers_num", "linear_size")
    shares = shares_of(settings, "emb_dropout", "dropout")
    if configured.get("layers_num", 1) > MOST_LAYERS:
        raise ModelFolderError(
            f"layers_num is {configured['layers_num']} in the configuration: expected at most {MOST_LAYERS}",
            "correct the YAML file",
        )
    sizes = AttentionXMLConfig(
        embedding_size=configured.get("emb_size") or checkpoint.matrix_shape(_EMBEDDING)[1],
        hidden_size=configured.get("hidden_size") or checkpoint.matrix_shape(f"{_LSTM}weight_hh_l0")[1],
        layers=configured.get("layers_num") or max(1, layers),
        linear_sizes=tuple(configured.get("linear_size", [checkpoint.matrix_shape(key)[0] for key in linear])),
    )
    return replace(
        sizes,
        embedding_dropout=shares.get("emb_dropout", sizes.embedding_dropout),
        hidden_dropout=shares.get("dropout", sizes.hidden_dropout),
    )


def own_weights(checkpoint: Checkpoint, sizes: AttentionXMLConfig, words: int, rows: int) -> dict[str, torch.Tensor]:
    """The weights of a network, all attention rows in one, under the names that `AttentionXMLNetwork` has for them.

    Raises:
        ModelFolderError: a weight is missing, unknown or of another shape.
    """
    table = _table(sizes, words, rows)
    checkpoint.check({official: shape for official, _, shape in table}, ASKED_BY)
    weights = {ours: checkpoint.weights[official] for official, ours, _ in table}
    # The first half is the cells' start, the second the hidden states'; in each, layer by layer, forward and backward.
    cells, hidden = weights[_OUR_START].reshape(2, sizes.layers, 2, sizes.hidden_size)
    weights[_OUR_START] = torch.stack([hidden, cells], dim=2)
    return weights


def _table(sizes: AttentionXMLConfig, words: int, rows: int) -> list[tuple[str, str, tuple[int, ...]]]:
    """Each weight: its official name, the name here, and its official shape."""
    hidden, width = sizes.hidden_size, 2 * sizes.hidden_size
    table: list[tuple[str, str, tuple[int, ...]]] = [
        (_EMBEDDING, "embedding.weight", (words, sizes.embedding_size)),
        (_START, _OUR_START, (4 * sizes.layers, 1, hidden)),
        (ATTENTION, "attention", (rows, width)),
    ]
    for layer in range(sizes.layers):
        read = width if layer else sizes.embedding_size
        shapes = {"weight_ih": (4 * hidden, read), "weight_hh": (4 * hidden, hidden)}
        for part, shape in {**shapes, "bias_ih": (4 * hidden,), "bias_hh": (4 * hidden,)}.items():
            for direction, ours in (("", "forwards"), ("_reverse", "backwards")):
                table.append((f"{_LSTM}{part}_l{layer}{direction}", f"lstm.{ours}.{layer}.{part}_l0", shape))
    widths = [width, *sizes.linear_sizes, 1]
    for number, (narrow, wide) in enumerate(pairwise(widths)):
        last = number == len(sizes.linear_sizes)
        official, ours = (_OUTPUT, "output.") if last else (f"{_LINEAR}{number}.", f"linear.{number}.")
        table += [(f"{official}weight", f"{ours}weight", (wide, narrow)), (f"{official}bias", f"{ours}bias", (wide,))]
    return table
